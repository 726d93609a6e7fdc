"""Conditional requests of RFC 9110: has the client got this file already, and does its part still fit?"""

from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime

from starlette.datastructures import Headers

_SECOND_MS = 1000


def entity_tag(sha256: str) -> str:
    """The strong entity tag of a file: its checksum."""
    return f'"{sha256}"'


def http_date(ms: int) -> str:
    """A point in time, milliseconds since 1970 UTC, as HTTP writes it: in whole seconds."""
    return formatdate(ms // _SECOND_MS, usegmt=True)


def is_unchanged(headers: Headers, *, tag: str, modified_ms: int) -> bool:
    """Whether the client said that it has the file as it is now; If-None-Match outweighs If-Modified-Since."""
    tags = ",".join(headers.getlist("if-none-match"))
    if tags:
        return tags.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in tags.split(","))
    since = _seconds(headers.get("if-modified-since", ""))
    return since is not None and modified_ms // _SECOND_MS <= since


def range_applies(headers: Headers, *, tag: str, modified_ms: int) -> bool:
    """Whether a Range counts: If-Range, where given, must name exactly the file as it is now."""
    wanted = headers.get("if-range", "").strip()
    if not wanted:
        return True
    if wanted.startswith(('"', "W/")):
        return wanted == tag
    return _seconds(wanted) == modified_ms // _SECOND_MS


def _seconds(date: str) -> int | None:
    """Seconds since 1970 of an HTTP date; None for what is none."""
    try:
        moment = parsedate_to_datetime(date)
        # The form of C's asctime names no zone, and Python would take it for this machine's: HTTP knows UTC alone.
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
