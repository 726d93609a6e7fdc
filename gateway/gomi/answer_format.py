"""Settles in which format a request is answered, and whether its body is in one that is read.

Only JSON is spoken yet. XML belongs to the API, so who asks for it is told that it isn't supported yet instead of
being answered in a format that his parser does not know.
"""

from collections.abc import Iterable

from gateway.errors import UnsupportedMediaTypeError
from gateway.gomi.query import query_value
from reelyard.media.errors import SpecError

_JSON = "application/json"
_XML_NOT_YET = "XML isn't supported yet"


def require_json_body(content_type: str) -> None:
    """Refuse a body that does not say it is JSON; no Content-Type at all is taken for JSON.

    Raises:
        UnsupportedMediaTypeError: the message says what is supported.
    """
    media_type = _essence(content_type)
    if not media_type or _is_json(media_type):
        return
    if _is_xml(media_type):
        raise UnsupportedMediaTypeError(f"{_XML_NOT_YET}; send Content-Type: {_JSON}.")
    raise UnsupportedMediaTypeError(f"The Content-Type is {media_type[:100]!r}; send Content-Type: {_JSON}.")


def require_json_answer(query_string: bytes, accept: Iterable[str]) -> None:
    """Refuse to answer a request that asks for anything but JSON; `accept` is its Accept headers.

    Raises:
        SpecError: `format` is no format of the API.
        UnsupportedMediaTypeError: it asks for XML, and for XML only.
    """
    wanted = query_value(query_string, "format")
    if wanted:
        if wanted.lower() == "xml":
            raise UnsupportedMediaTypeError(f"The format is 'xml'; {_XML_NOT_YET}; leave format out.")
        if wanted.lower() != "json":
            raise SpecError("format", f"format is {wanted[:40]!r}; 'json' is valid")
        return
    ranges = [_essence(part) for header in accept for part in header.split(",") if not _is_excluded(part)]
    if ranges and all(_is_xml(each) for each in ranges):
        raise UnsupportedMediaTypeError(f"The request accepts XML only; {_XML_NOT_YET}; accept {_JSON}.")


def _essence(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _is_excluded(media_range: str) -> bool:
    """A quality of 0 says "anything but this"."""
    parameters = (part.strip().lower().partition("=") for part in media_range.split(";")[1:])
    return any(name == "q" and value.rstrip("0") in ("", "0.") for name, _, value in parameters)


def _is_json(media_type: str) -> bool:
    return media_type in (_JSON, "text/json") or media_type.endswith("+json")


def _is_xml(media_type: str) -> bool:
    return media_type in ("application/xml", "text/xml") or media_type.endswith("+xml")
