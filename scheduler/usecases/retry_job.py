"""Try a failed job again, from the stage that failed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, null, select

from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ConflictError
from scheduler.domain.ingest import INGEST, IngestEvent, IngestState
from scheduler.domain.job import JOB, JobEvent, JobState
from scheduler.domain.media import GONE, MEDIA, MediaEvent, MediaState
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskEvent, TaskState
from scheduler.errors import JobNotFoundError, MediaExpiredError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.job_queries import find_medium, input_ids, lock_ingests_of_inputs, lock_job
from scheduler.store.tables import jobs, tasks
from scheduler.store.task_queries import active_tasks, move_task, place_task, tasks_of_job, was_claimed
from scheduler.store.transitions import transition
from scheduler.usecases.answers import do_once
from scheduler.usecases.begin_encode import plan_when_ready
from scheduler.usecases.hardware import hardware_encoders
from scheduler.usecases.import_progress import show_import_progress
from scheduler.usecases.new_rows import place_ingest_task, place_overlay_task


def retry_job(db: Database, account_id: int, job_id: int, policy: Policy, *, request_id: str = "") -> None:
    """Begin a failed job again where it failed, or as far before that as what it had made is gone.

    A published output is delivered again, what was encoded is stored again, else the job is planned and encoded again.
    Sources and an overlay image that failed are fetched again; a source for which another job has begun that already
    is waited for. Every stage has its attempts anew. A repeated `request_id` changes nothing and is no error.

    Raises:
        JobNotFoundError: no such job on this account.
        ConflictError: it is not failed, or is being cleaned up at this moment.
        MediaExpiredError: what it would have to read, or to deliver, has expired or was deleted.
    """
    do_once(db, account_id, request_id, lambda conn: _retry(conn, account_id, job_id, policy))


def _retry(conn: Connection, account_id: int, job_id: int, policy: Policy) -> None:
    query = select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.account_id == account_id)
    if conn.execute(query).one_or_none() is None:
        raise JobNotFoundError(f"there is no job {job_id}")
    ingests = lock_ingests_of_inputs(conn, account_id, input_ids(conn, job_id))
    job = lock_job(conn, job_id)
    if job.state != JobState.FAILED:
        raise ConflictError(f"job {job_id} is {job.state}; only a failed one can be tried again")
    output = find_medium(conn, job.output_media_id)
    if output.state in GONE:
        raise MediaExpiredError(f"output media {output.id} of job {job_id} is {output.state}; create a new job instead")
    kept = _stop_cleaning(conn, tasks.c.job_id == job_id, f"job {job_id}")
    if output.state == MediaState.AVAILABLE:
        _revive(conn, job, JobEvent.RETRY_DISTRIBUTE, distribution_progress=0)
        _repeat(conn, job, TaskKind.DISTRIBUTE)
        return
    transition(conn, MEDIA, output, MediaEvent.RETRY)
    if kept and _is_encoded(conn, job):
        _revive(conn, job, JobEvent.RETRY_STORE, storing_progress=0)
        _repeat(conn, job, TaskKind.STORE)
        return
    _begin_again(conn, job, ingests, policy, kept=kept)


def _stop_cleaning(conn: Connection, owner: ColumnElement[bool], name: str) -> bool:
    """Keep what the owner has stored from being removed; whether all of it is still there.

    Raises:
        ConflictError: it is being removed.
    """
    cleans = active_tasks(conn, owner, [TaskKind.CLEAN])
    if any(clean.state == TaskState.RUNNING for clean in cleans):
        raise ConflictError(f"{name} is being cleaned up; try again in a few seconds")
    for clean in cleans:
        move_task(conn, clean, TaskEvent.CANCEL, ended_ms=now_ms())
    return bool(cleans) and not any(was_claimed(conn, clean) for clean in cleans)


def _is_encoded(conn: Connection, job: Row[Any]) -> bool:
    """Whether the encode tasks of the present plan have all ended well."""
    parts = tasks_of_job(conn, job.id, [TaskKind.ENCODE])
    return job.plan is not None and bool(parts) and all(part.state == TaskState.DONE for part in parts)


def _revive(conn: Connection, job: Row[Any], event: JobEvent, **values: Any) -> None:
    transition(conn, JOB, job, event, error_code="", error_message="", ended_ms=None, **values)


def _repeat(conn: Connection, job: Row[Any], kind: TaskKind) -> None:
    """Have a stage's task done once more, with the work that it had."""
    for task in tasks_of_job(conn, job.id, [kind]):
        work = work_from_dict(kind, task.work)
        place_task(
            conn,
            account_id=job.account_id,
            kind=kind,
            queue=Queue(task.queue),
            work=work,
            job_id=job.id,
            media_ms=task.media_ms,
        )


def _begin_again(
    conn: Connection, job: Row[Any], ingests: Mapping[int, Row[Any]], policy: Policy, *, kept: bool
) -> None:
    """Fetch what is missing; when nothing is, plan and encode."""
    states = [_bring_back(conn, job, media_id, ingest) for media_id, ingest in sorted(ingests.items())]
    if job.spec.get("overlay_image_url"):  # a job of a version before overlays has none
        fetched = [task.state == TaskState.DONE for task in tasks_of_job(conn, job.id, [TaskKind.OVERLAY])]
        if not kept or not all(fetched):
            place_overlay_task(conn, job.account_id, job.id)
    # No plan: what an earlier one has left among the tasks counts for nothing.
    progress = dict.fromkeys(("importing_progress", "encoding_progress", "storing_progress"), 0)
    _revive(conn, job, JobEvent.RETRY, plan=null(), started_ms=None, **progress)
    job = lock_job(conn, job.id)
    show_import_progress(conn, [job])
    if any(state in (IngestState.TRANSFERRING, IngestState.STORING) for state in states):
        transition(conn, JOB, job, JobEvent.START, started_ms=now_ms())
    plan_when_ready(conn, lock_job(conn, job.id), hardware_encoders(conn, policy), policy)


def _bring_back(conn: Connection, job: Row[Any], media_id: int, ingest: Row[Any]) -> str:
    """Have a source fetched again if its ingest ended badly; the state that the ingest has then.

    Raises:
        MediaExpiredError: the source was there, and is gone.
        ConflictError: it is being cleaned up.
    """
    medium = find_medium(conn, media_id)
    if medium.state in GONE:
        raise MediaExpiredError(
            f"input media {media_id} is {medium.state}, and job {job.id} would have to be encoded from it again; "
            "create a new job from the source"
        )
    if medium.state != MediaState.FAILED:
        return str(ingest.state)
    _stop_cleaning(conn, tasks.c.ingest_id == ingest.id, f"ingest {ingest.id}")
    transition(
        conn,
        INGEST,
        ingest,
        IngestEvent.RETRY,
        error_code="",
        error_message="",
        transfer_progress=0,
        storing_progress=0,
        started_ms=None,
        ended_ms=None,
    )
    transition(conn, MEDIA, medium, MediaEvent.RETRY)
    place_ingest_task(conn, ingest.account_id, ingest.id, media_id)
    return IngestState.QUEUED
