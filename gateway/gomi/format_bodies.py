# ruff: noqa: RUF009  # member() describes a field, it makes no value that would be shared
"""Output formats on the wire: how one is read from a request, and the bodies of the answers about them.

Both follow the table of an output's members: what an output may say, a format may say too, and shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from gateway.gomi.bodies import REASON
from gateway.gomi.description import Body, XmlShape, member
from gateway.gomi.members import OUTPUT_MEMBERS, Kind, read_member
from gateway.gomi.values import Members, read_text, read_whole
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputFormat, OutputRequest

FORMAT_ID = "OutputFormatID"
NAME = "Name"
DESCRIPTION = "Description"

#: Members that each output has of its own.
_OF_ONE_OUTPUT = ("output_format_id", "title", "customer_reference_id")
#: Those that a format may set.
FORMAT_MEMBERS = tuple(each for each in OUTPUT_MEMBERS if each.field not in _OF_ONE_OUTPUT)

_TYPES: Mapping[Kind, Any] = MappingProxyType(
    {Kind.TEXT: str | None, Kind.FLAG: bool | None, Kind.WHOLE: int | None, Kind.WHOLE_FROM_1: int | None}
)

#: One output format with its whole set of parameters; null is "not set", as a request may say it.
FormatBody: Any = make_dataclass(
    "FormatBody",
    [
        ("output_format_id", int, member(FORMAT_ID)),
        ("name", str, member(NAME)),
        ("description", str, member(DESCRIPTION)),
        *((each.field, _TYPES[each.kind], member(each.name, json_null=True)) for each in FORMAT_MEMBERS),
        ("self_path", str, member("Self")),
    ],
    frozen=True,
    kw_only=True,
    namespace={"xml": XmlShape("OutputFormat")},
)


@dataclass(frozen=True, kw_only=True)
class FormatListAnswer:
    """Of GET /format."""

    xml: ClassVar[XmlShape] = XmlShape("GetFormatListResponse", REASON)

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    formats: tuple[Body, ...] = member("formats", of=tuple[FormatBody, ...])
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class FormatAnswer:
    """Of GET, PUT and DELETE /format/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetFormatResponse", REASON)

    format: Body = member("format", of=FormatBody)
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class CreateFormatAnswer(FormatAnswer):
    """Of POST /format."""

    xml: ClassVar[XmlShape] = XmlShape("CreateFormatResponse", REASON)


@dataclass(frozen=True, kw_only=True)
class WantedFormat:
    """A format as a request describes it."""

    name: str
    description: str
    parameters: OutputRequest


def format_body(known: OutputFormat) -> Body:
    """An output format."""
    said = {each.field: getattr(known.parameters, each.field) for each in FORMAT_MEMBERS}
    body: Body = FormatBody(
        output_format_id=known.id,
        name=known.name,
        description=known.description,
        self_path=f"format/{known.id}",
        **said,
    )
    return body


def read_format(members: Members, *, format_id: int = 0) -> WantedFormat:
    """Read the body of POST /format, or of PUT /format/{id} with that ID.

    Raises:
        SpecError: a member is wrong, or no member of a format.
    """
    given_id = read_whole(FORMAT_ID, members.get(FORMAT_ID))
    if given_id not in (None, 0, format_id):
        raise SpecError(FORMAT_ID, f"{FORMAT_ID} is {given_id}; a format gets its ID from us: leave it out")
    for each in OUTPUT_MEMBERS:
        if each.field in _OF_ONE_OUTPUT[1:] and read_text(each.name, members.get(each.name)) is not None:
            raise SpecError(each.name, f"{each.name} is a matter of each output, not of a format; leave it out")
    values: dict[str, Any] = {
        each.field: read_member(each.name, each.kind, members.get(each.name)) for each in FORMAT_MEMBERS
    }
    return WantedFormat(
        name=read_text(NAME, members.get(NAME)) or "",
        description=read_text(DESCRIPTION, members.get(DESCRIPTION)) or "",
        parameters=OutputRequest(**values),
    )
