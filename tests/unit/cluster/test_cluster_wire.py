"""The dataclasses and their messages describe the same data."""

import dataclasses
import types
import typing
from typing import Any

import pytest
from pydantic import ValidationError

from reelyard.cluster import node_client, task_wire, views, wire, work
from reelyard.media import info, output, plan
from reelyard.rpc.v1 import gateway_pb2, media_pb2, node_pb2

MODULES = (node_pb2, gateway_pb2, media_pb2)
# Classes whose message has another name.
OTHER_NAMES = {
    "Caller": "AuthenticateResponse",
    "CreateJobs": "CreateJobsRequest",
    "CreatedJobsView": "CreateJobsResponse",
    "CreateJobsFromInput": "CreateJobsFromInputRequest",
    "CreateIngest": "CreateIngestRequest",
    "CreateFormat": "CreateFormatRequest",
    "UpdateFormat": "UpdateFormatRequest",
    "UpdateAccount": "UpdateAccountRequest",
    "CreateKey": "CreateKeyRequest",
    "CreatedIngestView": "CreateIngestResponse",
    "CreatedKeyView": "CreateKeyResponse",
    "FormatListView": "FormatList",
    "Progress": "TaskProgress",
    "Stopped": "StoppedTask",
    "Beat": "HeartbeatResponse",
    "Claim": "ClaimResponse",
}
# What a task or result is about stands in a oneof, one member a kind.
ONEOFS = {"TaskSpec": "work"}


def _classes() -> list[type]:
    found = []
    for module in (info, output, plan, work, views, node_client):
        found += [
            cls
            for cls in vars(module).values()
            if dataclasses.is_dataclass(cls) and isinstance(cls, type) and cls.__module__ == module.__name__
        ]
    return found


def _message(cls: type) -> Any:
    name = OTHER_NAMES.get(cls.__name__, cls.__name__.removesuffix("View"))
    (message,) = (getattr(module, name) for module in MODULES if name in module.DESCRIPTOR.message_types_by_name)
    return message


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_a_dataclass_and_its_message_have_the_same_fields(cls: type) -> None:
    descriptor = _message(cls).DESCRIPTOR
    oneof = ONEOFS.get(cls.__name__)
    in_oneof = {field.name for field in descriptor.oneofs_by_name[oneof].fields} if oneof else set()

    wanted = {field.name for field in dataclasses.fields(cls)} - {oneof}

    assert {field.name for field in descriptor.fields} - in_oneof == wanted


def _build(cls: type) -> Any:
    """An object in which every member has a value of its own."""
    hints = typing.get_type_hints(cls)
    values = {}
    for number, field in enumerate(dataclasses.fields(cls), start=1):
        values[field.name] = _build_value(hints[field.name], number)
    return cls(**values)


def _build_value(hint: Any, number: int) -> Any:
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return (_build_value(item, number), _build_value(item, number + 50))
    if dataclasses.is_dataclass(hint):
        return _build(hint)
    return {int: number, str: f"text{number}", bool: True}[hint]


@pytest.mark.parametrize(
    "cls",
    [cls for cls in _classes() if cls.__name__ not in {"TaskSpec", "Claim"}],
    ids=lambda cls: cls.__name__,
)
def test_a_dataclass_survives_the_wire(cls: type) -> None:
    value = _build(cls)

    message = _message(cls).FromString(wire.to_message(value, _message(cls)).SerializeToString())

    assert wire.from_message(message, cls) == value


@pytest.mark.parametrize("cls", [cls for cls in _classes() if cls.__name__ not in {"TaskSpec", "Claim"}])
def test_a_dataclass_survives_a_dictionary(cls: type) -> None:
    value = _build(cls)

    assert wire.from_dict(cls, wire.to_dict(value)) == value


def test_members_that_are_not_said_stay_so() -> None:
    request = output.OutputRequest(width=0, title="")

    back = wire.from_message(wire.to_message(request, media_pb2.OutputRequest), output.OutputRequest)

    assert back == request
    assert back.height is None


def test_an_older_reader_ignores_what_a_newer_writer_adds() -> None:
    assert wire.from_dict(work.CleanResult, {"deleted": "3", "added_later": 1}) == work.CleanResult(deleted=3)


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises(ValidationError):
        wire.from_dict(work.CleanResult, {"deleted": "three"})


@pytest.mark.parametrize("kind", list(work.TaskKind))
def test_a_task_of_every_kind_survives_the_wire(kind: work.TaskKind) -> None:
    task = work.TaskSpec(
        task_id=1,
        attempt=2,
        kind=kind,
        account_id=3,
        job_id=4,
        ingest_id=5,
        output_prefix="job/4/1/2/",
        work=_build(task_wire.WORK_CLASSES[kind]),
    )

    message = node_pb2.TaskSpec.FromString(task_wire.task_to_message(task).SerializeToString())

    assert task_wire.task_from_message(message) == task
    assert task_wire.work_from_dict(kind, wire.to_dict(task.work)) == task.work


@pytest.mark.parametrize("kind", list(work.TaskKind))
def test_a_result_of_every_kind_survives_the_wire(kind: work.TaskKind) -> None:
    result = _build(task_wire.RESULT_CLASSES[kind])

    message = node_pb2.TaskResult.FromString(task_wire.result_to_message(result).SerializeToString())

    assert task_wire.result_from_message(message) == result


def test_a_task_whose_work_is_of_another_kind_is_refused() -> None:
    message = node_pb2.TaskSpec(task_id=7, kind="clean", ingest=node_pb2.IngestWork())

    with pytest.raises(ValueError, match="task 7 of kind clean came with work 'ingest'"):
        task_wire.task_from_message(message)


def test_an_absent_result_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        task_wire.result_from_message(node_pb2.TaskResult())


@pytest.mark.parametrize(
    ("cls", "member"), [(work.IngestWork, "source_url"), (work.NotifyWork, "url"), (work.NotifyWork, "secret")]
)
def test_secrets_are_not_in_the_repr_of_work(cls: type, member: str) -> None:
    value = _build(cls)

    assert getattr(value, member) not in repr(value)
