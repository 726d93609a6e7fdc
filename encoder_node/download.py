"""Downloads one source over HTTP(S) into a file: checked addresses only, resumed where that is safe, always bounded.

A broken connection is resumed by `Range` with `If-Range` when the server gave a strong validator (RFC 9110, 8.8 and
14.1), so the parts are of one version of the file. Without one the attempt ends and the scheduler decides whether
the whole is tried again.
"""

import contextlib
import email.utils
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, LocationValueError, ReadTimeoutError

from encoder_node.stop import StopSignal
from encoder_node.unreachable import why_unreachable
from reelyard.cluster.redact import redact_url
from reelyard.cluster.urlguard import follow
from reelyard.media.errors import ErrorCode, WorkError

log = structlog.get_logger(__name__)

_READ_BYTES = 256 * 1024
#: A connection that brings less than this in the stall limit stands still, however regularly it drips.
_TRICKLE_BYTES = 1024
#: How often one download may be resumed, and how often in a row without a byte of progress.
_MAX_RESUMES = 50
_MAX_IDLE_RESUMES = 2
_RESUME_PAUSE_S = 0.5
#: A Last-Modified this much older than the answer's Date can be trusted to name one version (RFC 9110, 8.8.2.2).
_STRONG_DATE_S = 60

_OK, _NOT_AUTHORITATIVE, _PARTIAL, _RANGE_REFUSED = 200, 203, 206, 416
_DENIED = frozenset({401, 403, 407, 451})
_MISSING = frozenset({404, 410})

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
    """Bounds of one download: seconds without progress, bytes, seconds in all."""

    stall_s: float
    max_bytes: int
    hard_s: float


