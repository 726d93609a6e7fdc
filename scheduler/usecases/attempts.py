"""How an attempt ends without a result and its task goes back to the backlog, within a caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, update

from reelyard.cluster.work import TaskKind
from reelyard.media.errors import StaleTokenError
from scheduler.domain.ingest import INGEST, IngestEvent, IngestState
from scheduler.domain.progress import stage_percent
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms
from scheduler.store.job_queries import lock_ingest_with_jobs
from scheduler.store.tables import ingests, jobs
from scheduler.store.task_queries import (
    attempt_node_name,
    end_attempt,
    last_outcome,
    lock_task,
    move_task,
    tasks_of_job,
)
from scheduler.store.transitions import transition
from scheduler.usecases.import_progress import show_import_progress

#: Where each kind of a job's stage task shows its progress.
STAGE_PROGRESS: Mapping[str, str] = MappingProxyType(
    {
        TaskKind.ENCODE: "encoding_progress",
        TaskKind.STORE: "storing_progress",
        TaskKind.DISTRIBUTE: "distribution_progress",
    }
)


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """What the log says of an attempt that ended without a result; no secrets in it."""

    outcome: str
    error_code: str = ""
    error_message: str = ""
    evidence: str = ""
    http_status: int = 0

    def columns(self) -> dict[str, Any]:
        """The log's columns but for the outcome."""
        return {
            "error_code": self.error_code,
            "error_message": self.error_message,
            "evidence": self.evidence,
            "http_status": self.http_status,
        }


def back_to_waiting(
    conn: Connection,
    task: Row[Any],
    event: TaskEvent,
    end: AttemptEnd,
    *guards: ColumnElement[bool],
    wait_ms: int = 0,
    detail: str = "",
    **values: Any,
) -> None:
    """End a running task's attempt and put the task back, with the next attempt's number.

    A retry prefers another node than the one that had this attempt. Progress starts again from zero.

    Raises:
        ConflictError: the task is not running, or the guards are not met.
    """
    move_task(
        conn,
        task,
        event,
        *guards,
        detail=detail,
        cause=end.error_code,
        attempt=task.attempt + 1,
        not_before_ms=now_ms() + wait_ms if wait_ms else 0,
        due_ms=now_ms() + wait_ms,
        avoid_node=attempt_node_name(conn, task),
        progress_permille=0,
        **values,
    )
    end_attempt(conn, task, end.outcome, **end.columns())
    if task.kind == TaskKind.INGEST:
        _rewind_ingest(conn, task.ingest_id)
    elif task.kind in STAGE_PROGRESS:
        _rewind_stage(conn, task)


def _rewind_ingest(conn: Connection, ingest_id: int) -> None:
    ingest, its_jobs = lock_ingest_with_jobs(conn, ingest_id)
    if ingest.state == IngestState.STORING:
        transition(conn, INGEST, ingest, IngestEvent.RESTART)
    conn.execute(update(ingests).where(ingests.c.id == ingest_id).values(transfer_progress=0, storing_progress=0))
    show_import_progress(conn, its_jobs)


def _rewind_stage(conn: Connection, task: Row[Any]) -> None:
    its_tasks = tasks_of_job(conn, task.job_id, [TaskKind(task.kind)])
    left = stage_percent([sibling.progress_permille for sibling in its_tasks])
    conn.execute(update(jobs).where(jobs.c.id == task.job_id).values({STAGE_PROGRESS[task.kind]: left}))


def lock_claimed_task(conn: Connection, task_id: int) -> Row[Any]:
    """The task of a finish, fail or release call, locked with its owner.

    Raises:
        StaleTokenError: there is no such task.
    """
    task = lock_task(conn, task_id)
    if task is None:
        raise StaleTokenError(f"task {task_id} does not exist")
    return task


def stale(conn: Connection, task: Row[Any], token: str, *outcomes: str) -> StaleTokenError:
    """The error for a call whose token is not the task's current one.

    When this token's attempt has already ended in one of `outcomes`, the call repeats the one that ended it.
    """
    repeated = task.token == token and last_outcome(conn, task.id) in outcomes
    said = "this call was answered before" if repeated else "the lease lapsed, or the task was cancelled"
    return StaleTokenError(
        f"task {task.id} is {task.state} and not held under this token: {said}",
        already_ended_by_token=repeated,
    )
