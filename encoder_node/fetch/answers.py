"""Requests for a source and what their answers say: status, size, version, range (RFC 9110 and 9112)."""

import contextlib
import email.utils
import re
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, LocationValueError

from encoder_node.fetch.transfer import Transfer
from reelyard.cluster.urlguard import follow
from reelyard.media.errors import ErrorCode, WorkError

OK, NOT_AUTHORITATIVE, PARTIAL, RANGE_REFUSED = 200, 203, 206, 416
_DENIED = frozenset({401, 403, 407, 451})
_MISSING = frozenset({404, 410})
#: A Last-Modified this much older than the answer's Date can be trusted to name one version (RFC 9110, 8.8.2.2).
_STRONG_DATE_S = 60
# What is compressed on the way cannot be resumed, and media does not shrink.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
_CONTENT_RANGE = re.compile(r"bytes +([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True, kw_only=True)
class ContentRange:
    """Which part of a file an answer is; `last` is included, `total` 0 when the server does not say."""

    first: int
    last: int
    total: int


def ask(
    pool: urllib3.PoolManager, transfer: Transfer, *, first: int = 0, last: int | None = None
) -> tuple[urllib3.BaseHTTPResponse, str]:
    """Send one request, each hop of it checked; the answer, which the caller closes, and the URL that gave it.

    Args:
        pool: of `guarded_http`.
        transfer: what is fetched.
        first: byte from which on it is wanted; 0 without `last`: the whole, without a range.
        last: byte up to which it is wanted, included; None: to the end.

    Raises:
        BrokenError: there was no answer.
        WorkError: invalid_input_url.
    """
    headers = _HEADERS
    if first or last is not None:
        span = f"bytes={first}-{'' if last is None else last}"
        headers = {**_HEADERS, "Range": span, "If-Range": transfer.validator}
    try:
        return follow(pool, "GET", transfer.url, headers=headers)
    except (LocationParseError, LocationValueError) as error:
        message = f"The source URL {transfer.name} cannot be read as a URL."
        raise WorkError(ErrorCode.INVALID_INPUT_URL, message) from error
    except HTTPError as error:
        raise transfer.unreachable(error) from error


def interrupt(response: urllib3.BaseHTTPResponse) -> None:
    """Wake whoever reads it; the read ends like a broken one."""
    # The response may end in the same moment, then there is no socket any more and nothing to interrupt.
    with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
        response.shutdown()


def refusal(status: int, transfer: Transfer) -> WorkError:
    """What a status means that brings no file."""
    if status in _DENIED:
        code, why = ErrorCode.SOURCE_DENIED, "the server refuses access"
    elif status in _MISSING:
        code, why = ErrorCode.SOURCE_NOT_FOUND, "there is no such file"
    else:
        code, why = ErrorCode.SOURCE_UNREACHABLE, "the server did not give the file"
    return WorkError(code, f"The source at {transfer.name} answered with HTTP status {status}: {why}.")


def announced_size(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> int:
    """The Content-Length; 0 when there is none to go by.

    Raises:
        WorkError: it is no number, and nothing else tells where the answer ends: the connection would stay open, and
            reading on would only end with the stall limit (RFC 9112, 6.3 calls it an error that cannot be mended).
    """
    headers = response.headers
    text = headers.get("Content-Length")
    if text is None or "chunked" in headers.get("Transfer-Encoding", "").lower():
        return 0
    if text.isascii() and text.isdecimal():
        return int(text)
    if "close" in headers.get("Connection", "").lower():
        return 0  # the end of the connection is the end of the file
    raise transfer.wrong("answered with a Content-Length that is no number")


def content_range(response: urllib3.BaseHTTPResponse) -> ContentRange | None:
    """The range of a 206 answer; None when it is not to be understood."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match[2]) < int(match[1]):
        return None
    return ContentRange(first=int(match[1]), last=int(match[2]), total=0 if match[3] == "*" else int(match[3]))


def is_encoded(headers: urllib3.HTTPHeaderDict) -> bool:
    """Whether what comes is compressed, so that its positions are not those of the file."""
    return headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}


def has_ranges(headers: urllib3.HTTPHeaderDict) -> bool:
    """Whether the server says that it can send a part."""
    return "bytes" in {unit.strip().lower() for unit in headers.get("Accept-Ranges", "").split(",")}


def is_other_version(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> bool:
    """Whether an answer says itself that it is of another version than the one that is being read."""
    found = strong_validator(response.headers)
    same_kind = found.startswith('"') == transfer.validator.startswith('"')
    return bool(found) and same_kind and found != transfer.validator


def strong_validator(headers: urllib3.HTTPHeaderDict) -> str:
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
