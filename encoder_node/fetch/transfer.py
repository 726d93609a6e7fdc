"""The state of one download over all its connections, its bounds and its errors."""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import BinaryIO

import structlog
from urllib3.exceptions import HTTPError

from encoder_node.fetch.bounds import (
    MAX_IDLE_RESUMES,
    MAX_RESUMES,
    RESUME_PAUSE_S,
    DownloadLimits,
    OnProgress,
    changed,
    check_size,
    check_time,
)
from encoder_node.stop import StopSignal
from encoder_node.unreachable import why_unreachable
from reelyard.cluster.redact import redact_url
from reelyard.media.errors import ErrorCode, WorkError

log = structlog.get_logger(__name__)


class BrokenError(Exception):
    """A connection broke off; `error` is what to say when it is not resumed.

    `stalled`: it stood still. `refused`: the server answered, and did not give the range.
    """

    def __init__(self, error: WorkError, *, stalled: bool = False, refused: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.stalled = stalled
        self.refused = refused


class ChangedError(Exception):
    """What a connection gives is another version of the file than what is there already."""


class NoRangesError(Exception):
    """The server said that it has ranges, and sends the whole file for one."""


@dataclass(kw_only=True)
class Transfer:
    """One download. `add` may be called from several threads, all else from one."""

    url: str
    sink: BinaryIO
    stop: StopSignal
    limits: DownloadLimits
    on_progress: OnProgress | None
    connections: int
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0  # 0: not announced
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    validator: str = ""  # strong, for If-Range
    final_url: str = ""
    mime_type: str = ""
    disposition: str = ""
    resumes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The URL as it may be shown."""
        return redact_url(self.url)

    def add(self, count: int) -> None:
        """So many more bytes are in the file.

        Raises:
            WorkError: source_too_large.
        """
        with self.lock:  # also around the report, so that no smaller number follows a larger one
            self.done += count
            self.check_size(self.done)
            if self.on_progress is not None:
                self.on_progress(self.done, self.total, self.mime_type)

    def prepare_resume(self, broken: BrokenError, *, idle: int) -> None:
        """Pause before the next connection, or give up.

        Args:
            broken: what happened.
            idle: how many connections in a row brought nothing.

        Raises:
            StoppedError: the stop signal was set, before or in the pause.
            WorkError: the error of the broken connection, when resuming is not safe or has no hope.
        """
        self.stop.check()  # an interrupted read looks like a broken one
        with self.lock:
            self.resumes += 1
            too_often = self.resumes > MAX_RESUMES or idle > MAX_IDLE_RESUMES
        hopeless = broken.refused or (broken.stalled and idle > 0)
        if not self.validator or hopeless or too_often:
            raise broken.error from broken
        log.info("download_resumes", done=self.done, total=self.total, why=broken.error.message)
        self.stop.wait(RESUME_PAUSE_S if idle else 0.0)
        self.stop.check()

    def restart(self) -> None:
        """Begin again with an empty file."""
        self.sink.seek(0)
        self.sink.truncate()
        self.done, self.total, self.digest = 0, 0, hashlib.sha256()

    def check_size(self, size: int) -> None:
        """Refuse a source that is too large.

        Raises:
            WorkError: source_too_large.
        """
        check_size(size, self.limits, self.name)

    def check_time(self, now: float) -> None:
        """Refuse a source that takes too long.

        Raises:
            WorkError: source_unreachable.
        """
        check_time(now - self.started, self.limits, self.name)

    def stalled(self) -> BrokenError:
        """A connection brings nothing any more."""
        message = (
            f"The source at {self.name} stopped sending for {self.limits.stall_s:.0f} seconds after {self.done} bytes."
        )
        return BrokenError(WorkError(ErrorCode.SOURCE_UNREACHABLE, message), stalled=True)

    def truncated(self) -> BrokenError:
        """A connection ended before the file did."""
        of = f" of {self.total} announced" if self.total else ""
        message = f"The source at {self.name} broke off after {self.done}{of} bytes."
        return BrokenError(WorkError(ErrorCode.SOURCE_TRUNCATED, message))

    def unreachable(self, error: HTTPError) -> BrokenError:
        """There was no answer."""
        message = f"The source at {self.name} cannot be reached: {why_unreachable(error)}."
        return BrokenError(WorkError(ErrorCode.SOURCE_UNREACHABLE, message))

    def changed(self) -> WorkError:
        """The file keeps changing."""
        return changed(self.name)

    def wrong(self, what: str) -> WorkError:
        """The server breaks the rules of HTTP; `what` it does, as half a sentence."""
        return WorkError(ErrorCode.SOURCE_UNREACHABLE, f"The source at {self.name} {what}.")
