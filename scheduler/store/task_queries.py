"""Named queries on tasks and their attempts.

Locks are taken in one order everywhere, so that two transactions never wait for each other: ingests by ID, then
jobs by ID, then tasks by ID, then nodes. SQLite has one writer at a time and ignores row locks.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, null, select, update

from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import TaskKind, Work
from reelyard.media.errors import ErrorCode
from reelyard.media.locations import LOCATION_SCHEMES, scheme_of
from scheduler.domain.media_time import media_ms_of
from scheduler.domain.placement import HOLD_WAIT_MS
from scheduler.domain.task import TASK, TaskEvent, TaskState
from scheduler.errors import SealError
from scheduler.store.clock import now_ms
from scheduler.store.ids import new_id
from scheduler.store.job_queries import lock_ingest_with_jobs, lock_job
from scheduler.store.sealed import unseal
from scheduler.store.tables import attempts, events, jobs, tasks
from scheduler.store.transitions import record_creation, transition

#: What a delivery is counted by.
_ENDS_OF_ATTEMPTS = (TaskEvent.FINISH, TaskEvent.RETRY, TaskEvent.FAIL)


def find_task(conn: Connection, task_id: int) -> Row[Any] | None:
    """The task as it is now."""
    return conn.execute(select(tasks).where(tasks.c.id == task_id)).one_or_none()


def lock_task(conn: Connection, task_id: int) -> Row[Any] | None:
    """The task, locked together with its job, or its ingest and the ingest's jobs."""
    found = find_task(conn, task_id)
    if found is None:
        return None
    if found.ingest_id is not None:
        lock_ingest_with_jobs(conn, found.ingest_id)
    else:
        lock_job(conn, found.job_id)
    return conn.execute(select(tasks).where(tasks.c.id == task_id).with_for_update()).one()


def lock_backlog_task(conn: Connection, task_id: int) -> Row[Any] | None:
    """A due task, locked; None when it was cancelled or moved meanwhile."""
    query = select(tasks).where(tasks.c.id == task_id, tasks.c.state == TaskState.WAITING, tasks.c.not_before_ms == 0)
    return conn.execute(query.with_for_update()).one_or_none()


def insert_task(
    conn: Connection,
    *,
    account_id: int,
    kind: TaskKind,
    queue: str,
    work: Work,
    job_id: int | None = None,
    ingest_id: int | None = None,
    part: int = 0,
    not_before_ms: int = 0,
    media_ms: int | None = None,
    why: str = "",
) -> int:
    """A new waiting task; `work` must hold no secret. A second one of the same owner, kind and part is refused.

    `media_ms` is its media time where the work does not tell it; `why` it is in its queue is told in its event.

    Raises:
        sqlalchemy.exc.IntegrityError: it is a second one.
    """
    conn.execute(
        insert(tasks).values(
            id=(task_id := new_id(conn, TASK.entity)),
            account_id=account_id,
            job_id=job_id,
            ingest_id=ingest_id,
            kind=kind,
            part=part,
            queue=queue,
            state=TASK.initial,
            work=to_dict(work),
            media_ms=media_ms_of(work) if media_ms is None else media_ms,
            not_before_ms=not_before_ms,
            due_ms=not_before_ms or now_ms(),
            created_ms=now_ms(),
        )
    )
    record_creation(conn, TASK, task_id, detail=f"{kind} in {queue}" + (f": {why}" if why else ""))
    return task_id


def place_task(
    conn: Connection,
    *,
    account_id: int,
    kind: TaskKind,
    queue: str,
    work: Work,
    job_id: int | None = None,
    ingest_id: int | None = None,
    media_ms: int | None = None,
    why: str = "",
) -> int:
    """A stage's waiting task: a new one, or the one of an earlier try, which is repeated with this work.

    `media_ms` and `why` are as in `insert_task`.

    A repeated task has its attempts anew, and goes on counting them, so that no two write under the same keys.

    Raises:
        ConflictError: the earlier one has not ended.
    """
    owner = _owned_by(job_id, ingest_id)
    query = select(tasks).where(owner, tasks.c.kind == kind, tasks.c.part == 0)
    earlier = conn.execute(query.with_for_update()).one_or_none()
    if earlier is None:
        return insert_task(
            conn,
            account_id=account_id,
            kind=kind,
            queue=queue,
            work=work,
            job_id=job_id,
            ingest_id=ingest_id,
            media_ms=media_ms,
            why=why,
        )
    move_task(
        conn,
        earlier,
        TaskEvent.REPEAT,
        detail=why,
        queue=queue,
        work=to_dict(work),
        media_ms=media_ms_of(work) if media_ms is None else media_ms,
        result=null(),
        attempt=earlier.attempt + 1,
        budget_from=earlier.attempt + 1,
        failures=0,
        losses=0,
        not_before_ms=0,
        due_ms=now_ms(),
        progress_permille=0,
        started_ms=None,
        ended_ms=None,
    )
    return int(earlier.id)


def next_part(conn: Connection, kind: TaskKind, *, job_id: int | None = None, ingest_id: int | None = None) -> int:
    """The number that tells a further task of this kind from those that its owner has; the owner is locked."""
    query = select(func.max(tasks.c.part)).where(_owned_by(job_id, ingest_id), tasks.c.kind == kind)
    last = conn.execute(query).scalar_one()
    return 0 if last is None else int(last) + 1


def _owned_by(job_id: int | None, ingest_id: int | None) -> ColumnElement[bool]:
    return tasks.c.job_id == job_id if job_id is not None else tasks.c.ingest_id == ingest_id


