"""Calls about encoding jobs, below /job."""

import uuid
from collections.abc import Iterable
from http import HTTPStatus

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from gateway.error_answers import as_sentence, message_of
from gateway.gomi.bodies import CreateJobAnswer, JobAnswer, JobListAnswer, OutputJob
from gateway.gomi.calls import PREFIX, BodilessCall, BodyCall, answers
from gateway.gomi.create_request import RefusedOutput, read_create_request
from gateway.gomi.members import WIRE_NAMES
from gateway.gomi.present import job_detail, job_item
from gateway.object_id import read_object_id
from reelyard.cluster.views import CreatedJobsView, CreatedJobView, CreateJobs
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputRequest

router = APIRouter(prefix=f"{PREFIX}/job")


@router.post("/create", dependencies=[answers(CreateJobAnswer)])
async def create_job(call: BodyCall) -> Response:
    """Create Encoding Job: one ingest, and one job for each output that is valid."""
    wanted = read_create_request(call.members)
    valid = tuple(each for each in wanted.outputs if isinstance(each, OutputRequest))
    created = CreatedJobsView()
    if valid:
        created = await call.client.create_jobs(
            CreateJobs(
                account_id=call.account_id,
                request_id=str(uuid.uuid4()),
                source_url=wanted.source_url,
                outputs=valid,
                base_url=call.base_url,
            )
        )
    return call.answer(_create_answer(created, wanted.outputs))


@router.get("/create")
async def refuse_reading_create() -> Response:
    """Answer 405, as other methods get it; below, `create` would be taken for the ID of a job."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})


@router.get("/active", dependencies=[answers(JobListAnswer)])
async def list_active_jobs(call: BodilessCall) -> Response:
    """Get Active Encoding Jobs."""
    page = call.page
    found = await call.client.list_active_jobs(call.account_id, page.size, page.number)
    return call.answer(
        JobListAnswer(
            total_item_count=found.total,
            page_size=page.size,
            page_number=page.number,
            jobs=tuple(job_item(each, base_url=call.base_url, now_ms=call.now_ms) for each in found.jobs),
        )
    )


@router.get("/{job_id}", dependencies=[answers(JobAnswer)])
async def get_job(call: BodilessCall, job_id: str) -> Response:
    """Get Job status."""
    view = await call.client.get_job(call.account_id, read_object_id("job ID", job_id))
    return call.answer(JobAnswer(job=job_detail(view, base_url=call.base_url, now_ms=call.now_ms)))


def _create_answer(created: CreatedJobsView, outputs: Iterable[OutputRequest | RefusedOutput]) -> CreateJobAnswer:
    """The answer, each output in the place that it has in the request."""
    answered = iter(created.jobs)
    jobs = tuple(_refused(each) if isinstance(each, RefusedOutput) else _output_job(next(answered)) for each in outputs)
    accepted = any(each.success for each in jobs)
    return CreateJobAnswer(
        ingest_job_id=created.ingest_id,
        ingest_job_status_location=f"ingest/{created.ingest_id}",
        input_media_id=str(created.input_media_id),
        output_jobs=jobs,
        success=accepted,
        error_code="" if accepted else jobs[0].error_code or "",
        message="" if accepted else jobs[0].message or "",
    )


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
