"""JSON Schemas of the answers, made from the bodies that the calls answer with (`gateway.gomi.description`)."""

import re
import types
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any, Union, get_args, get_origin, get_type_hints

from gateway.gomi.description import Body, Instant, WireMember, wire_members
from gateway.gomi.xml_answer import NAMESPACE

Schema = dict[str, Any]

_COMPONENTS = "#/components/schemas/"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")

INSTANT: Schema = {
    "type": "string",
    "pattern": r"^/Date\(-?[0-9]+\+0000\)/$",
    "description": "Milliseconds since 1970 UTC; in XML 2012-02-19T07:42:11.598.",
}


class Schemas:
    """The schemas of bodies under their names, each made once."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def reference(self, body: type[Body]) -> Schema:
        """A reference to the schema of a body, which is made where it is not there yet."""
        name = body.__name__
        if name not in self.components:
            self.components[name] = {}  # a body may hold itself
            self.components[name] = self._object(body)
        return {"$ref": _COMPONENTS + name}

    def _object(self, body: type[Body]) -> Schema:
        members = [each for each in wire_members(body) if not each.xml_only]
        annotated = get_type_hints(body)
        hints = {each.attribute: each.of or annotated[each.attribute] for each in members}
        schema: Schema = {
            "type": "object",
            "description": first_sentence(body.__doc__),
            "properties": {each.name: self._member(each, hints[each.attribute]) for each in members},
            "required": [each.name for each in members if _is_always_there(each, hints[each.attribute])],
        }
        if body.xml.element:
            schema["xml"] = {"name": body.xml.element, "namespace": NAMESPACE}
        return schema

    def _member(self, wire: WireMember, hint: Any) -> Schema:
        schema = self._value(hint, nullable=wire.json_null)
        if wire.xml_name != wire.name:
            schema = {"allOf": [schema]} if "$ref" in schema else schema
            schema["xml"] = {"name": wire.xml_name}
        return schema

    def _value(self, hint: Any, *, nullable: bool = False) -> Schema:
        if get_origin(hint) in (Union, types.UnionType):
            schemas = [self._value(each) for each in get_args(hint) if each is not type(None)]
            if nullable and _may_be_none(hint):
                schemas.append({"type": "null"})
            return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        if get_origin(hint) is tuple:
            return {"type": "array", "items": self._value(get_args(hint)[0])}
        if hint is Instant:
            return dict(INSTANT)
        if is_dataclass(hint):
            return self.reference(hint)  # type: ignore[arg-type]  # every dataclass in a body is one
        return dict(_SIMPLE[hint])


_SIMPLE: dict[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    Fraction: {"type": "number"},
}


def first_sentence(docstring: str | None) -> str:
    """The first paragraph of a docstring, for people who read the API's description."""
    return " ".join((docstring or "").partition("\n\n")[0].split()).replace("`", "")


def title_of(name: str) -> str:
    """`list_active_jobs` or `JobListAnswer` as words."""
    return " ".join(part.lower() for part in _WORDS.split(name) if part).capitalize()


def _is_always_there(wire: WireMember, hint: Any) -> bool:
    """JSON leaves out what is None, unless the member is written as null then."""
    return wire.json_null or not _may_be_none(hint)


def _may_be_none(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
