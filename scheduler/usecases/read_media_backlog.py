"""How many seconds of media wait in each queue, for the metric by which pools of nodes are scaled."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, TextClause, case, cast, func, select, text

from reelyard.cluster.work import Queue, TaskKind
from scheduler.domain.media import MediaKind, MediaState
from scheduler.domain.media_time import FIRST_GUESS_MS, RECENT_INPUTS, UNKNOWN_MS
from scheduler.domain.progress import FULL_PERMILLE
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import OPEN_TASKS, UNCLAIMED_TASKS, media, tasks
from scheduler.store.task_queries import is_passed_on

_US_A_MS = 1_000


def read_media_backlog(database: Database) -> dict[Queue, float]:
    """Seconds of media that every queue has still to go through, whether a node serves it or not.

    Tasks that are due or queued count whole, also those that no node that is there can do and that wait for a pool;
    running ones count with what their progress leaves; those that wait for a later time (clean-ups, retries) do not
    count. A task whose length is not known (an ingest; a task that an older version made) counts as the mean of the
    inputs that became available last, or as five minutes while there is none.

    The lengths stand in a column of their own, covered by an index: 100,000 waiting tasks are summed without reading
    one of their rows, and no plan is ever read.
    """
    with database.read() as conn:
        return media_backlog_at(conn, read_now(conn))


def media_backlog_at(conn: Connection, now: int) -> dict[Queue, float]:
    """The same within a transaction whose time is `now`."""
    parts = [*conn.execute(open_media(conn, now)), *conn.execute(_passed_on(now)), *conn.execute(_running())]
    mean_ms = _mean_ms(conn) if any(unknown for _, _, unknown in parts) else 0.0
    backlog = dict.fromkeys(Queue, 0.0)
    for queue, known_ms, unknown in _of_known_queues(parts):
        backlog[queue] += (known_ms + unknown * mean_ms) / 1000
    return backlog


def _of_known_queues(rows: Iterable[Any]) -> Iterable[tuple[Queue, float, float]]:
    known = set(Queue)
    return ((Queue(queue), float(ms), float(unknown)) for queue, ms, unknown in rows if queue in known)


def open_media(conn: Connection, now: int) -> TextClause:
    """What waits and is due, or has its hint out: by queue, milliseconds, and how many tasks of unknown length.

    As text, for SQLite must be told which index (without statistics it takes that of the leases, and reads every
    row), and knows a partial one only by its own words.
    """
    by = "INDEXED BY ix_tasks_open_media" if conn.dialect.name == "sqlite" else ""
    unknown = f"SUM(CASE WHEN media_ms = {UNKNOWN_MS} THEN 1 ELSE 0 END)"
    query = f"SELECT queue, SUM(media_ms), {unknown} FROM tasks {by} WHERE {UNCLAIMED_TASKS} AND not_before_ms <= :now"  # noqa: S608  # made of constants
    return text(f"{query} GROUP BY queue").bindparams(now=now)


def _passed_on(now: int) -> Select[Any]:
    """What was passed on for a moment or until a pool comes, in the same columns; few, found in `ix_tasks_open`."""
    unknown = func.sum(case((tasks.c.media_ms == UNKNOWN_MS, 1), else_=0))
    return (
        select(tasks.c.queue, func.sum(tasks.c.media_ms), unknown)
        .where(
            text(OPEN_TASKS),
            tasks.c.kind == TaskKind.ENCODE,
            tasks.c.queue.in_((Queue.ENCODE_CPU, Queue.ENCODE_GPU)),
            tasks.c.state == TaskState.WAITING,
            is_passed_on(now),
        )
        .group_by(tasks.c.queue)
    )


def _running() -> Select[Any]:
    """What is left of the running tasks, in the same columns."""
    left = FULL_PERMILLE - tasks.c.progress_permille
    left_ms = func.sum(tasks.c.media_ms * left) / float(FULL_PERMILLE)
    unknown = func.sum(case((tasks.c.media_ms == UNKNOWN_MS, left), else_=0)) / float(FULL_PERMILLE)
    return select(tasks.c.queue, left_ms, unknown).where(tasks.c.state == TaskState.RUNNING).group_by(tasks.c.queue)


def _mean_ms(conn: Connection) -> float:
    """The mean length of the recent inputs, in milliseconds."""
    length_us = cast(media.c.info["duration_us"].as_string(), BigInteger)
    recent = (
        select(length_us.label("us"))
        .where(
            media.c.state == MediaState.AVAILABLE, media.c.kind == MediaKind.INPUT, media.c.available_ms.is_not(None)
        )
        .order_by(media.c.available_ms.desc())
        .limit(RECENT_INPUTS)
        .subquery()
    )
    mean_us = conn.execute(select(func.avg(recent.c.us)).where(recent.c.us > 0)).scalar_one()
    return FIRST_GUESS_MS if mean_us is None else float(mean_us) / _US_A_MS
