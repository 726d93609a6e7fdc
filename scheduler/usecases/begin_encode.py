"""A job's step from its stored source to its encode task, within a caller's transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.cluster.work import EncodeSource, EncodeWork, Queue, StoredObject, TaskKind
from reelyard.media.filenames import output_filename
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import queue_is_gpu
from scheduler.domain.job import JOB, JobEvent
from scheduler.store.tables import media
from scheduler.store.task_queries import insert_task
from scheduler.store.transitions import transition


@dataclass(frozen=True, kw_only=True)
class Source:
    """A stored source and what the probe found in it."""

    stored: StoredObject
    info: MediaInfo
    filename: str


def begin_encode(conn: Connection, job: Row[Any], source: Source, plan: EncodePlan) -> None:
    """Record the plan of a job, name its output and make its encode task.

    Raises:
        ConflictError: the job is past that.
    """
    spec = from_dict(OutputSpec, job.spec)
    transition(conn, JOB, job, JobEvent.PLAN, importing_progress=100, plan=to_dict(plan))
    name = output_filename(job.output_media_id, source.filename, spec.container, spec.new_filename)
    conn.execute(media.update().where(media.c.id == job.output_media_id).values(filename=name))
    # One task for the whole output. Chunks will be further tasks of the same kind, told apart by `part`.
    insert_task(
        conn,
        account_id=job.account_id,
        kind=TaskKind.ENCODE,
        queue=Queue.ENCODE_GPU if queue_is_gpu(plan) else Queue.ENCODE_CPU,
        work=EncodeWork(plan=plan, sources=(EncodeSource(object=source.stored, info=source.info),)),
        job_id=job.id,
    )
