"""An ingest that nobody has asked a job of."""

import uuid
from typing import Any

import pytest

from reelyard.cluster.views import CreatedIngestView, CreateIngest
from reelyard.cluster.work import IngestWork, Queue
from reelyard.media.errors import ErrorCode, SpecError
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.read_ingests import get_ingest
from scheduler.usecases.read_media import get_media
from tests.contract.lifecycle_rig import SOURCE_URL, Rig, race


def wanted(rig: Rig, **members: Any) -> CreateIngest:
    given = {"account_id": rig.account_id, "request_id": str(uuid.uuid4()), "source_url": SOURCE_URL} | members
    return CreateIngest(**given)


def test_a_source_becomes_an_input_medium(rig: Rig) -> None:
    created = create_ingest(rig.db, wanted(rig, title="A holiday", customer_reference_id="h-1"))
    assert created.customer_reference_id == "h-1"

    work = rig.do(rig.node("alpha"), Queue.INGEST).work

    assert isinstance(work, IngestWork)
    assert work.source_url == SOURCE_URL
    ingest = get_ingest(rig.db, rig.account_id, created.ingest_id)
    assert (ingest.status, ingest.title, ingest.customer_reference_id) == ("completed", "A holiday", "h-1")
    medium = get_media(rig.db, rig.account_id, "input", created.input_media_id)
    assert (medium.status, medium.title, medium.filename) == ("available", "A holiday", "holiday.mov")
    assert [task.kind for task in rig.tasks()] == ["ingest", "clean"]


def test_the_same_request_gets_the_first_answer(rig: Rig) -> None:
    request = wanted(rig)

    first = create_ingest(rig.db, request)

    assert create_ingest(rig.db, request) == first
    assert len(rig.tasks(kind="ingest")) == 1


def test_the_same_request_twice_at_once_makes_one_ingest(rig: Rig) -> None:
    request = wanted(rig)

    answers = race(*[lambda: create_ingest(rig.db, request)] * 4)

    assert len(set(answers)) == 1
    assert isinstance(answers[0], CreatedIngestView)
    assert len(rig.tasks(kind="ingest")) == 1


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"source_url": ""}, ErrorCode.PARAMETER_MISSING),
        ({"source_url": "http://a.example/1|http://a.example/2"}, ErrorCode.INVALID_PARAMETER_VALUE),
        ({"source_url": "gopher://a.example/1"}, ErrorCode.INVALID_INPUT_URL),
        ({"source_url": "http://127.0.0.1/1"}, ErrorCode.INVALID_INPUT_URL),
        ({"request_id": ""}, ErrorCode.PARAMETER_MISSING),
        ({"title": "x" * 1001}, ErrorCode.INVALID_PARAMETER_VALUE),
        ({"customer_reference_id": "x" * 256}, ErrorCode.INVALID_PARAMETER_VALUE),
    ],
)
def test_a_wrong_request_is_refused_and_makes_nothing(rig: Rig, members: dict[str, str], code: ErrorCode) -> None:
    before = rig.snapshot()

    with pytest.raises(SpecError) as refused:
        create_ingest(rig.db, wanted(rig, **members))

    assert refused.value.code is code
    assert rig.snapshot() == before
