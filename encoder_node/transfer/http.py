"""HTTP(S): one PUT with the whole file. What a server shows of a broken PUT is its own affair.

A redirect is followed where the method stays PUT (307, 308), each hop checked; the whole body goes to each.
"""

import contextlib
from collections.abc import Iterator
from urllib.parse import quote

import structlog
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError

from encoder_node.transfer.faults import Fault, PeerError, delivery_error, without_secrets
from encoder_node.transfer.parcel import Parcel
from encoder_node.transfer.reach import Line
from encoder_node.unreachable import why_unreachable
from reelyard.cluster.urlguard import ForbiddenAddressError, follow
from reelyard.media.errors import WorkError
from reelyard.media.locations import Location

log = structlog.get_logger(__name__)

# A send's time-out is for the whole slice.
_SEND_BYTES = 64 * 1024
_ANSWER_BYTES = 4096
_OK_FROM, _OK_BEFORE = 200, 300
_DENIED = frozenset({401, 403, 407})


def upload(line: Line, location: Location, parcel: Parcel) -> None:
    """Put a parcel to the location. Any status of the 200s is success.

    Raises:
        PeerError: the server could not be reached, or broke off.
        WorkError: the server answered with another status (with it), or the store was the trouble.
        StoppedError: the task was stopped.
    """
    headers = {"Content-Type": parcel.object.mime_type, "Content-Length": str(parcel.object.size_bytes)}
    try:
        with line.http() as pool, contextlib.closing(_put(pool, location, parcel, headers)) as response:
            status, answer = response.status, _beginning(response)
    except PeerError:
        line.stop.check()  # a connection that was shut looks like a broken one
        raise
    if not _OK_FROM <= status < _OK_BEFORE:
        fault = Fault.DENIED if status in _DENIED else Fault.REFUSED
        error = delivery_error(location, PeerError(fault, f"the server answered with HTTP status {status}"))
        said = without_secrets(answer, location)
        raise WorkError(error.code, error.message, evidence=said, http_status=status)
    log.info("delivery_put", http_status=status)


def _put(
    pool: urllib3.PoolManager, location: Location, parcel: Parcel, headers: dict[str, str]
) -> urllib3.BaseHTTPResponse:
    def body() -> Iterator[bytes]:
        with parcel.pieces() as pieces:
            for piece in pieces:
                for start in range(0, len(piece), _SEND_BYTES):
                    yield piece[start : start + _SEND_BYTES]

    try:
        return follow(pool, "PUT", _url(location), headers=headers, body=body)[0]
    except ForbiddenAddressError as error:
        raise PeerError(Fault.FORBIDDEN, error.message) from error
    except LocationParseError as error:
        raise PeerError(Fault.FORBIDDEN, "it cannot be read as a URL") from error
    except ReadTimeoutError:
        raise PeerError(Fault.STALLED, "it did not answer in time") from None
    except HTTPError as error:
        raise PeerError(Fault.BROKEN, why_unreachable(error)) from None


def _beginning(response: urllib3.BaseHTTPResponse) -> str:
    """The first bytes of an answer, for the attempt's log; the status is what counts."""
    with contextlib.suppress(HTTPError):
        return response.read(_ANSWER_BYTES).decode("utf-8", errors="replace")
    return ""


def _url(location: Location) -> str:
    """The location as a URL again, with its file's name encoded."""
    host = f"[{location.host}]" if ":" in location.host else location.host
    user = f"{quote(location.user, safe='')}:{quote(location.password, safe='')}@" if location.user else ""
    query = f"?{location.query}" if location.query else ""
    return f"{location.scheme}://{user}{host}:{location.port}/{location.path}{query}"
