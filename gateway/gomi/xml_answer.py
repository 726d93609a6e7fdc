"""Writes a body of `bodies` as XML, as a DataContract serializer does."""

import io
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from xml.sax.saxutils import XMLGenerator, escape
from xml.sax.xmlreader import AttributesImpl

from gateway.gomi.description import Body, Instant, WireMember, frame_rate, wire_members
from gateway.gomi.values import is_forbidden

#: The namespace of every element of the API.
NAMESPACE = "http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models"
#: The namespace of the attribute `nil`.
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

_ROOT = {"xmlns:i": SCHEMA_INSTANCE, "xmlns": NAMESPACE}
_NIL = {"i:nil": "true"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_xml(body: Body, *, root: str = "") -> bytes:
    """The XML text of a body, UTF-8; `root` is the name of the root element, where that is not the body's own."""
    text = io.StringIO()
    generator = XMLGenerator(text, short_empty_elements=True)
    _write_element(generator, root or body.xml.element, body, _ROOT)
    return text.getvalue().encode()


def _write_element(generator: XMLGenerator, name: str, value: Any, attributes: Mapping[str, str] | None = None) -> None:
    if value is None:
        attributes = _NIL
    generator.startElement(name, AttributesImpl(dict(attributes or {})))
    if isinstance(value, tuple):
        for item in value:
            _write_element(generator, item.xml.element, item)
    elif is_dataclass(value) and not isinstance(value, Instant):
        _write_members(generator, value)
    elif value is not None:
        _write_text(generator, _text(value))
    generator.endElement(name)


def _write_members(generator: XMLGenerator, body: Any) -> None:
    first = body.xml.first

    def place(each: WireMember) -> tuple[int, str]:
        return (first.index(each.xml_name) if each.xml_name in first else len(first), each.xml_name)

    for each in sorted(wire_members(body), key=place):
        value = getattr(body, each.attribute)
        if value is None and each.xml_none_is_absent:
            continue
        _write_element(generator, each.xml_name, None if value == "" and each.xml_empty_is_nil else value)


def _write_text(generator: XMLGenerator, text: str) -> None:
    """Write a text that any reader reads back.

    A reader turns a bare carriage return into a line feed, and the generator would write it bare; so this escapes by
    itself, and the text goes by the one way of the generator that does not escape.
    """
    carried = "".join(_REPLACEMENT if is_forbidden(each) else each for each in text)
    generator.ignorableWhitespace(escape(carried, {"\r": "&#13;"}))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Instant):
        return _instant(value)
    if isinstance(value, Fraction):
        return f"{frame_rate(value):.5f}"
    return str(value)


def _instant(instant: Instant) -> str:
    """UTC without its zone and without the zeros at the end of the fraction: 2012-02-19T07:42:11.598."""
    moment = _EPOCH + timedelta(milliseconds=instant.ms)
    text = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.rstrip("0").rstrip(".") if instant.ms % 1000 else text.partition(".")[0]
