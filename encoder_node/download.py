"""Downloads one source over HTTP(S) into a file: checked addresses only, resumed where that is safe, always bounded.

A broken connection is resumed by `Range` with `If-Range` when the server gave a strong validator (RFC 9110, 8.8 and
14.1), so the parts are of one version of the file. Without one the attempt ends and the scheduler decides whether
the whole is tried again. A large source of a server with ranges comes over several connections
(`encoder_node.fetch.parallel`).
"""

from pathlib import Path

import structlog
import urllib3

from encoder_node.fetch.answers import (
    NOT_AUTHORITATIVE,
    OK,
    PARTIAL,
    RANGE_REFUSED,
    announced_size,
    ask,
    content_range,
    has_ranges,
    interrupt,
    is_encoded,
    refusal,
    strong_validator,
)
from encoder_node.fetch.bounds import Downloaded, DownloadLimits, OnProgress
from encoder_node.fetch.parallel import fetch_in_parallel
from encoder_node.fetch.reading import pieces
from encoder_node.fetch.transfer import BrokenError, ChangedError, NoRangesError, Transfer
from encoder_node.stop import StopSignal
from reelyard.cluster.tracing import traced

log = structlog.get_logger(__name__)


@traced("fetch")
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
        limits: stall, size, time and connections.
        on_progress: called for each piece, by one thread at a time.

    Raises:
        StoppedError: the stop signal was set.
        WorkError: source_unreachable, source_denied, source_not_found, source_too_large, source_truncated or
            invalid_input_url (a forbidden address, also behind a redirect).
    """
    with path.open("x+b") as sink:
        transfer = Transfer(
            url=url,
            sink=sink,
            stop=stop,
            limits=limits,
            on_progress=on_progress,
            connections=limits.connections,
        )
        _fetch(pool, transfer)
    return Downloaded(
        size_bytes=transfer.done,
        sha256=transfer.digest.hexdigest(),
        url=transfer.final_url,
        mime_type=transfer.mime_type,
        disposition=transfer.disposition,
    )


def _fetch(pool: urllib3.PoolManager, transfer: Transfer) -> None:
    idle, changes = 0, 0
    while True:
        before = transfer.done
        try:
            _one_connection(pool, transfer)
        except BrokenError as broken:
            idle = 0 if transfer.done > before else idle + 1
            transfer.prepare_resume(broken, idle=idle)
        except ChangedError as error:
            changes += 1
            if changes > 1:
                raise transfer.changed() from error
            log.info("download_starts_over", why="the source changed")
            transfer.restart()
        except NoRangesError:
            log.info("download_starts_over", why="the server has no ranges")
            transfer.connections = 1
            transfer.restart()
        else:
            return


def _one_connection(pool: urllib3.PoolManager, transfer: Transfer) -> None:
    """Send one request and read its answer to the end, beside further ones where that is of use."""
    response, final_url = ask(pool, transfer, first=transfer.done)
    try:
        with transfer.stop.calls(lambda: interrupt(response)):
            if transfer.done and response.status == RANGE_REFUSED:
                raise transfer.changed()
            _begin(response, transfer)
            transfer.final_url = final_url
            if _is_for_several(response, transfer):
                fetch_in_parallel(pool, transfer, response)
            else:
                _read_body(response, transfer)
    finally:
        response.close()


def _is_for_several(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> bool:
    return (
        transfer.connections > 1
        and transfer.done == 0
        and response.status == OK
        and transfer.total >= max(transfer.limits.parallel_bytes, 1)
        and transfer.validator != ""
        and has_ranges(response.headers)
    )


def _begin(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> None:
    """Take an answer's status and headers."""
    status, headers = response.status, response.headers
    if status not in {OK, NOT_AUTHORITATIVE} and not (status == PARTIAL and transfer.done):
        raise refusal(status, transfer)
    if transfer.done and not _continues(response, transfer):
        # The whole again: the server has no ranges, or a newer version of the file. Not resumed a second time.
        transfer.restart()
        transfer.validator = ""
    elif not transfer.done:
        transfer.validator = strong_validator(headers)
    if not transfer.done:
        encoded = is_encoded(headers)
        size = announced_size(response, transfer)
        transfer.total = 0 if encoded else size
        transfer.validator = "" if encoded else transfer.validator
        transfer.mime_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        transfer.disposition = headers.get("Content-Disposition", "")
    transfer.check_size(max(transfer.total, transfer.done))


def _continues(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> bool:
    """Whether an answer is the rest of what we have: `Content-Range: bytes FIRST-LAST/TOTAL`."""
    if response.status != PARTIAL:
        return False
    part = content_range(response)
    if part is None or part.first != transfer.done or len({part.total, transfer.total} - {0}) > 1:
        raise transfer.wrong("answered with another part than was asked for")
    return True


def _read_body(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> None:
    for piece in pieces(response, transfer):
        transfer.sink.write(piece)
        transfer.digest.update(piece)
        transfer.add(len(piece))
    if transfer.total and transfer.done < transfer.total:
        raise transfer.truncated()
