"""Tasks and results to protobuf messages and back.

What a task does is a `oneof` on the wire and a union of classes in code: the names of the members pair them.
"""

from typing import Any

from reelyard.cluster.wire import from_dict, from_message, to_message
from reelyard.cluster.work import (
    CleanResult,
    CleanWork,
    DistributeResult,
    DistributeWork,
    EncodeResult,
    EncodeWork,
    IngestResult,
    IngestWork,
    MailResult,
    MailWork,
    NotifyResult,
    NotifyWork,
    OverlayResult,
    OverlayWork,
    Result,
    StoreResult,
    StoreWork,
    TaskKind,
    TaskSpec,
    Work,
)
from reelyard.rpc.v1 import node_pb2

WORK_CLASSES: dict[TaskKind, type[Work]] = {
    TaskKind.INGEST: IngestWork,
    TaskKind.ENCODE: EncodeWork,
    TaskKind.STORE: StoreWork,
    TaskKind.DISTRIBUTE: DistributeWork,
    TaskKind.NOTIFY: NotifyWork,
    TaskKind.CLEAN: CleanWork,
    TaskKind.MAIL: MailWork,
    TaskKind.OVERLAY: OverlayWork,
}
RESULT_CLASSES: dict[TaskKind, type[Result]] = {
    TaskKind.INGEST: IngestResult,
    TaskKind.ENCODE: EncodeResult,
    TaskKind.STORE: StoreResult,
    TaskKind.DISTRIBUTE: DistributeResult,
    TaskKind.NOTIFY: NotifyResult,
    TaskKind.CLEAN: CleanResult,
    TaskKind.MAIL: MailResult,
    TaskKind.OVERLAY: OverlayResult,
}


def work_from_dict(kind: TaskKind, data: dict[str, Any]) -> Work:
    """The work of a task of that kind from `wire.to_dict`'s output."""
    return from_dict(WORK_CLASSES[kind], data)


def task_to_message(task: TaskSpec) -> node_pb2.TaskSpec:
    """A task as its message."""
    message = node_pb2.TaskSpec(
        task_id=task.task_id,
        attempt=task.attempt,
        kind=task.kind.value,
        account_id=task.account_id,
        job_id=task.job_id,
        ingest_id=task.ingest_id,
        output_prefix=task.output_prefix,
        request_id=task.request_id,
        traceparent=task.traceparent,
    )
    member = getattr(message, task.kind.value)
    member.SetInParent()  # a work of defaults only must still say which it is
    member.CopyFrom(to_message(task.work, type(member)))
    return message


def task_from_message(message: node_pb2.TaskSpec) -> TaskSpec:
    """A message as the task.

    Raises:
        ValueError: the kind is unknown, or the work is not of that kind.
    """
    kind = TaskKind(message.kind)
    if message.WhichOneof("work") != kind.value:
        raise ValueError(f"task {message.task_id} of kind {kind} came with work '{message.WhichOneof('work')}'")
    return TaskSpec(
        task_id=message.task_id,
        attempt=message.attempt,
        kind=kind,
        account_id=message.account_id,
        job_id=message.job_id,
        ingest_id=message.ingest_id,
        output_prefix=message.output_prefix,
        request_id=message.request_id,
        traceparent=message.traceparent,
        work=from_message(getattr(message, kind.value), WORK_CLASSES[kind]),
    )


def result_to_message(result: Result) -> node_pb2.TaskResult:
    """A result as its message."""
    (kind,) = (kind for kind, cls in RESULT_CLASSES.items() if type(result) is cls)
    message = node_pb2.TaskResult()
    member = getattr(message, kind.value)
    member.SetInParent()
    member.CopyFrom(to_message(result, type(member)))
    return message


def result_from_message(message: node_pb2.TaskResult) -> Result:
    """A message as the result.

    Raises:
        ValueError: the message holds none, or one of a kind that is not known here.
    """
    outcome = message.WhichOneof("outcome")
    if outcome is None:
        raise ValueError("the result of the task is missing or of an unknown kind")
    return from_message(getattr(message, outcome), RESULT_CLASSES[TaskKind(outcome)])
