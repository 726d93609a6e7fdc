"""How a medium's time ends: its URLs are closed at once, its bytes go with a task, its record stays."""

from sqlalchemy import Connection, select

from reelyard.cluster.work import CleanWork, Queue, TaskKind
from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB
from scheduler.domain.keys import owner_prefix
from scheduler.domain.media import MEDIA, MediaEvent, MediaState
from scheduler.errors import MediaExpiredError, MediaNotFoundError
from scheduler.store.job_queries import active_job_of_input, find_medium, lock_ingest_of_input
from scheduler.store.tables import jobs
from scheduler.store.task_queries import insert_task, next_part
from scheduler.store.transitions import transition


def end_input(conn: Connection, account_id: int, media_id: int, event: MediaEvent) -> None:
    """Close an input and have its bytes removed.

    Raises:
        MediaNotFoundError: no such input on this account.
        MediaExpiredError: its bytes are gone already.
        ConflictError: a job that has not ended needs it.
    """
    # Whoever makes a job of this input takes the same lock, and finds it deleted, or is found here.
    ingest = lock_ingest_of_input(conn, account_id, media_id)
    if ingest is None:
        raise MediaNotFoundError(f"there is no input media {media_id} on this account")
    job_id = active_job_of_input(conn, media_id)
    if job_id:
        raise ConflictError(f"job {job_id} needs input media {media_id}; cancel it or wait for its end")
    _mark(conn, media_id, event)
    _insert_clean(conn, account_id, ingest_id=ingest.id)


def end_output(conn: Connection, account_id: int, media_id: int, event: MediaEvent) -> None:
    """Close an output and have its bytes removed.

    Raises:
        MediaExpiredError: its bytes are gone already.
        ConflictError: its job has not ended.
    """
    job = conn.execute(select(jobs).where(jobs.c.output_media_id == media_id).with_for_update()).one()
    if job.state in JOB.active:
        raise ConflictError(f"job {job.id} still works on output media {media_id}; cancel it or wait for its end")
    _mark(conn, media_id, event)
    _insert_clean(conn, account_id, job_id=job.id)


def _mark(conn: Connection, media_id: int, event: MediaEvent) -> None:
    medium = find_medium(conn, media_id)
    if medium.state != MediaState.AVAILABLE:
        raise MediaExpiredError(f"{medium.kind} media {media_id} is {medium.state} already")
    transition(conn, MEDIA, medium, event)


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
