"""How jobs and ingests end, and what follows: notifications and a clean-up. Within a caller's transaction."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row

from reelyard.cluster.work import CleanWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode
from scheduler.domain import ingest as ingest_life
from scheduler.domain import job as job_life
from scheduler.domain.ingest import INGEST, IngestEvent
from scheduler.domain.job import JOB, JobEvent
from scheduler.domain.keys import owner_prefix
from scheduler.domain.media import MEDIA, MediaEvent, MediaState
from scheduler.domain.notification import JobOutcome
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskEvent, TaskState
from scheduler.store.clock import now_ms, read_now
from scheduler.store.job_queries import (
    find_medium,
    input_ids,
    lock_ingest_with_jobs,
    lock_job,
    lock_unneeded_ingests,
    stored_keys,
)
from scheduler.store.tables import tasks
from scheduler.store.task_queries import active_tasks, end_attempt, insert_task, move_task, next_part
from scheduler.store.transitions import transition
from scheduler.usecases.notices import download_url, notify_ingest, notify_job, published_name

#: The tasks that a job or an ingest is made of; what remains is done after its end.
STAGES = (TaskKind.INGEST, TaskKind.OVERLAY, TaskKind.ENCODE, TaskKind.STORE, TaskKind.DISTRIBUTE)


def complete_job(conn: Connection, job: Row[Any], policy: Policy) -> None:
    """End a job whose output was delivered.

    Raises:
        ConflictError: the job is not distributing.
    """
    transition(conn, JOB, job, JobEvent.DISTRIBUTED, distribution_progress=100, ended_ms=now_ms())
    output = find_medium(conn, job.output_media_id)
    name = published_name(conn, output.id)
    outcome = JobOutcome(
        job_id=job.id,
        title=job.spec["title"],
        filename=name,
        input_media_ids=input_ids(conn, job.id),
        download_url=download_url(job.base_url, output, name),
        output_media_id=output.id,
        customer_reference_id=job.spec["customer_reference_id"],
    )
    _after_job(conn, job, outcome, policy.clean_wait_ms)


def fail_job(conn: Connection, job: Row[Any], code: ErrorCode, message: str, policy: Policy) -> None:
    """End a job for an error. Its tasks that have not ended are cancelled; what it made is kept for a retry.

    Raises:
        ConflictError: the job has ended.
    """
    transition(
        conn,
        JOB,
        job,
        JobEvent.FAIL,
        detail=code,
        error_code=code,
        error_message=message,
        ended_ms=now_ms(),
    )
    _give_up(conn, job, (code, message), policy.failed_clean_wait_ms)


def cancel_running_job(conn: Connection, job: Row[Any], policy: Policy) -> None:
    """End a job because somebody wants that.

    Raises:
        ConflictError: the job has ended.
    """
    transition(conn, JOB, job, JobEvent.CANCEL, ended_ms=now_ms())
    _give_up(conn, job, (ErrorCode.CANCELLED, job_life.CANCELLED_MESSAGE), policy.clean_wait_ms)


def _give_up(conn: Connection, job: Row[Any], why: tuple[ErrorCode, str], clean_wait_ms: int) -> None:
    code, message = why
    cancel_tasks(conn, tasks.c.job_id == job.id)
    _fail_medium(conn, job.output_media_id)
    outcome = JobOutcome(
        job_id=job.id,
        title=job.spec["title"],
        error_code=code,
        error_message=message,
        input_media_ids=input_ids(conn, job.id),
        output_media_id=job.output_media_id,
        customer_reference_id=job.spec["customer_reference_id"],
    )
    _after_job(conn, job, outcome, clean_wait_ms)


def fail_ingest(
    conn: Connection,
    owner: tuple[Row[Any], list[Row[Any]]],
    code: ErrorCode,
    message: str,
    policy: Policy,
) -> None:
    """End an ingest and all jobs that wait for it for an error, and the ingests that only those jobs needed.

    Args:
        conn: a writing transaction.
        owner: the locked ingest and the jobs that wait for it.
        code: of the failure.
        message: for the client; no secrets.
        policy: when to clean up.

    Raises:
        ConflictError: the ingest has ended, or has not started.
    """
    ingest, its_jobs = owner
    transition(
        conn,
        INGEST,
        ingest,
        IngestEvent.FAIL,
        detail=code,
        error_code=code,
        error_message=message,
        ended_ms=now_ms(),
    )
    _fail_medium(conn, ingest.input_media_id)
    notify_ingest(conn, ingest, code, message)
    insert_ingest_clean(conn, ingest, policy)
    for job in its_jobs:
        fail_job(conn, job, code, message, policy)
    _cancel_unneeded(conn, its_jobs, policy)


def cancel_running_ingest(conn: Connection, owner: tuple[Row[Any], list[Row[Any]]], policy: Policy) -> None:
    """End an ingest and all jobs that wait for it because somebody wants that.

    The ingests that only those jobs needed end with them.

    Raises:
        ConflictError: the ingest has ended.
    """
    ingest, its_jobs = owner
    _cancel_ingest(conn, ingest, policy)
    for job in its_jobs:
        cancel_running_job(conn, job, policy)
    _cancel_unneeded(conn, its_jobs, policy)


def _cancel_ingest(conn: Connection, ingest: Row[Any], policy: Policy) -> None:
    transition(conn, INGEST, ingest, IngestEvent.CANCEL, ended_ms=now_ms())
    cancel_tasks(conn, tasks.c.ingest_id == ingest.id)
    _fail_medium(conn, ingest.input_media_id)
    notify_ingest(conn, ingest, ErrorCode.CANCELLED, ingest_life.CANCELLED_MESSAGE)
    insert_ingest_clean(conn, ingest, policy)


def _cancel_unneeded(conn: Connection, ended: list[Row[Any]], policy: Policy) -> None:
    """Fetch no longer what was to be joined with a source that will not come.

    What a client had fetched for its own sake goes on, and what another job needs.
    """
    for ingest in lock_unneeded_ingests(conn, [job.id for job in ended]):
        _cancel_ingest(conn, ingest, policy)


def end_owner(conn: Connection, task: Row[Any], code: ErrorCode, message: str, policy: Policy) -> None:
    """End the job or ingest of a task that has failed for good.

    A notification or clean-up that was given up changes nothing: its job had ended before.
    """
    if task.kind not in STAGES:
        return
    if task.ingest_id is not None:
        fail_ingest(conn, lock_ingest_with_jobs(conn, task.ingest_id), code, message, policy)
    else:
        fail_job(conn, lock_job(conn, task.job_id), code, message, policy)


def cancel_tasks(conn: Connection, owner: ColumnElement[bool]) -> None:
    """Cancel the owner's stage tasks that have not ended; a node that runs one hears it with its next beat."""
    for task in active_tasks(conn, owner, STAGES):
        move_task(conn, task, TaskEvent.CANCEL, ended_ms=now_ms())
        if task.state == TaskState.RUNNING:
            end_attempt(conn, task, "cancelled")


