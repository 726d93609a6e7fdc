"""Create requests that a client sends again under its own Idempotency-Key: one object, one answer."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from reelyard.cluster.views import (
    CreatedKeyView,
    CreateFormat,
    CreateIngest,
    CreateJobs,
    CreateJobsFromInput,
    CreateKey,
)
from reelyard.cluster.work import Queue
from reelyard.media.errors import ConflictError, ErrorCode, SpecError
from reelyard.media.output import OutputRequest
from scheduler.store.clock import now_ms
from scheduler.store.tables import api_keys, create_requests, ingests, jobs, output_formats
from scheduler.usecases.answers import FORGOTTEN_AT_ONCE, KEPT_MS, forget_answers
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.formats import create_format, delete_format
from scheduler.usecases.keys import create_key_once, list_keys
from tests.contract.lifecycle_rig import BAD, MP4, SOURCE_URL, Rig, race

ID = "a" * 64
BODY = "b" * 64
OTHER_BODY = "c" * 64


def creating(rig: Rig, call: str) -> tuple[Any, Callable[[Any], Any]]:
    """A create request with a client's ID, and what carries it out."""
    same = {"account_id": rig.account_id, "request_id": ID, "body_sha256": BODY}
    match call:
        case "jobs":
            jobs = CreateJobs(**same, source_url=SOURCE_URL, outputs=(MP4, BAD))
            return jobs, lambda request: create_jobs(rig.db, request)
        case "ingest":
            return CreateIngest(**same, source_url=SOURCE_URL), lambda request: create_ingest(rig.db, request)
        case "format":
            parameters = OutputRequest(container="mp4", ping_url="https://u:geheim@h.example/x")
            return CreateFormat(**same, name="n", parameters=parameters), lambda request: create_format(rig.db, request)
    source = rig.create(MP4)
    rig.through(rig.node("n"), Queue.INGEST)
    from_input = CreateJobsFromInput(**same, input_media_id=source.input_media_id, outputs=(MP4,))
    return from_input, lambda request: create_jobs_from_input(rig.db, request)


def count(rig: Rig, table: Any) -> int:
    with rig.db.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def counts(rig: Rig) -> list[int]:
    return [count(rig, table) for table in (ingests, jobs, output_formats, create_requests)]


CALLS = ["jobs", "from_input", "ingest", "format"]


@pytest.mark.parametrize("call", CALLS)
def test_the_same_request_gets_the_first_answer_and_makes_nothing(rig: Rig, call: str) -> None:
    request, create = creating(rig, call)
    first = create(request)
    made = counts(rig)

    assert [create(request) for _ in range(3)] == [first] * 3
    assert counts(rig) == made


@pytest.mark.parametrize("call", CALLS)
def test_another_request_under_the_same_key_is_refused_by_the_headers_name(rig: Rig, call: str) -> None:
    request, create = creating(rig, call)
    create(request)
    made = counts(rig)

    with pytest.raises(SpecError, match="came with another request") as refused:
        create(replace(request, body_sha256=OTHER_BODY))

    assert (refused.value.field, refused.value.code) == ("idempotency_key", ErrorCode.INVALID_PARAMETER_VALUE)
    assert counts(rig) == made
    assert create(replace(request, request_id=str(uuid.uuid4()), body_sha256="")) is not None


@pytest.mark.parametrize("call", CALLS)
def test_of_requests_at_once_one_creates_and_all_get_its_answer(rig: Rig, call: str) -> None:
    request, create = creating(rig, call)
    before = counts(rig)

    answers = race(*[lambda: create(request)] * 4)

    assert answers == [answers[0]] * 4
    assert not isinstance(answers[0], Exception)
    grown = [after - before for after, before in zip(counts(rig), before, strict=True)]
    assert grown[-1] == 1
    assert max(grown) == 1


def test_different_requests_at_once_under_one_key_make_one_thing(rig: Rig) -> None:
    request, create = creating(rig, "ingest")

    answers = race(*(lambda body=body: create(replace(request, body_sha256=body)) for body in (BODY, OTHER_BODY)))

    assert sorted(type(answer).__name__ for answer in answers) == ["CreatedIngestView", "SpecError"]
    assert count(rig, ingests) == 1


