"""Writes a body of `bodies` as JSON."""

import json
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any

from gateway.gomi.bodies import Instant, wire_members

MEDIA_TYPE = "application/json"


def write_json(body: Any) -> bytes:
    """The JSON text of a body, UTF-8."""
    return json.dumps(_value(body), ensure_ascii=False, separators=(",", ":")).encode()


def _object(body: Any, *, by_name: bool) -> dict[str, Any]:
    members = wire_members(body)
    if by_name:
        members = tuple(sorted(members, key=lambda each: each.name))
    values = {each: getattr(body, each.attribute) for each in members}
    return {
        each.name: _value(value, by_name=by_name or each.by_name)
        for each, value in values.items()
        if value is not None or each.null
    }


def _value(value: Any, *, by_name: bool = False) -> Any:
    if isinstance(value, Instant):
        return f"/Date({value.ms}+0000)/"
    if isinstance(value, Fraction):  # a frame rate: three decimals, as the seed's 29.97 and 23.976
        return round(float(value), 3)
    if isinstance(value, tuple):
        return [_value(each, by_name=by_name) for each in value]
    if is_dataclass(value):
        return _object(value, by_name=by_name)
    return value
