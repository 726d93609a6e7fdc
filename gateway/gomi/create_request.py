"""Reads the raw members of a create request, of whatever format, into what the scheduler is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.gomi.members import (
    CUSTOMER_REFERENCE_ID,
    LISTS,
    OUTPUT_JOBS,
    OUTPUT_MEMBERS,
    SOURCE_MEDIA_URL,
    read_member,
)
from gateway.gomi.raw_values import RawValue, kind_of
from gateway.gomi.values import TEXT_MAX, Members, read_text
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest

#: Outputs of one request; a source is fetched once for all of them.
OUTPUTS_MAX = 100
#: Characters of a source: enough for as many signed URLs as one job may join.
SOURCE_MAX = 20 * TEXT_MAX


@dataclass(frozen=True)
class RefusedOutput:
    """An output that was refused while it was read."""

    error: SpecError
    customer_reference_id: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """A create request, each output in its place."""

    source_url: str = field(repr=False)
    outputs: tuple[OutputRequest | RefusedOutput, ...]


def read_create_request(members: Members) -> CreateRequest:
    """Read the body of POST /job/create.

    Raises:
        SpecError: the request as a whole is wrong. What is wrong with one output is in its place of `outputs`.
    """
    return CreateRequest(
        source_url=read_source_url(members),
        outputs=read_outputs(members),
    )


def read_source_url(members: Members) -> str:
    """The URL of the source that a request names, or those of several with bars between them.

    Raises:
        SpecError: it is missing or no text.
    """
    url = read_text(SOURCE_MEDIA_URL, members.get(SOURCE_MEDIA_URL), longest=SOURCE_MAX)
    if url is None or not url.strip():
        raise SpecError(
            SOURCE_MEDIA_URL,
            f"{SOURCE_MEDIA_URL} is missing; give the URL of the source",
            code=ErrorCode.PARAMETER_MISSING,
        )
    return url.strip()


def read_outputs(members: Members) -> tuple[OutputRequest | RefusedOutput, ...]:
    """The outputs that a request asks for; what is wrong with one of them is in its place.

    Raises:
        SpecError: there is no list of outputs.
    """
    return tuple(_output(position, raw) for position, raw in enumerate(_output_list(members)))


def _output_list(members: Members) -> Sequence[RawValue]:
    outputs = members.get(OUTPUT_JOBS)
    if outputs is None or outputs in ("", []):
        raise SpecError(
            OUTPUT_JOBS,
            f"{OUTPUT_JOBS} is missing or empty; give a list with one object for each output "
            f"(in XML, one {LISTS[OUTPUT_JOBS]})",
            code=ErrorCode.PARAMETER_MISSING,
        )
    if isinstance(outputs, str) or not isinstance(outputs, Sequence):
        raise SpecError(OUTPUT_JOBS, f"{OUTPUT_JOBS} is {kind_of(outputs)}; a list of objects is wanted")
    if len(outputs) > OUTPUTS_MAX:
        raise SpecError(OUTPUT_JOBS, f"{OUTPUT_JOBS} has {len(outputs)} outputs; at most {OUTPUTS_MAX} are valid")
    return outputs


def _output(position: int, raw: RawValue) -> OutputRequest | RefusedOutput:
    if not isinstance(raw, Mapping):
        name = f"{OUTPUT_JOBS}[{position}]"
        return RefusedOutput(SpecError(name, f"{name} is {kind_of(raw)}; an object is wanted"))
    members = Members(raw)
    try:
        values: dict[str, Any] = {
            each.field: read_member(each.name, each.kind, members.get(each.name)) for each in OUTPUT_MEMBERS
        }
    except SpecError as error:
        return RefusedOutput(error, _reference(members))
    return OutputRequest(**values)


def _reference(members: Members) -> str:
    """The client's own reference of a refused output, so that the answer can carry it; "" where it is what is wrong."""
    try:
        return read_text(CUSTOMER_REFERENCE_ID, members.get(CUSTOMER_REFERENCE_ID)) or ""
    except SpecError:
        return ""
