"""Jobs of an input medium that is there already, or on its way."""

import uuid
from typing import Any

import pytest
from sqlalchemy import update

from reelyard.cluster.views import CreatedIngestView, CreatedJobsView, CreateIngest, CreateJobsFromInput
from reelyard.cluster.work import EncodeWork, IngestResult, Queue
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError, SpecError, StaleTokenError
from reelyard.media.output import OutputRequest
from scheduler.store.tables import media
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from tests.contract.lifecycle_rig import (
    BAD,
    GPU_QUEUES,
    MP4,
    POLICY,
    SOURCE_URL,
    WEBM,
    Rig,
    race,
    source_info,
    stored,
)


def ingest(rig: Rig) -> CreatedIngestView:
    wanted = CreateIngest(account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL)
    return create_ingest(rig.db, wanted)


def wanted(rig: Rig, input_media_id: int, *outputs: OutputRequest, **members: Any) -> CreateJobsFromInput:
    given = {
        "account_id": rig.account_id,
        "request_id": str(uuid.uuid4()),
        "input_media_id": input_media_id,
        "outputs": outputs or (MP4,),
        "base_url": "http://gateway.example",
    }
    return CreateJobsFromInput(**(given | members))


def create(rig: Rig, input_media_id: int, *outputs: OutputRequest, **members: Any) -> CreatedJobsView:
    return create_jobs_from_input(rig.db, wanted(rig, input_media_id, *outputs, **members))


def available_input(rig: Rig, node: str) -> int:
    created = ingest(rig)
    rig.do(node, Queue.INGEST)
    return created.input_media_id


def test_jobs_of_an_input_that_is_there_go_straight_to_encoding(rig: Rig) -> None:
    node = rig.node("alpha")
    source_id = available_input(rig, node)

    created = create(rig, source_id, MP4, WEBM)

    assert (created.ingest_id, created.input_media_id) == (0, source_id)
    job = rig.job(created.jobs[0].job_id)
    assert (job.state, job.importing_progress, job.started_ms) == ("encoding", 100, None)
    assert rig.medium(job.output_media_id).filename == f"{job.output_media_id}-holiday.mp4"
    encode = rig.do(node, Queue.ENCODE_CPU)
    assert isinstance(encode.work, EncodeWork)
    (source,) = encode.work.sources
    assert source.object.key == rig.files(source_id)["primary"]
    assert source.info == source_info()
    assert rig.job(job.id).started_ms > 0
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.STORE, Queue.DISTRIBUTE, Queue.DISTRIBUTE)
    for view in created.jobs:
        assert rig.job(view.job_id).state == "completed"
        assert rig.events("job", view.job_id) == ["create", "plan", "encoded", "stored", "distributed"]


def test_jobs_of_an_input_on_its_way_wait_for_it(rig: Rig) -> None:
    node = rig.node("alpha")
    source = ingest(rig)
    early = create(rig, source.input_media_id)
    held = rig.take(node, Queue.INGEST)
    late = create(rig, source.input_media_id)
    assert early.ingest_id == late.ingest_id == source.ingest_id
    ids = [created.jobs[0].job_id for created in (early, late)]
    assert [rig.job(job_id).state for job_id in ids] == ["importing", "importing"]

    rig.finish(held)

    assert [rig.job(job_id).state for job_id in ids] == ["encoding", "encoding"]
    assert [rig.events("job", job_id) for job_id in ids] == [["create", "start", "plan"]] * 2
    assert len(rig.tasks(kind="encode")) == 2


def test_a_job_made_while_its_ingest_ends_is_encoded_either_way(rig: Rig) -> None:
    node = rig.node("alpha")
    source = ingest(rig)
    held = rig.take(node, Queue.INGEST)

    answers = race(lambda: rig.finish(held), *[lambda: create(rig, source.input_media_id)] * 3)

    assert answers[0] is None
    assert [rig.job(created.jobs[0].job_id).state for created in answers[1:]] == ["encoding"] * 3
    assert len(rig.tasks(kind="encode")) == 3


def test_a_cancelled_ingest_takes_the_jobs_that_wait_for_it(rig: Rig) -> None:
    source = ingest(rig)
    held = rig.take(rig.node("alpha"), Queue.INGEST)
    job_id = create(rig, source.input_media_id).jobs[0].job_id

    cancel_ingest(rig.db, rig.account_id, source.ingest_id, POLICY)

    assert rig.job(job_id).state == "cancelled"
    with pytest.raises(StaleTokenError):
        rig.finish(held)


