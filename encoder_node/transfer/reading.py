"""What a protocol's client gives to whoever fetches a file."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An open file on a server. `version` changes when the file does; `mime_type` is "" where nobody says."""

    size: int | None  # bytes of the whole file, None where the server does not tell
    start: int  # where the pieces begin: what was asked for, or 0
    version: str
    pieces: Iterator[bytes]
    mime_type: str = ""
