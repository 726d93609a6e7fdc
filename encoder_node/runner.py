"""From a hint to an ended task: claim it, run its stage, tell the scheduler how it ended.

    node is stopping ──────────────────────────► the hint goes back to the broker
    claim refused ─────────────────────────────► nothing: the hint was late or double
    claim granted ─► stage ─► finish accepted ──► done
                       │        └ refused: another attempt has it ──► discard what was written
                       ├─ WorkError ─► fail, discard
                       ├─ full disk ─► fail, discard
                       ├─ a bug ─────► fail with the traceback as evidence, discard
                       └─ stopped ──► cancelled, lease lost: discard; drain: discard, release

When a finish was sent and no answer came, nobody here knows whether it won. Then nothing is deleted: if it lost, the
clean task of the job deletes what no record points to.
"""

import errno
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TypeVar

import structlog

from encoder_node.attempt import Attempt, Stage
from encoder_node.heartbeat import Heartbeat
from encoder_node.lease import HeldTask, HeldTasks, lease_clock
from encoder_node.measures import Measures
from encoder_node.metrics import FINISHED, REFUSED, UNANSWERED, Ending, NodeMetrics, failed
from encoder_node.one_task import OneTask
from encoder_node.scratch import Scratch
from encoder_node.stop import StoppedError, StopReason
from encoder_node.task_trace import attempt_span, task_fields
from reelyard.cluster.broker import HintNotTakenError
from reelyard.cluster.node_client import Claim, NodeClient
from reelyard.cluster.objectstore.store import ObjectStore
from reelyard.cluster.redact import redact_text
from reelyard.cluster.work import Result, TaskKind, TaskSpec
from reelyard.media.errors import ErrorCode, ReelyardError, StaleTokenError, UnavailableError, WorkError

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Seconds between tries of a call while no scheduler answers: doubled from the first to the last.
FIRST_RETRY_S, LAST_RETRY_S = 0.1, 2.0

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

#: The code of a failure that is the machine's own, by kind: one that the scheduler tries again, elsewhere if it can.
_OWN_TROUBLE = {
    TaskKind.INGEST: ErrorCode.STORAGE_FAILED,
    TaskKind.ENCODE: ErrorCode.ENCODE_FAILED,
    TaskKind.STORE: ErrorCode.STORAGE_FAILED,
    TaskKind.DISTRIBUTE: ErrorCode.DELIVERY_FAILED,
    TaskKind.NOTIFY: ErrorCode.DELIVERY_FAILED,
    TaskKind.MAIL: ErrorCode.DELIVERY_FAILED,
    TaskKind.CLEAN: ErrorCode.STORAGE_FAILED,
    TaskKind.OVERLAY: ErrorCode.STORAGE_FAILED,
}
#: The code of a failure that nobody foresaw. A bug that a source awakens is not tried for half an hour.
_UNFORESEEN = _OWN_TROUBLE | dict.fromkeys(
    (TaskKind.INGEST, TaskKind.OVERLAY, TaskKind.STORE), ErrorCode.INTERNAL_ERROR
)