def test_a_cancelled_job_leaves_its_input_to_others(rig: Rig) -> None:
    node = rig.node("alpha")
    source_id = available_input(rig, node)
    first, second = (view.job_id for view in create(rig, source_id, MP4, MP4).jobs)

    cancel_job(rig.db, rig.account_id, first, POLICY)

    assert [rig.job(job_id).state for job_id in (first, second)] == ["cancelled", "encoding"]
    assert rig.medium(source_id).state == "available"
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(second).state == "completed"
    for job_id, state in ((first, "cancelled"), (second, "completed")):
        with pytest.raises(ConflictError, match=f"job {job_id} is {state}"):
            cancel_job(rig.db, rig.account_id, job_id, POLICY)


def test_each_output_is_judged_alone_by_what_the_input_is(rig: Rig) -> None:
    node = rig.node("alpha")
    source_id = available_input(rig, node)
    copied = OutputRequest(output_format_id=0, container="webm", video_codec="copy", customer_reference_id="c")

    created = create(rig, source_id, BAD, copied, MP4)

    codes = [None if view.error is None else view.error.code for view in created.jobs]
    assert codes == [ErrorCode.INVALID_PARAMETER_VALUE, ErrorCode.INCOMPATIBLE_FORMAT, None]
    assert [view.customer_reference_id for view in created.jobs] == ["ref-bad", "c", "ref-mp4"]
    assert [bool(view.job_id) for view in created.jobs] == [False, False, True]
    assert len(rig.tasks(kind="encode")) == 1


def test_an_input_without_video_is_told_at_once(rig: Rig) -> None:
    source = ingest(rig)
    held = rig.take(rig.node("alpha"), Queue.INGEST)
    prefix = held.spec.output_prefix
    rig.finish(
        held,
        IngestResult(source=stored(f"{prefix}source"), info=source_info(video=False), filename="song.m4a"),
    )

    created = create(rig, source.input_media_id)

    assert created.jobs[0].error is not None
    assert created.jobs[0].error.code == ErrorCode.SOURCE_NOT_MEDIA
    assert not rig.tasks(kind="encode")


def test_a_job_of_a_known_input_uses_the_hardware_that_is_there(rig: Rig) -> None:
    node = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    source_id = available_input(rig, node)

    create(rig, source_id)

    assert [task.queue for task in rig.tasks(kind="encode")] == [Queue.ENCODE_GPU]


def test_the_same_request_makes_its_jobs_once(rig: Rig) -> None:
    source_id = available_input(rig, rig.node("alpha"))
    request = wanted(rig, source_id, MP4, BAD)

    answers = race(*[lambda: create_jobs_from_input(rig.db, request)] * 4)

    assert len(set(answers)) == 1
    assert create_jobs_from_input(rig.db, request) == answers[0]
    assert len(rig.tasks(kind="encode")) == 1


@pytest.mark.parametrize("state", ["expired", "deleted"])
def test_an_input_whose_bytes_are_gone_is_refused(rig: Rig, state: str) -> None:
    source_id = available_input(rig, rig.node("alpha"))
    rig.change(update(media).where(media.c.id == source_id).values(state=state))

    with pytest.raises(NotFoundError, match=state) as refused:
        create(rig, source_id)

    assert refused.value.code is ErrorCode.MEDIA_EXPIRED


def test_what_is_no_input_of_the_account_is_not_found(rig: Rig) -> None:
    node = rig.node("alpha")
    source_id = available_input(rig, node)
    output_id = rig.job(create(rig, source_id).jobs[0].job_id).output_media_id
    cancelled = ingest(rig)
    cancel_ingest(rig.db, rig.account_id, cancelled.ingest_id, POLICY)
    before = rig.snapshot()

    for request in (
        wanted(rig, source_id, account_id=rig.account_id + 1_000),
        wanted(rig, output_id),
        wanted(rig, cancelled.input_media_id),
        wanted(rig, 987_654),
    ):
        with pytest.raises(NotFoundError) as refused:
            create_jobs_from_input(rig.db, request)
        assert refused.value.code is ErrorCode.ASSET_NOT_FOUND
    assert rig.snapshot() == before


def test_a_request_without_outputs_is_refused(rig: Rig) -> None:
    source_id = available_input(rig, rig.node("alpha"))

    with pytest.raises(SpecError) as refused:
        create(rig, source_id, outputs=())

    assert refused.value.code is ErrorCode.PARAMETER_MISSING
