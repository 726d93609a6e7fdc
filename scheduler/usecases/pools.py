"""What is known of pools of nodes that may be at zero: who was there lately, and for whom a task still waits."""

from sqlalchemy import Connection, select, update

from reelyard.cluster.work import Queue, TaskKind
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.tables import nodes, tasks
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
