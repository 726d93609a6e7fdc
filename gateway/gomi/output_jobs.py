"""What a create request is told of each of its outputs, in the place that the output has in the request."""

from collections.abc import Iterable

from gateway.error_answers import as_sentence, message_of
from gateway.gomi.bodies import OutputJob
from gateway.gomi.create_request import RefusedOutput
from gateway.gomi.members import WIRE_NAMES
from reelyard.cluster.views import CreatedJobsView, CreatedJobView
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputRequest


def valid_outputs(outputs: Iterable[OutputRequest | RefusedOutput]) -> tuple[OutputRequest, ...]:
    """Those outputs that the scheduler is asked for."""
    return tuple(each for each in outputs if isinstance(each, OutputRequest))


def output_jobs(created: CreatedJobsView, outputs: Iterable[OutputRequest | RefusedOutput]) -> tuple[OutputJob, ...]:
    """The fate of every output: refused while it was read, or what the scheduler said of it."""
    answered = iter(created.jobs)
    return tuple(_refused(each) if isinstance(each, RefusedOutput) else _output_job(next(answered)) for each in outputs)


def _output_job(job: CreatedJobView) -> OutputJob:
    if job.error is None:
        return OutputJob(
            job_id=job.job_id,
            customer_reference_id=job.customer_reference_id,
            success=True,
            job_status_location=f"job/{job.job_id}",
        )
    error = SpecError(job.error.field, job.error.message)
    return _refusal(job.customer_reference_id, job.error.code, as_sentence(error.render(WIRE_NAMES)))


def _refused(output: RefusedOutput) -> OutputJob:
    return _refusal(output.customer_reference_id, output.error.code.value, message_of(output.error))


def _refusal(reference: str, code: str, message: str) -> OutputJob:
    return OutputJob(
        job_id=0,
        customer_reference_id=reference,
        success=False,
        error_code=code,
        message=message,
        job_status_location="job/0",
    )
