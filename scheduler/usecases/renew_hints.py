"""Find hints that were lost between the database and a node."""

from sqlalchemy import Connection

from reelyard.cluster.work import Queue
from reelyard.media.errors import ConflictError
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.dispatch_queries import lock_queue, old_hints
from scheduler.store.tables import tasks
from scheduler.store.task_queries import move_task
from scheduler.usecases.select_tasks import Hint


def renew_hints(db: Database, queue: Queue, *, older_than_ms: int) -> list[Hint]:
    """The queued tasks whose hint is older than that, marked as sent now: the caller sends them.

    Only ask when the broker has no message in the queue; a hint that merely waits there is not lost. When several
    schedulers ask at once, each hint is given to one of them.
    """
    with db.read() as conn:
        if not old_hints(conn, queue, read_now(conn) - older_than_ms):
            return []
    return db.transact(lambda conn: _renew(conn, queue, older_than_ms))


def _renew(conn: Connection, queue: Queue, older_than_ms: int) -> list[Hint]:
    lock_queue(conn, queue)
    hints = []
    for task in old_hints(conn, queue, read_now(conn) - older_than_ms):
        try:
            move_task(conn, task, TaskEvent.RESEND, tasks.c.queued_ms == task.queued_ms, queued_ms=now_ms())
        except ConflictError:
            continue  # a node claimed it since it was read: its hint was not lost
        hints.append(Hint(queue=queue, task_id=task.id, attempt=task.attempt))
    return hints
