"""Record a failed attempt and decide what follows: another one, the CPU instead of the GPU, or the end."""

from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from reelyard.cluster.redact import redact_text
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import BLAMES_NODE, ConflictError, ErrorCode, WorkError
from scheduler.domain.placement import BLAME_LIMIT, may_be_set_aside
from scheduler.domain.policy import Policy
from scheduler.domain.retry import FALLS_BACK, decide_retry
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.node_queries import as_node, lock_node, present_nodes, update_node
from scheduler.store.task_queries import count_failures, end_attempt, holds, move_task
from scheduler.usecases.attempts import AttemptEnd, back_to_waiting, lock_claimed_task, stale
from scheduler.usecases.endings import end_owner
from scheduler.usecases.fall_back import plan_for_cpu

_log = structlog.get_logger(__name__)

#: Characters of a failure's message and evidence that are kept.
MESSAGE_LIMIT = 1_000
EVIDENCE_LIMIT = 16_000


@dataclass(frozen=True, kw_only=True)
class FailureOutcome:
    """What followed: the event of the task, and whether its node was set aside."""

    event: TaskEvent
    wait_ms: int = 0
    node_set_aside: bool = False


def fail_task(
    db: Database, node_id: str, task_id: int, token: str, error: WorkError, *, policy: Policy
) -> FailureOutcome:
    """End an attempt that failed.

    Raises:
        StaleTokenError: the node does not hold the task under this token (any more); nothing was changed.
    """
    outcome = db.transact(lambda conn: _fail(conn, node_id, (task_id, token), error, policy))
    _log.warning("task_failed", task_id=task_id, code=error.code, follows=outcome.event, wait_ms=outcome.wait_ms)
    if outcome.node_set_aside:
        _log.warning("node_set_aside", node_id=node_id, for_ms=policy.set_aside_ms)
    return outcome


def _fail(conn: Connection, node_id: str, claim: tuple[int, str], error: WorkError, policy: Policy) -> FailureOutcome:
    task_id, token = claim
    task = lock_claimed_task(conn, task_id)
    code = ErrorCode(error.code)
    end = AttemptEnd(
        outcome="failed",
        error_code=code,
        # Nodes remove secrets before they send; what goes to clients and stays in rows is cleaned again here.
        error_message=redact_text(error.message)[:MESSAGE_LIMIT],
        evidence=redact_text(error.evidence)[-EVIDENCE_LIMIT:],
        http_status=error.http_status,
    )
    try:
        outcome = _end_attempt(conn, task, (node_id, token), end, policy)
    except ConflictError:
        raise stale(conn, task, token, "failed", "fell_back") from None
    if outcome.event is TaskEvent.FAIL:
        end_owner(conn, task, code, end.error_message, policy)
    return replace(outcome, node_set_aside=_blame(conn, node_id, code, policy))


def _end_attempt(
    conn: Connection, task: Row[Any], claim: tuple[str, str], end: AttemptEnd, policy: Policy
) -> FailureOutcome:
    """Move the task on: to the CPU, to another attempt, or to its end.

    Raises:
        ConflictError: the node does not hold the task under this token.
    """
    code = ErrorCode(end.error_code)
    guards = holds(*claim)
    detail = f"{code} on attempt {task.attempt}"
    if task.queue == Queue.ENCODE_GPU and code in FALLS_BACK:
        values = plan_for_cpu(conn, task)
        fell_back = replace(end, outcome="fell_back")
        back_to_waiting(conn, task, TaskEvent.FALL_BACK, fell_back, *guards, detail=detail, **values)
        return FailureOutcome(event=TaskEvent.FALL_BACK)
    failures = task.failures + 1
    decision = decide_retry(
        code,
        kind=TaskKind(task.kind),
        failures_of_code=count_failures(conn, task, code) + 1,
        failures=failures,
        waits=policy.retry_waits,
    )
    if decision is not None:
        wait = decision.wait_ms
        back_to_waiting(conn, task, TaskEvent.RETRY, end, *guards, detail=detail, wait_ms=wait, failures=failures)
        return FailureOutcome(event=TaskEvent.RETRY, wait_ms=wait)
    move_task(conn, task, TaskEvent.FAIL, *guards, detail=detail, cause=code, failures=failures, ended_ms=now_ms())
    end_attempt(conn, task, end.outcome, **end.columns())
    return FailureOutcome(event=TaskEvent.FAIL)


def _blame(conn: Connection, node_id: str, code: ErrorCode, policy: Policy) -> bool:
    """Count a failure that the node may be guilty of; True when that sets it aside."""
    if code not in BLAMES_NODE:
        return False
    row = lock_node(conn, node_id)  # else of two failures at once one would not count, or undo that it is set aside
    if row is None:
        return False
    failures = row.failures_in_row + 1
    now = read_now(conn)
    aside = failures >= BLAME_LIMIT and may_be_set_aside(as_node(row), present_nodes(conn), now)
    until = now + policy.set_aside_ms if aside else row.set_aside_until_ms
    update_node(conn, node_id, failures_in_row=failures, set_aside_until_ms=until)
    return aside
