"""Create one ingest and one job for each output that is valid."""

import secrets
from collections.abc import Callable

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.cluster.views import CreatedJobsView, CreatedJobView, CreateJobs, SpecErrorView
from reelyard.cluster.wire import from_dict, to_dict
from reelyard.cluster.work import IngestWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.presets import preset
from reelyard.media.resolve import resolve_output
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.media import MEDIA, MediaKind
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.tables import create_requests, ingests, job_inputs, jobs, media
from scheduler.store.task_queries import insert_task
from scheduler.store.transitions import record_creation

#: The schemes that the ingest stage can fetch.
SOURCE_SCHEMES = frozenset({"http", "https"})
PING_SCHEMES = frozenset({"http", "https"})
#: Between several URLs that are to be joined.
JOIN_MARK = "|"
#: Bytes of randomness in the part of a download URL that nobody can guess.
TOKEN_BYTES = 24

#: Finds a preset by its ID; None when there is none.
FindFormat = Callable[[int], OutputFormat | None]


def create_jobs(
    db: Database,
    request: CreateJobs,
    *,
    fetch: FetchPolicy | None = None,
    public_url: str = "",
    find_format: FindFormat = preset,
) -> CreatedJobsView:
    """Accept a request, or those of its outputs that are valid.

    Each output is judged alone. When none is valid nothing is created and the answer's IDs are 0. The same
    `request_id` gets the first answer again, also when both arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a source and a notification may have; None: none.
        public_url: base of the URLs in notifications; "" uses the request's own.
        find_format: the presets.

    Raises:
        SpecError: a member outside the outputs was refused.
    """
    answered = _first_answer(db, request)
    if answered is not None:
        return answered
    policy = fetch or FetchPolicy(())
    _check_source(request, policy)
    judged = [_judge(output, find_format, policy) for output in request.outputs]
    if all(isinstance(verdict, SpecError) for verdict in judged):
        return CreatedJobsView(jobs=tuple(_answer(*pair) for pair in zip(request.outputs, judged, strict=True)))
    base_url = public_url or request.base_url
    try:
        return db.transact(lambda conn: _insert_all(conn, request, judged, base_url))
    except IntegrityError:
        answered = _first_answer(db, request)
        if answered is None:
            raise
        return answered


def _first_answer(db: Database, request: CreateJobs) -> CreatedJobsView | None:
    query = select(create_requests.c.answer).where(
        create_requests.c.account_id == request.account_id, create_requests.c.request_id == request.request_id
    )
    with db.read() as conn:
        answer = conn.execute(query).scalar_one_or_none()
    return None if answer is None else from_dict(CreatedJobsView, answer)


def _check_source(request: CreateJobs, fetch: FetchPolicy) -> None:
    if not request.request_id:
        raise SpecError("request_id", "{request_id} is required", code=ErrorCode.PARAMETER_MISSING)
    if not request.source_url:
        raise SpecError("source_url", "{source_url} is required", code=ErrorCode.PARAMETER_MISSING)
    if not request.outputs:
        raise SpecError("outputs", "{outputs} is required: at least one output", code=ErrorCode.PARAMETER_MISSING)
    if JOIN_MARK in request.source_url:
        raise SpecError(
            "source_url",
            f"{{source_url}} holds '{JOIN_MARK}': joining several sources is not supported yet; give one URL",
        )
    check_url(request.source_url, schemes=SOURCE_SCHEMES, policy=fetch, field="source_url")


def _judge(output: OutputRequest, find_format: FindFormat, fetch: FetchPolicy) -> OutputSpec | SpecError:
    try:
        found = find_format(output.output_format_id) if output.output_format_id else None
        spec = resolve_output(output, found)
        if spec.ping_url:
            code = ErrorCode.INVALID_PARAMETER_VALUE
            check_url(spec.ping_url, schemes=PING_SCHEMES, policy=fetch, field="ping_url", code=code)
    except SpecError as error:
        return error
    return spec


def _answer(output: OutputRequest, verdict: OutputSpec | SpecError, job_id: int = 0) -> CreatedJobView:
    error = None
    if isinstance(verdict, SpecError):
        error = SpecErrorView(code=verdict.code, field=verdict.field, message=verdict.message)
    reference = output.customer_reference_id or ""
    return CreatedJobView(job_id=job_id, customer_reference_id=reference, error=error)


def _insert_all(
    conn: Connection, request: CreateJobs, judged: list[OutputSpec | SpecError], base_url: str
) -> CreatedJobsView:
    source_id = _insert_medium(conn, request.account_id, MediaKind.INPUT)
    ingest_id = _insert_ingest(conn, request, source_id)
    answers = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        job_id = 0
        if isinstance(verdict, OutputSpec):
            job_id = _insert_job(conn, request.account_id, ingest_id, verdict, base_url)
            conn.execute(insert(job_inputs).values(job_id=job_id, position=0, media_id=source_id))
        answers.append(_answer(output, verdict, job_id))
    answer = CreatedJobsView(ingest_id=ingest_id, input_media_id=source_id, jobs=tuple(answers))
    conn.execute(
        insert(create_requests).values(
            account_id=request.account_id,
            request_id=request.request_id,
            answer=to_dict(answer),
            created_ms=now_ms(),
        )
    )
    return answer


def _insert_medium(conn: Connection, account_id: int, kind: MediaKind, *, title: str = "", container: str = "") -> int:
    media_id = new_id(conn, MEDIA.entity)
    conn.execute(
        insert(media).values(
            id=media_id,
            account_id=account_id,
            kind=kind,
            state=MEDIA.initial,
            title=title,
            container=container,
            token=secrets.token_urlsafe(TOKEN_BYTES),
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, MEDIA, media_id, detail=kind)
    return media_id


def _insert_ingest(conn: Connection, request: CreateJobs, source_id: int) -> int:
    ingest_id = new_id(conn, INGEST.entity)
    conn.execute(
        insert(ingests).values(
            id=ingest_id,
            account_id=request.account_id,
            input_media_id=source_id,
            state=INGEST.initial,
            source_url=request.source_url,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, INGEST, ingest_id)
    insert_task(
        conn,
        account_id=request.account_id,
        kind=TaskKind.INGEST,
        queue=Queue.INGEST,
        # The URL may hold credentials: it stays in the ingest's row and is added when a node claims the task.
        work=IngestWork(input_media_id=source_id, source_url=""),
        ingest_id=ingest_id,
    )
    return ingest_id


def _insert_job(conn: Connection, account_id: int, ingest_id: int, spec: OutputSpec, base_url: str) -> int:
    output_id = _insert_medium(conn, account_id, MediaKind.OUTPUT, title=spec.title, container=spec.container)
    job_id = new_id(conn, JOB.entity)
    conn.execute(
        insert(jobs).values(
            id=job_id,
            account_id=account_id,
            ingest_id=ingest_id,
            output_media_id=output_id,
            state=JOB.initial,
            spec=to_dict(spec),
            base_url=base_url,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, JOB, job_id)
    return job_id
