"""Counts what happened to jobs and tasks, from the moves of committed transactions and from nothing else.

Each scheduler counts what it committed itself, so the sum over all schedulers is what happened.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from reelyard.cluster.drain import Drained
from reelyard.cluster.metrics import exemplar
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.error_classes import ErrorClass, error_class
from reelyard.media.errors import ErrorCode
from reelyard.media.locations import LOCATION_SCHEMES
from reelyard.media.presets import PRESETS
from scheduler.domain.job import JOB, JobState
from scheduler.domain.node import NODE, NodeState
from scheduler.domain.retry import ATTEMPTS
from scheduler.domain.task import TASK, TaskEvent, TaskState
from scheduler.store.moves import Move
from scheduler.store.transitions import CREATED

#: From seconds to days: long films wait and encode for hours.
JOB_SECONDS = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400)
WAIT_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
LAG_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)
DRAIN_SECONDS = (1, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)

_MS = 1000
_JOB_OUTCOMES = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
_INTERRUPTIONS = ("drained", "node_lost", "cancelled")
#: How an attempt ended, of what is sent to somebody.
_SENDING: Mapping[str, str] = MappingProxyType(
    {TaskEvent.FINISH: "delivered", TaskEvent.RETRY: "retried", TaskEvent.FAIL: "failed"}
)
_WEBHOOKS: Mapping[str, str] = MappingProxyType({TaskKind.NOTIFY: "ping", TaskKind.MAIL: "mail"})
_PLACES = ("none", *sorted(LOCATION_SCHEMES), "other")
_FAILURES = tuple(each for each in ErrorClass if each not in (ErrorClass.NONE, ErrorClass.CANCELLED))
_NO_CODEC = ("", "none", None)


def profile_of(spec: Mapping[str, Any]) -> str:
    """What a job makes, by catalogue codes: "mp4/h264"; by its sound where it has no picture: "mp3/mp3"."""
    video = spec.get("video_codec")
    return f"{spec['container']}/{spec.get('audio_codec') if video in _NO_CODEC else video}"


class EventMetrics:
    """The counters and histograms of a scheduler; `record` is what `Database` tells the moves to.

    What has few labels begins at 0, so that the first event is an increase; jobs do for the built-in formats.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"reelyard_{name}", help_text, labels, registry=registry)

        def histogram(name: str, help_text: str, *labels: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(f"reelyard_{name}", help_text, labels, registry=registry, buckets=buckets)

        self._submitted = counter("jobs_submitted", "Jobs that were accepted.", "profile")
        self._finished = counter(
            "jobs_finished", "Jobs that ended; one that is tried again ends again.", "outcome", "profile", "error_class"
        )
        self._job_duration = histogram(
            "job_duration_seconds",
            "From a job's creation to its end.",
            "profile",
            "outcome",
            buckets=JOB_SECONDS,
        )
        self._wait = histogram(
            "job_queue_wait_seconds",
            "From a task being due to its claim by a node.",
            "queue",
            buckets=WAIT_SECONDS,
        )
        self._retries = counter(
            "task_retries", "Attempts that failed and are followed by another one.", "queue", "error_class"
        )
        self._dead = counter("tasks_dead_lettered", "Tasks that failed for good.", "queue", "reason")
        self._expired = counter("task_leases_expired", "Leases that no node renewed in time.", "queue")
        self._interrupted = counter(
            "tasks_interrupted", "Attempts that were ended before their node was done.", "queue", "reason"
        )
        self._webhooks = counter(
            "webhook_deliveries", "Attempts to deliver a notification, by how they ended.", "kind", "outcome"
        )
        self._webhook_lag = histogram(
            "webhook_delivery_lag_seconds",
            "From what a notification tells of to its delivery.",
            "kind",
            buckets=LAG_SECONDS,
        )
        self._deliveries = counter(
            "deliveries",
            "Attempts to distribute an output, by the scheme of its place and how they ended.",
            "scheme",
            "outcome",
        )
        self._nodes_ended = counter("nodes_ended", "Nodes that said goodbye or fell silent.", "outcome")
        self._drains = histogram(
            "drain_duration_seconds",
            "From a node being told to stop until it did nothing any more, as it said when it left.",
            "outcome",
            buckets=DRAIN_SECONDS,
        )
        for ended in (NodeState.LEFT, NodeState.LOST):
            self._nodes_ended.labels(ended)
        for drained in Drained:
            self._drains.labels(drained)
        self._begin_at_zero()
        self._of_task: Mapping[str, Callable[[Move], None]] = MappingProxyType(
            {
                TaskEvent.CLAIM: self._claimed,
                TaskEvent.FINISH: self._attempt_ended,
                TaskEvent.RETRY: self._attempt_ended,
                TaskEvent.FALL_BACK: self._attempt_ended,
                TaskEvent.FAIL: self._failed,
                TaskEvent.LOSE: self._lost,
                TaskEvent.RELEASE: self._released,
                TaskEvent.CANCEL: self._cancelled,
            }
        )

    def record(self, moves: Sequence[Move]) -> None:
        """Count what one committed transaction moved."""
        for move in moves:
            if move.entity == JOB.entity:
                self._job(move)
            elif move.entity == TASK.entity:
                self._of_task.get(move.event, _nothing)(move)
            elif move.entity == NODE.entity:
                self._node_ended(move)

    def _begin_at_zero(self) -> None:
        presets = {profile_of(vars(preset.parameters)) for preset in PRESETS}
        for profile in sorted(presets):
            self._know(profile)
        for queue in Queue:
            self._expired.labels(queue)
            self._wait.labels(queue)
            for failure in _FAILURES:
                self._retries.labels(queue, failure)
            for code in (*ATTEMPTS, ErrorCode.NODE_LOST):
                self._dead.labels(queue, code)
            for reason in _INTERRUPTIONS:
                self._interrupted.labels(queue, reason)
        for outcome in _SENDING.values():
            for kind in _WEBHOOKS.values():
                self._webhooks.labels(kind, outcome)
            for scheme in _PLACES:
                self._deliveries.labels(scheme, outcome)
        for kind in _WEBHOOKS.values():
            self._webhook_lag.labels(kind)

    def _know(self, profile: str) -> None:
        self._submitted.labels(profile)
        self._finished.labels(JobState.COMPLETED, profile, ErrorClass.NONE)
        self._finished.labels(JobState.CANCELLED, profile, ErrorClass.CANCELLED)
        for failure in _FAILURES:
            self._finished.labels(JobState.FAILED, profile, failure)

    def _job(self, move: Move) -> None:
        profile = profile_of(move.before["spec"])
        leads_to = exemplar(job_id=move.entity_id)
        if move.event == CREATED:
            self._know(profile)
            self._job_duration.labels(profile, JobState.COMPLETED)
            self._submitted.labels(profile).inc(exemplar=leads_to)
        elif move.to_state in _JOB_OUTCOMES:
            code = ErrorCode.CANCELLED if move.to_state == JobState.CANCELLED else move.values.get("error_code", "")
            self._finished.labels(move.to_state, profile, error_class(code)).inc(exemplar=leads_to)
            seconds = _seconds(move.at_ms - move.before["created_ms"])
            self._job_duration.labels(profile, move.to_state).observe(seconds, leads_to)

    def _node_ended(self, move: Move) -> None:
        self._nodes_ended.labels(move.to_state).inc()
        if move.drain is not None:
            self._drains.labels(move.drain.outcome).observe(move.drain.seconds)

    def _claimed(self, move: Move) -> None:
        due_ms = move.before["due_ms"] or move.before["created_ms"]
        self._wait.labels(move.before["queue"]).observe(_seconds(move.at_ms - due_ms), _exemplar(move))

    def _attempt_ended(self, move: Move) -> None:
        """Count an attempt that brought a result or an error; a task that falls back unclaimed had none."""
        if move.from_state != TaskState.RUNNING:
            return
        queue, kind, leads_to = move.before["queue"], move.before["kind"], _exemplar(move)
        if move.event in (TaskEvent.RETRY, TaskEvent.FALL_BACK):
            self._retries.labels(queue, error_class(move.cause)).inc(exemplar=leads_to)
        outcome = _SENDING.get(move.event)
        if outcome is None:
            return
        if kind in _WEBHOOKS:
            self._webhooks.labels(_WEBHOOKS[kind], outcome).inc(exemplar=leads_to)
            if move.event == TaskEvent.FINISH:
                lag = _seconds(move.at_ms - move.before["created_ms"])
                self._webhook_lag.labels(_WEBHOOKS[kind]).observe(lag, leads_to)
        elif kind == TaskKind.DISTRIBUTE:
            self._deliveries.labels(move.place, outcome).inc(exemplar=leads_to)

    def _failed(self, move: Move) -> None:
        if move.cause == ErrorCode.NODE_LOST:
            self._lost(move)
        self._dead.labels(move.before["queue"], move.cause).inc(exemplar=_exemplar(move))
        self._attempt_ended(move)

    def _lost(self, move: Move) -> None:
        self._expired.labels(move.before["queue"]).inc(exemplar=_exemplar(move))
        self._interrupt(move, "node_lost")

    def _released(self, move: Move) -> None:
        self._interrupt(move, "drained")

    def _cancelled(self, move: Move) -> None:
        if move.from_state == TaskState.RUNNING:
            self._interrupt(move, "cancelled")

    def _interrupt(self, move: Move, reason: str) -> None:
        self._interrupted.labels(move.before["queue"], reason).inc(exemplar=_exemplar(move))


def _nothing(_move: Move) -> None:
    """Most moves are counted by nobody."""


def _exemplar(move: Move) -> dict[str, str]:
    """The job that a task is of, and the trace; an ingest may be of several jobs, or of none."""
    job_id = move.before["job_id"]
    if job_id is not None:
        return exemplar(job_id=job_id) or {}
    traced = exemplar() or {}
    traced.pop("job_id", None)
    return traced | {"ingest_id": str(move.before["ingest_id"])}


def _seconds(milliseconds: int) -> float:
    """A time that passed; two readings of a clock that was set back meanwhile are no time."""
    return max(0, milliseconds) / _MS
