"""The calls that make and end ingests, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import CreatedIngestView, IngestView
from reelyard.media.errors import ConflictError, ErrorCode, SpecError

CREATE = "/api/v1/ingest/create"
URL = "http://source.example/clip.mov"


def test_an_ingest_is_created(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = CreatedIngestView(
        ingest_id=8, input_media_id=7, customer_reference_id="r-1"
    )

    answered = api.post(CREATE, {"SourceMediaURL": URL, "title": "A clip", "CustomerReferenceID": "r-1"})

    assert answered.status == 200
    assert answered.json == {
        "IngestJobID": 8,
        "IngestJobStatusLocation": "ingest/8",
        "CustomerReferenceID": "r-1",
        "InputMediaID": 7,
        "Success": True,
        "ErrorCode": "",
        "Message": "",
    }
    ((asked,),) = api.scheduler.calls("create_ingest")
    assert (asked.account_id, asked.source_url, asked.title) == (api.account_id, URL, "A clip")
    assert asked.customer_reference_id == "r-1"


def test_every_request_for_an_ingest_has_an_id_of_its_own(api: Any) -> None:
    for _ in range(2):
        api.post(CREATE, {"SourceMediaURL": URL})

    ((first,), (second,)) = api.scheduler.calls("create_ingest")
    assert first.request_id != second.request_id


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "parameter_missing"),
        ({"SourceMediaURL": "  "}, "parameter_missing"),
        ({"SourceMediaURL": ["http://a.example/"]}, "invalid_parameter_value"),
        ({"SourceMediaURL": URL, "title": {"de": "Titel"}}, "invalid_parameter_value"),
        ({"SourceMediaURL": URL, "CustomerReferenceID": 7}, "invalid_parameter_value"),
    ],
)
def test_a_wrong_request_for_an_ingest_is_refused(api: Any, members: dict[str, Any], code: str) -> None:
    assert api.post(CREATE, members).error == (200, code)
    assert not api.scheduler.calls("create_ingest")


def test_a_source_that_the_scheduler_refuses_is_no_ingest(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = SpecError(
        "source_url", "{source_url} has the host 10.0.0.1, which is private", code=ErrorCode.INVALID_INPUT_URL
    )

    answered = api.post(CREATE, {"SourceMediaURL": URL})

    assert answered.error == (200, "invalid_input_url")
    assert answered.json["Message"] == "SourceMediaURL has the host 10.0.0.1, which is private."


def test_an_ingest_is_cancelled_and_shown(api: Any) -> None:
    api.scheduler.answers["cancel_ingest"] = IngestView(
        ingest_id=8, status="cancelled", error_code="cancelled", created_ms=1, updated_ms=2
    )

    answered = api.request("POST", "/api/v1/ingest/8/cancel")

    assert tuple(answered.json) == ("ingest", "Success", "ErrorCode", "Message")
    assert answered.json["Success"] is True
    assert answered.json["ingest"]["IngestStatus"] == "Cancelled"
    assert answered.json["ingest"]["ErrorCode"] == "cancelled"
    assert api.scheduler.calls("cancel_ingest") == [(api.account_id, 8)]


def test_an_ingest_that_has_ended_is_not_cancelled(api: Any) -> None:
    api.scheduler.answers["cancel_ingest"] = ConflictError("ingest 8 is completed; it can't be")

    answered = api.request("POST", "/api/v1/ingest/8/cancel")

    assert answered.error == (200, "conflict")
    assert answered.json["Message"] == "Ingest 8 is completed; it can't be."
