"""Reads one member's raw value as text, whole number or boolean; None is "not said".

Absent, null and an empty text are unset. Names in messages are those of the wire, the client's own.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from gateway.gomi.raw_values import Number, RawValue, Repeated, kind_of
from reelyard.media.errors import SpecError

#: A member is a signed 32-bit number in the API's original, and on our wire behind this reader.
WHOLE_MAX = 2**31 - 1
WHOLE_NUMBERS = f"whole numbers from {-WHOLE_MAX} to {WHOLE_MAX} are valid"

#: Characters of a text member; above all signed URLs, and below what a log or a database row would mind.
TEXT_MAX = 8192

_LAST_CONTROL = 0x1F
_ALLOWED_CONTROLS = frozenset("\t\n\r")
_SHOWN = 60
_FLAGS: Mapping[str, bool] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


class Members:
    """The members of one object, found by their exact name, else without regard to case."""

    def __init__(self, raw: Mapping[str, RawValue]) -> None:
        self.raw = raw
        self._folded: dict[str, list[str]] = {}
        for name in raw:
            self._folded.setdefault(name.lower(), []).append(name)

    def get(self, name: str) -> RawValue:
        """The raw value of a member, None when it is absent.

        Raises:
            SpecError: it is given several times, or absent by its exact name and there under several other spellings.
        """
        value = self.raw[name] if name in self.raw else self._by_spelling(name)
        if isinstance(value, Repeated):
            raise SpecError(name, f"{name} is given {value.times} times; give it once")
        return value

    def _by_spelling(self, name: str) -> RawValue:
        spellings = self._folded.get(name.lower(), [])
        if len(spellings) > 1:
            raise SpecError(name, f"{name} is given {len(spellings)} times, as {' and '.join(spellings)}")
        return self.raw[spellings[0]] if spellings else None


def read_text(name: str, raw: RawValue, *, longest: int = TEXT_MAX) -> str | None:
    """A text of at most `longest` characters.

    Raises:
        SpecError: it is something else, too long, or holds a character that no answer can carry.
    """
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str):
        raise SpecError(name, f"{name} is {kind_of(raw)}; a text is wanted")
    if len(raw) > longest:
        raise SpecError(name, f"{name} is {len(raw)} characters long; at most {longest} are valid")
    wrong = next((each for each in raw if is_forbidden(each)), None)
    if wrong is not None:
        raise SpecError(name, f"{name} holds the character U+{ord(wrong):04X}, which is not valid in a text")
    return raw


def read_whole(name: str, raw: RawValue, *, zero_is_unset: bool = False, valid: str = WHOLE_NUMBERS) -> int | None:
    """A whole number of 32 bits, as a number or as a text ("720"); `valid` says so where the number is too large.

    Raises:
        SpecError: it is anything else; the message names the value.
    """
    if raw is None or raw == "":
        return None
    if not isinstance(raw, Number | str):
        raise SpecError(name, f"{name} is {kind_of(raw)}; a whole number is wanted")
    number = _whole(raw.text if isinstance(raw, Number) else raw.strip())
    if number is None:
        raise SpecError(name, f"{name} is {_shown(raw)}; a whole number is wanted")
    if abs(number) > WHOLE_MAX:
        raise SpecError(name, f"{name} is {_shown(raw)}; {valid}")
    return None if number == 0 and zero_is_unset else number


def read_flag(name: str, raw: RawValue) -> bool | None:
    """A boolean, as true or false, or as a text: "true", and "1" and "0" as XML Schema has them.

    Raises:
        SpecError: it is anything else; the message names the value.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _FLAGS:
        return _FLAGS[raw.strip().lower()]
    found = _shown(raw) if isinstance(raw, str) else kind_of(raw)
    raise SpecError(name, f"{name} is {found}; true and false are valid")


def _whole(text: str) -> int | None:
    """The whole number that a text is; one past 32 bits for anything larger, so that no huge number is ever made."""
    if not _DECIMAL.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond all reason
        return None
    if number.adjusted() > len(str(WHOLE_MAX)):
        return WHOLE_MAX + 1
    return int(number) if number == number.to_integral_value() else None


def _shown(raw: Number | str) -> str:
    text = raw.text if isinstance(raw, Number) else raw
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return short if isinstance(raw, Number) else json.dumps(short)


def is_forbidden(character: str) -> bool:
    """Neither XML nor UTF-8 can carry it: a control character, half of a surrogate pair, a non-character."""
    code = ord(character)
    return (
        (code <= _LAST_CONTROL and character not in _ALLOWED_CONTROLS)
        or 0xD800 <= code <= 0xDFFF  # noqa: PLR2004
        or code in (0xFFFE, 0xFFFF)
    )
