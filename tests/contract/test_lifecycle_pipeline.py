"""A job's way from its creation to its end."""

from urllib.parse import parse_qs

import pytest

from reelyard.cluster.node_client import Progress
from reelyard.cluster.work import CleanWork, IngestResult, IngestWork, NotifyWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.usecases.heartbeat import heartbeat
from tests.contract.lifecycle_rig import BAD, MP4, SOURCE_URL, WEBM, Rig, race, source_info, stored

PINGED = OutputRequest(
    output_format_id=0, container="mp4", customer_reference_id="ref & co", ping_url="http://pings.example/hook?k=1"
)


def test_two_outputs_go_through_all_stages(rig: Rig) -> None:
    created = rig.create(MP4, WEBM)
    first, second = (job.job_id for job in created.jobs)
    node = rig.node("alpha")

    assert rig.job(first).state == "queued"
    ingest = rig.take(node, Queue.INGEST)
    assert rig.ingest(created.ingest_id).state == "transferring"
    assert rig.job(first).state == "importing"
    rig.finish(ingest)
    assert rig.ingest(created.ingest_id).state == "completed"
    assert [rig.job(first).state, rig.job(second).state] == ["encoding", "encoding"]

    rig.through(node, Queue.ENCODE_CPU, Queue.ENCODE_CPU)
    assert rig.job(first).state == "storing"
    rig.through(node, Queue.STORE, Queue.STORE)
    assert rig.job(first).state == "distributing"
    rig.through(node, Queue.DISTRIBUTE, Queue.DISTRIBUTE)

    for job_id in (first, second):
        job = rig.job(job_id)
        assert job.state == "completed"
        assert job.error_code == ""
        assert (
            job.importing_progress,
            job.encoding_progress,
            job.storing_progress,
            job.distribution_progress,
        ) == (100, 100, 100, 100)
        assert job.created_ms <= job.started_ms <= job.ended_ms
        assert rig.events("job", job_id) == ["create", "start", "plan", "encoded", "stored", "distributed"]
        assert rig.medium(job.output_media_id).state == "available"
    assert rig.medium(rig.job(second).output_media_id).filename == f"{rig.job(second).output_media_id}-holiday.webm"


def test_media_point_to_what_the_nodes_stored(rig: Rig) -> None:
    created = rig.create(MP4)
    job = rig.job(created.jobs[0].job_id)
    node = rig.node("alpha")
    ingest = rig.do(node, Queue.INGEST)
    encode = rig.do(node, Queue.ENCODE_CPU)
    store = rig.do(node, Queue.STORE)

    source = rig.medium(created.input_media_id)
    assert (source.state, source.filename) == ("available", "holiday.mov")
    assert rig.files(source.id) == {
        "primary": f"{ingest.output_prefix}source",
        "thumbnail": f"{ingest.output_prefix}thumbnail.jpg",
    }
    assert rig.files(job.output_media_id) == {
        "primary": f"{encode.output_prefix}output.mp4",
        "thumbnail": f"{store.output_prefix}thumbnail.jpg",
    }
    assert encode.output_prefix == f"job/{job.id}/{encode.task_id}/1/"
    assert ingest.output_prefix == f"ingest/{created.ingest_id}/{ingest.task_id}/1/"


def test_secrets_are_given_to_the_node_and_not_kept_in_tasks(rig: Rig) -> None:
    rig.account_id = rig.account("signed", webhook_secret="hush")
    rig.create(PINGED)
    node = rig.node("alpha")

    work = rig.do(node, Queue.INGEST).work
    assert isinstance(work, IngestWork)
    assert work.source_url == SOURCE_URL

    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    notify = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    assert isinstance(notify, NotifyWork)
    assert (notify.url, notify.secret) == (PINGED.ping_url, "hush")
    in_rows = "".join(str(task.work) for task in rig.tasks())
    assert "secret@" not in in_rows
    assert "hush" not in in_rows
    assert "pings.example" not in in_rows


def test_a_completed_job_notifies_and_cleans_up_once(rig: Rig) -> None:
    created = rig.create(PINGED)
    job_id = created.jobs[0].job_id
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)

    notify = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    assert isinstance(notify, NotifyWork)
    output = rig.medium(rig.job(job_id).output_media_id)
    fields = parse_qs(notify.body, keep_blank_values=True, strict_parsing=True)
    assert fields == {
        "JobID": [str(job_id)],
        "JobType": ["Encoding"],
        "Result": ["Success"],
        "ErrorCode": [""],
        "ErrorMessage": [""],
        "FileName": [output.filename],
        "InputMediaID": [str(created.input_media_id)],
        "DownloadURL": [f"http://gateway.example/download/output/{output.id}/{output.token}/{output.filename}"],
        "OutputMediaID": [str(output.id)],
        "CustomerReferenceID": ["ref & co"],
    }
    cleans = [rig.do(node, Queue.STORE, TaskKind.CLEAN).work for _ in range(2)]
    kept = {work.prefix: set(work.keep) for work in cleans if isinstance(work, CleanWork)}
    assert kept == {
        f"ingest/{created.ingest_id}/": set(rig.files(created.input_media_id).values()),
        f"job/{job_id}/": set(rig.files(output.id).values()),
    }
    assert rig.job(job_id).state == "completed"
    assert [task for task in rig.tasks() if task.state != "done"] == []


