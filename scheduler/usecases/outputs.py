"""Judges the outputs of a create request, each alone."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.cluster.views import CreatedJobView, SpecErrorView
from reelyard.media.availability import check_available, scarce_codecs
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.resolve import resolve_output
from scheduler.store.database import Database
from scheduler.store.node_queries import present_nodes

#: The schemes of a notification, and of an image that is laid over the picture.
WEB_SCHEMES = frozenset({"http", "https"})

#: Finds a preset by its ID; None when there is none.
FindFormat: TypeAlias = Callable[[int], OutputFormat | None]

#: What an output is, or why it was refused.
Verdict: TypeAlias = OutputSpec | SpecError


def judge_outputs(
    outputs: Sequence[OutputRequest], find_format: FindFormat, fetch: FetchPolicy | None, db: Database
) -> list[Verdict]:
    """The verdict on each output, in the request's order; `fetch` None allows no notification to a private address.

    A codec whose encoders are scarce is refused unless a node that is present has one; `db` knows them.

    Raises:
        SpecError: there are none.
    """
    if not outputs:
        raise SpecError("outputs", "{outputs} is required: at least one output", code=ErrorCode.PARAMETER_MISSING)
    policy = fetch or FetchPolicy(())
    verdicts = [_judge(output, find_format, policy) for output in outputs]
    if not any(isinstance(verdict, OutputSpec) and scarce_codecs(verdict) for verdict in verdicts):
        return verdicts
    with db.read() as conn:
        present = frozenset[str]().union(*(node.encoders for node in present_nodes(conn)))
    return [_if_available(verdict, present) for verdict in verdicts]


def answer_output(output: OutputRequest, verdict: Verdict, job_id: int = 0) -> CreatedJobView:
    """What the client is told of one output."""
    error = None
    if isinstance(verdict, SpecError):
        error = SpecErrorView(code=verdict.code, field=verdict.field, message=verdict.message)
    reference = output.customer_reference_id or ""
    return CreatedJobView(job_id=job_id, customer_reference_id=reference, error=error)


def _judge(output: OutputRequest, find_format: FindFormat, fetch: FetchPolicy) -> Verdict:
    try:
        found = find_format(output.output_format_id) if output.output_format_id else None
        spec = resolve_output(output, found)
        for field, url in (("ping_url", spec.ping_url), ("overlay_image_url", spec.overlay_image_url)):
            if url:
                code = ErrorCode.INVALID_PARAMETER_VALUE
                check_url(url, schemes=WEB_SCHEMES, policy=fetch, field=field, code=code)
    except SpecError as error:
        return error
    return spec


def _if_available(verdict: Verdict, encoders: frozenset[str]) -> Verdict:
    if isinstance(verdict, SpecError):
        return verdict
    try:
        check_available(verdict, encoders)
    except SpecError as error:
        return error
    return verdict
