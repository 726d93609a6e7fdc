"""Deliveries through the scheduler: where to, how often, and what nobody gets to see."""

import pytest

from reelyard.cluster.node_client import Progress
from reelyard.cluster.work import DistributeWork, Queue
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest
from scheduler.domain.retry import RetryWaits
from scheduler.usecases.heartbeat import heartbeat
from tests.contract.lifecycle_rig import MP4, POLICY, Held, Rig

URL = "ftp://user:h%40sh@ftp.example/films/"
DELIVERED = OutputRequest(output_format_id=0, container="mp4", delivery_location=URL)


def to_distribute(rig: Rig, node: str, output: OutputRequest = DELIVERED) -> tuple[int, Held]:
    """A job whose output waits to be delivered, and its claimed task."""
    job_id = rig.create(output).jobs[0].job_id
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE)
    return job_id, rig.take(node, Queue.DISTRIBUTE)


def test_the_node_is_told_where_to_and_the_tasks_row_is_not(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id, held = to_distribute(rig, node)

    work = held.spec.work
    assert isinstance(work, DistributeWork)
    assert work.delivery_url == URL
    assert (
        work.filename == rig.medium(rig.job(job_id).output_media_id).filename == f"{work.output_media_id}-holiday.mp4"
    )
    row = rig.task(held.spec.task_id)
    assert "h%40sh" not in str(row.work)
    assert "films" not in str(row.work)

    rig.finish(held)
    assert rig.job(job_id).state == "completed"


def test_without_a_delivery_location_nothing_is_delivered(rig: Rig) -> None:
    _, held = to_distribute(rig, rig.node("alpha"), MP4)

    assert isinstance(held.spec.work, DistributeWork)
    assert held.spec.work.delivery_url == ""


def test_progress_of_a_delivery_is_shown(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id, held = to_distribute(rig, node)

    heartbeat(rig.db, node, [Progress(task_id=held.spec.task_id, token=held.token, permille=420)], policy=POLICY)

    assert rig.job(job_id).distribution_progress == 42


def test_a_failed_delivery_is_tried_again_over_hours(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id, held = to_distribute(rig, node)
    waits = []
    for _ in RetryWaits().patient_s:
        waits.append(rig.fail(held, ErrorCode.DELIVERY_FAILED).wait_ms / 1000)
        assert rig.job(job_id).state == "distributing"
        held = rig.take(node, Queue.DISTRIBUTE)
    rig.fail(held, ErrorCode.DELIVERY_FAILED, "The delivery to ftp://ftp.example/films/ failed: 452.")

    assert waits == list(RetryWaits().patient_s)
    job = rig.job(job_id)
    assert (job.state, job.error_code) == ("failed", "delivery_failed")
    assert job.error_message == "The delivery to ftp://ftp.example/films/ failed: 452."
    assert rig.medium(job.output_media_id).state == "available"


def test_a_denied_delivery_fails_at_once(rig: Rig) -> None:
    job_id, held = to_distribute(rig, rig.node("alpha"))
    rig.fail(held, ErrorCode.DELIVERY_DENIED)

    assert (rig.job(job_id).state, rig.job(job_id).error_code) == ("failed", "delivery_denied")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("gopher://user:hush@host/", "sftp://"),
        ("ftp://user:hush@127.0.0.1/", "may not be reached"),
        ("s3://KEY:hush@10.0.0.1:9000/bucket/", "may not be reached"),
        ("s3://KEY:hush@bucket/folder/", "region"),
        ("sftp://user:hush@metadata.google.internal/", "may not be reached"),
        ("https://user:hush@169.254.169.254/", "may not be reached"),
    ],
)
def test_a_place_that_cannot_be_delivered_to_is_refused_at_creation(rig: Rig, url: str, words: str) -> None:
    output = OutputRequest(output_format_id=0, container="mp4", delivery_location=url)
    refused, accepted = rig.create(output, MP4).jobs

    assert refused.error is not None
    assert (refused.error.code, refused.error.field) == (ErrorCode.INVALID_PARAMETER_VALUE, "delivery_location")
    assert words in refused.error.message
    assert "hush" not in refused.error.message
    assert accepted.error is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:hush@ftp.example/a.mov",
        "ftps://user:hush@ftp.example/a.mov",
        "sftp://user:hush@sftp.example/a.mov",
        "s3://KEY:hush@metadata/a.mov?region=eu-west-1",
        "s3://public/a.mov?region=eu-west-1",
    ],
)
def test_sources_of_every_scheme_are_accepted(rig: Rig, url: str) -> None:
    created = rig.create(MP4, source_url=url)

    assert created.jobs[0].error is None
    held = rig.take(rig.node("alpha"), Queue.INGEST)
    assert held.spec.work.source_url == url


@pytest.mark.parametrize("url", ["ftp://10.0.0.1/a.mov", "sftp://u:p@localhost/a.mov", "ftp://h.example/folder/"])
def test_sources_that_cannot_be_fetched_are_refused(rig: Rig, url: str) -> None:
    with pytest.raises(SpecError) as caught:
        rig.create(MP4, source_url=url)

    assert caught.value.code is ErrorCode.INVALID_INPUT_URL
