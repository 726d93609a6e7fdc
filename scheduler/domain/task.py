"""The life cycle of a task: one piece of work that one node does at a time."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class TaskState(Described):
    """Where a task stands."""

    WAITING = "waiting", "in the backlog, perhaps until a set time"
    QUEUED = "queued", "chosen by the dispatcher; a hint is in the broker"
    RUNNING = "running", "a node works on it under a lease"
    DONE = "done", "finished, its result is recorded"
    FAILED = "failed", "given up"
    CANCELLED = "cancelled", "its job or ingest ended without it"


class TaskEvent(Described):
    """What moves a task on."""

    QUEUE = "queue", "the dispatcher chose it"
    RESEND = "resend", "its hint was lost and is sent again"
    PUT_BACK = "put_back", "its hint could not be sent"
    PASS_ON = "pass_on", "a node that should not have it asked for it"
    CLAIM = "claim", "a node took it under a lease"
    FINISH = "finish", "the node brought the result"
    RETRY = "retry", "the attempt failed, another one follows"
    FALL_BACK = "fall_back", "the hardware encoder failed or went away; the CPU does it"
    RELEASE = "release", "the node handed it back unfinished"
    LOSE = "lose", "the lease lapsed"
    FAIL = "fail", "it failed for good"
    CANCEL = "cancel", "nobody needs it any more"
    REPEAT = "repeat", "its job is tried again"


_WAYS: Mapping[tuple[TaskState, TaskEvent], TaskState] = MappingProxyType(
    {
        (TaskState.WAITING, TaskEvent.QUEUE): TaskState.QUEUED,
        (TaskState.QUEUED, TaskEvent.RESEND): TaskState.QUEUED,
        (TaskState.QUEUED, TaskEvent.PUT_BACK): TaskState.WAITING,
        (TaskState.QUEUED, TaskEvent.PASS_ON): TaskState.WAITING,
        (TaskState.QUEUED, TaskEvent.CLAIM): TaskState.RUNNING,
        (TaskState.RUNNING, TaskEvent.FINISH): TaskState.DONE,
        (TaskState.RUNNING, TaskEvent.RETRY): TaskState.WAITING,
        (TaskState.WAITING, TaskEvent.FALL_BACK): TaskState.WAITING,
        (TaskState.QUEUED, TaskEvent.FALL_BACK): TaskState.WAITING,
        (TaskState.RUNNING, TaskEvent.FALL_BACK): TaskState.WAITING,
        (TaskState.RUNNING, TaskEvent.RELEASE): TaskState.WAITING,
        (TaskState.RUNNING, TaskEvent.LOSE): TaskState.WAITING,
        (TaskState.RUNNING, TaskEvent.FAIL): TaskState.FAILED,
        (TaskState.WAITING, TaskEvent.CANCEL): TaskState.CANCELLED,
        (TaskState.QUEUED, TaskEvent.CANCEL): TaskState.CANCELLED,
        (TaskState.RUNNING, TaskEvent.CANCEL): TaskState.CANCELLED,
        (TaskState.DONE, TaskEvent.REPEAT): TaskState.WAITING,  # what it made is gone
        (TaskState.FAILED, TaskEvent.REPEAT): TaskState.WAITING,
        (TaskState.CANCELLED, TaskEvent.REPEAT): TaskState.WAITING,
    }
)

TASK = LifeCycle(
    entity="task",
    states=TaskState,
    events=TaskEvent,
    initial=TaskState.WAITING,
    ways=_WAYS,
    revivable=(TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED),
)
