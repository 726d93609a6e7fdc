"""Writes a body of `bodies` as JSON."""

import json
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any

from gateway.gomi.description import Body, Instant, frame_rate, wire_members


def write_json(body: Body) -> bytes:
    """The JSON text of a body, UTF-8."""
    return json.dumps(_value(body), ensure_ascii=False, separators=(",", ":")).encode()


def _object(body: Any, *, by_name: bool) -> dict[str, Any]:
    members = [each for each in wire_members(body) if not each.xml_only]
    if by_name:
        members.sort(key=lambda each: each.name)
    values = {each: getattr(body, each.attribute) for each in members}
    return {
        each.name: _value(value, by_name=by_name or each.json_by_name)
        for each, value in values.items()
        if value is not None or each.json_null
    }


def _value(value: Any, *, by_name: bool = False) -> Any:
    if isinstance(value, Instant):
        return f"/Date({value.ms}+0000)/"
    if isinstance(value, Fraction):
        return frame_rate(value)
    if isinstance(value, tuple):
        return [_value(each, by_name=by_name) for each in value]
    if is_dataclass(value):
        return _object(value, by_name=by_name)
    return value
