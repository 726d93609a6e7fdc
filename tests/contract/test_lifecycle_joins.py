"""Jobs of several sources: fetched in parallel, planned when the last one is there, and what one that fails does."""

import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import update

from reelyard.cluster.node_client import Progress
from reelyard.cluster.views import CreatedIngestView, CreatedJobsView, CreateIngest, CreateJobsFromInput
from reelyard.cluster.work import CleanWork, EncodeWork, IngestWork, NotifyWork, Queue, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError, SpecError
from reelyard.media.output import OutputRequest
from scheduler.store.tables import media
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.paging import Page
from scheduler.usecases.read_jobs import get_job, list_active_jobs
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import MP4, POLICY, WEBM, Held, Rig, race

URLS = ("http://media.example/1.mov", "http://user:secret@media.example/2.mov", "http://media.example/3.mov")
PINGED = OutputRequest(output_format_id=0, container="mp4", ping_url="http://pings.example/")


def join(rig: Rig, *outputs: OutputRequest, parts: int = 2) -> CreatedJobsView:
    return rig.create(*outputs, source_url="|".join(URLS[:parts]))


def ingests_of(rig: Rig, created: CreatedJobsView) -> list[int]:
    """The ingests of a join, in the order of its inputs."""
    by_medium = {task.work["input_media_id"]: task.ingest_id for task in rig.tasks(kind="ingest")}
    return [by_medium[media_id] for media_id in created.input_media_ids]


def take_all(rig: Rig, node: str, count: int) -> list[Held]:
    return [rig.take(node, Queue.INGEST) for _ in range(count)]


def ingest(rig: Rig) -> CreatedIngestView:
    wanted = CreateIngest(account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=URLS[0])
    return create_ingest(rig.db, wanted)


def from_inputs(rig: Rig, *media_ids: int, outputs: tuple[OutputRequest, ...] = (MP4,)) -> CreatedJobsView:
    wanted = CreateJobsFromInput(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), input_media_ids=media_ids, outputs=outputs
    )
    return create_jobs_from_input(rig.db, wanted)


def encodes(rig: Rig, job_id: int) -> list[Any]:
    return rig.tasks(job_id=job_id, kind="encode")


@pytest.mark.parametrize("field", ["video_codec", "audio_codec"])
def test_a_join_that_copies_a_stream_is_refused_before_anything_is_fetched(rig: Rig, field: str) -> None:
    copies = OutputRequest(output_format_id=0, container="mp4", **{field: "copy"})

    created = join(rig, copies, MP4)

    refused, accepted = created.jobs
    assert refused.job_id == 0
    assert refused.error is not None
    assert (refused.error.code, refused.error.field) == (ErrorCode.INCOMPATIBLE_FORMAT, field)
    assert accepted.job_id > 0
    assert rig.create(copies).jobs[0].job_id > 0


def test_several_sources_are_fetched_in_parallel_and_joined_in_order(rig: Rig) -> None:
    node = rig.node("alpha")
    created = join(rig, MP4, WEBM, parts=3)
    first, second, third = ingests_of(rig, created)
    assert created.ingest_id == first
    assert created.input_media_id == created.input_media_ids[0]
    held = take_all(rig, node, 3)
    assert [each.spec.work.source_url for each in held if isinstance(each.spec.work, IngestWork)] == list(URLS)
    job_id = created.jobs[0].job_id

    for each in (held[2], held[0]):
        rig.finish(each)
        assert rig.job(job_id).state == "importing"
        assert encodes(rig, job_id) == []
    rig.finish(held[1])

    assert [rig.job(view.job_id).state for view in created.jobs] == ["encoding", "encoding"]
    work = rig.do(node, Queue.ENCODE_CPU).work
    assert isinstance(work, EncodeWork)
    wanted = [f"ingest/{ingest_id}/" for ingest_id in (first, second, third)]
    assert [source.object.key[: len(prefix)] for source, prefix in zip(work.sources, wanted, strict=True)] == wanted
    assert len(work.plan.inputs) == 3
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.STORE, Queue.DISTRIBUTE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    assert rig.events("job", job_id) == ["create", "start", "plan", "encoded", "stored", "distributed"]


@pytest.mark.parametrize("round_", range(3))
def test_ingests_that_end_at_the_same_moment_release_a_join_once(rig: Rig, round_: int) -> None:
    node = rig.node(f"alpha{round_}")
    created = join(rig, MP4, MP4, parts=3)
    held = take_all(rig, node, 3)

    assert race(*[lambda each=each: rig.finish(each) for each in held]) == [None] * 3

    for view in created.jobs:
        assert rig.events("job", view.job_id) == ["create", "start", "plan"]
        assert len(encodes(rig, view.job_id)) == 1
        assert rig.job(view.job_id).importing_progress == 100


