"""Judges the outputs of a create request, each alone, by the formats and the defaults of the account."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedJobView, SpecErrorView
from reelyard.cluster.work import Queue
from reelyard.media.availability import check_available, scarce_codecs
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.joining import check_joinable
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.resolve import resolve_output
from scheduler.domain.policy import DEFAULT_POLICY, Policy
from scheduler.store.database import Database
from scheduler.store.format_queries import find_formats
from scheduler.store.node_queries import present_nodes
from scheduler.usecases.account_settings import NO_DEFAULTS, AccountDefaults, read_defaults
from scheduler.usecases.location_addresses import check_location
from scheduler.usecases.receivers import check_allowed_url, check_mail_is_sent

#: What an output is, or why it was refused.
Verdict: TypeAlias = OutputSpec | SpecError


def judge_outputs(
    db: Database,
    account_id: int,
    outputs: Sequence[OutputRequest],
    fetch: FetchPolicy | None,
    *,
    inputs: int,
    sends_mail: bool,
    policy: Policy = DEFAULT_POLICY,
) -> list[Verdict]:
    """The verdict on each output of an account, in the request's order.

    What an output leaves out comes from the output format that it names, then from the account's defaults. `fetch`
    None allows no notification and no delivery to a private address. `inputs` is how many are joined in each output.

    Without `sends_mail` an output that asks for a mail is refused, and a format's own address is dropped.

    A codec whose encoders are scarce is refused unless a node that is present has one, as the database knows, or the
    pool of encode.cpu would bring one, as `policy` does.

    Raises:
        SpecError: there are none.
    """
    if not outputs:
        raise SpecError("outputs", "{outputs} is required: at least one output", code=ErrorCode.PARAMETER_MISSING)
    with db.read() as conn:
        defaults = read_defaults(conn, account_id)
        formats = find_formats(conn, account_id, {output.output_format_id or 0 for output in outputs})
    places = fetch or FetchPolicy(())
    verdicts = [
        _verdict(output, formats.get(output.output_format_id or 0), places, defaults, sends_mail=sends_mail)
        for output in outputs
    ]
    if inputs > 1:
        verdicts = [_if_joinable(verdict) for verdict in verdicts]
    if not any(isinstance(verdict, OutputSpec) and scarce_codecs(verdict) for verdict in verdicts):
        return verdicts
    with db.read() as conn:
        present = frozenset[str]().union(*(node.encoders for node in present_nodes(conn)))
    present |= policy.pool_encoders.get(Queue.ENCODE_CPU, frozenset())
    return [_if_available(verdict, present) for verdict in verdicts]


def judge_output(
    output: OutputRequest,
    found: OutputFormat | None,
    fetch: FetchPolicy,
    defaults: AccountDefaults = NO_DEFAULTS,
    *,
    sends_mail: bool,
) -> OutputSpec:
    """What an output is, by the output format that it names and the account's defaults.

    Raises:
        SpecError: it can't be made; the member is named.
    """
    spec = _filled(resolve_output(output, found), defaults)
    check_allowed_url("ping_url", spec.ping_url, fetch)
    check_allowed_url("overlay_image_url", spec.overlay_image_url, fetch)
    if spec.delivery_location:
        check_location(spec.delivery_location, fetch, field="delivery_location")
    check_mail_is_sent(output.notification_email, sends_mail=sends_mail)
    return spec if sends_mail else replace(spec, notification_email="")


def answer_output(output: OutputRequest, verdict: Verdict, job_id: int = 0) -> CreatedJobView:
    """What the client is told of one output."""
    error = None
    if isinstance(verdict, SpecError):
        error = SpecErrorView(code=verdict.code, field=verdict.field, message=verdict.message)
    reference = output.customer_reference_id or ""
    return CreatedJobView(job_id=job_id, customer_reference_id=reference, error=error)


def _verdict(
    output: OutputRequest,
    found: OutputFormat | None,
    fetch: FetchPolicy,
    defaults: AccountDefaults,
    *,
    sends_mail: bool,
) -> Verdict:
    try:
        return judge_output(output, found, fetch, defaults, sends_mail=sends_mail)
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


def _if_joinable(verdict: Verdict) -> Verdict:
    if isinstance(verdict, SpecError):
        return verdict
    try:
        check_joinable(verdict)
    except SpecError as error:
        return error
    return verdict


def _if_available(verdict: Verdict, encoders: frozenset[str]) -> Verdict:
    if isinstance(verdict, SpecError):
        return verdict
    try:
        check_available(verdict, encoders)
    except SpecError as error:
        return error
    return verdict
