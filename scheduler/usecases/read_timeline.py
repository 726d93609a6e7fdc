"""What happened to a job, from its creation to its end, in the order of time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.media import MEDIA
from scheduler.domain.task import TASK
from scheduler.errors import JobNotFoundError
from scheduler.store.database import Database
from scheduler.store.tables import attempts, events, ingests, job_inputs, jobs, media, tasks


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing that happened, and to what: `subject` is "job 12", "encode task 15", "input media 9"."""

    at_ms: int
    subject: str
    what: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A job with all that happened to it and to what it is made of."""

    job_id: int
    account_id: int
    state: str
    error_code: str
    error_message: str
    created_ms: int
    request_id: str
    moments: tuple[Moment, ...]


def read_timeline(database: Database, job_id: int) -> Timeline:
    """The time line of a job of any account; no URL and no secret is in it.

    Raises:
        JobNotFoundError: there is no such job.
    """
    with database.read() as conn:
        job = conn.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        if job is None:
            raise JobNotFoundError(f"there is no job {job_id}")
        subjects = _subjects(conn, job)
        moments = [*_events(conn, subjects), *_attempts(conn, subjects)]
    return Timeline(
        job_id=job.id,
        account_id=job.account_id,
        state=job.state,
        error_code=job.error_code,
        error_message=job.error_message,
        created_ms=job.created_ms,
        request_id=job.request_id,
        moments=tuple(sorted(moments, key=lambda moment: moment.at_ms)),
    )


def _subjects(conn: Connection, job: Row[Any]) -> dict[tuple[str, int], str]:
    """The job, its media, the ingests of its inputs and the tasks of all of them, each with its name for people."""
    inputs = list(conn.execute(select(job_inputs.c.media_id).where(job_inputs.c.job_id == job.id)).scalars())
    fetching = list(conn.execute(select(ingests.c.id).where(ingests.c.input_media_id.in_(inputs))).scalars())
    subjects = {(JOB.entity, job.id): f"job {job.id}"}
    for row in conn.execute(select(media).where(media.c.id.in_([*inputs, job.output_media_id]))):
        subjects[MEDIA.entity, row.id] = f"{row.kind} media {row.id}"
    subjects |= {(INGEST.entity, each): f"ingest {each}" for each in fetching}
    for row in conn.execute(select(tasks).where(or_(tasks.c.job_id == job.id, tasks.c.ingest_id.in_(fetching)))):
        part = f" part {row.part}" if row.part else ""
        subjects[TASK.entity, row.id] = f"{row.kind} task {row.id}{part}"
    return subjects


def _events(conn: Connection, subjects: dict[tuple[str, int], str]) -> list[Moment]:
    mine = or_(*(and_(events.c.entity == entity, events.c.entity_id == of) for entity, of in subjects))
    query = select(events).where(mine).order_by(events.c.id)
    return [
        Moment(
            at_ms=row.at_ms,
            subject=subjects[row.entity, row.entity_id],
            what=f"{row.event}: {row.to_state}",
            detail=row.detail,
        )
        for row in conn.execute(query)
    ]


def _attempts(conn: Connection, subjects: dict[tuple[str, int], str]) -> list[Moment]:
    """How attempts ended that did not bring a result; those that did are told by their events."""
    of_tasks = [of for entity, of in subjects if entity == TASK.entity]
    ended = (attempts.c.ended_ms.is_not(None), attempts.c.outcome != "done")
    query = select(attempts).where(attempts.c.task_id.in_(of_tasks), *ended)
    return [
        Moment(
            at_ms=row.ended_ms,
            subject=subjects[TASK.entity, row.task_id],
            what=f"attempt {row.attempt} on {row.node_name} {row.outcome}",
            detail=f"{row.error_code}: {row.error_message}" if row.error_code else "",
        )
        for row in conn.execute(query)
    ]