class Runner:
    """Runs tasks in the threads of the broker's workers."""

    def __init__(
        self,
        *,
        client: NodeClient,
        node_id: str,
        node_name: str = "",
        heartbeat: Heartbeat,
        held: HeldTasks,
        stages: Mapping[TaskKind, Stage],
        scratch: Scratch,
        store: ObjectStore,
        metrics: NodeMetrics,
        one_task: OneTask | None = None,
    ) -> None:
        self._client = client
        self._node_id = node_id
        self._node_name = node_name
        self._heartbeat = heartbeat
        self._held = held
        self._stages = stages
        self._scratch = scratch
        self._store = store
        self._metrics = metrics
        self._one_task = one_task
        self._running = 0
        self._closed = False
        self._changed = threading.Condition()

    def close(self) -> None:
        """Claim nothing any more; what runs goes on."""
        with self._changed:
            self._closed = True
        if self._one_task is not None:
            self._one_task.close()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing runs; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, timeout_s)

    def run_task(self, task_id: int, attempt: int) -> None:
        """Do what a hint says, if it is still to be done. Never raises for a task's own failure.

        Raises:
            HintNotTakenError: the node takes no more tasks; the hint is for another one.
        """
        with self._changed:
            if self._closed:
                raise HintNotTakenError
            self._running += 1
        try:
            node = {"node_id": self._node_id, "node": self._node_name}
            with structlog.contextvars.bound_contextvars(**node, task_id=task_id, attempt=attempt):
                self._claim_and_run(task_id, attempt)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _claim_and_run(self, task_id: int, attempt: int) -> None:
        if self._one_task is not None and not self._one_task.begin_claim():
            raise HintNotTakenError
        asked_ms = time.time_ns() // 1_000_000
        granted = None
        try:
            granted = self._claim_hint(task_id, attempt)
        finally:
            # However the claim ended: as long as the turn is taken nothing ends a node that does one task.
            if self._one_task is not None:
                self._one_task.end_claim(granted=granted is not None)
        if granted is None:
            return
        task, held = granted
        try:
            with (
                structlog.contextvars.bound_contextvars(**task_fields(task)),
                attempt_span(task, node=self._node_name, asked_ms=asked_ms) as span,
            ):
                span.end(self._run(task, held))
        finally:
            self._held.remove(held)
            if self._one_task is not None:
                self._one_task.over.set()

    def _claim_hint(self, task_id: int, attempt: int) -> tuple[TaskSpec, HeldTask] | None:
        """Claim the task and hold it; None when the node does not get it."""
        token = str(uuid.uuid4())
        # The lease may begin as early as the first try arrives, so that is where our own count begins.
        deadline = lease_clock() + self._heartbeat.lease_s
        try:
            claim = self._claim(task_id, attempt, token, deadline)
        except ReelyardError as error:
            log.warning("claim_failed", error=error.message, code=error.code)
            return None
        if claim.task is None:
            log.info("claim_refused", reason=claim.refusal)
            return None
        fields = {**structlog.contextvars.get_contextvars(), **task_fields(claim.task)}
        held = HeldTask(task_id, token, deadline, log_fields=fields)
        self._held.add(held)
        return claim.task, held

    def _claim(self, task_id: int, attempt: int, token: str, deadline: float) -> Claim:
        """Claim until a scheduler answers, at most for as long as the lease of the first try could last."""

        def claim() -> Claim:
            return self._client.claim(self._node_id, task_id, attempt, token)

        def no_sleep_past_lease(pause_s: float) -> bool:
            if self._closed or lease_clock() + pause_s >= deadline:
                return True
            time.sleep(pause_s)
            return False

        answer = _until_answered(claim, no_sleep_past_lease)
        if answer.refusal == "unknown_node":
            # A scheduler that lost sight of us; the hint is too good to drop until the sweeper sends it again.
            self._heartbeat.register()
            answer = _until_answered(claim, no_sleep_past_lease)
        return answer

    def _run(self, task: TaskSpec, held: HeldTask) -> str:
        log.info("task_started")
        started = time.monotonic()
        with self._metrics.working(task) as measures:
            ending = self._run_in_folder(task, held, measures)
        self._metrics.ended(task, ending, measures)
        log.info("task_left", outcome=ending.outcome, seconds=round(time.monotonic() - started, 3))
        return ending.outcome

    def _run_in_folder(self, task: TaskSpec, held: HeldTask, measures: Measures) -> Ending:
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(self._scratch.attempt_folder(task.task_id, task.attempt, held.token))
            except OSError as error:
                return self._fail(task, held, _broke(task.kind, error))
            return self._run_stage(Attempt(task=task, held=held, folder=folder, store=self._store, measures=measures))

    def _run_stage(self, attempt: Attempt) -> Ending:
        """Run the stage and tell the scheduler; returns how it ended, for the log and the metrics."""
        task, held = attempt.task, attempt.held
        try:
            result = self._stages[task.kind].run(attempt)
            held.stop.check()
        except StoppedError as stopped:
            attempt.discard()
            if stopped.reason is StopReason.DRAIN:
                self._release(held)
            return Ending(stopped.reason)
        except WorkError as error:
            attempt.discard()
            return self._fail(task, held, error)
        except Exception as error:  # noqa: BLE001  # a bug must end the task, and be seen, and not end the worker
            failure = _broke(task.kind, error)
            attempt.discard()
            return self._fail(task, held, failure)
        return self._finish(attempt, result)

    def _finish(self, attempt: Attempt, result: Result) -> Ending:
        task, held = attempt.task, attempt.held
        try:
            _until_answered(
                lambda: self._client.finish(self._node_id, task.task_id, held.token, result), held.stop.wait
            )
        except StaleTokenError as error:
            if error.already_ended_by_token:  # an earlier try had won, its answer was lost
                return FINISHED
            log.warning("finish_refused", error=error.message)
            attempt.discard()
            return REFUSED
        except UnavailableError as error:
            log.warning("finish_unanswered", error=error.message, stop=held.stop.reason)
            return UNANSWERED
        except ReelyardError as error:
            # The scheduler answered that it cannot take this result: no use to send it again. What was written
            # stays for the clean task: an answer from inside a failing scheduler proves nothing about its database.
            log.exception("finish_rejected", code=error.code)
            return self._fail(task, held, _unforeseen(task.kind, error))
        return FINISHED

    def _fail(self, task: TaskSpec, held: HeldTask, error: WorkError) -> Ending:
        log.warning("task_failed", code=error.code, error=redact_text(error.message))
        try:
            _until_answered(lambda: self._client.fail(self._node_id, task.task_id, held.token, error), held.stop.wait)
        except ReelyardError as refused:
            # Somebody else has the task, or its lease ends and the scheduler gives it out again.
            log.warning("fail_not_taken", code=refused.code, error=refused.message)
        return failed(error.code)

    def _release(self, held: HeldTask) -> None:
        try:
            self._client.release(self._node_id, held.task_id, held.token)
        except ReelyardError as error:
            log.warning("release_not_taken", code=error.code, error=error.message)


def _until_answered(call: Callable[[], T], pause: Callable[[float], bool]) -> T:
    """Repeat a call while no scheduler answers; `pause` sleeps, and says True when it is time to give up.

    Raises:
        UnavailableError: given up.
        ReelyardError: the scheduler's answer.
    """
    pause_s = FIRST_RETRY_S
    while True:
        try:
            return call()
        except UnavailableError:
            if pause(pause_s):
                raise
        pause_s = min(pause_s * 2, LAST_RETRY_S)


def _broke(kind: TaskKind, error: Exception) -> WorkError:
    """Log an exception that no stage told as a failure, and make it one: a full disk, or a bug."""
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        log.error("scratch_full", error=str(error))
        return WorkError(
            _OWN_TROUBLE[kind], f"The disk that the node works on is full ({error.strerror}).", evidence=str(error)
        )
    log.error("task_broke", exc_info=error)
    return _unforeseen(kind, error)


def _unforeseen(kind: TaskKind, error: Exception) -> WorkError:
    return WorkError(
        _UNFORESEEN[kind],
        f"The node ran into an error that it did not foresee ({type(error).__name__}).",
        evidence=redact_text("".join(traceback.format_exception(error))),
    )
