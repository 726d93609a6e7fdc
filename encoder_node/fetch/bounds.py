"""What bounds the fetch of a source by whatever protocol, and what its end is told with."""

from collections.abc import Callable
from dataclasses import dataclass

from reelyard.media.errors import ErrorCode, WorkError

#: How often one fetch may be resumed, and how often in a row without a byte of progress.
MAX_RESUMES = 50
MAX_IDLE_RESUMES = 2
RESUME_PAUSE_S = 0.5
#: A connection that brings less than this in the stall limit stands still, however regularly it drips.
TRICKLE_BYTES = 1024

_MIB = 1024 * 1024

#: Told bytes so far, bytes in all (0: unknown) and the MIME type.
OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A whole file. `url` is where it was in the end, `disposition` its Content-Disposition, "" when absent."""

    size_bytes: int
    sha256: str
    url: str
    mime_type: str
    disposition: str


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    """Bounds of one download: seconds without progress, bytes, seconds in all; and when it uses several connections."""

    stall_s: float
    max_bytes: int
    hard_s: float
    connections: int = 4
    """Most connections at once; 1: never several."""
    piece_bytes: int = 16 * _MIB
    """What one request of several asks for."""
    parallel_bytes: int = 32 * _MIB
    """A smaller source comes over one connection."""


def check_size(size: int, limits: DownloadLimits, name: str) -> None:
    """Refuse a source of more bytes than the limit; `name` is its URL as it may be shown.

    Raises:
        WorkError: source_too_large.
    """
    if size > limits.max_bytes:
        limit = limits.max_bytes // 1_000_000
        message = f"The source at {name} is larger than {limit} MB, which is the limit."
        raise WorkError(ErrorCode.SOURCE_TOO_LARGE, message)


def check_time(seconds: float, limits: DownloadLimits, name: str) -> None:
    """Refuse a source that has taken longer than the limit.

    Raises:
        WorkError: source_unreachable.
    """
    if seconds > limits.hard_s:
        message = f"The source at {name} was not there after {limits.hard_s:.0f} seconds."
        raise WorkError(ErrorCode.SOURCE_UNREACHABLE, message)


def changed(name: str) -> WorkError:
    """The error of a source that changes while it is read."""
    return WorkError(ErrorCode.SOURCE_TRUNCATED, f"The source at {name} changed while it was read.")
