"""The queries of the dispatcher.

None of them gets slower as a backlog grows: each is answered from the ends of ranges of `ix_tasks_backlog`, in
which a due task has `not_before_ms` 0.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, func, select, text, update
from sqlalchemy.sql.expression import FromClause

from reelyard.cluster.work import Queue
from scheduler.domain.fairness import Head
from scheduler.domain.task import TaskState
from scheduler.store.tables import accounts, tasks

#: Marks our advisory locks among those of other users of the database.
_LOCK_CLASS = zlib.crc32(b"reelyard.dispatch") & 0x7FFFFFFF

#: How long who has a queue's lock may stand still between two statements, in milliseconds; they follow each other in
#: a few. A scheduler that froze there would else hold up the others' dispatch for as long as any transaction may.
HELD_IDLE_MS = 2_000


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What waits: the queues that have due tasks, and when the next task becomes due (ms since 1970)."""

    now_ms: int
    due: tuple[Queue, ...]
    next_due_ms: int | None


def lock_queue(conn: Connection, queue: str) -> None:
    """Keep other schedulers from choosing in this queue until the transaction ends, which it must do soon."""
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {HELD_IDLE_MS}"))
        key = zlib.crc32(queue.encode()) & 0x7FFFFFFF
        conn.execute(text("SELECT pg_advisory_xact_lock(:class, :key)"), {"class": _LOCK_CLASS, "key": key})


def outlook(conn: Connection, now: int) -> Outlook:
    """What waits in every queue."""
    columns: list[ColumnElement[Any]] = []
    for queue in Queue:
        columns += [_earliest(queue), _earliest(queue, after=now)]
    row = conn.execute(select(*columns)).one()
    due = tuple(queue for i, queue in enumerate(Queue) if row[2 * i] is not None and row[2 * i] <= now)
    later = [moment for moment in row[1::2] if moment is not None]
    return Outlook(now_ms=now, due=due, next_due_ms=min(later, default=None))


def _first(column: ColumnElement[int], *where: ColumnElement[bool]) -> Select[Any]:
    """The lowest value of a column of `tasks`.

    Not `min`: without fresh statistics PostgreSQL takes a backlog for a few rows and reads all of it for that.
    """
    return select(column).where(*where).order_by(column).limit(1)


def _earliest(queue: str, *, after: int = -1) -> ScalarSelect[Any]:
    waiting = (tasks.c.queue == queue, tasks.c.state == TaskState.WAITING)
    return _first(tasks.c.not_before_ms, *waiting, tasks.c.not_before_ms > after).scalar_subquery()


def ripen(conn: Connection, queue: str, now: int) -> None:
    """Mark the tasks whose wait is over as due."""
    conn.execute(
        update(tasks)
        .where(
            tasks.c.queue == queue,
            tasks.c.state == TaskState.WAITING,
            tasks.c.not_before_ms.between(1, now),
        )
        .values(not_before_ms=0)
    )


def _due(queue: str) -> tuple[ColumnElement[bool], ...]:
    return (tasks.c.queue == queue, tasks.c.state == TaskState.WAITING, tasks.c.not_before_ms == 0)


def _accounts_that_wait(queue: str) -> FromClause:
    """Each account with a due task, found by hopping from one account to the next in the index."""
    column = tasks.c.account_id
    first = _first(column, *_due(queue)).scalar_subquery()
    found = select(first.label("account_id")).cte("waiting_accounts", recursive=True)
    following = _first(column, *_due(queue), column > found.c.account_id).correlate(found).scalar_subquery()
    return found.union_all(select(following).where(found.c.account_id.is_not(None)))


def _with_best_task(queue: str, which: ColumnElement[bool]) -> Select[Any]:
    """Accounts with the priority and ID of their best due task: the highest priority, then the oldest."""
    priority = (
        select(tasks.c.priority)
        .where(*_due(queue), tasks.c.account_id == accounts.c.id)
        .order_by(tasks.c.priority.desc())
        .limit(1)
        .correlate(accounts)
        .scalar_subquery()
    )
    columns = (accounts.c.id, accounts.c.weight, priority.label("priority"))
    best = select(*columns).where(which).subquery("best")
    of_best = (*_due(queue), tasks.c.account_id == best.c.id, tasks.c.priority == best.c.priority)
    oldest = _first(tasks.c.id, *of_best).correlate(best).scalar_subquery()
    return select(best, oldest.label("task_id"))


def heads(conn: Connection, queue: str, loads: dict[int, int]) -> dict[int, Head]:
    """The best due task of every account that has one, by account."""
    waiting = _accounts_that_wait(queue)
    query = _with_best_task(queue, accounts.c.id.in_(select(waiting.c.account_id)))
    found = (_head(row, loads) for row in conn.execute(query))
    return {head.account_id: head for head in found if head is not None}


def head_of(conn: Connection, queue: str, account_id: int, loads: dict[int, int]) -> Head | None:
    """The best due task of one account."""
    return _head(conn.execute(_with_best_task(queue, accounts.c.id == account_id)).one(), loads)


def _head(row: Row[Any], loads: dict[int, int]) -> Head | None:
    if row.task_id is None:
        return None
    return Head(
        account_id=row.id,
        weight=row.weight,
        task_id=row.task_id,
        priority=row.priority,
        load=loads.get(row.id, 0),
    )


def loads_by_account(conn: Connection, queue: str) -> dict[int, int]:
    """How many tasks of the queue each account has queued or running; never more than the window."""
    query = select(tasks.c.account_id, func.count().label("load")).where(
        tasks.c.queue == queue, tasks.c.state.in_([TaskState.QUEUED, TaskState.RUNNING])
    )
    return {row.account_id: row.load for row in conn.execute(query.group_by(tasks.c.account_id))}


def running_by_node(conn: Connection, queue: str) -> dict[str, int]:
    """How many tasks of the queue each node runs."""
    query = select(tasks.c.node_id, func.count().label("held")).where(
        tasks.c.queue == queue, tasks.c.state == TaskState.RUNNING
    )
    return {row.node_id: row.held for row in conn.execute(query.group_by(tasks.c.node_id))}


def count_queued(conn: Connection, queue: str) -> int:
    """How many hints of the queue are out."""
    query = select(func.count()).where(tasks.c.queue == queue, tasks.c.state == TaskState.QUEUED)
    return int(conn.execute(query).scalar_one())


def old_hints(conn: Connection, queue: str, sent_before_ms: int) -> Sequence[Row[Any]]:
    """The queued tasks whose hint was sent before a time, oldest first."""
    query = select(tasks).where(
        tasks.c.queue == queue,
        tasks.c.state == TaskState.QUEUED,
        tasks.c.queued_ms <= sent_before_ms,
    )
    return conn.execute(query.order_by(tasks.c.id)).all()
