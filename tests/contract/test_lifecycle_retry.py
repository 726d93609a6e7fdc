"""Failed jobs that are tried again: from which stage, with what, and what they may not be."""

import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import update

from reelyard.cluster.views import CreatedJobsView, CreateIngest
from reelyard.cluster.work import CleanWork, IngestResult, NotifyWork, Queue, StoreWork, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.store.clock import read_now
from scheduler.store.tables import media, tasks
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import MP4, POLICY, SOURCE_URL, Rig, race, source_info, stored

PINGED = OutputRequest(output_format_id=0, container="mp4", ping_url="http://pings.example/")
STAGES = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)


def failed_at(rig: Rig, node: str, stage: Queue, output: OutputRequest = MP4) -> CreatedJobsView:
    """A job that failed for good in this stage."""
    created = rig.create(output)
    rig.through(node, *STAGES[: STAGES.index(stage)])
    rig.fail(rig.take(node, stage), ErrorCode.DELIVERY_DENIED)
    assert rig.job(created.jobs[0].job_id).state == "failed"
    return created


def retry(rig: Rig, job_id: int, request_id: str = "") -> None:
    retry_job(rig.db, rig.account_id, job_id, POLICY, request_id=request_id)


def cleaned(rig: Rig, node: str) -> list[CleanWork]:
    """Do every clean-up that waits; what each of them was told."""
    done = []
    while any(task.kind == "clean" and task.state in ("waiting", "queued") for task in rig.tasks()):
        work = rig.do(node, Queue.STORE, TaskKind.CLEAN).work
        assert isinstance(work, CleanWork)
        done.append(work)
    return done


def test_a_failed_encode_is_made_again(rig: Rig) -> None:
    node = rig.node("alpha")
    created = failed_at(rig, node, Queue.ENCODE_CPU)
    job_id = created.jobs[0].job_id
    assert rig.medium(rig.job(job_id).output_media_id).state == "failed"

    retry(rig, job_id)

    job = rig.job(job_id)
    assert (job.state, job.error_code, job.error_message, job.ended_ms) == ("encoding", "", "", None)
    assert (job.importing_progress, job.encoding_progress) == (100, 0)
    assert rig.medium(job.output_media_id).state == "pending"
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    assert rig.events("job", job_id)[2:] == ["plan", "fail", "retry", "plan", "encoded", "stored", "distributed"]
    assert rig.events("media", job.output_media_id) == ["create", "fail", "retry", "publish"]
    assert [task.attempt for task in rig.tasks(job_id=job_id, kind="encode")] == [2]
    assert len(rig.tasks(kind="ingest")) == 1


def test_what_was_encoded_is_stored_again_while_it_is_kept(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE).jobs[0].job_id

    retry(rig, job_id)

    job = rig.job(job_id)
    assert (job.state, job.encoding_progress, job.storing_progress) == ("storing", 100, 0)
    store = rig.do(node, Queue.STORE)
    (encode,) = rig.tasks(job_id=job_id, kind="encode")
    assert isinstance(store.work, StoreWork)
    assert store.work.parts[0].object.key == f"job/{job_id}/{encode.id}/1/output.mp4"
    assert (encode.attempt, store.attempt) == (1, 2)
    rig.do(node, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"


def test_what_was_encoded_and_removed_is_encoded_again(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE).jobs[0].job_id
    assert f"job/{job_id}/" in [work.prefix for work in cleaned(rig, node)]

    retry(rig, job_id)

    assert rig.job(job_id).state == "encoding"
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    assert [task.attempt for task in rig.tasks(job_id=job_id, kind="store")] == [2]


def test_a_published_output_is_only_delivered_again(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.DISTRIBUTE).jobs[0].job_id
    output_id = rig.job(job_id).output_media_id
    files = rig.files(output_id)
    cleaned(rig, node)

    retry(rig, job_id)

    assert (rig.job(job_id).state, rig.medium(output_id).state) == ("distributing", "available")
    rig.do(node, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"
    assert rig.files(output_id) == files
    assert [work.keep for work in cleaned(rig, node)] == [tuple(sorted(files.values()))]


def test_what_a_failed_job_made_is_kept_for_a_while(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE).jobs[0].job_id
    cancelled = rig.create().jobs[0].job_id
    cancel_job(rig.db, rig.account_id, cancelled, POLICY)

    with rig.db.read() as conn:
        now = read_now(conn)

    (kept,) = rig.tasks(job_id=job_id, kind="clean")
    (soon,) = rig.tasks(job_id=cancelled, kind="clean")
    assert 0 <= now + POLICY.keep_failed_ms - kept.not_before_ms < 600_000
    assert soon.not_before_ms - now <= POLICY.clean_wait_ms
    assert Policy(keep_failed_ms=0).failed_clean_wait_ms == POLICY.clean_wait_ms


def test_a_failed_source_is_fetched_once_for_all_jobs_that_are_tried_again(rig: Rig) -> None:
    node = rig.node("alpha")
    created = rig.create(MP4, MP4, MP4)
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)
    first, second, third = (view.job_id for view in created.jobs)

    retry(rig, first)

    assert [rig.job(job_id).state for job_id in (first, second)] == ["queued", "failed"]
    ingest = rig.ingest(created.ingest_id)
    assert (ingest.state, ingest.error_code, ingest.ended_ms) == ("queued", "", None)
    assert rig.medium(created.input_media_id).state == "pending"
    held = rig.take(node, Queue.INGEST)
    assert held.spec.attempt == 2
    retry(rig, second)
    assert rig.job(second).state == "importing"
    rig.finish(held)
    assert [rig.job(job_id).state for job_id in (first, second, third)] == ["encoding", "encoding", "failed"]
    assert len(rig.tasks(kind="ingest")) == 1
    assert rig.events("ingest", created.ingest_id) == ["create", "start", "fail", "retry", "start", "complete"]
    ingest_files = set(rig.files(created.input_media_id).values())
    kept = [set(work.keep) for work in cleaned(rig, node) if work.prefix.startswith("ingest/")]
    assert kept == [ingest_files]


def test_two_jobs_that_are_tried_again_at_once_fetch_their_source_once(rig: Rig) -> None:
    node = rig.node("alpha")
    created = rig.create(MP4, MP4)
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)
    first, second = (view.job_id for view in created.jobs)

    assert race(lambda: retry(rig, first), lambda: retry(rig, second)) == [None, None]

    assert rig.events("ingest", created.ingest_id).count("retry") == 1
    rig.do(node, Queue.INGEST)
    assert [rig.job(job_id).state for job_id in (first, second)] == ["encoding", "encoding"]


