"""Reads the XML text of a request into raw values, and says where the text is wrong.

The parser is expat, without its own processing of namespaces: that copies the URI of a prefix into each attribute
that bears it, so that a text of a megabyte could take all memory there is. Names are taken apart here instead.
Nothing outside of the text is ever fetched: a document type declaration, the only place that could name something or
define an entity, is refused where it begins.
"""

import codecs
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from gateway.errors import MalformedRequestError
from gateway.gomi.raw_values import RawValue, Repeated, shortened
from gateway.gomi.xml_answer import NAMESPACE, SCHEMA_INSTANCE

#: Elements within each other; a request of the API has four.
DEPTH_MAX = 32

#: Elements of one request; a hundred outputs with every member have three thousand.
ELEMENTS_MAX = 20_000

#: Encodings that are read, as a Content-Type or an XML declaration names them; UTF-16 with or without a mark.
ENCODINGS = frozenset({"utf-8", "utf-16", "utf-16le", "utf-16be"})

#: Bytes that the parser is given at a time: after a refusal it ends only with what it was given.
_PIECE = 16 * 1024

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PREFIXES = {"": "", "xml": "http://www.w3.org/XML/1998/namespace"}


def parse_xml_object(text: bytes, *, charset: str, lists: Mapping[str, str]) -> Mapping[str, RawValue]:
    """The members of the root element, by their names without a namespace.

    An element with elements in it is an object, another one a text, which is empty where it has nothing but white
    space in it; `i:nil` is None. `charset` is that of the Content-Type, "" for none; it is stronger than the text's
    own declaration, and a byte order mark is stronger than both. `lists` names the elements that are lists, each
    with the name of its items. Elements of foreign namespaces are left out, and attributes other than `i:nil`.

    Raises:
        MalformedRequestError: it is not XML in one of `ENCODINGS`, has a document type declaration, is in a foreign
            namespace, or is nested too deep or too large to be a request.
    """
    if not text.strip(b"\0 \t\r\n"):
        raise MalformedRequestError("The request has no body; an XML element is wanted.")
    marked = next((encoding for mark, encoding in _MARKS if text.startswith(mark)), None)
    return _Reader(marked or charset or None, lists).read(text)


@dataclass
class _Element:
    """An element that has begun and not ended yet."""

    name: str
    namespaces: ChainMap[str, str]
    is_foreign: bool
    is_nil: bool
    item: str | None  # the name of its items, where it is a list
    has_elements: bool = False
    texts: list[str] = field(default_factory=list)
    members: dict[str, RawValue] = field(default_factory=dict)
    items: list[RawValue] = field(default_factory=list)

    def add(self, inner: "_Element") -> None:
        name, value = inner.name, inner.value()
        if self.item is not None:
            if name.lower() == self.item.lower():
                self.items.append({} if value == "" else value)
        elif name in self.members:
            known = self.members[name]
            self.members[name] = Repeated(known.times + 1 if isinstance(known, Repeated) else 2)
        else:
            self.members[name] = value

    def value(self) -> RawValue:
        if self.is_nil:
            return None
        if self.has_elements:
            return self.items if self.item is not None else self.members
        text = "".join(self.texts)
        return text if text.strip() else ""


class _Reader:
    """Listens to the parser while it goes through one text."""

    def __init__(self, encoding: str | None, lists: Mapping[str, str]) -> None:
        self._lists = {name.lower(): item for name, item in lists.items()}
        self._open: list[_Element] = []
        self._elements = 0
        self._root: Mapping[str, RawValue] = {}
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._encoding = encoding

    def read(self, text: bytes) -> Mapping[str, RawValue]:
        try:
            for start in range(0, len(text), _PIECE):
                self._parser.Parse(text[start : start + _PIECE], False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise MalformedRequestError(
                f"The body is not XML: {expat.ErrorString(error.code)} at line {error.lineno}, "
                f"column {error.offset + 1}."
            ) from error
        return self._root

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and self._encoding is None and encoding.lower() not in ENCODINGS:
            self._refuse(f"The body says that its encoding is {shortened(encoding)!r}; UTF-8 and UTF-16 are read")

    def _doctype(self, *_: object) -> None:
        self._refuse("The body has a document type declaration, which is not read; leave it out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            self._refuse(f"The body has more than {ELEMENTS_MAX} elements")
        if len(self._open) == DEPTH_MAX:
            self._refuse(f"The body is nested too deep to be read: more than {DEPTH_MAX} elements in each other")
        outer = self._open[-1] if self._open else None
        namespaces = _declared(attributes, outer.namespaces if outer else ChainMap(_PREFIXES))
        namespace, local = self._resolve(name, namespaces)
        is_foreign = namespace not in ("", NAMESPACE)
        if outer is None and is_foreign:
            self._refuse(f"The namespace of the body is {shortened(namespace, 100)!r}; {NAMESPACE!r} or none is wanted")
        if outer is not None:
            outer.has_elements = True
        is_nil = self._is_nil(attributes, namespaces)
        self._open.append(_Element(local, namespaces, is_foreign, is_nil, self._lists.get(local.lower())))

    def _end(self, _name: str) -> None:
        ended = self._open.pop()
        if not self._open:
            self._root = ended.members
        elif not ended.is_foreign:
            self._open[-1].add(ended)

    def _characters(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _is_nil(self, attributes: Mapping[str, str], namespaces: Mapping[str, str]) -> bool:
        return any(
            name.endswith(":nil")
            and self._resolve(name, namespaces)[0] == SCHEMA_INSTANCE
            and value.strip() in ("true", "1")
            for name, value in attributes.items()
        )

    def _resolve(self, name: str, namespaces: Mapping[str, str]) -> tuple[str, str]:
        """The namespace of a name, and the name in it."""
        prefix, _, local = name.rpartition(":")
        if prefix not in namespaces:
            self._refuse(f"The body is not XML: the prefix of {shortened(name)!r} is not declared")
        return namespaces[prefix], local

    def _refuse(self, why: str) -> NoReturn:
        place = f"line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"
        raise MalformedRequestError(f"{why} ({place}).")


def _declared(attributes: Mapping[str, str], outer: ChainMap[str, str]) -> ChainMap[str, str]:
    """The namespaces by prefix, those that an element declares over those around it."""
    own = {
        name.partition(":")[2]: uri for name, uri in attributes.items() if name == "xmlns" or name.startswith("xmlns:")
    }
    return outer.new_child(own) if own else outer
