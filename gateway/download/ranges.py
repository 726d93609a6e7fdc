"""The Range header of RFC 9110: which bytes of a file a client asks for."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_BEYOND_ANY_FILE = 10**18


@dataclass(frozen=True)
class ByteRange:
    """Bytes `start` to `end` of a file, the end excluded."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes it is."""
        return self.end - self.start


class UnsatisfiableRangeError(Exception):
    """The range begins past the end of the file, or is empty."""


def parse_range(header: str, size: int) -> ByteRange | None:
    """The one range that a header asks for, cut at the end of the file.

    None stands for the whole file: for another unit, for several ranges (a server may answer so, and no player asks
    for them), and for a header that is not well formed, which RFC 9110 tells to ignore.

    Raises:
        UnsatisfiableRangeError: well formed, and nothing of the file lies in it.
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, end = max(0, size - _offset(last)), size
    else:
        start, end = _offset(first), min(_offset(last) + 1, size) if last else size
        if last and _offset(last) < start:
            return None
    if start >= end:
        raise UnsatisfiableRangeError
    return ByteRange(start, end)


def _offset(digits: str) -> int:
    """The number that digits are; a fixed large one for more digits than Python cares to read."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) < len(str(_BEYOND_ANY_FILE)) else _BEYOND_ANY_FILE