def insert_ingest_clean(conn: Connection, ingest: Row[Any], policy: Policy) -> None:
    """Have everything removed that the ingest left and no record points to."""
    insert_task(
        conn,
        account_id=ingest.account_id,
        kind=TaskKind.CLEAN,
        queue=Queue.STORE,
        work=CleanWork(
            prefix=owner_prefix(job_id=None, ingest_id=ingest.id),
            keep=stored_keys(conn, ingest.input_media_id),
        ),
        ingest_id=ingest.id,
        part=next_part(conn, TaskKind.CLEAN, ingest_id=ingest.id),
        not_before_ms=read_now(conn) + policy.clean_wait_ms,
    )


def _fail_medium(conn: Connection, media_id: int) -> None:
    """A medium that has no bytes yet never will; one that was published stays what it is."""
    medium = find_medium(conn, media_id)
    if medium.state == MediaState.PENDING:
        transition(conn, MEDIA, medium, MediaEvent.FAIL)


def _after_job(conn: Connection, job: Row[Any], outcome: JobOutcome, clean_wait_ms: int) -> None:
    notify_job(conn, job, outcome)
    insert_task(
        conn,
        account_id=job.account_id,
        kind=TaskKind.CLEAN,
        queue=Queue.STORE,
        work=CleanWork(prefix=owner_prefix(job_id=job.id, ingest_id=None), keep=stored_keys(conn, job.output_media_id)),
        job_id=job.id,
        part=next_part(conn, TaskKind.CLEAN, job_id=job.id),
        not_before_ms=read_now(conn) + clean_wait_ms,
    )
