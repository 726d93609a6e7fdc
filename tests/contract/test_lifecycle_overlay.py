"""Jobs that lay an image over their picture: it is fetched beside the sources, and the job waits for both."""

import uuid

import pytest

from reelyard.cluster.views import CreateIngest, CreateJobsFromInput
from reelyard.cluster.work import CleanWork, EncodeWork, OverlayWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import MP4, POLICY, SOURCE_URL, Rig, race

IMAGE_URL = "http://user:secret@images.example/logo.png?signature=abc"
LOGO = OutputRequest(
    output_format_id=0, container="mp4", overlay_image_url=IMAGE_URL, overlay_offset_from="BottomRight"
)


def available_input(rig: Rig, node: str) -> int:
    wanted = CreateIngest(account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL)
    created = create_ingest(rig.db, wanted)
    rig.do(node, Queue.INGEST)
    return created.input_media_id


def of_input(rig: Rig, media_id: int) -> int:
    wanted = CreateJobsFromInput(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), input_media_id=media_id, outputs=(LOGO,)
    )
    return create_jobs_from_input(rig.db, wanted).jobs[0].job_id


@pytest.mark.parametrize("first", [TaskKind.INGEST, TaskKind.OVERLAY])
def test_a_job_is_planned_when_its_source_and_its_image_are_there(rig: Rig, first: TaskKind) -> None:
    node = rig.node("alpha")
    job_id = rig.create(LOGO).jobs[0].job_id
    second = TaskKind.OVERLAY if first is TaskKind.INGEST else TaskKind.INGEST

    early = rig.do(node, Queue.INGEST, first)
    assert rig.job(job_id).state == "importing"
    late = rig.do(node, Queue.INGEST, second)

    assert rig.job(job_id).state == "encoding"
    overlay = early if first is TaskKind.OVERLAY else late
    work = rig.do(node, Queue.ENCODE_CPU).work
    assert isinstance(work, EncodeWork)
    assert work.overlay is not None
    assert work.overlay.key == f"{overlay.output_prefix}overlay.png"
    assert overlay.output_prefix.startswith(f"job/{job_id}/")
    assert work.plan.overlay is not None
    rig.through(node, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"


def test_a_source_and_an_image_that_come_at_the_same_moment_release_the_job_once(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(LOGO).jobs[0].job_id
    source = rig.take(node, Queue.INGEST)
    image = rig.take(node, Queue.INGEST, TaskKind.OVERLAY)

    assert race(lambda: rig.finish(source), lambda: rig.finish(image)) == [None, None]

    assert rig.events("job", job_id) == ["create", "start", "plan"]
    assert len(rig.tasks(job_id=job_id, kind="encode")) == 1


def test_a_job_of_an_input_that_is_there_waits_for_its_image(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = of_input(rig, available_input(rig, node))
    assert rig.job(job_id).state == "queued"

    held = rig.take(node, Queue.INGEST, TaskKind.OVERLAY)
    assert rig.job(job_id).state == "importing"
    rig.finish(held)

    assert (rig.job(job_id).state, rig.job(job_id).importing_progress) == ("encoding", 100)


def test_the_images_url_is_given_to_the_node_and_kept_in_no_task(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.create(LOGO)

    work = rig.do(node, Queue.INGEST, TaskKind.OVERLAY).work

    assert isinstance(work, OverlayWork)
    assert work.image_url == IMAGE_URL
    assert "secret" not in "".join(str(task.work) for task in rig.tasks())
    assert "secret" not in repr(work)


def test_an_image_that_fails_fails_its_job_alone(rig: Rig) -> None:
    node = rig.node("alpha")
    created = rig.create(LOGO, MP4)
    failed, other = (view.job_id for view in created.jobs)
    message = (
        "The overlay image at http://images.example/logo.png answered with HTTP status 404: there is no such file."
    )

    rig.fail(rig.take(node, Queue.INGEST, TaskKind.OVERLAY), ErrorCode.SOURCE_NOT_FOUND, message)
    rig.do(node, Queue.INGEST)

    job = rig.job(failed)
    assert (job.state, job.error_code, job.error_message) == ("failed", ErrorCode.SOURCE_NOT_FOUND, message)
    assert rig.job(other).state == "encoding"
    assert rig.ingest(created.ingest_id).state == "completed"


def test_a_source_that_fails_ends_the_fetch_of_the_image(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(LOGO).jobs[0].job_id

    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)

    assert [task.state for task in rig.tasks(job_id=job_id, kind="overlay")] == ["cancelled"]


def test_a_cancelled_job_fetches_no_image(rig: Rig) -> None:
    job_id = rig.create(LOGO).jobs[0].job_id

    cancel_job(rig.db, rig.account_id, job_id, POLICY)

    assert [task.state for task in rig.tasks(job_id=job_id, kind="overlay")] == ["cancelled"]


def test_the_image_goes_with_the_jobs_clean_up(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = of_input(rig, available_input(rig, node))
    image = rig.do(node, Queue.INGEST, TaskKind.OVERLAY)
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)

    works = [rig.do(node, Queue.STORE, TaskKind.CLEAN).work for _ in range(2)]

    (work,) = (each for each in works if isinstance(each, CleanWork) and each.prefix == f"job/{job_id}/")
    assert image.output_prefix.startswith(work.prefix)
    assert f"{image.output_prefix}overlay.png" not in work.keep


def test_an_image_that_failed_is_fetched_again_with_the_job(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(LOGO).jobs[0].job_id
    rig.do(node, Queue.INGEST)
    rig.fail(rig.take(node, Queue.INGEST, TaskKind.OVERLAY), ErrorCode.SOURCE_NOT_FOUND)

    retry_job(rig.db, rig.account_id, job_id, POLICY)

    assert rig.job(job_id).state == "queued"
    assert rig.do(node, Queue.INGEST, TaskKind.OVERLAY).attempt == 2
    assert rig.job(job_id).state == "encoding"


@pytest.mark.parametrize("cleaned", [False, True])
def test_an_image_is_fetched_again_only_when_it_was_removed(rig: Rig, *, cleaned: bool) -> None:
    node = rig.node("alpha")
    job_id = of_input(rig, available_input(rig, node))
    rig.do(node, Queue.INGEST, TaskKind.OVERLAY)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.SOURCE_CORRUPT)
    if cleaned:
        for _ in range(2):
            rig.do(node, Queue.STORE, TaskKind.CLEAN)

    retry_job(rig.db, rig.account_id, job_id, POLICY)

    assert rig.job(job_id).state == ("queued" if cleaned else "encoding")
    if cleaned:
        rig.do(node, Queue.INGEST, TaskKind.OVERLAY)
    work = rig.do(node, Queue.ENCODE_CPU).work
    assert isinstance(work, EncodeWork)
    assert work.overlay is not None
    (task,) = rig.tasks(job_id=job_id, kind="overlay")
    assert work.overlay.key == f"job/{job_id}/{task.id}/{2 if cleaned else 1}/overlay.png"


def test_an_image_that_is_gone_does_not_bring_back_what_was_encoded_with_it(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = of_input(rig, available_input(rig, node))
    rig.do(node, Queue.INGEST, TaskKind.OVERLAY)
    rig.do(node, Queue.ENCODE_CPU)
    rig.fail(rig.take(node, Queue.STORE), ErrorCode.DELIVERY_DENIED)
    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    retry_job(rig.db, rig.account_id, job_id, POLICY)
    rig.fail(rig.take(node, Queue.INGEST, TaskKind.OVERLAY), ErrorCode.SOURCE_NOT_FOUND)

    retry_job(rig.db, rig.account_id, job_id, POLICY)

    assert rig.job(job_id).state == "queued"
    rig.do(node, Queue.INGEST, TaskKind.OVERLAY)
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
