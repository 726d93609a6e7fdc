"""The delivery log: notifications as their account sees them, with every attempt to deliver them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, text, true

from reelyard.cluster.redact import redact_url
from reelyard.cluster.views import NotificationAttemptView, NotificationListView, NotificationView
from reelyard.cluster.work import TaskKind
from scheduler.domain.notification import notification_status
from scheduler.domain.task import TaskState
from scheduler.errors import NotificationNotFoundError
from scheduler.store.database import Database
from scheduler.store.sealed import unseal
from scheduler.store.tables import NOTIFICATION_KINDS, attempts, ingests, jobs, tasks
from scheduler.usecases.paging import Page

#: Each kind of a notification's task, as the log calls it.
TYPES = {TaskKind.NOTIFY: "ping", TaskKind.MAIL: "mail"}
#: Attempts that are none: one that runs has no outcome yet, one that was handed back had none.
_NOT_SHOWN = ("running", "released")


def get_notification(database: Database, account_id: int, notification_id: int) -> NotificationView:
    """One notification.

    Raises:
        NotificationNotFoundError: no such notification on this account.
    """
    query = _with_target().where(
        tasks.c.id == notification_id, tasks.c.account_id == account_id, text(f"tasks.{NOTIFICATION_KINDS}")
    )
    with database.read() as conn:
        rows = conn.execute(query).all()
        views = _views(conn, rows)
    if not views:
        raise NotificationNotFoundError(f"there is no notification {notification_id} on this account")
    return views[0]


def list_notifications(
    database: Database, account_id: int, page: Page, *, job_id: int = 0, ingest_id: int = 0
) -> NotificationListView:
    """A page of the account's notifications, the newest first; those of one job or ingest where one is named."""
    listed = and_(
        tasks.c.account_id == account_id,
        text(f"tasks.{NOTIFICATION_KINDS}"),
        tasks.c.job_id == job_id if job_id else true(),
        tasks.c.ingest_id == ingest_id if ingest_id else true(),
    )
    with database.read() as conn:
        total = conn.execute(select(func.count()).select_from(tasks).where(listed)).scalar_one()
        query = _with_target().where(tasks.c.id.in_(page.ids(conn, tasks, listed))).order_by(tasks.c.id.desc())
        return NotificationListView(notifications=_views(conn, conn.execute(query).all()), total=total)


def _with_target() -> Select[Any]:
    """Tasks with what tells where their webhook goes."""
    return select(tasks, jobs.c.spec.label("spec"), ingests.c.ping_url.label("ingest_ping_url")).select_from(
        tasks.outerjoin(jobs, jobs.c.id == tasks.c.job_id).outerjoin(ingests, ingests.c.id == tasks.c.ingest_id)
    )


def _views(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[NotificationView, ...]:
    tried: dict[int, list[Row[Any]]] = defaultdict(list)
    query = select(attempts).where(attempts.c.task_id.in_([row.id for row in rows])).order_by(attempts.c.attempt)
    for attempt in conn.execute(query):
        tried[attempt.task_id].append(attempt)
    return tuple(_view(conn, row, tried[row.id]) for row in rows)


def _view(conn: Connection, row: Row[Any], tried: list[Row[Any]]) -> NotificationView:
    moments = [moment for each in tried for moment in (each.started_ms, each.ended_ms) if moment]
    return NotificationView(
        notification_id=row.id,
        type=TYPES[TaskKind(row.kind)],
        job_id=row.job_id or 0,
        ingest_id=row.ingest_id or 0,
        target=_target(conn, row),
        status=notification_status(TaskState(row.state)),
        delivery_id=row.work["delivery_id"],
        created_ms=row.created_ms,
        updated_ms=max(moments, default=row.created_ms),
        next_attempt_ms=row.not_before_ms if row.state == TaskState.WAITING else 0,
        attempts=tuple(_attempt(each) for each in tried if each.outcome not in _NOT_SHOWN),
    )


def _target(conn: Connection, row: Row[Any]) -> str:
    if row.kind == TaskKind.MAIL:
        return str(row.work["to"])
    sealed = row.ingest_ping_url if row.spec is None else row.spec["ping_url"]
    return redact_url(unseal(conn, sealed))


def _attempt(row: Row[Any]) -> NotificationAttemptView:
    return NotificationAttemptView(
        attempt=row.attempt,
        started_ms=row.started_ms,
        http_status=row.http_status,
        error_code=row.error_code,
        error_message=row.error_message,
    )
