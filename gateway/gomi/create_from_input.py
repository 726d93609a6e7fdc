"""What POST /job/CreateJobFromInputMedia reads and answers."""

from dataclasses import dataclass, fields
from typing import ClassVar

from gateway.gomi.bodies import OutputJob
from gateway.gomi.create_request import RefusedOutput, read_outputs
from gateway.gomi.description import XmlShape, member
from gateway.gomi.joined import joined_ids
from gateway.gomi.members import INPUT_MEDIA_ID
from gateway.gomi.output_jobs import output_jobs
from gateway.gomi.raw_values import Number, RawValue, kind_of
from gateway.gomi.values import Members
from gateway.object_id import read_object_id
from reelyard.cluster.views import JOIN_MARK, CreatedJobsView
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest


@dataclass(frozen=True, kw_only=True)
class CreateFromInputRequest:
    """A create request of one or more input media, each output in its place."""

    input_media_ids: tuple[int, ...]
    outputs: tuple[OutputRequest | RefusedOutput, ...]


@dataclass(frozen=True, kw_only=True)
class FromInputOutputJob(OutputJob):
    """The fate of one output; in XML its sample has another order here than at job/create."""

    xml: ClassVar[XmlShape] = XmlShape(
        "JobCreationStatus",
        ("CustomerReferenceID", "JobID", "JobStatusLocation", "Success", "ErrorCode", "ErrorMessage"),
    )


@dataclass(frozen=True, kw_only=True)
class CreateFromInputAnswer:
    """Of POST /job/CreateJobFromInputMedia."""

    xml: ClassVar[XmlShape] = XmlShape(
        "CreateJobFromInputMediaResponse", ("InputMediaID", "OutputJobs", "Success", "ErrorCode", "Message")
    )

    input_media_id: str = member("InputMediaID")
    output_jobs: tuple[FromInputOutputJob, ...] = member("OutputJobs")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


def read_create_from_input(members: Members) -> CreateFromInputRequest:
    """Read the body.

    Raises:
        SpecError: the request as a whole is wrong. What is wrong with one output is in its place of `outputs`.
    """
    return CreateFromInputRequest(
        input_media_ids=_input_media_ids(members.get(INPUT_MEDIA_ID)), outputs=read_outputs(members)
    )


def created_answer(wanted: CreateFromInputRequest, created: CreatedJobsView) -> CreateFromInputAnswer:
    """The answer, each output in the place that it has in the request."""
    jobs = tuple(_in_this_order(each) for each in output_jobs(created, wanted.outputs))
    accepted = any(each.success for each in jobs)
    return CreateFromInputAnswer(
        input_media_id=joined_ids(wanted.input_media_ids),
        output_jobs=jobs,
        success=accepted,
        error_code="" if accepted else jobs[0].error_code or "",
        message="" if accepted else jobs[0].message or "",
    )


def _in_this_order(job: OutputJob) -> FromInputOutputJob:
    return FromInputOutputJob(**{each.name: getattr(job, each.name) for each in fields(job)})


def _input_media_ids(raw: RawValue) -> tuple[int, ...]:
    if raw is None or raw == "":
        raise SpecError(
            INPUT_MEDIA_ID,
            f"{INPUT_MEDIA_ID} is missing; give the ID of an input medium, or several with '{JOIN_MARK}' between them",
            code=ErrorCode.PARAMETER_MISSING,
        )
    if not isinstance(raw, Number | str):
        raise SpecError(INPUT_MEDIA_ID, f"{INPUT_MEDIA_ID} is {kind_of(raw)}; a whole number from 1 is wanted")
    text = raw.text if isinstance(raw, Number) else raw.strip()
    return tuple(read_object_id(INPUT_MEDIA_ID, part.strip()) for part in text.split(JOIN_MARK))