def test_joins_that_cross_never_wait_for_each_other(rig: Rig) -> None:
    node = rig.node("alpha")
    one, two = ingest(rig), ingest(rig)
    there = from_inputs(rig, one.input_media_id, two.input_media_id)
    back = from_inputs(rig, two.input_media_id, one.input_media_id)
    held = take_all(rig, node, 2)

    answers = race(
        lambda: rig.finish(held[0]),
        lambda: rig.finish(held[1]),
        lambda: from_inputs(rig, two.input_media_id, one.input_media_id),
    )

    assert answers[:2] == [None, None]
    for created in (there, back, answers[2]):
        assert rig.job(created.jobs[0].job_id).state == "encoding"
        assert len(encodes(rig, created.jobs[0].job_id)) == 1


def test_the_import_progress_is_that_of_all_inputs(rig: Rig) -> None:
    node = rig.node("alpha")
    created = join(rig, MP4)
    job_id = created.jobs[0].job_id
    first, second = take_all(rig, node, 2)

    def beat(held: Held, permille: int, storing: int = 0) -> int:
        item = Progress(task_id=held.spec.task_id, token=held.token, permille=permille, storing_permille=storing)
        assert heartbeat(rig.db, node, [item], policy=POLICY).stop == ()
        return int(rig.job(job_id).importing_progress)

    assert beat(first, 800) == 20
    assert beat(second, 400) == 30
    assert beat(first, 1000, 1000) == 59
    rig.finish(first)
    assert rig.job(job_id).importing_progress == 60
    rig.fail(second, ErrorCode.SOURCE_UNREACHABLE)
    assert rig.job(job_id).importing_progress == 50
    rig.do(node, Queue.INGEST)
    assert rig.job(job_id).importing_progress == 100


def test_a_source_that_fails_ends_its_join_and_what_only_that_needed(rig: Rig) -> None:
    node = rig.node("alpha")
    created = join(rig, PINGED, parts=3)
    job_id = created.jobs[0].job_id
    first, second, third = ingests_of(rig, created)
    held = take_all(rig, node, 2)
    shared = from_inputs(rig, created.input_media_ids[1])

    rig.fail(held[0], ErrorCode.SOURCE_NOT_FOUND, "no such file")

    assert (rig.job(job_id).state, rig.job(job_id).error_code) == ("failed", ErrorCode.SOURCE_NOT_FOUND)
    assert [rig.ingest(each).state for each in (first, second, third)] == ["failed", "transferring", "cancelled"]
    assert rig.medium(created.input_media_ids[2]).state == "failed"
    (never,) = rig.tasks(ingest_id=third, kind="ingest")
    assert never.state == "cancelled"
    rig.finish(held[1])
    assert rig.job(shared.jobs[0].job_id).state == "encoding"
    note = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    assert isinstance(note, NotifyWork)
    assert parse_qs(note.body)["InputMediaID"] == ["|".join(map(str, created.input_media_ids))]


def test_a_cancelled_ingest_cancels_the_joins_that_need_it(rig: Rig) -> None:
    created = join(rig, MP4, MP4)
    first, second = ingests_of(rig, created)

    cancel_ingest(rig.db, rig.account_id, second, POLICY)

    assert [rig.job(view.job_id).state for view in created.jobs] == ["cancelled", "cancelled"]
    assert [rig.ingest(each).state for each in (first, second)] == ["cancelled", "cancelled"]


def test_an_ingest_that_was_asked_for_by_itself_goes_on(rig: Rig) -> None:
    one, two = ingest(rig), ingest(rig)
    job_id = from_inputs(rig, one.input_media_id, two.input_media_id).jobs[0].job_id

    cancel_ingest(rig.db, rig.account_id, one.ingest_id, POLICY)

    assert rig.job(job_id).state == "cancelled"
    assert rig.ingest(two.ingest_id).state == "queued"


def test_a_cancelled_join_leaves_its_inputs(rig: Rig) -> None:
    node = rig.node("alpha")
    created = join(rig, MP4)
    held = take_all(rig, node, 2)

    cancel_job(rig.db, rig.account_id, created.jobs[0].job_id, POLICY)
    for each in held:
        rig.finish(each)

    assert [rig.medium(each).state for each in created.input_media_ids] == ["available", "available"]
    assert rig.tasks(kind="encode") == []


