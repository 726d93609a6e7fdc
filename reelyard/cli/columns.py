"""Tables for people that stay lines for scripts: aligned columns, one row a line, never wrapped."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

_GAP = "  "


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows below their header, every column as wide as its widest cell."""
    table = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(header))]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def moment(milliseconds: int) -> str:
    """A time as people read it (UTC); `-` for none."""
    if not milliseconds:
        return "-"
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
