"""Named queries on ingests, jobs and media."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, select

from reelyard.cluster.work import StoredObject
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB, WAITS_FOR_SOURCES
from scheduler.domain.media import FileRole, MediaState
from scheduler.store.tables import ingests, job_inputs, jobs, media, media_files


def lock_job(conn: Connection, job_id: int) -> Row[Any]:
    """The job, locked."""
    return conn.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one()


def lock_ingest_with_jobs(conn: Connection, ingest_id: int) -> tuple[Row[Any], list[Row[Any]]]:
    """The ingest and the jobs that wait for its medium, locked in this order.

    The other ingests that those jobs wait for are locked too, all by ID before the jobs: when one ends badly, the
    others may end with it.
    """
    its_medium = select(ingests.c.input_media_id).where(ingests.c.id == ingest_id).scalar_subquery()
    waiting = (
        select(job_inputs.c.job_id)
        .join(jobs, jobs.c.id == job_inputs.c.job_id)
        .where(job_inputs.c.media_id == its_medium, jobs.c.state.in_(WAITS_FOR_SOURCES))
    )
    joined = select(job_inputs.c.media_id).where(job_inputs.c.job_id.in_(waiting))
    family = select(ingests).where(
        (ingests.c.id == ingest_id) | (ingests.c.input_media_id.in_(joined) & ingests.c.state.in_(INGEST.active))
    )
    locked = conn.execute(family.order_by(ingests.c.id).with_for_update()).all()
    (ingest,) = (row for row in locked if row.id == ingest_id)
    # Asked again: while the ingest was waited for, a job may have been made that needs it.
    query = select(jobs).where(jobs.c.id.in_(waiting)).order_by(jobs.c.id).with_for_update()
    return ingest, [row for row in conn.execute(query).all() if row.state in WAITS_FOR_SOURCES]


def lock_ingest_of_input(conn: Connection, account_id: int, media_id: int) -> Row[Any] | None:
    """The ingest of an account that makes, or made, this input medium, locked; None when there is none."""
    return lock_ingests_of_inputs(conn, account_id, [media_id]).get(media_id)


def lock_ingests_of_inputs(conn: Connection, account_id: int, media_ids: Iterable[int]) -> Mapping[int, Row[Any]]:
    """The ingests of an account that make, or made, these input media, by medium; locked by ID."""
    query = select(ingests).where(ingests.c.input_media_id.in_(set(media_ids)), ingests.c.account_id == account_id)
    rows = conn.execute(query.order_by(ingests.c.id).with_for_update()).all()
    return {row.input_media_id: row for row in rows}


def lock_unneeded_ingests(conn: Connection, job_ids: Collection[int]) -> list[Row[Any]]:
    """The ingests, locked, that were made for these jobs, have not ended, and that no job needs any more."""
    theirs = select(job_inputs.c.media_id).where(job_inputs.c.job_id.in_(job_ids))
    needed = (
        select(job_inputs.c.media_id)
        .join(jobs, jobs.c.id == job_inputs.c.job_id)
        .where(job_inputs.c.media_id == ingests.c.input_media_id, jobs.c.state.in_(JOB.active))
    )
    query = select(ingests).where(
        ingests.c.input_media_id.in_(theirs), ingests.c.for_jobs, ingests.c.state.in_(INGEST.active), ~exists(needed)
    )
    return list(conn.execute(query.order_by(ingests.c.id).with_for_update()).all())


def find_medium(conn: Connection, media_id: int) -> Row[Any]:
    """A medium that a job or an ingest names."""
    return conn.execute(select(media).where(media.c.id == media_id)).one()


def input_ids(conn: Connection, job_id: int) -> tuple[int, ...]:
    """The media that a job reads, in the order in which they are joined."""
    query = select(job_inputs.c.media_id).where(job_inputs.c.job_id == job_id)
    return tuple(conn.execute(query.order_by(job_inputs.c.position)).scalars())


def inputs_of_jobs(conn: Connection, job_ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    """`input_ids` of several jobs."""
    query = select(job_inputs.c.job_id, job_inputs.c.media_id).where(job_inputs.c.job_id.in_(job_ids))
    found: dict[int, tuple[int, ...]] = {}
    for job_id, media_id in conn.execute(query.order_by(job_inputs.c.job_id, job_inputs.c.position)):
        found[job_id] = (*found.get(job_id, ()), media_id)
    return found


def lacks_input(job_id: int) -> ColumnElement[bool]:
    """Condition: one of the media that the job reads is not there (yet, or any more)."""
    return exists(
        select(job_inputs.c.media_id)
        .join(media, media.c.id == job_inputs.c.media_id)
        .where(job_inputs.c.job_id == job_id, media.c.state != MediaState.AVAILABLE)
    )


def import_shares(conn: Connection, job_ids: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """Of each job, the percents of fetching and of storing over all its inputs, added up, and how many it has."""
    query = (
        select(job_inputs.c.job_id, func.sum(ingests.c.transfer_progress + ingests.c.storing_progress), func.count())
        .join(ingests, ingests.c.input_media_id == job_inputs.c.media_id)
        .where(job_inputs.c.job_id.in_(job_ids))
        .group_by(job_inputs.c.job_id)
    )
    return {job_id: (int(shares), inputs) for job_id, shares, inputs in conn.execute(query)}


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
