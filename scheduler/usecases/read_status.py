"""What a cluster does right now, for people who look at it without dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from scheduler.domain.job import JOB
from scheduler.domain.node import NODE, NodeEvent, NodeState
from scheduler.domain.task import TASK, TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import accounts, jobs, nodes, tasks
from scheduler.usecases.read_backlog import read_backlog


@dataclass(frozen=True, kw_only=True)
class QueueStatus:
    """One queue: its tasks by state, the slots of the nodes that serve it, and how long the oldest has waited (ms).

    `delayed` of those that wait do so for a set time: between two attempts, or clean-ups after a while.
    """

    queue: str
    tasks: Mapping[str, int] = field(default_factory=dict)
    delayed: int = 0
    slots: int = 0
    oldest_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """One node that has not said goodbye: those that are lost too.

    `seen_ms` is how long ago it last beat, `set_aside_ms` for how long it gets nothing new.
    """

    name: str
    state: str
    version: str
    running: int
    slots: int
    failures_in_row: int
    seen_ms: int
    set_aside_ms: int


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """One job that has not ended, with the nodes that work on it and its age in milliseconds."""

    job_id: int
    account: str
    state: str
    importing_progress: int
    encoding_progress: int
    storing_progress: int
    distribution_progress: int
    age_ms: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClusterStatus:
    """Everything at one moment (`now_ms`, by the database's clock); `active_jobs` counts what is not listed too."""

    now_ms: int
    queues: tuple[QueueStatus, ...]
    nodes: tuple[NodeStatus, ...]
    jobs: tuple[JobStatus, ...]
    active_jobs: int


def read_status(database: Database, *, most_jobs: int) -> ClusterStatus:
    """The status of the installation that the database belongs to; at most `most_jobs` jobs, running ones first."""
    backlog = read_backlog(database)
    with database.read() as conn:
        now = read_now(conn)
        present = _nodes(conn, now)
        listed, total = _jobs(conn, now, most_jobs)
        slots = _slots(conn)
    return ClusterStatus(
        now_ms=now,
        queues=tuple(
            QueueStatus(
                queue=queue,
                tasks={entry.state: entry.tasks for entry in backlog if entry.queue == queue},
                delayed=sum(entry.delayed for entry in backlog if entry.queue == queue),
                slots=slots.get(queue, 0),
                oldest_ms=max((entry.oldest_ms for entry in backlog if entry.queue == queue), default=0),
            )
            for queue in sorted({*slots, *(entry.queue for entry in backlog)})
        ),
        nodes=present,
        jobs=listed,
        active_jobs=total,
    )


def _slots(conn: Connection) -> dict[str, int]:
    """The slots of every queue over the nodes that take tasks."""
    total: dict[str, int] = {}
    for (offered,) in conn.execute(select(nodes.c.slots).where(nodes.c.state.in_(NODE.sources(NodeEvent.DRAIN)))):
        for queue, slots in offered.items():
            total[queue] = total.get(queue, 0) + slots
    return total


def _nodes(conn: Connection, now: int) -> tuple[NodeStatus, ...]:
    running = (
        select(tasks.c.node_id, func.count().label("running"))
        .where(tasks.c.state == TaskState.RUNNING)
        .group_by(tasks.c.node_id)
        .subquery()
    )
    query = (
        select(nodes, func.coalesce(running.c.running, 0).label("running"))
        .outerjoin(running, running.c.node_id == nodes.c.id)
        .where(nodes.c.state != NodeState.LEFT)
        .order_by(nodes.c.name, nodes.c.registered_ms)
    )
    return tuple(
        NodeStatus(
            name=row.name,
            state=row.state,
            version=row.version,
            running=row.running,
            slots=sum(row.slots.values()),
            failures_in_row=row.failures_in_row,
            seen_ms=max(0, now - row.seen_ms),
            set_aside_ms=max(0, row.set_aside_until_ms - now),
        )
        for row in conn.execute(query)
    )


def _jobs(conn: Connection, now: int, most: int) -> tuple[tuple[JobStatus, ...], int]:
    active = jobs.c.state.in_(JOB.active)
    total = conn.execute(select(func.count()).select_from(jobs).where(active)).scalar_one()
    query = (
        select(jobs, accounts.c.name.label("account"))
        .join(accounts, accounts.c.id == jobs.c.account_id)
        .where(active)
        # A job that nobody has begun has no start, and comes last in either database.
        .order_by(jobs.c.started_ms.is_(None), jobs.c.id)
        .limit(most)
    )
    rows = conn.execute(query).all()
    working = _working_nodes(conn, [row.id for row in rows])
    listed = tuple(
        JobStatus(
            job_id=row.id,
            account=row.account,
            state=row.state,
            importing_progress=row.importing_progress,
            encoding_progress=row.encoding_progress,
            storing_progress=row.storing_progress,
            distribution_progress=row.distribution_progress,
            age_ms=max(0, now - row.created_ms),
            nodes=tuple(sorted(working.get(row.id, ()))),
        )
        for row in rows
    )
    return listed, total


def _working_nodes(conn: Connection, job_ids: list[int]) -> dict[int, set[str]]:
    query = (
        select(tasks.c.job_id, nodes.c.name)
        .join(nodes, nodes.c.id == tasks.c.node_id)
        .where(tasks.c.job_id.in_(job_ids), tasks.c.state == TaskState.RUNNING)
    )
    found: dict[int, set[str]] = {}
    for job_id, name in conn.execute(query):
        found.setdefault(job_id, set()).add(name)
    return found


#: The states of tasks that have not ended, in the order in which a task passes them.
ACTIVE_STATES: tuple[str, ...] = tuple(state for state in TaskState if state in TASK.active)
