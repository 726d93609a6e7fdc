"""Who uses the installation, and what work was lost: for an operator, who has no account names in the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from reelyard.cluster.work import TaskKind
from scheduler.domain.job import JOB
from scheduler.domain.media import MediaState
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import accounts, attempts, jobs, media, media_files, tasks

#: How attempts end whose work was for nothing, by no fault of what they worked on.
LOST = ("lost", "released", "cancelled")


@dataclass(frozen=True, kw_only=True)
class AccountUsage:
    """What one account asked for and got since a moment; `active`, `running` and `stored_bytes` are as of now.

    `encode_ms` and `other_ms` are node time, of attempts that began since the moment, those that still run included.
    """

    account_id: int
    name: str
    asked: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)  # by state
    active: int = 0
    running: int = 0
    encode_ms: int = 0
    other_ms: int = 0
    stored_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One attempt whose work was thrown away, and how its task stands now. `job_id` is 0 for an ingest of its own."""

    task_id: int
    job_id: int
    ingest_id: int
    kind: str
    attempt: int
    node_name: str
    outcome: str
    worked_ms: int
    ended_ms: int
    task_state: str


def read_usage(database: Database, *, since_ms: int) -> tuple[AccountUsage, ...]:
    """Every account's use in the last `since_ms` milliseconds, the one with the most node time first."""
    with database.read() as conn:
        now = read_now(conn)
        start = now - since_ms
        jobs_by = (jobs, jobs.c.account_id, func.count())
        asked = _by_account(conn, *jobs_by, jobs.c.created_ms >= start)
        active = _by_account(conn, *jobs_by, jobs.c.state.in_(JOB.active))
        running = _by_account(conn, tasks, tasks.c.account_id, func.count(), tasks.c.state == TaskState.RUNNING)
        files = media.join(media_files, media_files.c.media_id == media.c.id)
        size = func.sum(media_files.c.size_bytes)
        stored = _by_account(conn, files, media.c.account_id, size, media.c.state == MediaState.AVAILABLE)
        ended = _ended(conn, start)
        spent = _spent(conn, start, now)
        names = conn.execute(select(accounts.c.id, accounts.c.name)).all()
    rows = [
        AccountUsage(
            account_id=account,
            name=name,
            asked=asked.get(account, 0),
            ended=ended.get(account, {}),
            active=active.get(account, 0),
            running=running.get(account, 0),
            encode_ms=spent.get(account, {}).get(TaskKind.ENCODE, 0),
            other_ms=sum(ms for kind, ms in spent.get(account, {}).items() if kind != TaskKind.ENCODE),
            stored_bytes=stored.get(account, 0),
        )
        for account, name in names
    ]
    return tuple(sorted(rows, key=lambda row: (-(row.encode_ms + row.other_ms), row.name)))


def _by_account(
    conn: Connection, source: FromClause, key: ColumnElement[int], value: ColumnElement[Any], where: ColumnElement[bool]
) -> dict[int, int]:
    query = select(key, value).select_from(source).where(where).group_by(key)
    return {account: int(number) for account, number in conn.execute(query)}


def _ended(conn: Connection, start_ms: int) -> dict[int, dict[str, int]]:
    query = (
        select(jobs.c.account_id, jobs.c.state, func.count())
        .where(jobs.c.ended_ms >= start_ms)
        .group_by(jobs.c.account_id, jobs.c.state)
    )
    found: dict[int, dict[str, int]] = {}
    for account, state, count in conn.execute(query):
        found.setdefault(account, {})[state] = count
    return found


def _spent(conn: Connection, start_ms: int, now_ms: int) -> dict[int, dict[str, int]]:
    """Node time in milliseconds by account and kind of task."""
    worked = func.sum(func.coalesce(attempts.c.ended_ms, now_ms) - attempts.c.started_ms)
    query = (
        select(tasks.c.account_id, tasks.c.kind, worked)
        .join(attempts, attempts.c.task_id == tasks.c.id)
        .where(attempts.c.started_ms >= start_ms)
        .group_by(tasks.c.account_id, tasks.c.kind)
    )
    found: dict[int, dict[str, int]] = {}
    for account, kind, time_ms in conn.execute(query):
        found.setdefault(account, {})[kind] = int(time_ms)
    return found


def read_losses(database: Database, *, since_ms: int, most: int) -> tuple[Loss, ...]:
    """The attempts that were lost, handed back or cancelled in the last `since_ms` milliseconds, the newest first."""
    with database.read() as conn:
        start = read_now(conn) - since_ms
        query = (
            select(attempts, tasks.c.job_id, tasks.c.ingest_id, tasks.c.kind, tasks.c.state)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(attempts.c.outcome.in_(LOST), attempts.c.ended_ms >= start)
            .order_by(attempts.c.ended_ms.desc(), attempts.c.task_id)
            .limit(most)
        )
        return tuple(
            Loss(
                task_id=row.task_id,
                job_id=row.job_id or 0,
                ingest_id=row.ingest_id or 0,
                kind=row.kind,
                attempt=row.attempt,
                node_name=row.node_name,
                outcome=row.outcome,
                worked_ms=max(0, row.ended_ms - row.started_ms),
                ended_ms=row.ended_ms,
                task_state=row.state,
            )
            for row in conn.execute(query)
        )
