"""What a child writes, cut into lines and kept within bounds."""

import re
from collections import deque
from dataclasses import dataclass, field

#: A line longer than this is cut: a broken file may make a tool print megabytes without a line end.
LINE_LIMIT = 2000
#: How many lines of a child's complaints are kept: the first say what broke, the last how it ended.
FIRST_LINES = 20
LAST_LINES = 40

_REPEATED = re.compile(r"^\s*Last message repeated (\d+) times$")


class LineSplitter:
    """Bytes to lines, whatever the pieces in which they arrive."""

    def __init__(self) -> None:
        self._open = b""

    def split(self, data: bytes) -> list[str]:
        """The lines that `data` completes; a line without an end yet is kept, up to the limit."""
        *lines, self._open = (self._open + data).split(b"\n")
        self._open = self._open[:LINE_LIMIT]
        return [_text(line) for line in lines]

    def rest(self) -> list[str]:
        """The last line, when it had no end."""
        line, self._open = self._open, b""
        return [_text(line)] if line else []


def _text(line: bytes) -> str:
    return line[:LINE_LIMIT].decode("utf-8", errors="replace").rstrip("\r")


@dataclass
class ErrorLines:
    """The first and last lines of a child's standard error, and how many there were in all.

    ffmpeg folds equal lines into "Last message repeated N times"; they count as N.
    """

    total: int = 0
    first: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    _seen: int = 0

    def add(self, line: str) -> None:
        """Take one line; empty ones are not counted."""
        if not line.strip():
            return
        repeated = _REPEATED.match(line)
        self.total += int(repeated[1]) if repeated else 1
        self._seen += 1
        if len(self.first) < FIRST_LINES:
            self.first.append(line)
        else:
            self.last.append(line)

    def kept(self) -> list[str]:
        """The kept lines in order, with a note where lines were left out."""
        left_out = self._seen - len(self.first) - len(self.last)
        gap = [f"... {left_out} lines left out ..."] if left_out else []
        return [*self.first, *gap, *self.last]