class _BrokenError(Exception):
    """The connection broke off; `error` is what to say when it is not resumed."""

    def __init__(self, error: WorkError, *, stalled: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.stalled = stalled


@dataclass(kw_only=True)
class _Transfer:
    """The state of one download over all its connections."""

    url: str
    sink: BinaryIO
    stop: StopSignal
    limits: DownloadLimits
    on_progress: OnProgress | None
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0  # 0: not announced
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    validator: str = ""  # strong, for If-Range
    final_url: str = ""
    mime_type: str = ""
    disposition: str = ""
    resumes: int = 0
    idle: int = 0  # resumes in a row without progress

    @property
    def name(self) -> str:
        """The URL as it may be shown."""
        return redact_url(self.url)

    def prepare_resume(self, broken: _BrokenError, *, progressed: bool) -> None:
        """Pause before the next connection, or give up.

        Raises:
            StoppedError: the stop signal was set, before or in the pause.
            WorkError: the error of the broken connection, when resuming is not safe or has no hope.
        """
        self.stop.check()  # an interrupted read looks like a broken one
        self.idle = 0 if progressed else self.idle + 1
        self.resumes += 1
        hopeless = broken.stalled and not progressed
        if not self.validator or hopeless or self.idle > _MAX_IDLE_RESUMES or self.resumes > _MAX_RESUMES:
            raise broken.error from broken
        log.info("download_resumes", at=self.done, total=self.total, why=broken.error.message)
        self.stop.wait(0.0 if progressed else _RESUME_PAUSE_S)
        self.stop.check()

    def restart(self) -> None:
        """Begin again with an empty file."""
        self.sink.seek(0)
        self.sink.truncate()
        self.done, self.total, self.digest = 0, 0, hashlib.sha256()


def download(
    pool: urllib3.PoolManager,
    url: str,
    path: Path,
    *,
    stop: StopSignal,
    limits: DownloadLimits,
    on_progress: OnProgress | None = None,
) -> Downloaded:
    """Fetch `url` into the new file `path`.

    Args:
        pool: of `reelyard.cluster.urlguard.guarded_http`; its read time-out must not be above the stall limit.
        url: http or https; may hold credentials.
        path: must not exist yet.
        stop: breaks the transfer off, also in the middle of a read.
        limits: stall, size and time.
        on_progress: called for each piece.

    Raises:
        StoppedError: the stop signal was set.
        WorkError: source_unreachable, source_denied, source_not_found, source_too_large, source_truncated or
            invalid_input_url (a forbidden address, also behind a redirect).
    """
    with path.open("xb") as sink:
        transfer = _Transfer(url=url, sink=sink, stop=stop, limits=limits, on_progress=on_progress)
        while True:
            before = transfer.done
            try:
                _one_connection(pool, transfer)
                break
            except _BrokenError as broken:
                transfer.prepare_resume(broken, progressed=transfer.done > before)
    return Downloaded(
        size_bytes=transfer.done,
        sha256=transfer.digest.hexdigest(),
        url=transfer.final_url,
        mime_type=transfer.mime_type,
        disposition=transfer.disposition,
    )


def _one_connection(pool: urllib3.PoolManager, transfer: _Transfer) -> None:
    """Send one request and read its answer to the end."""
    # What is compressed on the way cannot be resumed, and media does not shrink.
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if transfer.done:
        headers |= {"Range": f"bytes={transfer.done}-", "If-Range": transfer.validator}
    try:
        response, final_url = follow(pool, "GET", transfer.url, headers=headers)
    except (LocationParseError, LocationValueError) as error:
        message = f"The source URL {transfer.name} cannot be read as a URL."
        raise WorkError(ErrorCode.INVALID_INPUT_URL, message) from error
    except HTTPError as error:
        raise _BrokenError(_unreachable(transfer, error)) from error
    try:
        with transfer.stop.calls(lambda: _interrupt(response)):
            if transfer.done and response.status == _RANGE_REFUSED:
                message = f"The source at {transfer.name} changed while it was read."
                raise WorkError(ErrorCode.SOURCE_TRUNCATED, message)
            _begin(response, transfer)
            transfer.final_url = final_url
            _read_body(response, transfer)
    finally:
        response.close()


def _interrupt(response: urllib3.BaseHTTPResponse) -> None:
    # The response may end in the same moment, then there is no socket any more and nothing to interrupt.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        response.shutdown()


def _begin(response: urllib3.BaseHTTPResponse, transfer: _Transfer) -> None:
    """Take an answer's status and headers."""
    status, headers = response.status, response.headers
    _refuse_status(status, transfer)
    if transfer.done and not _continues(response, transfer):
        # The whole again: the server has no ranges, or a newer version of the file. Not resumed a second time.
        transfer.restart()
        transfer.validator = ""
    elif not transfer.done:
        transfer.validator = _strong_validator(headers)
    if not transfer.done:
        encoded = headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}
        transfer.total = 0 if encoded else _length(headers.get("Content-Length", ""))
        transfer.validator = "" if encoded else transfer.validator
        transfer.mime_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        transfer.disposition = headers.get("Content-Disposition", "")
    _check_size(max(transfer.total, transfer.done), transfer)


def _refuse_status(status: int, transfer: _Transfer) -> None:
    if status in {_OK, _NOT_AUTHORITATIVE} or (status == _PARTIAL and transfer.done):
        return
    if status in _DENIED:
        code, why = ErrorCode.SOURCE_DENIED, "the server refuses access"
    elif status in _MISSING:
        code, why = ErrorCode.SOURCE_NOT_FOUND, "there is no such file"
    else:
        code, why = ErrorCode.SOURCE_UNREACHABLE, "the server did not give the file"
    raise WorkError(code, f"The source at {transfer.name} answered with HTTP status {status}: {why}.")


