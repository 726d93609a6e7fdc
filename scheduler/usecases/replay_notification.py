"""Send a notification again."""

from typing import Any

from sqlalchemy import Connection, Row, select, text

from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.work import TaskKind
from reelyard.media.errors import ConflictError
from scheduler.domain.notification import NotificationStatus, notification_status
from scheduler.domain.task import TaskState
from scheduler.errors import NotificationNotFoundError
from scheduler.store.database import Database
from scheduler.store.tables import NOTIFICATION_KINDS, tasks
from scheduler.store.task_queries import lock_task
from scheduler.usecases.notices import insert_notification


def replay_notification(db: Database, account_id: int, notification_id: int) -> int:
    """Send a notification again as a new one, with the same content and the same delivery ID; the new one's ID.

    Where it went before, it goes again. So nobody hears it twice by two calls at once, it is refused as long as it,
    or another copy of it, is still being sent.

    Raises:
        NotificationNotFoundError: no such notification on this account.
        ConflictError: it is still being sent.
    """
    return db.transact(lambda conn: _replay(conn, account_id, notification_id))


def _replay(conn: Connection, account_id: int, notification_id: int) -> int:
    query = select(tasks.c.id).where(
        tasks.c.id == notification_id, tasks.c.account_id == account_id, text(NOTIFICATION_KINDS)
    )
    known = conn.execute(query).scalar_one_or_none()
    task = lock_task(conn, known) if known is not None else None
    if task is None:
        raise NotificationNotFoundError(f"there is no notification {notification_id} on this account")
    for copy in _copies(conn, task):
        if notification_status(TaskState(copy.state)) is NotificationStatus.WAITING:
            said = "still being sent" if copy.id == task.id else f"being sent again as notification {copy.id}"
            raise ConflictError(f"notification {task.id} is {said}; it can be replayed when that has ended")
    work = work_from_dict(TaskKind(task.kind), task.work)
    return insert_notification(conn, account_id, work, job_id=task.job_id, ingest_id=task.ingest_id)


def _copies(conn: Connection, task: Row[Any]) -> list[Row[Any]]:
    """Every notification with the same delivery ID, the newest first."""
    query = select(tasks).where(
        tasks.c.job_id == task.job_id, tasks.c.ingest_id == task.ingest_id, tasks.c.kind == task.kind
    )
    rows = conn.execute(query.order_by(tasks.c.id.desc()))
    return [row for row in rows if row.work["delivery_id"] == task.work["delivery_id"]]
