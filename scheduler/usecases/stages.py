"""What follows a finished task: results are recorded and the next stage's tasks made, within its transaction."""

from typing import Any

from sqlalchemy import Connection, Row, exists, select

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.cluster.work import (
    DistributeWork,
    EncodeResult,
    IngestResult,
    Queue,
    StoreResult,
    StoreWork,
    TaskKind,
)
from reelyard.media.plan import EncodePlan
from scheduler.domain.ingest import INGEST, IngestEvent
from scheduler.domain.job import JOB, WAITS_FOR_SOURCES, JobEvent
from scheduler.domain.media import MEDIA, FileRole, MediaEvent
from scheduler.domain.media_time import plan_ms
from scheduler.domain.policy import Policy
from scheduler.domain.progress import stage_percent
from scheduler.domain.task import TaskState
from scheduler.store.clock import now_ms
from scheduler.store.job_queries import (
    find_medium,
    insert_media_file,
    lock_ingest_with_jobs,
    lock_job,
)
from scheduler.store.tables import jobs, tasks
from scheduler.store.task_queries import place_task, tasks_of_job
from scheduler.store.transitions import transition
from scheduler.usecases.begin_encode import plan_when_ready
from scheduler.usecases.endings import complete_job, insert_ingest_clean
from scheduler.usecases.hardware import hardware_encoders
from scheduler.usecases.import_progress import show_import_progress
from scheduler.usecases.notices import notify_ingest


def after_ingest(conn: Connection, task: Row[Any], result: IngestResult, policy: Policy) -> None:
    """Publish the source, then plan each job that waited for nothing else; one that can't be made of it fails alone."""
    ingest, its_jobs = lock_ingest_with_jobs(conn, task.ingest_id)
    transition(
        conn,
        INGEST,
        ingest,
        IngestEvent.COMPLETE,
        transfer_progress=100,
        storing_progress=100,
        size_bytes=result.source.size_bytes,
        mime_type=result.source.mime_type,
        ended_ms=now_ms(),
    )
    _publish(conn, ingest.input_media_id, result.filename, result)
    notify_ingest(conn, ingest)
    insert_ingest_clean(conn, ingest, policy)
    show_import_progress(conn, its_jobs)
    hardware = hardware_encoders(conn, policy)
    for job in its_jobs:
        plan_when_ready(conn, job, hardware, policy)


def after_overlay(conn: Connection, task: Row[Any], policy: Policy) -> None:
    """Plan the job if its sources are there; else the last of its ingests does."""
    job = lock_job(conn, task.job_id)
    if job.state in WAITS_FOR_SOURCES:
        plan_when_ready(conn, job, hardware_encoders(conn, policy), policy)


def after_encode(conn: Connection, task: Row[Any]) -> None:
    """Release the store stage when this was the last encode task; its job is locked, so exactly one is."""
    job = lock_job(conn, task.job_id)
    parts = tasks_of_job(conn, job.id, [TaskKind.ENCODE])
    unfinished = exists(select(tasks.c.id)).where(
        tasks.c.job_id == job.id, tasks.c.kind == TaskKind.ENCODE, tasks.c.state != TaskState.DONE
    )
    if any(part.state != TaskState.DONE for part in parts):
        shown = stage_percent([part.progress_permille for part in parts])
        conn.execute(jobs.update().where(jobs.c.id == job.id).values(encoding_progress=shown, updated_ms=now_ms()))
        return
    transition(conn, JOB, job, JobEvent.ENCODED, ~unfinished, encoding_progress=100)
    place_task(
        conn,
        account_id=job.account_id,
        kind=TaskKind.STORE,
        queue=Queue.STORE,
        work=StoreWork(
            output_media_id=job.output_media_id,
            plan=from_dict(EncodePlan, job.plan),
            parts=tuple(from_dict(EncodeResult, part.result).part for part in parts),
        ),
        job_id=job.id,
    )


def after_store(conn: Connection, task: Row[Any], result: StoreResult) -> None:
    """Publish the output: from here on its record points to the stored objects."""
    job = lock_job(conn, task.job_id)
    transition(conn, JOB, job, JobEvent.STORED, storing_progress=100)
    output = find_medium(conn, job.output_media_id)
    _publish(conn, output.id, output.filename, result)
    place_task(
        conn,
        account_id=job.account_id,
        kind=TaskKind.DISTRIBUTE,
        queue=Queue.DISTRIBUTE,
        work=DistributeWork(output_media_id=output.id, object=result.primary),
        job_id=job.id,
        media_ms=plan_ms(job.plan.get("duration_us", 0)),
    )


def after_distribute(conn: Connection, task: Row[Any], policy: Policy) -> None:
    """Complete the job."""
    complete_job(conn, lock_job(conn, task.job_id), policy)


def _publish(conn: Connection, media_id: int, filename: str, result: IngestResult | StoreResult) -> None:
    primary = result.source if isinstance(result, IngestResult) else result.primary
    thumbnail_name = f"{media_id}-image00001.jpg"
    if filename == thumbnail_name:
        filename = f"source-{filename}"  # two files of one medium cannot share a URL
    transition(
        conn,
        MEDIA,
        find_medium(conn, media_id),
        MediaEvent.PUBLISH,
        info=to_dict(result.info),
        filename=filename,
        available_ms=now_ms(),
    )
    insert_media_file(conn, media_id, filename, FileRole.PRIMARY, primary)
    if result.thumbnail is not None:
        insert_media_file(conn, media_id, thumbnail_name, FileRole.THUMBNAIL, result.thumbnail)
