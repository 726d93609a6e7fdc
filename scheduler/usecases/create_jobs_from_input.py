"""Create a job for each valid output of an input medium that is there already, or on its way."""

from typing import Any

from sqlalchemy import Connection, Row, select

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedJobsView, CreatedJobView, CreateJobsFromInput
from reelyard.cluster.wire import from_dict
from reelyard.cluster.work import StoredObject
from reelyard.media.errors import SpecError, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from reelyard.media.presets import preset
from scheduler.domain.ingest import IngestState
from scheduler.domain.job import JOB, JobEvent
from scheduler.domain.media import FileRole, MediaState
from scheduler.domain.placement import encoders_of_gpu_nodes
from scheduler.errors import MediaExpiredError, MediaNotFoundError
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.job_queries import find_medium, lock_ingest_of_input, lock_job
from scheduler.store.node_queries import present_nodes
from scheduler.store.tables import media_files
from scheduler.store.transitions import transition
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.begin_encode import Source, begin_encode
from scheduler.usecases.new_rows import insert_job
from scheduler.usecases.outputs import FindFormat, Verdict, answer_output, judge_outputs


def create_jobs_from_input(
    db: Database,
    request: CreateJobsFromInput,
    *,
    fetch: FetchPolicy | None = None,
    public_url: str = "",
    find_format: FindFormat = preset,
) -> CreatedJobsView:
    """Accept a request, or those of its outputs that are valid.

    Each output is judged alone, by what is known of the input: one that can't be made of an input that is there is
    refused at once; while the input is still being fetched, its job waits for it and fails then. When no output is
    valid nothing is created. The same `request_id` gets the first answer again, also when both arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a notification may have; None: none.
        public_url: base of the URLs in notifications; "" uses the request's own.
        find_format: the presets.

    Raises:
        SpecError: a member outside the outputs was refused.
        MediaNotFoundError: no such input medium on this account, or one that never came to be.
        MediaExpiredError: its bytes are gone.
    """
    answered = first_answer(db, request, CreatedJobsView)
    if answered is not None:
        return answered
    judged = judge_outputs(request.outputs, find_format, fetch, db)
    base_url = public_url or request.base_url
    return create_once(db, request, CreatedJobsView, lambda conn: _create(conn, request, judged, base_url))


def _create(conn: Connection, request: CreateJobsFromInput, judged: list[Verdict], base_url: str) -> CreatedJobsView:
    # The lock keeps the ingest from ending, and its medium from being deleted, until the jobs are there.
    ingest = lock_ingest_of_input(conn, request.account_id, request.input_media_id)
    medium = None if ingest is None else find_medium(conn, request.input_media_id)
    if ingest is None or medium is None or medium.state == MediaState.FAILED:
        raise MediaNotFoundError(f"there is no input media {request.input_media_id} on this account")
    if medium.state in (MediaState.EXPIRED, MediaState.DELETED):
        raise MediaExpiredError(f"input media {medium.id} is {medium.state}; its file is gone")
    if medium.state == MediaState.AVAILABLE:
        views = _encode_now(conn, request, judged, medium, base_url)
        return CreatedJobsView(input_media_id=medium.id, jobs=views)
    views = _wait_for(conn, request, judged, ingest, base_url)
    waited_for = ingest.id if any(view.job_id for view in views) else 0
    return CreatedJobsView(ingest_id=waited_for, input_media_id=medium.id, jobs=views)


def _encode_now(
    conn: Connection, request: CreateJobsFromInput, judged: list[Verdict], medium: Row[Any], base_url: str
) -> tuple[CreatedJobView, ...]:
    source = _source_of(conn, medium)
    hardware = encoders_of_gpu_nodes(present_nodes(conn), read_now(conn))
    views = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        planned = _plan(verdict, source, hardware)
        if isinstance(planned, SpecError):
            views.append(answer_output(output, planned))
            continue
        spec, plan = planned
        job_id = insert_job(conn, request.account_id, spec, source_id=medium.id, ingest_id=None, base_url=base_url)
        begin_encode(conn, lock_job(conn, job_id), source, plan)
        views.append(answer_output(output, spec, job_id))
    return tuple(views)


def _plan(verdict: Verdict, source: Source, hardware: frozenset[str]) -> tuple[OutputSpec, EncodePlan] | SpecError:
    if isinstance(verdict, SpecError):
        return verdict
    try:
        return verdict, plan_output(verdict, [source.info], hardware_encoders=hardware)
    except WorkError as error:
        return SpecError("", error.message, code=error.code)


def _wait_for(
    conn: Connection, request: CreateJobsFromInput, judged: list[Verdict], ingest: Row[Any], base_url: str
) -> tuple[CreatedJobView, ...]:
    """Jobs as if they had been created together with the ingest."""
    views = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        job_id = 0
        if isinstance(verdict, OutputSpec):
            source_id = request.input_media_id
            job_id = insert_job(
                conn, request.account_id, verdict, source_id=source_id, ingest_id=ingest.id, base_url=base_url
            )
            if ingest.state != IngestState.QUEUED:
                transition(conn, JOB, lock_job(conn, job_id), JobEvent.START, started_ms=now_ms())
        views.append(answer_output(output, verdict, job_id))
    return tuple(views)


def _source_of(conn: Connection, medium: Row[Any]) -> Source:
    (primary,) = conn.execute(
        select(media_files).where(media_files.c.media_id == medium.id, media_files.c.role == FileRole.PRIMARY)
    )
    stored = StoredObject(
        key=primary.key, size_bytes=primary.size_bytes, sha256=primary.sha256, mime_type=primary.mime_type
    )
    return Source(stored=stored, info=from_dict(MediaInfo, medium.info), filename=medium.filename)
