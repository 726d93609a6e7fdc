"""Makes the notifications of what has ended, within the transaction that ended it."""

import uuid
from typing import Any

from sqlalchemy import Connection, Row

from reelyard.cluster.work import MailWork, NotifyWork, Queue, TaskKind, Work
from scheduler.domain.media import FileRole
from scheduler.domain.notification import JobOutcome, JobType, mail_subject, mail_text, notification_body
from scheduler.store.job_queries import find_media_file, find_medium
from scheduler.store.task_queries import insert_task, next_part
from scheduler.usecases.media_files import download_path
from scheduler.usecases.receivers import Receivers


def notify_job(conn: Connection, job: Row[Any], outcome: JobOutcome) -> None:
    """Tell the receivers of a locked job how it ended."""
    receivers = Receivers(ping_url=job.spec["ping_url"], email=job.spec.get("notification_email", ""))
    _insert(conn, job.account_id, outcome, receivers, job_id=job.id)


def notify_ingest(conn: Connection, ingest: Row[Any], error_code: str = "", error_message: str = "") -> None:
    """Tell the receivers of a locked ingest how it ended; `error_code` is empty when it succeeded."""
    medium = find_medium(conn, ingest.input_media_id)
    name = published_name(conn, medium.id)
    outcome = JobOutcome(
        job_id=ingest.id,
        job_type=JobType.INGEST,
        title=ingest.title,
        error_code=error_code,
        error_message=error_message,
        filename=name,
        input_media_ids=(medium.id,),
        download_url=download_url(ingest.base_url, medium, name),
        customer_reference_id=ingest.customer_reference_id,
    )
    receivers = Receivers(ping_url=ingest.ping_url, email=ingest.notification_email)
    _insert(conn, ingest.account_id, outcome, receivers, ingest_id=ingest.id)


def published_name(conn: Connection, media_id: int) -> str:
    """The name of a medium's primary file; "" when it has none."""
    primary = find_media_file(conn, media_id, FileRole.PRIMARY)
    return primary.name if primary is not None else ""


def download_url(base_url: str, medium: Row[Any], name: str) -> str:
    """The URL of a medium's file of that name; "" for no name."""
    path = download_path(medium.kind, medium.id, medium.token, name)
    return f"{base_url.rstrip('/')}/{path}" if path else ""


def insert_notification(
    conn: Connection, account_id: int, work: Work, *, job_id: int | None, ingest_id: int | None
) -> int:
    """A notification of a locked job or ingest, beside those that it has; the ID of its task."""
    kind = TaskKind.MAIL if isinstance(work, MailWork) else TaskKind.NOTIFY
    return insert_task(
        conn,
        account_id=account_id,
        kind=kind,
        queue=Queue.DISTRIBUTE,
        work=work,
        job_id=job_id,
        ingest_id=ingest_id,
        part=next_part(conn, kind, job_id=job_id, ingest_id=ingest_id),
    )


def _insert(
    conn: Connection,
    account_id: int,
    outcome: JobOutcome,
    receivers: Receivers,
    *,
    job_id: int | None = None,
    ingest_id: int | None = None,
) -> None:
    works: list[Work] = []
    if receivers.ping_url:
        # The URL may hold credentials: it stays in its owner's row and is added when a node claims the task.
        works.append(NotifyWork(delivery_id=str(uuid.uuid4()), url="", body=notification_body(outcome)))
    if receivers.email:
        subject, text = mail_subject(outcome), mail_text(outcome)
        works.append(MailWork(delivery_id=str(uuid.uuid4()), to=receivers.email, subject=subject, text=text))
    for work in works:
        insert_notification(conn, account_id, work, job_id=job_id, ingest_id=ingest_id)