def test_a_source_that_fails_again_fails_the_job_again(rig: Rig) -> None:
    node = rig.node("alpha")
    created = rig.create(PINGED)
    job_id = created.jobs[0].job_id
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)
    retry(rig, job_id)

    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_DENIED)

    assert (rig.job(job_id).state, rig.job(job_id).error_code) == ("failed", ErrorCode.SOURCE_DENIED)
    assert rig.medium(created.input_media_id).state == "failed"
    assert len(rig.tasks(job_id=job_id, kind="notify")) == 2


def test_each_end_is_notified(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE, PINGED).jobs[0].job_id
    retry(rig, job_id)
    rig.through(node, Queue.STORE, Queue.DISTRIBUTE)

    works = [rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work for _ in range(2)]

    notes = [work for work in works if isinstance(work, NotifyWork)]
    assert [parse_qs(note.body)["Result"] for note in notes] == [["Failed"], ["Success"]]
    assert len({note.delivery_id for note in notes}) == 2


def test_a_stage_has_its_attempts_anew_and_counts_them_on(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(MP4).jobs[0].job_id
    rig.do(node, Queue.INGEST)

    def fail_until_the_end() -> list[int]:
        seen = []
        while rig.job(job_id).state == "encoding":
            held = rig.take(node, Queue.ENCODE_CPU)
            seen.append(held.spec.attempt)
            rig.fail(held, ErrorCode.ENCODE_FAILED)
        return seen

    assert fail_until_the_end() == [1, 2]
    retry(rig, job_id)
    assert fail_until_the_end() == [3, 4]


@pytest.mark.parametrize("state", ["queued", "encoding", "completed", "cancelled"])
def test_only_a_failed_job_is_tried_again(rig: Rig, state: str) -> None:
    node = rig.node("alpha")
    job_id = rig.create(MP4).jobs[0].job_id
    rig.through(node, *{"encoding": STAGES[:1], "completed": STAGES}.get(state, ()))
    if state == "cancelled":
        cancel_job(rig.db, rig.account_id, job_id, POLICY)
    assert rig.job(job_id).state == state
    before = rig.snapshot()

    with pytest.raises(ConflictError, match=f"job {job_id} is {state}"):
        retry(rig, job_id)

    assert rig.snapshot() == before


def test_another_accounts_job_is_not_found(rig: Rig) -> None:
    job_id = failed_at(rig, rig.node("alpha"), Queue.ENCODE_CPU).jobs[0].job_id

    with pytest.raises(NotFoundError) as refused:
        retry_job(rig.db, rig.account("stranger"), job_id, POLICY)

    assert refused.value.code is ErrorCode.JOB_NOT_FOUND


@pytest.mark.parametrize("state", ["expired", "deleted"])
def test_a_job_whose_input_is_gone_says_what_to_do(rig: Rig, state: str) -> None:
    created = failed_at(rig, rig.node("alpha"), Queue.ENCODE_CPU)
    rig.change(update(media).where(media.c.id == created.input_media_id).values(state=state))
    before = rig.snapshot()

    with pytest.raises(NotFoundError, match=f"{state}.*create a new job") as refused:
        retry(rig, created.jobs[0].job_id)

    assert refused.value.code is ErrorCode.MEDIA_EXPIRED
    assert rig.snapshot() == before


def test_what_was_encoded_needs_its_input_no_more(rig: Rig) -> None:
    created = failed_at(rig, rig.node("alpha"), Queue.STORE)
    delete_media(rig.db, rig.account_id, "input", created.input_media_id)

    retry(rig, created.jobs[0].job_id)

    assert rig.job(created.jobs[0].job_id).state == "storing"


def test_an_output_that_was_deleted_is_not_delivered(rig: Rig) -> None:
    job_id = failed_at(rig, rig.node("alpha"), Queue.DISTRIBUTE).jobs[0].job_id
    delete_media(rig.db, rig.account_id, "output", rig.job(job_id).output_media_id)

    with pytest.raises(NotFoundError, match="create a new job") as refused:
        retry(rig, job_id)

    assert refused.value.code is ErrorCode.MEDIA_EXPIRED


def test_a_job_that_is_being_cleaned_up_is_left_alone(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE).jobs[0].job_id
    (clean,) = rig.tasks(job_id=job_id, kind="clean")
    rig.change(update(tasks).where(tasks.c.kind == "clean", tasks.c.id != clean.id).values(state="cancelled"))
    held = rig.take(node, Queue.STORE, TaskKind.CLEAN)

    with pytest.raises(ConflictError, match="being cleaned up"):
        retry(rig, job_id)

    rig.finish(held)
    retry(rig, job_id)
    assert rig.job(job_id).state == "encoding"


def test_a_job_that_still_cannot_be_planned_fails_again(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(PINGED).jobs[0].job_id
    held = rig.take(node, Queue.INGEST)
    rig.finish(held, IngestResult(source=stored("ingest/s"), info=source_info(video=False), filename="song.m4a"))
    assert rig.job(job_id).error_code == ErrorCode.SOURCE_NOT_MEDIA

    retry(rig, job_id)

    assert (rig.job(job_id).state, rig.job(job_id).error_code) == ("failed", ErrorCode.SOURCE_NOT_MEDIA)
    assert rig.events("job", job_id)[-3:] == ["fail", "retry", "fail"]
    assert len(rig.tasks(job_id=job_id, kind="notify")) == 2


def test_a_job_may_be_tried_again_more_than_once(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = failed_at(rig, node, Queue.STORE).jobs[0].job_id
    for _ in range(2):
        retry(rig, job_id)
        rig.fail(rig.take(node, Queue.STORE), ErrorCode.DELIVERY_DENIED)
    cleaned(rig, node)
    retry(rig, job_id)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.DELIVERY_DENIED)

    retry(rig, job_id)

    assert rig.job(job_id).state == "encoding"
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"


def ended_calls(rig: Rig) -> dict[str, Any]:
    """A call of each kind that ends or restarts something, to be made with a request ID."""
    node = rig.node("alpha")
    failed = failed_at(rig, node, Queue.ENCODE_CPU).jobs[0].job_id
    deleted = rig.create(MP4)
    rig.do(node, Queue.INGEST)
    cancel_job(rig.db, rig.account_id, deleted.jobs[0].job_id, POLICY)
    job_id = rig.create(MP4).jobs[0].job_id
    wanted = CreateIngest(account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL)
    ingest_id = create_ingest(rig.db, wanted).ingest_id
    medium, db, account = deleted.input_media_id, rig.db, rig.account_id
    return {
        "cancel_job": lambda again: cancel_job(db, account, job_id, POLICY, request_id=again),
        "cancel_ingest": lambda again: cancel_ingest(db, account, ingest_id, POLICY, request_id=again),
        "delete_media": lambda again: delete_media(db, account, "input", medium, request_id=again),
        "retry_job": lambda again: retry_job(db, account, failed, POLICY, request_id=again),
    }


@pytest.mark.parametrize("name", ["cancel_job", "cancel_ingest", "delete_media", "retry_job"])
def test_a_call_whose_answer_was_lost_may_be_repeated(rig: Rig, name: str) -> None:
    call = ended_calls(rig)[name]
    call("one")
    after = rig.snapshot()

    call("one")

    assert rig.snapshot() == after
    with pytest.raises((ConflictError, NotFoundError)) as refused:
        call("two")
    assert refused.value.code is (ErrorCode.MEDIA_EXPIRED if name == "delete_media" else ErrorCode.CONFLICT)
    assert rig.snapshot() == after
    with pytest.raises((ConflictError, NotFoundError)):
        call("two")


@pytest.mark.parametrize("name", ["cancel_job", "cancel_ingest", "delete_media", "retry_job"])
def test_a_repeated_call_that_comes_at_once_is_done_once(rig: Rig, name: str) -> None:
    call = ended_calls(rig)[name]

    assert race(*[lambda: call("one")] * 4) == [None] * 4
