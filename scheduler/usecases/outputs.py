"""Judges the outputs of a create request, each alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedJobView, SpecErrorView
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.resolve import resolve_output
from scheduler.usecases.receivers import check_mail_is_sent, check_ping_target

#: Finds a preset by its ID; None when there is none.
FindFormat: TypeAlias = Callable[[int], OutputFormat | None]

#: What an output is, or why it was refused.
Verdict: TypeAlias = OutputSpec | SpecError


def judge_outputs(
    outputs: Sequence[OutputRequest], find_format: FindFormat, fetch: FetchPolicy | None, *, sends_mail: bool
) -> list[Verdict]:
    """The verdict on each output, in the request's order; `fetch` None allows no notification to a private address.

    Without `sends_mail` an output that asks for a mail is refused, and a format's own address is dropped.

    Raises:
        SpecError: there are none.
    """
    if not outputs:
        raise SpecError("outputs", "{outputs} is required: at least one output", code=ErrorCode.PARAMETER_MISSING)
    policy = fetch or FetchPolicy(())
    return [_judge(output, find_format, policy, sends_mail=sends_mail) for output in outputs]


def answer_output(output: OutputRequest, verdict: Verdict, job_id: int = 0) -> CreatedJobView:
    """What the client is told of one output."""
    error = None
    if isinstance(verdict, SpecError):
        error = SpecErrorView(code=verdict.code, field=verdict.field, message=verdict.message)
    reference = output.customer_reference_id or ""
    return CreatedJobView(job_id=job_id, customer_reference_id=reference, error=error)


def _judge(output: OutputRequest, find_format: FindFormat, fetch: FetchPolicy, *, sends_mail: bool) -> Verdict:
    try:
        found = find_format(output.output_format_id) if output.output_format_id else None
        spec = resolve_output(output, found)
        check_ping_target(spec.ping_url, fetch)
        check_mail_is_sent(output.notification_email, sends_mail=sends_mail)
    except SpecError as error:
        return error
    return spec if sends_mail else replace(spec, notification_email="")
