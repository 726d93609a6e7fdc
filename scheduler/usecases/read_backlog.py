"""How much work waits and runs, for the metrics by which a cluster is watched and scaled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, text

from reelyard.cluster.work import TaskKind
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import OPEN_TASKS, tasks
from scheduler.store.task_queries import is_passed_on


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """The tasks of one queue in one state, and how many there are of each kind. Ages are milliseconds, 0 for none.

    `delayed` of them wait for a set time. `oldest_ms` is for how long the oldest could have run that could run at once,
    `hint_ms` the age of the oldest hint of a queued one.
    """

    queue: str
    state: str
    tasks: int
    kinds: Mapping[str, int]
    delayed: int
    oldest_ms: int
    hint_ms: int


def read_backlog(database: Database) -> tuple[Backlog, ...]:
    """The tasks that have not ended, by queue and state."""
    with database.read() as conn:
        return backlog_at(conn, read_now(conn))


def backlog_at(conn: Connection, now: int) -> tuple[Backlog, ...]:
    """The same within a transaction whose time is `now`; read from `ix_tasks_open` alone."""
    # What was passed on goes to another node in a moment, or when its pool comes: it does not wait for a time.
    is_due = (tasks.c.not_before_ms <= now) | is_passed_on(now)
    may_run = tasks.c.state.in_((TaskState.WAITING, TaskState.QUEUED)) & is_due
    query = (
        select(
            tasks.c.queue,
            tasks.c.state,
            tasks.c.kind,
            func.count().label("tasks"),
            func.count(case((~is_due, 1))).label("delayed"),
            func.min(case((may_run & (tasks.c.due_ms > 0), tasks.c.due_ms))).label("due_ms"),
            func.min(case((tasks.c.state == TaskState.QUEUED, tasks.c.queued_ms))).label("queued_ms"),
        )
        # The kinds say nothing new, but have SQLite take the index, which begins with them, for the best one.
        .where(text(OPEN_TASKS), tasks.c.kind.in_(tuple(TaskKind)))
        .group_by(tasks.c.kind, tasks.c.queue, tasks.c.state)
    )
    groups: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in conn.execute(query):
        groups.setdefault((row.queue, row.state), []).append(row)
    return tuple(_sum(rows, now) for rows in groups.values())


def _sum(rows: Sequence[Row[Any]], now: int) -> Backlog:
    """The tasks of one queue and state, from a row for each kind."""
    first = rows[0]
    return Backlog(
        queue=first.queue,
        state=first.state,
        tasks=sum(row.tasks for row in rows),
        kinds={row.kind: row.tasks for row in rows},
        delayed=sum(row.delayed for row in rows) if first.state == TaskState.WAITING else 0,
        oldest_ms=_age((row.due_ms for row in rows), now),
        hint_ms=_age((row.queued_ms for row in rows), now),
    )


def _age(times_ms: Iterable[int | None], now: int) -> int:
    return max((max(0, now - each) for each in times_ms if each is not None), default=0)