def _continues(response: urllib3.BaseHTTPResponse, transfer: _Transfer) -> bool:
    """Whether an answer is the rest of what we have: `Content-Range: bytes FIRST-LAST/TOTAL`."""
    if response.status != _PARTIAL:
        return False
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    first, _, rest = span.partition("-")
    total = _length(rest.partition("/")[2])
    same = (
        unit == "bytes"
        and first.strip() == str(transfer.done)
        and (total == transfer.total or 0 in {total, transfer.total})
    )
    if not same:
        message = f"The source at {transfer.name} answered with another part than was asked for."
        raise WorkError(ErrorCode.SOURCE_UNREACHABLE, message)
    return True


def _read_body(response: urllib3.BaseHTTPResponse, transfer: _Transfer) -> None:
    window_start, window_bytes = time.monotonic(), 0
    for piece in _pieces(response, transfer):
        transfer.sink.write(piece)
        transfer.digest.update(piece)
        transfer.done += len(piece)
        _check_size(transfer.done, transfer)
        if transfer.on_progress is not None:
            transfer.on_progress(transfer.done, transfer.total, transfer.mime_type)
        window_bytes += len(piece)
        now = time.monotonic()
        if now - window_start > transfer.limits.stall_s:
            if window_bytes < _TRICKLE_BYTES:
                raise _stalled(transfer)
            window_start, window_bytes = now, 0
        _check_time(now, transfer)
    if transfer.total and transfer.done < transfer.total:
        raise _BrokenError(_truncated(transfer))


def _pieces(response: urllib3.BaseHTTPResponse, transfer: _Transfer) -> Iterator[bytes]:
    """What arrives, with the network's errors as ours. The disk's errors are raised elsewhere and stay apart."""
    while True:
        try:
            piece = response.read1(_READ_BYTES, decode_content=True)
        except ReadTimeoutError as error:
            raise _stalled(transfer) from error
        except (HTTPError, OSError) as error:
            transfer.stop.check()
            raise _BrokenError(_truncated(transfer)) from error
        transfer.stop.check()  # an interrupted read ends like a file does
        if not piece:
            return
        yield piece


def _check_size(size: int, transfer: _Transfer) -> None:
    limit = transfer.limits.max_bytes
    if size > limit:
        message = f"The source at {transfer.name} is larger than {limit // 1_000_000} MB, which is the limit."
        raise WorkError(ErrorCode.SOURCE_TOO_LARGE, message)


def _check_time(now: float, transfer: _Transfer) -> None:
    if now - transfer.started > transfer.limits.hard_s:
        message = f"The source at {transfer.name} was not there after {transfer.limits.hard_s:.0f} seconds."
        raise WorkError(ErrorCode.SOURCE_UNREACHABLE, message)


def _stalled(transfer: _Transfer) -> _BrokenError:
    message = (
        f"The source at {transfer.name} stopped sending for {transfer.limits.stall_s:.0f} seconds "
        f"after {transfer.done} bytes."
    )
    return _BrokenError(WorkError(ErrorCode.SOURCE_UNREACHABLE, message), stalled=True)


def _truncated(transfer: _Transfer) -> WorkError:
    of = f" of {transfer.total} announced" if transfer.total else ""
    message = f"The source at {transfer.name} broke off after {transfer.done}{of} bytes."
    return WorkError(ErrorCode.SOURCE_TRUNCATED, message)


def _unreachable(transfer: _Transfer, error: HTTPError) -> WorkError:
    message = f"The source at {transfer.name} cannot be reached: {why_unreachable(error)}."
    return WorkError(ErrorCode.SOURCE_UNREACHABLE, message)


def _length(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _strong_validator(headers: urllib3.HTTPHeaderDict) -> str:
    """What `If-Range` may name: a strong ETag, or a Last-Modified that is old enough to name one version."""
    etag = headers.get("ETag", "")
    if etag:
        return "" if etag.startswith("W/") else etag
    modified = headers.get("Last-Modified", "")
    try:
        changed = email.utils.parsedate_to_datetime(modified)
        answered = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return modified if (answered - changed).total_seconds() >= _STRONG_DATE_S else ""
    except (TypeError, ValueError):  # absent or not dates
        return ""
