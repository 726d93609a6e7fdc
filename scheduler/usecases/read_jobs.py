"""Encoding jobs as their account sees them."""

from typing import Any

from sqlalchemy import Row, Select, and_, func, select

from reelyard.cluster.views import JobListView, JobView
from reelyard.cluster.wire import from_dict
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from scheduler.domain.job import CANCELLED_MESSAGE, JOB, JobState
from scheduler.domain.media import FileRole
from scheduler.errors import JobNotFoundError
from scheduler.store.database import Database
from scheduler.store.job_queries import input_ids, inputs_of_jobs
from scheduler.store.tables import job_inputs, jobs, media
from scheduler.usecases.media_files import download_path, files_of
from scheduler.usecases.paging import Page

_thumbnail = files_of(FileRole.THUMBNAIL)


def get_job(database: Database, account_id: int, job_id: int) -> JobView:
    """One job, ended or not.

    Raises:
        JobNotFoundError: no such job on this account.
    """
    query = _with_input().where(jobs.c.id == job_id, jobs.c.account_id == account_id)
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
        if row is None:
            raise JobNotFoundError(f"there is no job {job_id} on this account")
        return _view(row, input_ids(conn, job_id))


def list_active_jobs(database: Database, account_id: int, page: Page) -> JobListView:
    """A page of the account's jobs that have not ended, the newest first."""
    # "One of the active", not "none of the ended": so the index finds them among all the ended ones.
    listed = (jobs.c.account_id == account_id, jobs.c.state.in_(JOB.active))
    with database.read() as conn:
        total = conn.execute(select(func.count()).select_from(jobs).where(*listed)).scalar_one()
        shown = page.ids(conn, jobs, *listed)
        rows = conn.execute(_with_input().where(jobs.c.id.in_(shown)).order_by(jobs.c.id.desc())).all()
        inputs = inputs_of_jobs(conn, [row.id for row in rows])
        return JobListView(jobs=tuple(_view(row, inputs.get(row.id, ())) for row in rows), total=total)


def _with_input() -> Select[Any]:
    """Jobs with their first input medium: its thumbnail stands for the job."""
    return select(
        jobs,
        media.c.id.label("input_media_id"),
        media.c.kind.label("input_kind"),
        media.c.token.label("input_token"),
        _thumbnail.c.name.label("thumbnail_name"),
    ).select_from(
        jobs.outerjoin(job_inputs, and_(job_inputs.c.job_id == jobs.c.id, job_inputs.c.position == 0))
        .outerjoin(media, media.c.id == job_inputs.c.media_id)
        .outerjoin(_thumbnail, and_(_thumbnail.c.media_id == media.c.id, _thumbnail.c.role == FileRole.THUMBNAIL))
    )


def _view(row: Row[Any], inputs: tuple[int, ...]) -> JobView:
    spec = from_dict(OutputSpec, row.spec)
    thumbnail = row.thumbnail_name and download_path(
        row.input_kind, row.input_media_id, row.input_token, row.thumbnail_name
    )
    return JobView(
        job_id=row.id,
        ingest_id=row.ingest_id or 0,
        input_media_id=row.input_media_id or 0,
        output_media_id=row.output_media_id,
        title=spec.title,
        customer_reference_id=spec.customer_reference_id,
        status=row.state,
        importing_progress=row.importing_progress,
        encoding_progress=row.encoding_progress,
        storing_progress=row.storing_progress,
        distribution_progress=row.distribution_progress,
        error_code=ErrorCode.CANCELLED if row.state == JobState.CANCELLED else row.error_code,
        error_message=CANCELLED_MESSAGE if row.state == JobState.CANCELLED else row.error_message,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        started_ms=row.started_ms or 0,
        thumbnail_path=thumbnail or "",
        input_media_ids=inputs,
        adjustments=() if row.plan is None else from_dict(EncodePlan, row.plan).adjustments,
    )
