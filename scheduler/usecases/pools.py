"""What is known of pools of nodes that may be at zero: who was there lately, and for whom a task still waits."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, exists, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from reelyard.cluster.work import Queue, TaskKind
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.tables import OPEN_TASKS, nodes, pools, tasks
from scheduler.store.task_queries import is_passed_on


def seen_since(conn: Connection, queue: str, since_ms: int, encoders: frozenset[str] = frozenset()) -> bool:
    """Whether a node of the queue that has these encoders has beaten since then, one that left or is draining too."""
    query = select(nodes.c.slots, nodes.c.encoders).where(nodes.c.seen_ms > since_ms)
    return any(row.slots.get(queue, 0) > 0 and encoders <= set(row.encoders) for row in conn.execute(query))


def is_awaited(conn: Connection, queue: str, due_ms: int, encoders: frozenset[str], policy: Policy) -> bool:
    """Whether a task of this queue that lacks these encoders waits for a node of the pool that brings them.

    It does for the pool's wait, from when it became due (`due_ms`) or such a node was last seen. What no pool is
    declared to bring is not waited for.
    """
    if not encoders or not encoders <= policy.pool_encoders.get(Queue(queue), frozenset()):
        return False
    since = read_now(conn) - policy.pool_wait_ms
    return due_ms > since or seen_since(conn, queue, since, encoders)


def give_up(conn: Connection, queue: Queue) -> None:
    """Note that nobody came who was waited for: what is planned from now on does not wait, on any scheduler."""
    insert: Any = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    now = read_now(conn)
    statement = insert(pools).values(queue=queue, given_up_ms=now)
    conn.execute(statement.on_conflict_do_update(index_elements=[pools.c.queue], set_={"given_up_ms": now}))


def given_up(conn: Connection, queues: Collection[str]) -> dict[str, bool]:
    """For each of these queues whether its pool was given up and no node of it was seen since.

    It counts as given up while it rests and while one job waits for it again: only a node proves that it comes.
    """
    if not queues:
        return {}
    rows = conn.execute(select(pools).where(pools.c.queue.in_(queues))).all()
    return dict.fromkeys(queues, False) | {row.queue: not seen_since(conn, row.queue, row.given_up_ms) for row in rows}


def forget_those_that_came(conn: Connection) -> None:
    """Forget that pools were given up of which a node was seen since; before the rows of such nodes are removed.

    Without them a pool that came, did its work and is rightly at zero would count as given up again.
    """
    for row in conn.execute(select(pools)).all():
        if seen_since(conn, row.queue, row.given_up_ms):
            same = pools.c.queue == row.queue, pools.c.given_up_ms == row.given_up_ms  # it may just be given up anew
            conn.execute(delete(pools).where(*same))


def may_ask(conn: Connection, queue: Queue, policy: Policy) -> bool:
    """Whether a new task may wait for the queue's pool, of which no node is there.

    Any may, unless the pool was given up and no node of it was seen since. Then none may for a while (`pool_rest_ms`),
    and after it one job at a time, so that the pool is asked for again and found when it has been mended.
    """
    given_up_ms = conn.execute(select(pools.c.given_up_ms).where(pools.c.queue == queue)).scalar_one_or_none()
    if given_up_ms is None or seen_since(conn, queue, given_up_ms):
        return True
    if given_up_ms + policy.pool_rest_ms > read_now(conn):
        return False
    waits = (TaskState.WAITING, TaskState.QUEUED)
    asks = exists().where(text(OPEN_TASKS), tasks.c.kind == TaskKind.ENCODE, tasks.c.queue == queue)
    return not conn.execute(select(asks.where(tasks.c.state.in_(waits)))).scalar_one()


def did_not_come(queue: Queue, policy: Policy) -> str:
    """What the event of a task says that the pool was given up for."""
    return f"no node of {queue} came within {policy.pool_wait_ms / 1000:g} s"


def end_holds(conn: Connection, queues: list[str]) -> None:
    """Make the encode tasks due again that were passed on in these queues: a node came that may be able to do them."""
    now = read_now(conn)
    conn.execute(
        update(tasks)
        .where(
            tasks.c.kind == TaskKind.ENCODE,
            tasks.c.queue.in_(queues),
            tasks.c.state == TaskState.WAITING,
            is_passed_on(now),
        )
        .values(not_before_ms=0)
    )
