"""Choose the tasks whose hints are sent next."""

from dataclasses import dataclass

from sqlalchemy import Connection

from reelyard.cluster.work import Queue
from scheduler.domain.fairness import choose
from scheduler.domain.placement import serving, window
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.dispatch_queries import (
    Outlook,
    count_queued,
    head_of,
    heads,
    loads_by_account,
    lock_queue,
    outlook,
    ripen,
    running_by_node,
)
from scheduler.store.node_queries import present_nodes
from scheduler.store.task_queries import lock_backlog_task, move_task


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What a message to the nodes says: this task may be claimed with this attempt's number."""

    queue: Queue
    task_id: int
    attempt: int


def look_ahead(db: Database) -> Outlook:
    """Which queues have due tasks, and when the next task becomes due. Reads only, so it may be asked often."""
    with db.read() as conn:
        return outlook(conn, read_now(conn))


def select_tasks(db: Database, queue: Queue, *, at_most: int | None = None) -> list[Hint]:
    """Move the tasks from the backlog to the queue for which its nodes have room.

    They are committed as queued before anybody sends their hints: a hint that is not sent after all is noticed,
    a task that was sent and forgotten would not be.

    Args:
        db: the database.
        queue: where to look.
        at_most: no more than that, whatever the room; None: as many as there is room for.
    """
    return db.transact(lambda conn: _select(conn, queue, at_most))


def _select(conn: Connection, queue: Queue, at_most: int | None) -> list[Hint]:
    lock_queue(conn, queue)
    now = read_now(conn)
    ripen(conn, queue, now)
    nodes = serving(present_nodes(conn), queue, now)
    room = window(nodes, queue, running=running_by_node(conn, queue), queued=count_queued(conn, queue))
    room = room if at_most is None else min(room, at_most)
    if not room:
        return []
    loads = loads_by_account(conn, queue)
    best = heads(conn, queue, loads)
    hints: list[Hint] = []
    while len(hints) < room:
        head = choose(best.values())
        if head is None:
            break
        task = lock_backlog_task(conn, head.task_id)
        if task is not None:
            move_task(conn, task, TaskEvent.QUEUE, queued_ms=now_ms())
            hints.append(Hint(queue=queue, task_id=task.id, attempt=task.attempt))
            loads[head.account_id] = head.load + 1
        following = head_of(conn, queue, head.account_id, loads)
        if following is None:
            del best[head.account_id]
        else:
            best[head.account_id] = following
    return hints
