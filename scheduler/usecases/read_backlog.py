"""How much work waits and runs, for the metrics by which a cluster is watched and scaled."""

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, text

from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import OPEN_TASKS, tasks


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """The tasks of one queue in one state. Ages are milliseconds, 0 for none.

    `delayed` of them wait for a set time. `oldest_ms` is for how long the oldest could have run that could run at once,
    `hint_ms` the age of the oldest hint of a queued one.
    """

    queue: str
    state: str
    tasks: int
    delayed: int
    oldest_ms: int
    hint_ms: int


def read_backlog(database: Database) -> tuple[Backlog, ...]:
    """The tasks that have not ended, by queue and state."""
    with database.read() as conn:
        return backlog_at(conn, read_now(conn))


def backlog_at(conn: Connection, now: int) -> tuple[Backlog, ...]:
    """The same within a transaction whose time is `now`; read from `ix_tasks_open` alone."""
    is_due = tasks.c.not_before_ms <= now
    may_run = tasks.c.state.in_((TaskState.WAITING, TaskState.QUEUED)) & is_due
    query = (
        select(
            tasks.c.queue,
            tasks.c.state,
            func.count(),
            func.count(case((~is_due, 1))),
            now - func.min(case((may_run & (tasks.c.due_ms > 0), tasks.c.due_ms))),
            now - func.min(case((tasks.c.state == TaskState.QUEUED, tasks.c.queued_ms))),
        )
        .where(text(OPEN_TASKS))
        .group_by(tasks.c.queue, tasks.c.state)
    )
    return tuple(
        Backlog(
            queue=queue,
            state=state,
            tasks=count,
            delayed=delayed if state == TaskState.WAITING else 0,
            oldest_ms=max(0, age or 0),
            hint_ms=max(0, hint_age or 0),
        )
        for queue, state, count, delayed, age, hint_age in conn.execute(query)
    )