def test_an_output_that_is_not_valid_does_not_hinder_the_others(rig: Rig) -> None:
    created = rig.create(BAD, MP4)

    refused, accepted = created.jobs
    assert refused.job_id == 0
    assert refused.error is not None
    assert refused.error.code == ErrorCode.INVALID_PARAMETER_VALUE
    assert "vp99" in refused.error.message
    assert refused.customer_reference_id == "ref-bad"
    assert accepted.error is None
    assert rig.job(accepted.job_id).state == "queued"


def test_nothing_is_created_when_no_output_is_valid(rig: Rig) -> None:
    before = rig.snapshot()

    created = rig.create(BAD, BAD)

    assert (created.ingest_id, created.input_media_id) == (0, 0)
    assert [job.error is not None for job in created.jobs] == [True, True]
    assert rig.snapshot() == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", ErrorCode.PARAMETER_MISSING),
        ("http://a.example/1.mp4|", ErrorCode.INVALID_PARAMETER_VALUE),
        ("http://a.example/1.mp4|http://10.0.0.1/2.mp4", ErrorCode.INVALID_INPUT_URL),
        ("|".join(["http://a.example/1.mp4"] * 21), ErrorCode.MORE_THAN_ALLOWED_INPUT_URL),
        ("gopher://a.example/1.mp4", ErrorCode.INVALID_INPUT_URL),
        ("http://169.254.169.254/latest", ErrorCode.INVALID_INPUT_URL),
        ("not a url", ErrorCode.INVALID_INPUT_URL),
    ],
)
def test_a_source_that_cannot_be_fetched_is_refused(rig: Rig, url: str, code: ErrorCode) -> None:
    with pytest.raises(SpecError) as refusal:
        rig.create(source_url=url)

    assert refusal.value.code == code
    assert refusal.value.field == "source_url"
    assert rig.tasks() == []


def test_the_same_request_gets_the_same_answer(rig: Rig) -> None:
    first = rig.create(MP4, BAD, request_id="again")

    assert rig.create(MP4, BAD, request_id="again") == first
    assert len(rig.tasks()) == 1


def test_a_request_id_belongs_to_one_account(rig: Rig) -> None:
    first = rig.create(request_id="again")

    assert rig.create(request_id="again", account_id=rig.account("second")).ingest_id != first.ingest_id


def test_a_request_that_is_sent_many_times_at_once_creates_one_ingest(rig: Rig) -> None:
    answers = race(*[lambda: rig.create(MP4, WEBM, request_id="raced")] * 6)

    assert len({answer.ingest_id for answer in answers}) == 1
    assert len({answer.jobs for answer in answers}) == 1
    assert len(rig.tasks(kind="ingest")) == 1


def test_a_job_that_cannot_be_planned_fails_alone(rig: Rig) -> None:
    audio = OutputRequest(output_format_id=0, container="mp3", ping_url="http://pings.example/")
    created = rig.create(MP4, audio)
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)
    silent = source_info(video=False)

    rig.finish(held, IngestResult(source=stored("ingest/source"), info=silent, filename="song.m4a"))

    failed, planned = (rig.job(job.job_id) for job in created.jobs)
    assert (failed.state, failed.error_code) == ("failed", ErrorCode.SOURCE_NOT_MEDIA)
    assert "video" in failed.error_message
    assert planned.state == "encoding"
    assert rig.ingest(created.ingest_id).state == "completed"


def test_progress_grows_within_an_attempt_and_100_means_finished(rig: Rig) -> None:
    created = rig.create(MP4)
    job_id = created.jobs[0].job_id
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)

    def beat(permille: int, storing: int = 0) -> None:
        item = Progress(
            task_id=held.spec.task_id,
            token=held.token,
            permille=permille,
            storing_permille=storing,
            size_bytes=4_000,
            mime_type="video/quicktime",
        )
        assert heartbeat(rig.db, node, [item], policy=Policy()).stop == ()

    beat(400, 200)
    ingest = rig.ingest(created.ingest_id)
    assert (ingest.transfer_progress, ingest.storing_progress) == (40, 20)
    assert (ingest.size_bytes, ingest.mime_type) == (4_000, "video/quicktime")
    assert rig.job(job_id).importing_progress == 30
    beat(300, 100)
    assert rig.ingest(created.ingest_id).transfer_progress == 40
    assert rig.job(job_id).importing_progress == 30
    beat(1000, 1000)
    ingest = rig.ingest(created.ingest_id)
    assert (ingest.state, ingest.transfer_progress, ingest.storing_progress) == ("storing", 100, 99)
    assert rig.job(job_id).importing_progress == 99
    rig.finish(held)
    assert rig.job(job_id).importing_progress == 100

    held = rig.take(node, Queue.ENCODE_CPU)
    beat(1000)
    assert rig.job(job_id).encoding_progress == 99
    rig.fail(held, ErrorCode.ENCODE_FAILED)
    assert rig.job(job_id).encoding_progress == 0
