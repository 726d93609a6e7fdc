"""The calls that make and end ingests, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import CreatedIngestView
from reelyard.media.errors import ErrorCode, SpecError

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
