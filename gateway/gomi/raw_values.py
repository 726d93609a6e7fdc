"""What a member of a request holds before it is known what it should hold: the same for every format.

A raw value is None, True, False, a text, a `Number`, a sequence of raw values, a mapping of names to raw values, or
`Repeated`. XML knows no types: its readers yield texts where those of JSON yield numbers and booleans, and whoever
reads a number or a boolean takes it as a text too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RawValue = Any


@dataclass(frozen=True)
class Number:
    """A number as the client wrote it; also the words NaN, Infinity and -Infinity."""

    text: str


@dataclass(frozen=True)
class Repeated:
    """What a member holds that is given several times where it may be given once."""

    times: int


def kind_of(value: RawValue) -> str:
    """What a raw value is, in words for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return f"the number {shortened(value.text)}"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Sequence):
        return "a list"
    return "an object"


def shortened(text: str, limit: int = 40) -> str:
    """The text as a message may show it, cut where it is long."""
    return text if len(text) <= limit else f"{text[:limit]}…"