def test_a_key_that_one_call_used_is_refused_by_another(rig: Rig) -> None:
    request, create = creating(rig, "ingest")
    create(request)

    other = CreateFormat(
        account_id=rig.account_id, request_id=ID, body_sha256=OTHER_BODY, name="n", parameters=OutputRequest()
    )
    with pytest.raises(SpecError, match="came with another request"):
        create_format(rig.db, other)


def test_a_request_that_was_refused_is_judged_anew(rig: Rig) -> None:
    request = CreateJobs(
        account_id=rig.account_id, request_id=ID, body_sha256=BODY, source_url=SOURCE_URL, outputs=(BAD,)
    )

    assert create_jobs(rig.db, request).ingest_id == 0
    assert counts(rig) == [0, 0, 0, 0]
    assert create_jobs(rig.db, replace(request, outputs=(MP4,), body_sha256=OTHER_BODY)).ingest_id > 0


def test_an_input_of_which_nothing_can_be_made_is_judged_anew(rig: Rig) -> None:
    request, create = creating(rig, "from_input")
    before = counts(rig)

    assert [view.job_id for view in create(replace(request, outputs=(BAD,))).jobs] == [0]

    assert counts(rig) == before
    assert create(request).jobs[0].job_id > 0


def test_a_created_key_is_not_created_again_and_its_secret_is_kept_nowhere(rig: Rig) -> None:
    request = CreateKey(account_id=rig.account_id, label="ci", role="read-only", request_id=ID, body_sha256=BODY)

    created = create_key_once(rig.db, request)

    assert (created.key.label, created.key.role) == ("ci", "read-only")
    with pytest.raises(ConflictError, match=f"key {created.key.key_id} .* stored nowhere") as refused:
        create_key_once(rig.db, request)
    assert created.secret not in refused.value.message
    with pytest.raises(SpecError, match="came with another request"):
        create_key_once(rig.db, replace(request, body_sha256=OTHER_BODY))
    assert len(list_keys(rig.db, rig.account_id).keys) == 1
    assert created.secret not in str(rig.snapshot())


def test_of_keys_created_at_once_one_is_made_and_told(rig: Rig) -> None:
    request = CreateKey(account_id=rig.account_id, request_id=ID, body_sha256=BODY)

    answers = race(*[lambda: create_key_once(rig.db, request)] * 4)

    assert sorted(type(answer).__name__ for answer in answers) == [*["ConflictError"] * 3, CreatedKeyView.__name__]
    assert count(rig, api_keys) == 1


def test_keys_without_an_id_are_made_each_time(rig: Rig) -> None:
    request = CreateKey(account_id=rig.account_id)

    assert create_key_once(rig.db, request).secret != create_key_once(rig.db, request).secret
    assert count(rig, create_requests) == 0


def test_no_credentials_are_in_a_kept_answer(rig: Rig) -> None:
    for call in ("jobs", "format"):
        request, create = creating(rig, call)
        create(replace(request, request_id=str(uuid.uuid4())))

    with rig.db.read() as conn:
        kept = str(conn.execute(select(create_requests.c.answer)).all())
    assert "secret" not in kept
    assert "geheim" not in kept


def test_an_answer_is_kept_for_a_day_and_then_forgotten(rig: Rig) -> None:
    request, create = creating(rig, "format")
    first = create(request)
    delete_format(rig.db, rig.account_id, first.id)

    rig.change(update(create_requests).values(created_ms=now_ms() - KEPT_MS + 60_000))
    assert forget_answers(rig.db) == 0
    assert create(request) == first  # what became of it since is another matter
    rig.change(update(create_requests).values(created_ms=now_ms() - KEPT_MS - 1))
    assert forget_answers(rig.db) == 1

    assert create(request).id > first.id
    assert forget_answers(rig.db) == 0


def test_many_old_answers_are_forgotten_in_portions(rig: Rig) -> None:
    row = {"account_id": rig.account_id, "answer": {}, "created_ms": 1}
    rows = [row | {"request_id": str(number)} for number in range(FORGOTTEN_AT_ONCE + 5)]
    with rig.db.write() as conn:
        conn.execute(insert(create_requests), rows)

    assert [forget_answers(rig.db) for _ in range(3)] == [FORGOTTEN_AT_ONCE, 5, 0]
