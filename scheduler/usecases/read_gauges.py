"""The state of the installation that is shown as gauges: one reading, a handful of queries over small indexes."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, text

from reelyard.cluster.work import Queue, TaskKind
from scheduler.domain.node import NODE, NodeEvent, NodeState
from scheduler.domain.policy import HOUR_MS
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import OPEN_JOBS, jobs, nodes, tasks, upkeep
from scheduler.usecases.pools import given_up
from scheduler.usecases.read_backlog import Backlog, backlog_at
from scheduler.usecases.read_media_backlog import media_backlog_at
from scheduler.usecases.sweep_orphans import WORK

#: How long a node that fell silent is counted as lost. Its row stays longer; whoever took its place has another.
LOST_FOR_MS = HOUR_MS
#: The upkeep that schedulers take turns at.
UPKEEP = (WORK,)

READY, BUSY, SET_ASIDE = "ready", "busy", "set_aside"
NODE_STATES = (READY, BUSY, NodeState.DRAINING.value, NodeState.LOST.value, SET_ASIDE)
CPU, NVIDIA = "cpu", "nvidia"
ACCELERATORS = (CPU, NVIDIA)


@dataclass(frozen=True, kw_only=True)
class QueueCapacity:
    """What the nodes that take tasks offer a queue: nodes, their slots, and the tasks that they run of it."""

    nodes: int = 0
    slots: int = 0
    in_use: int = 0


@dataclass(frozen=True, kw_only=True)
class Gauges:
    """Everything at one moment. Ages are milliseconds."""

    backlog: tuple[Backlog, ...]
    jobs: Mapping[str, int]
    """Jobs that have not ended, by state."""
    notifications: Mapping[str, int]
    """Notifications that are not delivered yet, by kind of task."""
    nodes: Mapping[tuple[str, str], int]
    """Nodes by state and accelerator."""
    capacity: Mapping[str, QueueCapacity]
    """What is there for each queue."""
    media_s: Mapping[Queue, float]
    """Seconds of media that each queue has still to go through."""
    given_up: Mapping[str, bool]
    """For each queue with a declared pool, whether that was given up and has not come since."""
    overdue_ms: Mapping[str, int]
    """For how long each upkeep has been due and at nobody's hands, or its tries have failed."""
    holds_turn: bool
    """Whether the scheduler that asks is at upkeep."""


def read_gauges(database: Database, *, holder: str, pools: Collection[str] = ()) -> Gauges:
    """Read all of it in one transaction.

    Args:
        database: the installation's.
        holder: the name of the scheduler that asks, among those of the upkeep's turns.
        pools: the queues whose pools of nodes are declared.

    Raises:
        UnavailableError: the database does not answer.
    """
    with database.read() as conn:
        now = read_now(conn)
        backlog = backlog_at(conn, now)
        running = _running(conn)
        busy = {node_id for node_id, _ in running}
        rows = _node_rows(conn, now)
        turns = conn.execute(select(upkeep)).all()
        return Gauges(
            backlog=backlog,
            jobs=_open_jobs(conn),
            notifications=_notifications(backlog),
            nodes=Counter(_standing(row, now, busy=row.id in busy) for row in rows),
            capacity=_capacity([row for row in rows if row.state in NODE.sources(NodeEvent.DRAIN)], running),
            media_s=media_backlog_at(conn, now),
            given_up=given_up(conn, pools),
            overdue_ms=dict.fromkeys(UPKEEP, 0) | {turn.name: _overdue_ms(turn, now) for turn in turns},
            holds_turn=any(turn.holder == holder and turn.held_until_ms > now for turn in turns),
        )


def _overdue_ms(turn: Row[Any], now: int) -> int:
    """A try that failed leaves the next one due later: what fails each time is overdue since the second was due."""
    since: int = max(turn.next_ms, turn.held_until_ms)
    if turn.failed_next_ms:
        since = min(since, turn.failed_next_ms)
    return max(0, now - since)


def _open_jobs(conn: Connection) -> dict[str, int]:
    query = select(jobs.c.state, func.count()).where(text(OPEN_JOBS)).group_by(jobs.c.state)
    return {state: count for state, count in conn.execute(query)}  # noqa: C416  # rows are no pairs to the type checker


def _notifications(backlog: Iterable[Backlog]) -> dict[str, int]:
    open_kinds = Counter[str]()
    for entry in backlog:
        open_kinds.update(entry.kinds)
    return {kind: open_kinds[kind] for kind in (TaskKind.NOTIFY, TaskKind.MAIL)}


def _running(conn: Connection) -> dict[tuple[str, str], int]:
    """The tasks that each node runs, by node and queue; never more than there are slots."""
    query = select(tasks.c.node_id, tasks.c.queue, func.count()).where(tasks.c.state == TaskState.RUNNING)
    found = conn.execute(query.group_by(tasks.c.node_id, tasks.c.queue))
    return {(node_id, queue): count for node_id, queue, count in found}


def _node_rows(conn: Connection, now: int) -> Sequence[Row[Any]]:
    """The nodes that beat, and those that were lost lately."""
    present = nodes.c.state.in_(NODE.sources(NodeEvent.LEAVE))
    lost = (nodes.c.state == NodeState.LOST) & (nodes.c.seen_ms > now - LOST_FOR_MS)
    columns: list[ColumnElement[Any]] = [nodes.c.id, nodes.c.state, nodes.c.slots, nodes.c.set_aside_until_ms]
    return conn.execute(select(*columns).where(present | lost)).all()


def _standing(row: Row[Any], now: int, *, busy: bool) -> tuple[str, str]:
    accelerator = NVIDIA if row.slots.get(Queue.ENCODE_GPU, 0) else CPU
    if row.state in (NodeState.DRAINING, NodeState.LOST):
        return str(row.state), accelerator
    if row.set_aside_until_ms > now:
        return SET_ASIDE, accelerator
    return (BUSY if busy else READY), accelerator


def _capacity(rows: Iterable[Row[Any]], running: Mapping[tuple[str, str], int]) -> dict[str, QueueCapacity]:
    """What is there for each queue; a draining node's slots and tasks do not count, nobody gets them any more."""
    found = dict.fromkeys((queue.value for queue in Queue), QueueCapacity())
    for row in rows:
        for queue, slots in row.slots.items():
            if slots:
                so_far = found.get(queue, QueueCapacity())
                found[queue] = QueueCapacity(
                    nodes=so_far.nodes + 1,
                    slots=so_far.slots + slots,
                    in_use=so_far.in_use + running.get((row.id, queue), 0),
                )
    return found
