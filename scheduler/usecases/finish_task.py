"""Record the result of a task and what follows from it."""

from typing import Any

from sqlalchemy import Connection, Row

from reelyard.cluster.task_wire import RESULT_CLASSES
from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import IngestResult, Result, StoreResult, TaskKind
from reelyard.media.errors import ConflictError, SpecError
from scheduler.domain.policy import Policy
from scheduler.domain.progress import FULL_PERMILLE
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.node_queries import forgive
from scheduler.store.task_queries import end_attempt, holds, move_task
from scheduler.usecases.attempts import lock_claimed_task, stale
from scheduler.usecases.stages import after_distribute, after_encode, after_ingest, after_overlay, after_store


def finish_task(db: Database, node_id: str, task_id: int, token: str, result: Result, *, policy: Policy) -> None:
    """End a task with its result; all that follows from it happens in the same transaction.

    Raises:
        StaleTokenError: the node does not hold the task under this token (any more); nothing was changed.
        SpecError: the result is of another kind of task.
    """
    db.transact(lambda conn: _finish(conn, node_id, (task_id, token), result, policy))


def _finish(conn: Connection, node_id: str, claim: tuple[int, str], result: Result, policy: Policy) -> None:
    task_id, token = claim
    task = lock_claimed_task(conn, task_id)
    if type(result) is not RESULT_CLASSES[TaskKind(task.kind)]:
        raise SpecError("result", f"{{result}} is of another kind than task {task_id}, which is '{task.kind}'")
    try:
        move_task(
            conn,
            task,
            TaskEvent.FINISH,
            *holds(node_id, token),
            result=to_dict(result),
            progress_permille=FULL_PERMILLE,
            ended_ms=now_ms(),
        )
    except ConflictError:
        raise stale(conn, task, token, "done") from None
    end_attempt(conn, task, "done", http_status=getattr(result, "http_status", 0))
    _follow(conn, task, result, policy)
    forgive(conn, node_id)


def _follow(conn: Connection, task: Row[Any], result: Result, policy: Policy) -> None:
    if isinstance(result, IngestResult):
        after_ingest(conn, task, result, policy)
    elif task.kind == TaskKind.OVERLAY:
        after_overlay(conn, task, policy)
    elif task.kind == TaskKind.ENCODE:
        after_encode(conn, task)
    elif isinstance(result, StoreResult):
        after_store(conn, task, result)
    elif task.kind == TaskKind.DISTRIBUTE:
        after_distribute(conn, task, policy)
