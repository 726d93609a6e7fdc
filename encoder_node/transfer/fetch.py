"""Fetches one source by ftp, ftps, sftp or s3 into a file: resumed where the server can, always bounded.

What http does with If-Range is done here with what the server says of the file when it is opened again (size and time,
or ETag): the parts must be of one version.
"""

import contextlib
import hashlib
import mimetypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import structlog

from encoder_node.fetch.bounds import (
    MAX_IDLE_RESUMES,
    MAX_RESUMES,
    RESUME_PAUSE_S,
    TRICKLE_BYTES,
    Downloaded,
    DownloadLimits,
    OnProgress,
    changed,
    check_size,
    check_time,
)
from encoder_node.stop import StopSignal
from encoder_node.transfer import ftp, s3, sftp
from encoder_node.transfer.faults import Fault, PeerError, source_error
from encoder_node.transfer.reach import Line, Reach
from encoder_node.transfer.reading import Reading
from reelyard.cluster.redact import redact_url
from reelyard.cluster.tracing import traced
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.locations import Location, parse_location

log = structlog.get_logger(__name__)

#: What a new connection may mend.
_PASSING = frozenset({Fault.BROKEN, Fault.STALLED, Fault.TRUNCATED})

_Opener = Callable[[Line, Location, int], contextlib.AbstractContextManager[Reading]]
_OPENERS: Mapping[str, _Opener] = MappingProxyType(
    {"ftp": ftp.reading, "ftps": ftp.reading, "sftp": sftp.reading, "s3": s3.reading}
)


@dataclass(kw_only=True)
class _Fetch:
    """The state of one fetch over all its connections."""

    location: Location
    sink: BinaryIO
    line: Line
    limits: DownloadLimits
    on_progress: OnProgress | None
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    size: int | None = None
    version: str = ""
    mime_type: str = ""
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    resumes: int = 0
    idle: int = 0

    def take(self, reading: Reading) -> None:
        """Begin with what a connection opened: go on, or from the beginning.

        Raises:
            WorkError: the file is another than before, or too large.
        """
        if self.done and reading.version != self.version:
            raise changed(self.location.shown)
        if reading.start != self.done:
            self.sink.seek(0)
            self.sink.truncate()
            self.done, self.digest = 0, hashlib.sha256()
        self.size, self.version = reading.size, reading.version
        guessed = mimetypes.guess_type(self.location.name)[0] or ""
        self.mime_type = reading.mime_type or guessed
        check_size(max(self.size or 0, self.done), self.limits, self.location.shown)

    def add(self, piece: bytes) -> None:
        """Keep a piece.

        Raises:
            WorkError: it is too much, or took too long.
        """
        self.sink.write(piece)
        self.digest.update(piece)
        self.done += len(piece)
        check_size(self.done, self.limits, self.location.shown)
        check_time(time.monotonic() - self.started, self.limits, self.location.shown)
        if self.on_progress is not None:
            self.on_progress(self.done, self.size or 0, self.mime_type)

    def prepare_resume(self, error: PeerError, *, progressed: bool) -> None:
        """Pause before the next connection, or give up.

        Raises:
            StoppedError: the task was stopped.
            WorkError: the connection's error, when another one has no hope.
        """
        self.line.stop.check()  # a connection that was shut looks like a broken one
        self.idle = 0 if progressed else self.idle + 1
        self.resumes += 1
        hopeless = error.fault is Fault.STALLED and not progressed
        given_up = hopeless or self.done == 0 or self.idle > MAX_IDLE_RESUMES or self.resumes > MAX_RESUMES
        if error.fault not in _PASSING or given_up:
            broke_off = error.fault is Fault.BROKEN and self.done
            raise source_error(self.location, self._cut() if broke_off else error) from error
        log.info("fetch_resumes", at=self.done, total=self.size, why=error.why)
        self.line.stop.wait(0.0 if progressed else RESUME_PAUSE_S)
        self.line.stop.check()

    def check_whole(self) -> None:
        """Hold what came against what was announced.

        Raises:
            PeerError: it is less, or more.
        """
        if self.size is not None and self.done != self.size:
            raise self._cut()

    def _cut(self) -> PeerError:
        of = f" of {self.size} announced" if self.size is not None else ""
        return PeerError(Fault.TRUNCATED, f"it ended after {self.done}{of} bytes")


@traced("fetch")
def fetch(
    reach: Reach,
    url: str,
    path: Path,
    *,
    stop: StopSignal,
    limits: DownloadLimits,
    on_progress: OnProgress | None = None,
) -> Downloaded:
    """Fetch `url` into the new file `path`.

    Args:
        reach: which addresses, and whom to trust; its stall limit gives way to that of `limits`.
        url: ftp, ftps, sftp or s3; may hold credentials.
        path: must not exist yet.
        stop: breaks the transfer off, also in the middle of a read.
        limits: stall, size and time.
        on_progress: called for each piece.

    Raises:
        StoppedError: the stop signal was set.
        WorkError: source_unreachable, source_denied, source_not_found, source_too_large, source_truncated or
            invalid_input_url (a forbidden address, or no URL of these).
    """
    location = _location(url)
    line = Line(Reach(policy=reach.policy, tls=reach.tls, connect_s=reach.connect_s, stall_s=limits.stall_s), stop)
    with path.open("xb") as sink, line.stoppable():
        state = _Fetch(location=location, sink=sink, line=line, limits=limits, on_progress=on_progress)
        _fetch_whole(state)
    return Downloaded(
        size_bytes=state.done,
        sha256=state.digest.hexdigest(),
        url=redact_url(url),
        mime_type=state.mime_type,
        disposition="",
    )


def _location(url: str) -> Location:
    try:
        return parse_location(url, field="source_url")
    except SpecError as error:
        raise WorkError(ErrorCode.INVALID_INPUT_URL, error.render({"source_url": "The source URL"})) from None


def _fetch_whole(state: _Fetch) -> None:
    """Connect again and again, until the whole is there or there is no hope."""
    while True:
        before = state.done
        try:
            _one_connection(state)
        except PeerError as error:
            state.prepare_resume(error, progressed=state.done > before)
        else:
            return
        finally:
            state.line.forget()


def _one_connection(state: _Fetch) -> None:
    stop, stall_s = state.line.stop, state.limits.stall_s
    with _OPENERS[state.location.scheme](state.line, state.location, state.done) as reading:
        state.take(reading)
        window_start, window_bytes = time.monotonic(), 0
        for piece in reading.pieces:
            stop.check()  # what was shut ends like a file does
            state.add(piece)
            window_bytes += len(piece)
            now = time.monotonic()
            if now - window_start > stall_s:
                if window_bytes < TRICKLE_BYTES:
                    raise PeerError(Fault.STALLED, f"it stopped sending for {stall_s:.0f} seconds")
                window_start, window_bytes = now, 0
        stop.check()
        state.check_whole()
