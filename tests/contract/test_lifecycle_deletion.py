"""Deleted media: what may be deleted, when, and what goes."""

import uuid

import pytest

from reelyard.cluster.views import CreatedJobsView, CreateJobsFromInput
from reelyard.cluster.work import CleanWork, Queue, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.read_media import get_media
from scheduler.usecases.resolve_download import resolve_download
from tests.contract.lifecycle_rig import MP4, POLICY, Rig, race

WHOLE = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)


def encode(rig: Rig, input_media_id: int) -> CreatedJobsView:
    request = CreateJobsFromInput(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), input_media_id=input_media_id, outputs=(MP4,)
    )
    return create_jobs_from_input(rig.db, request)


def finished(rig: Rig) -> CreatedJobsView:
    """A job that has ended, with everything that follows from its end."""
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, *WHOLE)
    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    return created


def cleaned(rig: Rig) -> CleanWork:
    work = rig.do(rig.node("beta"), Queue.STORE, TaskKind.CLEAN).work
    assert isinstance(work, CleanWork)
    return work


def test_a_deleted_output_goes_and_its_record_stays(rig: Rig) -> None:
    created = finished(rig)
    job = rig.job(created.jobs[0].job_id)
    before = get_media(rig.db, rig.account_id, "output", job.output_media_id)

    delete_media(rig.db, rig.account_id, "output", job.output_media_id)

    after = get_media(rig.db, rig.account_id, "output", job.output_media_id)
    assert after.status == "deleted"
    assert (after.filename, after.size_bytes, after.info) == (before.filename, before.size_bytes, before.info)
    _, _, _, token, name = before.file_path.split("/")
    with pytest.raises(NotFoundError) as gone:
        resolve_download(rig.db, "output", job.output_media_id, token, name)
    assert gone.value.code is ErrorCode.MEDIA_EXPIRED
    assert cleaned(rig) == CleanWork(prefix=f"job/{job.id}/")
    assert rig.job(job.id).state == "completed"
    assert rig.medium(created.input_media_id).state == "available"


def test_a_deleted_input_goes_and_cannot_be_encoded_again(rig: Rig) -> None:
    created = finished(rig)

    delete_media(rig.db, rig.account_id, "input", created.input_media_id)

    assert rig.medium(created.input_media_id).state == "deleted"
    assert rig.events("media", created.input_media_id)[-1] == "delete"
    assert cleaned(rig) == CleanWork(prefix=f"ingest/{created.ingest_id}/")
    with pytest.raises(NotFoundError) as gone:
        encode(rig, created.input_media_id)
    assert gone.value.code is ErrorCode.MEDIA_EXPIRED


def test_what_was_deleted_is_not_deleted_again(rig: Rig) -> None:
    created = finished(rig)
    delete_media(rig.db, rig.account_id, "input", created.input_media_id)

    with pytest.raises(NotFoundError, match="is deleted already") as gone:
        delete_media(rig.db, rig.account_id, "input", created.input_media_id)

    assert gone.value.code is ErrorCode.MEDIA_EXPIRED


def test_an_input_that_a_job_needs_is_kept(rig: Rig) -> None:
    created = finished(rig)
    job_id = encode(rig, created.input_media_id).jobs[0].job_id
    before = rig.snapshot()

    with pytest.raises(ConflictError, match=f"job {job_id} "):
        delete_media(rig.db, rig.account_id, "input", created.input_media_id)

    assert rig.snapshot() == before
    cancel_job(rig.db, rig.account_id, job_id, POLICY)
    delete_media(rig.db, rig.account_id, "input", created.input_media_id)


def test_an_output_that_is_being_delivered_is_kept(rig: Rig) -> None:
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE)
    job = rig.job(created.jobs[0].job_id)

    with pytest.raises(ConflictError, match=f"job {job.id} "):
        delete_media(rig.db, rig.account_id, "output", job.output_media_id)

    rig.do(node, Queue.DISTRIBUTE)
    delete_media(rig.db, rig.account_id, "output", job.output_media_id)


def test_a_job_and_a_deletion_at_once_never_both_win(rig: Rig) -> None:
    created = finished(rig)

    deleted, job = race(
        lambda: delete_media(rig.db, rig.account_id, "input", created.input_media_id),
        lambda: encode(rig, created.input_media_id),
    )

    if deleted is None:
        assert isinstance(job, NotFoundError)
        assert rig.medium(created.input_media_id).state == "deleted"
    else:
        assert isinstance(deleted, ConflictError)
        assert rig.job(job.jobs[0].job_id).state == "encoding"


def test_what_is_not_there_is_not_deleted(rig: Rig) -> None:
    created = finished(rig)
    stranger = rig.account("stranger")
    before = rig.snapshot()

    for account_id, kind, media_id in (
        (stranger, "input", created.input_media_id),
        (rig.account_id, "output", created.input_media_id),
        (rig.account_id, "input", 987_654),
    ):
        with pytest.raises(NotFoundError) as refused:
            delete_media(rig.db, account_id, kind, media_id)
        assert refused.value.code is ErrorCode.ASSET_NOT_FOUND
    assert rig.snapshot() == before


def test_what_is_still_being_made_is_neither_shown_nor_deleted_and_says_by_whom(rig: Rig) -> None:
    created = rig.create(MP4)
    job_id = created.jobs[0].job_id
    output_id = rig.job(job_id).output_media_id
    before = rig.snapshot()

    for ask in (get_media, delete_media):
        with pytest.raises(ConflictError, match=rf"ingest {created.ingest_id}, .* is queued"):
            ask(rig.db, rig.account_id, "input", created.input_media_id)
        with pytest.raises(ConflictError, match=rf"output media {output_id} is not there yet: job {job_id}, "):
            ask(rig.db, rig.account_id, "output", output_id)
        with pytest.raises(NotFoundError, match=rf"there is no output media {output_id} "):
            ask(rig.db, rig.account("stranger " + ask.__name__), "output", output_id)
    assert rig.snapshot()["media"] == before["media"]


def test_what_never_came_to_be_says_which_job_ended_without_it(rig: Rig) -> None:
    job_id = rig.create(MP4).jobs[0].job_id
    output_id = rig.job(job_id).output_media_id
    cancel_job(rig.db, rig.account_id, job_id, POLICY)

    with pytest.raises(NotFoundError, match=rf"never came to be: job {job_id}, .* is cancelled") as refused:
        get_media(rig.db, rig.account_id, "output", output_id)

    assert refused.value.code is ErrorCode.ASSET_NOT_FOUND
