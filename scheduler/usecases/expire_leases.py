"""Take tasks back from nodes that stopped answering."""

import structlog
from sqlalchemy import Connection

from reelyard.media.errors import ConflictError, ErrorCode
from scheduler.domain.policy import Policy
from scheduler.domain.retry import decide_after_loss
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.tables import tasks
from scheduler.store.task_queries import end_attempt, lapsed_task_ids, lock_task, move_task
from scheduler.usecases.attempts import AttemptEnd, back_to_waiting
from scheduler.usecases.endings import end_owner

_log = structlog.get_logger(__name__)

_NODE_LOST = "the nodes that had this task stopped answering, one after the other"


def expire_leases(db: Database, policy: Policy) -> list[int]:
    """Put every task whose lease has lapsed back into the backlog, or fail it when that happened too often.

    One transaction a task, so that a long list holds nobody up. Several schedulers may do this at once: each task
    is taken back by one of them.

    Returns:
        The tasks that were taken back.
    """
    with db.read() as conn:
        lapsed = lapsed_task_ids(conn, read_now(conn))
    return [task_id for task_id in lapsed if _expire_one(db, task_id, policy)]


def _expire_one(db: Database, task_id: int, policy: Policy) -> bool:
    try:
        event = db.transact(lambda conn: _expire(conn, task_id, policy))
    except ConflictError:
        return False  # it was renewed or ended after all, or another scheduler was quicker
    _log.warning("lease_lapsed", task_id=task_id, follows=event)
    return True


def _expire(conn: Connection, task_id: int, policy: Policy) -> TaskEvent:
    task = lock_task(conn, task_id)
    if task is None:
        raise ConflictError(f"task {task_id} does not exist")
    lapsed = tasks.c.lease_until_ms <= now_ms()
    losses = task.losses + 1
    end = AttemptEnd(outcome="lost", error_code=ErrorCode.NODE_LOST)
    if decide_after_loss(losses=losses) is not None:
        back_to_waiting(conn, task, TaskEvent.LOSE, end, lapsed, detail=f"loss {losses}", losses=losses)
        return TaskEvent.LOSE
    code = ErrorCode.NODE_LOST
    move_task(conn, task, TaskEvent.FAIL, lapsed, detail=code, cause=code, losses=losses, ended_ms=now_ms())
    end_attempt(conn, task, end.outcome, **end.columns())
    end_owner(conn, task, ErrorCode.NODE_LOST, _NODE_LOST, policy)
    return TaskEvent.FAIL
