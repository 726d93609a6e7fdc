"""Delete a medium: its bytes go, its record stays."""

from sqlalchemy import Connection, select

from reelyard.cluster.work import CleanWork, Queue, TaskKind
from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB
from scheduler.domain.keys import owner_prefix
from scheduler.domain.media import MEDIA, MediaEvent, MediaKind, MediaState
from scheduler.errors import MediaExpiredError, MediaNotFoundError
from scheduler.store.database import Database
from scheduler.store.job_queries import active_job_of_input, find_medium, lock_ingest_of_input
from scheduler.store.tables import jobs
from scheduler.store.task_queries import insert_task, next_part
from scheduler.store.transitions import transition
from scheduler.usecases.answers import do_once
from scheduler.usecases.read_media import get_media


def delete_media(db: Database, account_id: int, kind: str, media_id: int, *, request_id: str = "") -> None:
    """Delete a medium of a kind (`input` or `output`). Its URLs are closed at once, its bytes go with a task.

    A repeated `request_id` changes nothing and is no error.

    Raises:
        SpecError: no such kind.
        MediaNotFoundError: no such medium on this account, or none that is shown (yet).
        MediaExpiredError: its bytes are gone already.
        ConflictError: a job that has not ended needs it.
    """
    get_media(db, account_id, kind, media_id)
    is_input = kind == MediaKind.INPUT
    delete = _delete_input if is_input else _delete_output
    do_once(db, account_id, request_id, lambda conn: delete(conn, account_id, media_id))


def _delete_input(conn: Connection, account_id: int, media_id: int) -> None:
    # Whoever makes a job of this input takes the same lock, and finds it deleted, or is found here.
    ingest = lock_ingest_of_input(conn, account_id, media_id)
    if ingest is None:
        raise MediaNotFoundError(f"there is no input media {media_id} on this account")
    job_id = active_job_of_input(conn, media_id)
    if job_id:
        raise ConflictError(f"job {job_id} needs input media {media_id}; cancel it or wait for its end")
    _mark(conn, media_id)
    _insert_clean(conn, account_id, ingest_id=ingest.id)


def _delete_output(conn: Connection, account_id: int, media_id: int) -> None:
    job = conn.execute(select(jobs).where(jobs.c.output_media_id == media_id).with_for_update()).one()
    if job.state in JOB.active:
        raise ConflictError(f"job {job.id} still works on output media {media_id}; cancel it or wait for its end")
    _mark(conn, media_id)
    _insert_clean(conn, account_id, job_id=job.id)


def _mark(conn: Connection, media_id: int) -> None:
    medium = find_medium(conn, media_id)
    if medium.state != MediaState.AVAILABLE:
        raise MediaExpiredError(f"{medium.kind} media {media_id} is {medium.state} already")
    transition(conn, MEDIA, medium, MediaEvent.DELETE)


def _insert_clean(
    conn: Connection, account_id: int, *, job_id: int | None = None, ingest_id: int | None = None
) -> None:
    """Have everything removed that the job or ingest stored: it stored this medium and nothing else."""
    insert_task(
        conn,
        account_id=account_id,
        kind=TaskKind.CLEAN,
        queue=Queue.STORE,
        work=CleanWork(prefix=owner_prefix(job_id=job_id, ingest_id=ingest_id)),
        job_id=job_id,
        ingest_id=ingest_id,
        part=next_part(conn, TaskKind.CLEAN, job_id=job_id, ingest_id=ingest_id),
    )
