"""Take a task back from a node that will not finish it."""

from sqlalchemy import Connection

from reelyard.media.errors import ConflictError
from scheduler.domain.task import TaskEvent
from scheduler.store.database import Database
from scheduler.store.task_queries import holds
from scheduler.usecases.attempts import AttemptEnd, back_to_waiting, lock_claimed_task, stale


def release_task(db: Database, node_id: str, task_id: int, token: str) -> None:
    """Put the task back into the backlog; nobody is to blame, the node is draining.

    Raises:
        StaleTokenError: the node does not hold the task under this token (any more).
    """
    db.transact(lambda conn: _release(conn, node_id, task_id, token))


def _release(conn: Connection, node_id: str, task_id: int, token: str) -> None:
    task = lock_claimed_task(conn, task_id)
    try:
        back_to_waiting(conn, task, TaskEvent.RELEASE, AttemptEnd(outcome="released"), *holds(node_id, token))
    except ConflictError:
        raise stale(conn, task, token, "released") from None
