"""What leads from a task to its lines in the log, its spans and its processes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from reelyard.cluster import tracing
from reelyard.cluster.tracing import Kind, Span
from reelyard.cluster.work import TaskSpec

#: The variable in the environment of every program that works for a task: `ps eww` and a core show it.
LABEL = "REELYARD_TASK"

_NS_PER_MS = 1_000_000
#: The fields of the label, with the names that they have in the log.
_LABEL_FIELDS = {
    "job": "job_id",
    "ingest": "ingest_id",
    "task": "task_id",
    "attempt": "attempt",
    "request": "request_id",
}
_BAD_ENDS = frozenset({"failed", "refused"})


def task_fields(task: TaskSpec) -> dict[str, Any]:
    """What the log says of a task beside its ID and attempt, on every line of its work; what it has not is left out."""
    fields = {
        "kind": str(task.kind),
        "job_id": task.job_id,
        "ingest_id": task.ingest_id,
        "request_id": task.request_id,
    }
    return {name: value for name, value in fields.items() if value}


def task_label() -> str:
    """The task that this thread works for, as its programs carry it: "job=7,task=9,…"; "" when it works for none.

    It is read from what is bound to the log, so that both always say the same. No secret is among it.
    """
    bound = structlog.contextvars.get_contextvars()
    if "task_id" not in bound:
        return ""
    return ",".join(f"{name}={bound[field]}" for name, field in _LABEL_FIELDS.items() if field in bound)


@contextmanager
def attempt_span(task: TaskSpec, *, node: str, asked_ms: int) -> Iterator["AttemptSpan"]:
    """The span of an attempt, in the trace of the request that made its job; `asked_ms`: when the claim was sent."""
    granted_ms = time.time_ns() // _NS_PER_MS
    attributes = {
        "reelyard.task_id": task.task_id,
        "reelyard.attempt": task.attempt,
        "reelyard.node": node,
        **{f"reelyard.{name}": value for name, value in task_fields(task).items()},
    }
    with tracing.continued(
        f"{task.kind} task", Kind.CONSUMER, attributes, traceparent=task.traceparent, start_ms=asked_ms
    ) as span:
        tracing.past("claim", traceparent=tracing.current_traceparent(), start_ms=asked_ms, end_ms=granted_ms)
        yield AttemptSpan(span)


class AttemptSpan:
    """The span of one attempt."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def end(self, outcome: str) -> None:
        """Say how the attempt ended, in the words of the log."""
        self._span.set({"reelyard.outcome": outcome})
        if outcome in _BAD_ENDS:
            self._span.fail(outcome)