def move_task(
    conn: Connection,
    task: Row[Any],
    event: TaskEvent,
    *guards: ColumnElement[bool],
    detail: str = "",
    cause: str = "",
    **values: Any,
) -> None:
    """`transition` for a task: only a claim gives a lease, every other way ends it.

    Raises:
        ConflictError: as `transition`.
    """
    values.setdefault("lease_until_ms", None)
    place = _place(conn, task) if task.kind == TaskKind.DISTRIBUTE and event in _ENDS_OF_ATTEMPTS else ""
    transition(conn, TASK, task, event, *guards, detail=detail, cause=cause, place=place, **values)


def _place(conn: Connection, task: Row[Any]) -> str:
    """The scheme of the place that a distribute task delivers to; "none" for no place, "other" for one that is lost."""
    url = conn.execute(select(jobs.c.spec["delivery_location"].as_string()).where(jobs.c.id == task.job_id)).scalar()
    if not url:
        return "none"
    try:
        scheme = scheme_of(unseal(conn, url))
    except SealError:
        return "other"
    return scheme if scheme in LOCATION_SCHEMES else "other"


def holds(node_id: str, token: str) -> tuple[ColumnElement[bool], ...]:
    """Guards: the task runs under this token, and the lease has not lapsed by the database's clock."""
    return (tasks.c.node_id == node_id, tasks.c.token == token, tasks.c.lease_until_ms > now_ms())


def is_passed_on(now: int) -> ColumnElement[bool]:
    """Condition: a waiting task is due, and was passed on for a moment or until its pool comes.

    The others that are not dispatched now wait for a time of their own: between two attempts, or after an end.
    """
    return tasks.c.not_before_ms.between(now + 1, now + HOLD_WAIT_MS) & tasks.c.due_ms.between(1, now)


def insert_attempt(conn: Connection, task: Row[Any], node: Row[Any]) -> None:
    """Begin the log of the task's present attempt."""
    conn.execute(
        insert(attempts).values(
            task_id=task.id,
            attempt=task.attempt,
            node_id=node.id,
            node_name=node.name,
            started_ms=now_ms(),
            outcome="running",
        )
    )


def end_attempt(conn: Connection, task: Row[Any], outcome: str, **values: Any) -> None:
    """End the log of the task's present attempt; nothing when no node had it."""
    conn.execute(
        update(attempts)
        .where(attempts.c.task_id == task.id, attempts.c.attempt == task.attempt)
        .values(outcome=outcome, ended_ms=now_ms(), **values)
    )


def last_outcome(conn: Connection, task_id: int) -> str:
    """How the latest attempt of a task that was claimed at least once stands."""
    query = select(attempts.c.outcome).where(attempts.c.task_id == task_id)
    return str(conn.execute(query.order_by(attempts.c.attempt.desc()).limit(1)).scalar_one())


def attempt_node_name(conn: Connection, task: Row[Any]) -> str:
    """The name of the node that has the task's present attempt; "" when none has."""
    query = select(attempts.c.node_name).where(attempts.c.task_id == task.id, attempts.c.attempt == task.attempt)
    return conn.execute(query).scalar_one_or_none() or ""


def count_failures(conn: Connection, task: Row[Any], code: ErrorCode) -> int:
    """Attempts of the task that failed with this code since its job was last tried again.

    What fell back to the CPU does not count.
    """
    query = select(func.count()).where(
        attempts.c.task_id == task.id,
        attempts.c.attempt >= task.budget_from,
        attempts.c.outcome == "failed",
        attempts.c.error_code == code,
    )
    return int(conn.execute(query).scalar_one())


def was_claimed(conn: Connection, task: Row[Any]) -> bool:
    """Whether a node ever worked on the task."""
    return bool(conn.execute(select(exists().where(attempts.c.task_id == task.id))).scalar_one())


def count_passes(conn: Connection, task_id: int) -> int:
    """How often the task was passed on by a node that should not have it."""
    query = select(func.count()).where(
        events.c.entity == TASK.entity, events.c.entity_id == task_id, events.c.event == TaskEvent.PASS_ON
    )
    return int(conn.execute(query).scalar_one())


def tasks_of_job(conn: Connection, job_id: int, kinds: Iterable[TaskKind]) -> list[Row[Any]]:
    """The job's tasks of these kinds, by part and ID."""
    query = select(tasks).where(tasks.c.job_id == job_id, tasks.c.kind.in_(list(kinds)))
    return list(conn.execute(query.order_by(tasks.c.part, tasks.c.id)).all())


def active_tasks(conn: Connection, owner: ColumnElement[bool], kinds: Iterable[TaskKind]) -> list[Row[Any]]:
    """The owner's tasks of these kinds that have not ended, by ID and locked."""
    query = select(tasks).where(owner, tasks.c.kind.in_(list(kinds)), tasks.c.state.in_(TASK.active))
    return list(conn.execute(query.order_by(tasks.c.id).with_for_update()).all())


def lapsed_task_ids(conn: Connection, now: int) -> list[int]:
    """Running tasks whose lease is over, oldest lease first."""
    query = select(tasks.c.id).where(tasks.c.state == TaskState.RUNNING, tasks.c.lease_until_ms <= now)
    return list(conn.execute(query.order_by(tasks.c.lease_until_ms)).scalars())


def running_task_ids(conn: Connection, node_id: str) -> list[int]:
    """The tasks that a node holds."""
    query = select(tasks.c.id).where(tasks.c.state == TaskState.RUNNING, tasks.c.node_id == node_id)
    return list(conn.execute(query.order_by(tasks.c.id)).scalars())
