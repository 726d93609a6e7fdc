"""Settles in which format a request is read and in which it is answered."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.errors import MalformedRequestError, UnsupportedMediaTypeError
from gateway.gomi.description import Body
from gateway.gomi.json_answer import write_json
from gateway.gomi.json_request import parse_json_object
from gateway.gomi.members import LISTS
from gateway.gomi.query import query_value
from gateway.gomi.raw_values import RawValue
from gateway.gomi.xml_answer import write_xml
from gateway.gomi.xml_request import ENCODINGS, parse_xml_object
from reelyard.media.errors import SpecError

_FORMAT = "format"
_QUALITY = re.compile(r"0(\.[0-9]*)?|1(\.0*)?")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]*)\"?", re.IGNORECASE)


@dataclass(frozen=True)
class AnswerFormat:
    """A format of answers: its media type, and what writes a body under the name that its root has in XML."""

    media_type: str
    write: Callable[[Body, str], bytes]


def _as_json(body: Body, _root: str) -> bytes:
    return write_json(body)


def _as_xml(body: Body, root: str) -> bytes:
    return write_xml(body, root=root)


_JSON = AnswerFormat("application/json", _as_json)
_XML = AnswerFormat("application/xml", _as_xml)
_TEXT_XML = AnswerFormat("text/xml", _as_xml)
_BY_NAME: Mapping[str, AnswerFormat] = MappingProxyType({"json": _JSON, "xml": _XML})


def answer_format(scope: Scope) -> AnswerFormat:
    """The format that a request asks for: by `format` in its query, else by Accept, else its own, else JSON.

    Raises:
        SpecError: `format` is no format of the API.
        MalformedRequestError: the query can't be read.
    """
    wanted = query_value(scope["query_string"], _FORMAT)
    if not wanted:
        return _by_headers(scope)
    known = _BY_NAME.get(wanted.lower())
    if known is None:
        raise SpecError(_FORMAT, f"{_FORMAT} is {wanted[:40]!r}; 'json' and 'xml' are valid")
    return known


def error_format(scope: Scope) -> AnswerFormat:
    """The format of an error: as `answer_format`, but a `format` that is wrong is passed over."""
    try:
        return answer_format(scope)
    except (SpecError, MalformedRequestError):
        return _by_headers(scope)


def body_reader(content_type: str) -> Callable[[bytes], Mapping[str, RawValue]]:
    """What reads the members of a body with this Content-Type; no Content-Type at all is taken for JSON.

    Raises:
        UnsupportedMediaTypeError: the message says what is supported.
    """
    media_type = _essence(content_type)
    if not media_type or media_type in ("application/json", "text/json") or media_type.endswith("+json"):
        return parse_json_object
    if not _is_xml(media_type):
        raise UnsupportedMediaTypeError(
            f"The Content-Type is {media_type[:100]!r}; send application/json, application/xml or text/xml."
        )
    given = _CHARSET.search(content_type.partition(";")[2])
    charset = given[1].lower() if given else ""
    if charset and charset not in ENCODINGS:
        raise UnsupportedMediaTypeError(f"The charset of the body is {charset[:40]!r}; send XML as UTF-8 or UTF-16.")
    return lambda text: parse_xml_object(text, charset=charset, lists=LISTS)


def _by_headers(scope: Scope) -> AnswerFormat:
    headers = Headers(scope=scope)
    own = _XML if _is_xml(_essence(headers.get("content-type", ""))) else _JSON
    return _accepted(headers.getlist("accept"), own)


def _accepted(accept: Iterable[str], own: AnswerFormat) -> AnswerFormat:
    """The best match of Accept headers; `own` where they name neither format, or both by one pattern.

    Of formats with one quality the one that is named more exactly is taken, then the one that is named first.
    """
    ranges = [_media_range(part) for header in accept for part in header.split(",")]
    ranks = {each: _rank(each.media_type, ranges) for each in (own, _JSON, _XML, _TEXT_XML)}
    best = max(ranks, key=ranks.__getitem__)  # the first of equals
    return best if ranks[best][0] > 0 else own


def _rank(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int]:
    """How well a media type fits: the quality and the exactness of the most exact range that holds it, its place."""
    patterns = ("*/*", media_type.partition("/")[0] + "/*", media_type)
    fits = [
        (patterns.index(pattern), -place, quality)
        for place, (pattern, quality) in enumerate(ranges)
        if pattern in patterns
    ]
    exactness, place, quality = max(fits, default=(0, 0, 0.0))
    return quality, exactness, place


def _media_range(part: str) -> tuple[str, float]:
    """A media range of an Accept header and its quality; one that can't be read is 1, as if it weren't given."""
    media_range, *parameters = (each.strip().lower() for each in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q" and _QUALITY.fullmatch(value.strip()):
            return media_range, float(value)
    return media_range, 1.0


def _essence(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _is_xml(media_type: str) -> bool:
    return media_type in ("application/xml", "text/xml")
