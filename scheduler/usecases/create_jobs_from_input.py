"""Create a job for each valid output of input media that are there already, or on their way."""

from collections.abc import Sequence

from sqlalchemy import Connection

from reelyard.cluster.tracing import traced
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedJobsView, CreatedJobView, CreateJobsFromInput
from reelyard.media.errors import SpecError, WorkError
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from scheduler.domain.ingest import INGEST, IngestState
from scheduler.domain.job import JOB, JobEvent
from scheduler.domain.media import GONE, MediaState
from scheduler.domain.policy import DEFAULT_POLICY, Policy
from scheduler.errors import MediaExpiredError, MediaNotFoundError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.job_queries import find_medium, lock_ingests_of_inputs, lock_job
from scheduler.store.transitions import transition
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.begin_encode import Source, begin_encode, sources_of_media
from scheduler.usecases.hardware import hardware_encoders
from scheduler.usecases.import_progress import show_import_progress
from scheduler.usecases.new_rows import JobInputs, insert_job
from scheduler.usecases.outputs import Verdict, answer_output, judge_outputs
from scheduler.usecases.sources import check_input_count


@traced("create jobs")
def create_jobs_from_input(
    db: Database,
    request: CreateJobsFromInput,
    *,
    fetch: FetchPolicy | None = None,
    public_url: str = "",
    sends_mail: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> CreatedJobsView:
    """Accept a request, or those of its outputs that are valid.

    Several inputs are joined in every output. Each output is judged alone, by what is known of the inputs: one that
    can't be made of inputs that are all there is refused at once; while one of them is still being fetched, its job
    waits for it and fails then. When no output is valid nothing is created. The same `request_id` gets the first answer
    again, also when both arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a notification may have; None: none.
        public_url: base of the URLs in notifications; "" uses the request's own.
        sends_mail: whether there is a mail server.
        policy: the encoders of pools that may be at zero.

    Raises:
        SpecError: a member outside the outputs was refused.
        MediaNotFoundError: no such input medium on this account, or one that never came to be.
        MediaExpiredError: its bytes are gone.
    """
    answered = first_answer(db, request, CreatedJobsView)
    if answered is not None:
        return answered
    media_ids = _media_ids(request)
    judged = judge_outputs(
        db, request.account_id, request.outputs, fetch, inputs=len(media_ids), sends_mail=sends_mail, policy=policy
    )
    base_url = public_url or request.base_url
    return create_once(
        db,
        request,
        CreatedJobsView,
        lambda conn: _create(conn, request, judged, policy, base_url),
        is_made=_made_a_job,
    )


def _made_a_job(answer: CreatedJobsView) -> bool:
    return any(view.job_id for view in answer.jobs)


def _create(
    conn: Connection, request: CreateJobsFromInput, judged: list[Verdict], policy: Policy, base_url: str
) -> CreatedJobsView:
    media_ids = _media_ids(request)
    # The locks keep the ingests from ending, and their media from being deleted, until the jobs are there.
    ingests = lock_ingests_of_inputs(conn, request.account_id, media_ids)
    for media_id in media_ids:
        _check_input(conn, media_id, known=media_id in ingests)
    open_ingests = [ingests[media_id] for media_id in media_ids if ingests[media_id].state in INGEST.active]
    if open_ingests:
        inputs = JobInputs(media_ids=media_ids, ingest_id=open_ingests[0].id)
        started = any(ingest.state != IngestState.QUEUED for ingest in open_ingests)
        views = _wait_for(conn, request, judged, inputs, started=started, base_url=base_url)
    else:
        views = _encode_now(conn, request, judged, policy, base_url)
    waited_for = open_ingests[0].id if open_ingests and any(view.job_id for view in views) else 0
    return CreatedJobsView(ingest_id=waited_for, input_media_id=media_ids[0], input_media_ids=media_ids, jobs=views)


def _check_input(conn: Connection, media_id: int, *, known: bool) -> None:
    medium = find_medium(conn, media_id) if known else None
    if medium is None or medium.state == MediaState.FAILED:
        raise MediaNotFoundError(f"there is no input media {media_id} on this account")
    if medium.state in GONE:
        raise MediaExpiredError(f"input media {medium.id} is {medium.state}; its file is gone")


def _encode_now(
    conn: Connection, request: CreateJobsFromInput, judged: list[Verdict], policy: Policy, base_url: str
) -> tuple[CreatedJobView, ...]:
    """Jobs that are planned before they are made, so that one that can't be made is refused."""
    media_ids = _media_ids(request)
    sources = sources_of_media(conn, media_ids)
    if sources is None:
        raise MediaNotFoundError(f"the files of input media {', '.join(map(str, media_ids))} are not all there")
    hardware = hardware_encoders(conn, policy)
    views = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        planned = _plan(verdict, sources, hardware)
        if isinstance(planned, SpecError):
            views.append(answer_output(output, planned))
            continue
        spec, plan = planned
        job_id = insert_job(conn, request.account_id, spec, JobInputs(media_ids=media_ids), base_url=base_url)
        if not spec.overlay_image_url:  # else the overlay task, when it is done, has it planned again
            begin_encode(conn, lock_job(conn, job_id), sources, plan, policy)
        views.append(answer_output(output, spec, job_id))
    return tuple(views)


def _plan(
    verdict: Verdict, sources: Sequence[Source], hardware: frozenset[str]
) -> tuple[OutputSpec, EncodePlan] | SpecError:
    if isinstance(verdict, SpecError):
        return verdict
    try:
        return verdict, plan_output(verdict, [each.info for each in sources], hardware_encoders=hardware)
    except WorkError as error:
        return SpecError("", error.message, code=error.code)


def _wait_for(
    conn: Connection,
    request: CreateJobsFromInput,
    judged: list[Verdict],
    inputs: JobInputs,
    *,
    started: bool,
    base_url: str,
) -> tuple[CreatedJobView, ...]:
    """Jobs as if they had been created together with the ingests."""
    views = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        job_id = 0
        if isinstance(verdict, OutputSpec):
            job_id = insert_job(conn, request.account_id, verdict, inputs, base_url=base_url)
            job = lock_job(conn, job_id)
            show_import_progress(conn, [job])
            if started:
                transition(conn, JOB, job, JobEvent.START, started_ms=now_ms())
        views.append(answer_output(output, verdict, job_id))
    return tuple(views)


def _media_ids(request: CreateJobsFromInput) -> tuple[int, ...]:
    media_ids = request.input_media_ids or (request.input_media_id,)
    check_input_count("input_media_id", len(media_ids))
    return media_ids
