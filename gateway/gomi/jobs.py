"""Calls about encoding jobs, below /job."""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import CreateJobAnswer, JobAnswer, JobListAnswer
from gateway.gomi.calls import PREFIX, BodilessCall, BodyCall, OptionalBodyCall, answers, refuse_reading
from gateway.gomi.create_from_input import CreateFromInputAnswer, read_create_from_input
from gateway.gomi.create_from_input import created_answer as from_input_answer
from gateway.gomi.create_request import RefusedOutput, read_create_request
from gateway.gomi.joined import id_or_ids
from gateway.gomi.output_jobs import output_jobs, valid_outputs
from gateway.gomi.present import job_detail, job_item
from gateway.object_id import read_object_id
from gateway.request_scope import note_created, note_job
from reelyard.cluster.views import CreatedJobsView, CreateJobs, CreateJobsFromInput
from reelyard.media.output import OutputRequest

router = APIRouter(prefix=f"{PREFIX}/job")


@router.post("/create", dependencies=[answers(CreateJobAnswer)])
async def create_job(call: BodyCall) -> Response:
    """Create Encoding Job: one ingest, and one job for each output that is valid."""
    wanted, identity = read_create_request(call.members), call.identity
    valid = valid_outputs(wanted.outputs)
    created = CreatedJobsView()
    if valid:
        created = await call.client.create_jobs(
            CreateJobs(
                account_id=call.account_id,
                request_id=identity.request_id,
                body_sha256=identity.body_sha256,
                source_url=wanted.source_url,
                outputs=valid,
                base_url=call.base_url,
            )
        )
    note_created(created.ingest_id, (each.job_id for each in created.jobs))
    return call.answer(_create_answer(created, wanted.outputs))


@router.post("/createjobfrominputmedia", dependencies=[answers(CreateFromInputAnswer)])
async def create_job_from_input_media(call: BodyCall) -> Response:
    """Create Encoding Job from Input Media: one job for each output that is valid, of an input that is there."""
    wanted, identity = read_create_from_input(call.members), call.identity
    valid = valid_outputs(wanted.outputs)
    created = CreatedJobsView()
    if valid:
        created = await call.client.create_jobs_from_input(
            CreateJobsFromInput(
                account_id=call.account_id,
                request_id=identity.request_id,
                body_sha256=identity.body_sha256,
                # One alone has a field of its own, which schedulers that join nothing yet know.
                input_media_id=wanted.input_media_ids[0] if len(wanted.input_media_ids) == 1 else 0,
                input_media_ids=wanted.input_media_ids if len(wanted.input_media_ids) > 1 else (),
                outputs=valid,
                base_url=call.base_url,
            )
        )
    note_created(created.ingest_id, (each.job_id for each in created.jobs))
    return call.answer(from_input_answer(wanted, created))


router.get("/create")(refuse_reading)
router.get("/createjobfrominputmedia")(refuse_reading)


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
    view = await call.client.get_job(call.account_id, _known_job(job_id))
    return call.answer(JobAnswer(job=job_detail(view, base_url=call.base_url, now_ms=call.now_ms)))


@router.post("/{job_id}/cancel", dependencies=[answers(JobAnswer)])
async def cancel_job(call: OptionalBodyCall, job_id: str) -> Response:
    """End a job that has not ended, and show it as it is then."""
    view = await call.client.cancel_job(call.account_id, _known_job(job_id))
    return call.answer(JobAnswer(job=job_detail(view, base_url=call.base_url, now_ms=call.now_ms)))


@router.post("/{job_id}/retry", dependencies=[answers(JobAnswer)])
async def retry_job(call: OptionalBodyCall, job_id: str) -> Response:
    """Try a failed job again from the stage that failed, and show it as it is then."""
    view = await call.client.retry_job(call.account_id, _known_job(job_id))
    return call.answer(JobAnswer(job=job_detail(view, base_url=call.base_url, now_ms=call.now_ms)))


def _known_job(text: str) -> int:
    """The job ID of a path; the log of the request has it from here on."""
    job_id = read_object_id("job ID", text)
    note_job(job_id)
    return job_id


def _create_answer(created: CreatedJobsView, outputs: Iterable[OutputRequest | RefusedOutput]) -> CreateJobAnswer:
    """The answer, each output in the place that it has in the request."""
    jobs = output_jobs(created, outputs)
    accepted = any(each.success for each in jobs)
    return CreateJobAnswer(
        ingest_job_id=created.ingest_id,
        ingest_job_status_location=f"ingest/{created.ingest_id}",
        input_media_id=str(id_or_ids(created.input_media_id, created.input_media_ids)),
        output_jobs=jobs,
        success=accepted,
        error_code="" if accepted else jobs[0].error_code or "",
        message="" if accepted else jobs[0].message or "",
    )
