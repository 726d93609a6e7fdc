"""Reads the ID of an object in a path."""

from reelyard.media.errors import SpecError

_DIGITS_MAX = 18  # IDs are 64-bit numbers


def read_object_id(what: str, text: str) -> int:
    """The ID that a part of a path is; `what` names it in the message.

    Raises:
        SpecError: it is not a whole number from 1.
    """
    if text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX and int(text) > 0:
        return int(text)
    raise SpecError(what, f"The {what} is {text[:40]!r}; a whole number from 1 is wanted")
