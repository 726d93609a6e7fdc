"""How long media are kept, and what is left of them after that."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from reelyard.cluster.views import CreatedJobsView, CreateJobsFromInput
from reelyard.cluster.work import CleanWork, Queue, TaskKind
from reelyard.media.errors import ErrorCode, NotFoundError
from scheduler.domain.policy import DAY_MS, Policy
from scheduler.store.clock import now_ms
from scheduler.store.tables import job_inputs, media
from scheduler.usecases import expire_media as expiring
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.expire_media import expire_media
from scheduler.usecases.read_media import get_media
from scheduler.usecases.resolve_download import resolve_download
from tests.contract.lifecycle_rig import MP4, POLICY, WEBM, Rig, race

KEPT = Policy(input_keep_ms=3 * DAY_MS, output_keep_ms=2 * DAY_MS)
FOR_EVER = Policy(input_keep_ms=0, output_keep_ms=0)
WHOLE = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)


def finished(rig: Rig) -> CreatedJobsView:
    """A job that has ended, cleaned up."""
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, *WHOLE)
    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    return created


def age(rig: Rig, media_id: int, days: float) -> None:
    """Make a medium that many days old."""
    moment = now_ms() - round(days * DAY_MS)
    rig.change(update(media).where(media.c.id == media_id).values(available_ms=moment))


def output_of(rig: Rig, created: CreatedJobsView) -> int:
    return int(rig.job(created.jobs[0].job_id).output_media_id)


def encode(rig: Rig, input_media_id: int) -> int:
    request = CreateJobsFromInput(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), input_media_id=input_media_id, outputs=(WEBM,)
    )
    return create_jobs_from_input(rig.db, request).jobs[0].job_id


def test_inputs_and_outputs_are_kept_for_their_days_and_no_longer(rig: Rig) -> None:
    created = finished(rig)
    output = output_of(rig, created)
    age(rig, created.input_media_id, 2.9)
    age(rig, output, 1.9)

    assert expire_media(rig.db, KEPT) == 0
    age(rig, output, 2.1)
    assert expire_media(rig.db, KEPT) == 1
    assert (rig.medium(created.input_media_id).state, rig.medium(output).state) == ("available", "expired")
    age(rig, created.input_media_id, 3.1)
    assert expire_media(rig.db, KEPT) == 1
    assert rig.medium(created.input_media_id).state == "expired"
    assert rig.events("media", output)[-1] == "expire"
    assert expire_media(rig.db, KEPT) == 0


def test_the_bytes_go_the_urls_are_closed_and_the_record_stays(rig: Rig) -> None:
    created = finished(rig)
    output = output_of(rig, created)
    before = get_media(rig.db, rig.account_id, "output", output)
    age(rig, output, 2.1)

    expire_media(rig.db, KEPT)

    after = get_media(rig.db, rig.account_id, "output", output)
    assert after.status == "expired"
    assert (after.filename, after.size_bytes, after.info) == (before.filename, before.size_bytes, before.info)
    _, _, _, token, name = before.file_path.split("/")
    with pytest.raises(NotFoundError) as gone:
        resolve_download(rig.db, "output", output, token, name)
    assert gone.value.code is ErrorCode.MEDIA_EXPIRED
    clean = rig.do(rig.node("beta"), Queue.STORE, TaskKind.CLEAN).work
    assert clean == CleanWork(prefix=f"job/{created.jobs[0].job_id}/")
    assert rig.job(created.jobs[0].job_id).state == "completed"


def test_an_expired_input_cannot_be_encoded_or_deleted_again(rig: Rig) -> None:
    created = finished(rig)
    age(rig, created.input_media_id, 4)
    expire_media(rig.db, KEPT)

    for call in (
        lambda: encode(rig, created.input_media_id),
        lambda: delete_media(rig.db, rig.account_id, "input", created.input_media_id),
    ):
        with pytest.raises(NotFoundError) as gone:
            call()
        assert gone.value.code is ErrorCode.MEDIA_EXPIRED


def test_an_input_outlives_its_time_while_a_job_needs_it(rig: Rig) -> None:
    created = finished(rig)
    job_id = encode(rig, created.input_media_id)
    age(rig, created.input_media_id, 100)

    assert expire_media(rig.db, KEPT) == 0
    cancel_job(rig.db, rig.account_id, job_id, POLICY)

    assert expire_media(rig.db, KEPT) == 1
    assert rig.medium(created.input_media_id).state == "expired"


def test_a_source_that_is_joined_behind_another_is_needed_too(rig: Rig) -> None:
    first, second = finished(rig), finished(rig)
    job_id = encode(rig, first.input_media_id)
    rig.change(insert(job_inputs).values(job_id=job_id, position=1, media_id=second.input_media_id))
    age(rig, second.input_media_id, 100)

    assert expire_media(rig.db, KEPT) == 0
    cancel_job(rig.db, rig.account_id, job_id, POLICY)

    assert expire_media(rig.db, KEPT) == 1


def test_an_output_that_is_being_delivered_is_kept(rig: Rig) -> None:
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE)
    output = output_of(rig, created)
    age(rig, output, 100)

    assert expire_media(rig.db, replace(KEPT, input_keep_ms=0)) == 0
    rig.do(node, Queue.DISTRIBUTE)

    assert expire_media(rig.db, replace(KEPT, input_keep_ms=0)) == 1


def test_without_days_everything_is_kept_and_a_change_acts_on_what_is_there(rig: Rig) -> None:
    created = finished(rig)
    age(rig, created.input_media_id, 10_000)
    age(rig, output_of(rig, created), 10_000)

    assert expire_media(rig.db, FOR_EVER) == 0
    assert expire_media(rig.db, replace(FOR_EVER, output_keep_ms=9_000 * DAY_MS)) == 1
    assert rig.medium(created.input_media_id).state == "available"


def test_what_an_older_scheduler_published_counts_from_its_last_change(rig: Rig) -> None:
    created = finished(rig)
    output = output_of(rig, created)
    long_ago = now_ms() - 5 * DAY_MS
    rig.change(update(media).where(media.c.id == output).values(available_ms=None, updated_ms=long_ago))
    rig.change(update(media).where(media.c.id == created.input_media_id).values(available_ms=None))

    assert expire_media(rig.db, KEPT) == 1
    assert rig.medium(output).state == "expired"


def test_more_than_a_batch_expires_in_one_sweep(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "BATCH", 2)
    due = [finished(rig) for _ in range(5)]
    needed = due[0]
    encode(rig, needed.input_media_id)
    for created in due:
        age(rig, created.input_media_id, 4)

    assert expire_media(rig.db, KEPT) == 4
    assert rig.medium(needed.input_media_id).state == "available"


def test_a_sweep_ends_when_it_is_told_to(rig: Rig) -> None:
    created = finished(rig)
    age(rig, created.input_media_id, 4)

    assert expire_media(rig.db, KEPT, stopping=lambda: True) == 0
    assert rig.medium(created.input_media_id).state == "available"


def test_two_schedulers_expire_each_medium_once(rig: Rig) -> None:
    made = [finished(rig) for _ in range(3)]
    for created in made:
        age(rig, created.input_media_id, 4)

    counts = race(lambda: expire_media(rig.db, KEPT), lambda: expire_media(rig.db, KEPT))

    assert sum(counts) == 3
    for created in made:
        assert rig.events("media", created.input_media_id).count("expire") == 1
        assert len(rig.tasks(ingest_id=created.ingest_id, kind="clean", part=1)) == 1


def test_a_job_and_an_expiry_at_once_never_both_win(rig: Rig) -> None:
    created = finished(rig)
    age(rig, created.input_media_id, 4)

    expired, job = race(lambda: expire_media(rig.db, KEPT), lambda: encode(rig, created.input_media_id))

    if expired:
        assert isinstance(job, NotFoundError)
    else:
        assert rig.job(job).state == "encoding"
        assert rig.medium(created.input_media_id).state == "available"
