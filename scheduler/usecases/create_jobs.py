"""Create an ingest for each source and one job for each output that is valid."""

from collections.abc import Sequence

from sqlalchemy import Connection

from reelyard.cluster.tracing import traced
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedJobsView, CreateJobs
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputSpec
from scheduler.domain.policy import DEFAULT_POLICY, Policy
from scheduler.store.database import Database
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.new_rows import insert_ingests, insert_job
from scheduler.usecases.outputs import Verdict, answer_output, judge_outputs
from scheduler.usecases.sources import check_joined_urls


@traced("create jobs")
def create_jobs(
    db: Database,
    request: CreateJobs,
    *,
    fetch: FetchPolicy | None = None,
    public_url: str = "",
    sends_mail: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> CreatedJobsView:
    """Accept a request, or those of its outputs that are valid.

    Several sources are fetched in parallel and joined in every output. Each output is judged alone. When none is valid
    nothing is created and the answer's IDs are 0. The same `request_id` gets the first answer again, also when both
    arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a source and a notification may have; None: none.
        public_url: base of the URLs in notifications; "" uses the request's own.
        sends_mail: whether there is a mail server.
        policy: the encoders of pools that may be at zero.

    Raises:
        SpecError: a member outside the outputs was refused.
    """
    answered = first_answer(db, request, CreatedJobsView)
    if answered is not None:
        return answered
    urls = check_joined_urls(request.source_url, fetch)
    judged = judge_outputs(
        db, request.account_id, request.outputs, fetch, inputs=len(urls), sends_mail=sends_mail, policy=policy
    )
    if all(isinstance(verdict, SpecError) for verdict in judged):
        return CreatedJobsView(jobs=tuple(answer_output(*pair) for pair in zip(request.outputs, judged, strict=True)))
    base_url = public_url or request.base_url
    return create_once(db, request, CreatedJobsView, lambda conn: _insert_all(conn, request, urls, judged, base_url))


def _insert_all(
    conn: Connection, request: CreateJobs, urls: Sequence[str], judged: list[Verdict], base_url: str
) -> CreatedJobsView:
    inputs = insert_ingests(conn, request.account_id, urls, base_url=base_url)
    answers = []
    for output, verdict in zip(request.outputs, judged, strict=True):
        job_id = 0
        if isinstance(verdict, OutputSpec):
            job_id = insert_job(conn, request.account_id, verdict, inputs, base_url=base_url)
        answers.append(answer_output(output, verdict, job_id))
    return CreatedJobsView(
        ingest_id=inputs.ingest_id or 0,
        input_media_id=inputs.media_ids[0],
        input_media_ids=inputs.media_ids,
        jobs=tuple(answers),
    )
