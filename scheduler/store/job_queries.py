"""Named queries on ingests, jobs and media."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from reelyard.cluster.work import StoredObject
from scheduler.domain.job import JOB
from scheduler.domain.media import FileRole
from scheduler.store.tables import ingests, job_inputs, jobs, media, media_files


def lock_job(conn: Connection, job_id: int) -> Row[Any]:
    """The job, locked."""
    return conn.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one()


def lock_ingest_with_jobs(conn: Connection, ingest_id: int) -> tuple[Row[Any], list[Row[Any]]]:
    """The ingest and its jobs, locked in this order."""
    ingest = conn.execute(select(ingests).where(ingests.c.id == ingest_id).with_for_update()).one()
    query = select(jobs).where(jobs.c.ingest_id == ingest_id).order_by(jobs.c.id).with_for_update()
    return ingest, list(conn.execute(query).all())


def lock_ingest_of_input(conn: Connection, account_id: int, media_id: int) -> Row[Any] | None:
    """The ingest of an account that makes, or made, this input medium, locked; None when there is none."""
    query = select(ingests).where(ingests.c.input_media_id == media_id, ingests.c.account_id == account_id)
    return conn.execute(query.with_for_update()).one_or_none()


def find_medium(conn: Connection, media_id: int) -> Row[Any]:
    """A medium that a job or an ingest names."""
    return conn.execute(select(media).where(media.c.id == media_id)).one()


def first_input_id(conn: Connection, job_id: int) -> int:
    """The medium that a job reads first."""
    query = select(job_inputs.c.media_id).where(job_inputs.c.job_id == job_id)
    return int(conn.execute(query.order_by(job_inputs.c.position).limit(1)).scalar_one())


def active_job_of_input(conn: Connection, media_id: int) -> int:
    """The oldest job that has not ended and reads this medium; 0 when there is none."""
    query = (
        select(jobs.c.id)
        .join(job_inputs, job_inputs.c.job_id == jobs.c.id)
        .where(job_inputs.c.media_id == media_id, jobs.c.state.in_(JOB.active))
    )
    return conn.execute(query.order_by(jobs.c.id).limit(1)).scalar_one_or_none() or 0


def stored_keys(conn: Connection, media_id: int) -> tuple[str, ...]:
    """The object keys that a medium's record points to."""
    query = select(media_files.c.key).where(media_files.c.media_id == media_id).order_by(media_files.c.key)
    return tuple(conn.execute(query).scalars())


def insert_media_file(conn: Connection, media_id: int, name: str, role: FileRole, stored: StoredObject) -> None:
    """Point a medium to a stored object: from here on it is visible."""
    conn.execute(
        insert(media_files).values(
            media_id=media_id,
            name=name,
            role=role,
            key=stored.key,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            mime_type=stored.mime_type,
        )
    )


def find_media_file(conn: Connection, media_id: int, role: FileRole) -> Row[Any] | None:
    """The stored file of a medium that has this role."""
    query = select(media_files).where(media_files.c.media_id == media_id, media_files.c.role == role)
    return conn.execute(query).one_or_none()
