"""Judges the outputs of a create request, each alone, by the formats and the defaults of the account."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.cluster.views import CreatedJobView, SpecErrorView
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.resolve import resolve_output
from scheduler.store.database import Database
from scheduler.store.format_queries import find_formats
from scheduler.usecases.account_settings import NO_DEFAULTS, PING_SCHEMES, AccountDefaults, read_defaults

#: What an output is, or why it was refused.
Verdict: TypeAlias = OutputSpec | SpecError


def judge_outputs(
    db: Database, account_id: int, outputs: Sequence[OutputRequest], fetch: FetchPolicy | None
) -> list[Verdict]:
    """The verdict on each output of an account, in the request's order.

    What an output leaves out comes from the output format that it names, then from the account's defaults. `fetch`
    None allows no notification to a private address.

    Raises:
        SpecError: there are none.
    """
    if not outputs:
        raise SpecError("outputs", "{outputs} is required: at least one output", code=ErrorCode.PARAMETER_MISSING)
    with db.read() as conn:
        defaults = read_defaults(conn, account_id)
        formats = find_formats(conn, account_id, {output.output_format_id or 0 for output in outputs})
    policy = fetch or FetchPolicy(())
    return [_verdict(output, formats.get(output.output_format_id or 0), policy, defaults) for output in outputs]


def judge_output(
    output: OutputRequest,
    found: OutputFormat | None,
    fetch: FetchPolicy,
    defaults: AccountDefaults = NO_DEFAULTS,
) -> OutputSpec:
    """What an output is, by the output format that it names and the account's defaults.

    Raises:
        SpecError: it can't be made; the member is named.
    """
    spec = _filled(resolve_output(output, found), defaults)
    if spec.ping_url:
        code = ErrorCode.INVALID_PARAMETER_VALUE
        check_url(spec.ping_url, schemes=PING_SCHEMES, policy=fetch, field="ping_url", code=code)
    return spec


def answer_output(output: OutputRequest, verdict: Verdict, job_id: int = 0) -> CreatedJobView:
    """What the client is told of one output."""
    error = None
    if isinstance(verdict, SpecError):
        error = SpecErrorView(code=verdict.code, field=verdict.field, message=verdict.message)
    reference = output.customer_reference_id or ""
    return CreatedJobView(job_id=job_id, customer_reference_id=reference, error=error)


def _verdict(
    output: OutputRequest, found: OutputFormat | None, fetch: FetchPolicy, defaults: AccountDefaults
) -> Verdict:
    try:
        return judge_output(output, found, fetch, defaults)
    except SpecError as error:
        return error


def _filled(spec: OutputSpec, defaults: AccountDefaults) -> OutputSpec:
    """The output with what neither the request nor its format says."""
    return replace(
        spec,
        ping_url=spec.ping_url or defaults.ping_url,
        notification_email=spec.notification_email or defaults.notification_email,
        delivery_location=spec.delivery_location or defaults.delivery_location,
    )