def test_a_join_that_failed_is_tried_again_with_all_that_is_missing(rig: Rig) -> None:
    node = rig.node("alpha")
    created = join(rig, MP4, parts=3)
    job_id = created.jobs[0].job_id
    held = take_all(rig, node, 2)
    rig.finish(held[1])
    rig.fail(held[0], ErrorCode.SOURCE_NOT_FOUND)

    retry_job(rig.db, rig.account_id, job_id, POLICY)

    assert [rig.ingest(each).state for each in ingests_of(rig, created)] == ["queued", "completed", "queued"]
    assert (rig.job(job_id).state, rig.job(job_id).importing_progress) == ("queued", 33)
    rig.through(node, Queue.INGEST, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    cleans = [rig.do(node, Queue.STORE, TaskKind.CLEAN).work for _ in range(4)]
    kept = {key for work in cleans if isinstance(work, CleanWork) for key in work.keep}
    assert kept >= {key for media_id in created.input_media_ids for key in rig.files(media_id).values()}


def test_inputs_that_are_there_and_inputs_on_their_way_are_joined(rig: Rig) -> None:
    node = rig.node("alpha")
    there = ingest(rig).input_media_id
    rig.do(node, Queue.INGEST)
    coming = ingest(rig)

    created = from_inputs(rig, coming.input_media_id, there, coming.input_media_id)

    assert created.ingest_id == coming.ingest_id
    job_id = created.jobs[0].job_id
    assert (rig.job(job_id).state, rig.job(job_id).importing_progress) == ("queued", 33)
    rig.do(node, Queue.INGEST)
    assert rig.job(job_id).state == "encoding"
    work = rig.do(node, Queue.ENCODE_CPU).work
    assert isinstance(work, EncodeWork)
    files = {media_id: rig.files(media_id)["primary"] for media_id in (there, coming.input_media_id)}
    twice = files[coming.input_media_id]
    assert [source.object.key for source in work.sources] == [twice, files[there], twice]


def test_inputs_that_are_all_there_are_encoded_at_once(rig: Rig) -> None:
    node = rig.node("alpha")
    ids = [ingest(rig).input_media_id for _ in range(2)]
    rig.through(node, Queue.INGEST, Queue.INGEST)

    created = from_inputs(rig, *ids, outputs=(MP4, WEBM))

    assert (created.ingest_id, created.input_media_ids) == (0, tuple(ids))
    assert [rig.job(view.job_id).state for view in created.jobs] == ["encoding", "encoding"]


@pytest.mark.parametrize("position", [0, 1])
def test_an_input_of_any_position_is_kept_while_the_join_needs_it(rig: Rig, position: int) -> None:
    node = rig.node("alpha")
    ids = [ingest(rig).input_media_id for _ in range(2)]
    rig.through(node, Queue.INGEST, Queue.INGEST)
    job_id = from_inputs(rig, *ids).jobs[0].job_id

    with pytest.raises(ConflictError, match=f"job {job_id} needs input media {ids[position]}"):
        delete_media(rig.db, rig.account_id, "input", ids[position])

    cancel_job(rig.db, rig.account_id, job_id, POLICY)
    delete_media(rig.db, rig.account_id, "input", ids[position])


@pytest.mark.parametrize("position", [0, 1])
def test_one_input_that_is_not_there_refuses_the_join(rig: Rig, position: int) -> None:
    node = rig.node("alpha")
    ids = [ingest(rig).input_media_id for _ in range(2)]
    rig.through(node, Queue.INGEST, Queue.INGEST)
    rig.change(update(media).where(media.c.id == ids[position]).values(state="expired"))
    unknown = [*ids]
    unknown[position] = 987_654
    before = rig.snapshot()

    with pytest.raises(NotFoundError) as gone:
        from_inputs(rig, *ids)
    with pytest.raises(NotFoundError) as missing:
        from_inputs(rig, *unknown)

    assert gone.value.code is ErrorCode.MEDIA_EXPIRED
    assert missing.value.code in {ErrorCode.ASSET_NOT_FOUND, ErrorCode.MEDIA_EXPIRED}
    assert rig.snapshot() == before


def test_a_join_of_too_many_is_refused(rig: Rig) -> None:
    for refuse in (
        lambda: from_inputs(rig, *[1] * 21),
        lambda: rig.create(source_url="|".join([URLS[0]] * 21)),
    ):
        with pytest.raises(SpecError, match="joins 21 inputs; at most 20") as refused:
            refuse()
        assert refused.value.code is ErrorCode.MORE_THAN_ALLOWED_INPUT_URL


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (f"{URLS[0]}|", "number 2 is empty"),
        (f"|{URLS[0]}", "number 1 is empty"),
        (f"{URLS[0]}| |{URLS[1]}", "number 2 is empty"),
        (f"{URLS[0]}|http://10.0.0.1/x.mov", "number 2 of 2"),
    ],
)
def test_a_part_that_is_no_source_is_named(rig: Rig, urls: str, words: str) -> None:
    with pytest.raises(SpecError, match=words) as refused:
        rig.create(source_url=urls)

    assert refused.value.field == "source_url"
    assert "secret" not in refused.value.message
    assert rig.tasks() == []


def test_an_ingest_alone_has_one_source(rig: Rig) -> None:
    wanted = CreateIngest(account_id=rig.account_id, request_id="one", source_url="|".join(URLS))

    with pytest.raises(SpecError, match="jobs may join several"):
        create_ingest(rig.db, wanted)


def test_a_join_shows_all_its_inputs(rig: Rig) -> None:
    created = join(rig, MP4)
    job_id = created.jobs[0].job_id

    alone = get_job(rig.db, rig.account_id, job_id)
    (listed,) = list_active_jobs(rig.db, rig.account_id, Page(size=20, number=1)).jobs

    assert alone.input_media_ids == listed.input_media_ids == created.input_media_ids
    assert alone.input_media_id == created.input_media_ids[0]
