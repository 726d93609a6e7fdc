"""Dataclasses to JSON-able dictionaries and protobuf messages, and back.

One fact, one place: the frozen dataclasses describe the data in code, the `.proto` files describe it on the wire,
and both use the same field names. So one generic converter serves them all, and `tests/unit` holds the field sets
together. Unknown members are ignored on the way in: an old reader may be given a newer writer's data.
"""

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from pydantic import TypeAdapter

T = TypeVar("T")
M = TypeVar("M", bound=Message)


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def to_dict(value: Any) -> dict[str, Any]:
    """A dataclass as a JSON-able dictionary; members that are None are left out."""
    return {
        name: _plain(member)
        for name, member in ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        if member is not None
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)  # a StrEnum's value
    return value


def from_dict(cls: type[T], data: Mapping[str, Any]) -> T:
    """Build a dataclass from `to_dict`'s output; numbers may be strings, as protobuf's JSON writes int64.

    Raises:
        pydantic.ValidationError: a member is missing or of the wrong type.
    """
    value: T = _adapter(cast("Any", cls)).validate_python(data)
    return value


def to_message(value: Any, message: type[M]) -> M:
    """A dataclass as the protobuf message of the same field names."""
    return ParseDict(to_dict(value), message(), ignore_unknown_fields=False)


def from_message(message: Message, cls: type[T]) -> T:
    """A protobuf message as the dataclass of the same field names."""
    data = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return from_dict(cls, data)
