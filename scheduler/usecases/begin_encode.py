"""A job's step from its stored sources to its encode task, within a caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.cluster.work import EncodeSource, EncodeWork, OverlayResult, Queue, StoredObject, TaskKind
from reelyard.media.errors import WorkError
from reelyard.media.filenames import output_filename
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output, queue_is_gpu
from scheduler.domain.job import JOB, JobEvent
from scheduler.domain.media import FileRole, MediaState
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskState
from scheduler.store.job_queries import lacks_input
from scheduler.store.tables import job_inputs, media, media_files, tasks
from scheduler.store.task_queries import place_task, tasks_of_job
from scheduler.store.transitions import transition
from scheduler.usecases.endings import fail_job
from scheduler.usecases.hardware import why_not_hardware


@dataclass(frozen=True, kw_only=True)
class Source:
    """A stored source and what the probe found in it."""

    stored: StoredObject
    info: MediaInfo
    filename: str


def plan_when_ready(conn: Connection, job: Row[Any], hardware: frozenset[str], policy: Policy) -> None:
    """Plan a job if all that it waits for is there; one that can't be made of its sources fails.

    The last of its ingests and its overlay task finds everything there. The job is locked, so exactly one is the last:
    who locks it later sees what the others have committed.

    Args:
        conn: a writing transaction.
        job: locked, and waiting for its sources.
        hardware: the encoders that a task in the GPU queue would find.
        policy: when to clean up.
    """
    sources = stored_sources(conn, job.id)
    if sources is None or _waits_for_overlay(conn, job.id):
        return
    try:
        plan = plan_output(from_dict(OutputSpec, job.spec), [each.info for each in sources], hardware_encoders=hardware)
    except WorkError as error:
        fail_job(conn, job, error.code, error.message, policy)
        return
    begin_encode(conn, job, sources, plan, policy)


def stored_sources(conn: Connection, job_id: int) -> tuple[Source, ...] | None:
    """What the job reads, in the order in which it is joined; None while some of it is not there."""
    query = select(job_inputs.c.media_id).where(job_inputs.c.job_id == job_id).order_by(job_inputs.c.position)
    return sources_of_media(conn, list(conn.execute(query).scalars()))


def sources_of_media(conn: Connection, media_ids: Sequence[int]) -> tuple[Source, ...] | None:
    """These media as sources, in the order given; None while one of them is not there."""
    query = (
        select(media.c.id, media.c.info, media.c.filename, media_files.c.key, media_files.c.size_bytes)
        .add_columns(media_files.c.sha256, media_files.c.mime_type)
        .join(media_files, media_files.c.media_id == media.c.id)
        .where(media.c.id.in_(set(media_ids)), media.c.state == MediaState.AVAILABLE)
        .where(media_files.c.role == FileRole.PRIMARY)
    )
    found = {row.id: row for row in conn.execute(query)}
    if not all(media_id in found for media_id in media_ids):
        return None
    return tuple(_source(found[media_id]) for media_id in media_ids)


def begin_encode(conn: Connection, job: Row[Any], sources: Sequence[Source], plan: EncodePlan, policy: Policy) -> None:
    """Record the plan of a job, name its output and make its encode task.

    The task's event says so when the CPU has it because the GPU's pool of `policy` did not come.

    Raises:
        ConflictError: the job is past that, or not all that it waits for is there.
    """
    spec = from_dict(OutputSpec, job.spec)
    ready = (~lacks_input(job.id), ~_overlay_is_open(job.id))
    transition(conn, JOB, job, JobEvent.PLAN, *ready, importing_progress=100, plan=to_dict(plan))
    name = output_filename(job.output_media_id, sources[0].filename, spec.container, spec.new_filename)
    conn.execute(media.update().where(media.c.id == job.output_media_id).values(filename=name))
    # One task for the whole output. Chunks will be further tasks of the same kind, told apart by `part`.
    place_task(
        conn,
        account_id=job.account_id,
        kind=TaskKind.ENCODE,
        queue=Queue.ENCODE_GPU if queue_is_gpu(plan) else Queue.ENCODE_CPU,
        work=EncodeWork(
            plan=plan,
            sources=tuple(EncodeSource(object=each.stored, info=each.info) for each in sources),
            overlay=_overlay(conn, job.id),
        ),
        job_id=job.id,
        why=why_not_hardware(conn, plan, policy),
    )


def _source(row: Row[Any]) -> Source:
    stored = StoredObject(key=row.key, size_bytes=row.size_bytes, sha256=row.sha256, mime_type=row.mime_type)
    return Source(stored=stored, info=from_dict(MediaInfo, row.info), filename=row.filename)


def _overlay(conn: Connection, job_id: int) -> StoredObject | None:
    """The stored overlay image of the job; None where it has none."""
    for task in tasks_of_job(conn, job_id, [TaskKind.OVERLAY]):
        return from_dict(OverlayResult, task.result).image
    return None


def _waits_for_overlay(conn: Connection, job_id: int) -> bool:
    return bool(conn.execute(select(_overlay_is_open(job_id))).scalar_one())


def _overlay_is_open(job_id: int) -> Any:
    """Condition: the job has an overlay image that is not there."""
    return exists(
        select(tasks.c.id).where(
            tasks.c.job_id == job_id, tasks.c.kind == TaskKind.OVERLAY, tasks.c.state != TaskState.DONE
        )
    )
