"""The words in which `bodies` describes the answers of the API, each of them once for every format.

A field's `member` gives its name on the wire; the order of the fields is the order of the seed's JSON samples. The
seed's XML samples have the same bodies in another order, with a few other names and a few members more: what differs
is said at the member, and by the `XmlShape` of the body.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from fractions import Fraction
from typing import Any, ClassVar, Protocol

_WIRE = "wire"


@dataclass(frozen=True)
class Instant:
    """A point in time, milliseconds since 1970 UTC; each format writes it its own way."""

    ms: int


@dataclass(frozen=True)
class XmlShape:
    """How a body is written in XML.

    `element`: its name as the root of an answer, or as an item of a list. As a member it has the member's name.
    `first`: members that come before the others, in this order; the others are in the order of their names' codes
    (capitals before small letters).
    """

    element: str = ""
    first: tuple[str, ...] = ()


class Body(Protocol):
    """A dataclass whose fields are all members."""

    xml: ClassVar[XmlShape]
    __dataclass_fields__: "ClassVar[dict[str, Field[Any]]]"


@dataclass(frozen=True, kw_only=True)
class WireMember:
    """How one field of a body is written.

    JSON leaves None out, unless `json_null`; XML writes it as nil, and an empty text too where `xml_empty_is_nil`;
    `xml_none_is_absent` leaves it out there as well.
    """

    attribute: str
    name: str
    xml_name: str
    json_null: bool
    json_by_name: bool
    xml_only: bool
    xml_empty_is_nil: bool
    xml_none_is_absent: bool
    of: Any


def member(
    name: str,
    *,
    default: Any = MISSING,
    json_null: bool = False,
    json_by_name: bool = False,
    xml_name: str = "",
    xml_only: bool = False,
    xml_empty_is_nil: bool = False,
    xml_none_is_absent: bool = False,
    of: Any = None,
) -> Any:
    """A field that is written as `name`.

    `default`: as of any dataclass field. `json_null`: None is written as null instead of being left out.
    `json_by_name`: the members of the value are written in the order of their names, as some of the seed's JSON
    samples have them, not in the order of its fields. `xml_name`: its name in XML, where that is another.
    `xml_only`: JSON does not have it. `xml_empty_is_nil`: XML has nil, not an empty element, for an empty text.
    `xml_none_is_absent`: XML leaves None out, as JSON does. `of`: what the value is, where the annotation can't say it.
    """
    wire = {
        "name": name,
        "xml_name": xml_name or name,
        "json_null": json_null,
        "json_by_name": json_by_name,
        "xml_only": xml_only,
        "xml_empty_is_nil": xml_empty_is_nil,
        "xml_none_is_absent": xml_none_is_absent,
        "of": of,
    }
    return field(default=default, metadata={_WIRE: wire})


def optional(name: str, *, xml_name: str = "") -> Any:
    """A field that may be None (its default): left out in JSON, nil in XML."""
    return member(name, default=None, xml_name=xml_name)


def wire_members(body: Body | type[Body]) -> tuple[WireMember, ...]:
    """The members of a body, in the order of its fields."""
    return tuple(WireMember(attribute=each.name, **each.metadata[_WIRE]) for each in fields(body))


def frame_rate(rate: Fraction) -> float:
    """Frames per second as the seed's samples have them: three decimals, 29.97 and 23.976."""
    return round(float(rate), 3)
