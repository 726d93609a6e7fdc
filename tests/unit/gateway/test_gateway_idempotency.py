"""The Idempotency-Key of a create request: which requests are the same, and which header is valid."""

from typing import Any

import pytest

from reelyard.cluster.views import CreatedIngestView
from reelyard.media.errors import SpecError

CREATE = "/api/v1/ingest/create"
BODY = b'{"SourceMediaURL": "http://h/a.mov", "title": "A", "Number": 7, "Flag": true}'


@pytest.fixture
def asked(api: Any) -> Any:
    """Sends an ingest with an Idempotency-Key; its identity as the scheduler hears it."""
    api.scheduler.answers["create_ingest"] = CreatedIngestView(ingest_id=1, input_media_id=2)

    def ask(body: bytes = BODY, key: str | None = "k-1", query: str | None = None, **headers: str) -> tuple[str, str]:
        given = {"content-type": "application/json"} | headers | ({"idempotency-key": key} if key is not None else {})
        answered = api.request("POST", CREATE, query, data=body, headers=given)
        assert answered.status == 200
        ((wanted,),) = api.scheduler.calls("create_ingest")[-1:]
        return wanted.request_id, wanted.body_sha256

    return ask


def test_without_the_header_every_request_is_another(asked: Any) -> None:
    first, second = asked(key=None), asked(key=None)

    assert first != second
    assert (first[1], second[1]) == ("", "")


def test_the_same_key_and_request_are_the_same_however_they_are_written(api: Any, asked: Any) -> None:
    first = asked()

    assert len(first[0]) == len(first[1]) == 64
    assert "k-1" not in first[0]
    assert asked() == first
    assert asked(b'{"flag":"true","number":7,"title":"A","x":null,"SourceMediaURL":"http://h/a.mov"}') == first
    assert asked(BODY[:-1] + f', "ApiKey": "{api.key}"}}'.encode(), query="") == first
    xml = (
        b"<r><SourceMediaURL>http://h/a.mov</SourceMediaURL><title>A</title><Number>7</Number><Flag>true</Flag>"
        b"<Empty/></r>"
    )
    assert asked(xml, **{"content-type": "text/xml"}) == first


def test_another_body_or_key_is_told_apart(asked: Any) -> None:
    first = asked()

    other_body, other_key = asked(BODY.replace(b'"A"', b'"B"')), asked(key="k-2")

    assert other_body[0] == first[0]
    assert other_body[1] != first[1]
    assert (other_key[0] != first[0], other_key[1]) == (True, first[1])


def test_the_call_is_part_of_the_request(api: Any, asked: Any) -> None:
    first = asked()
    body = b'{"SourceMediaURL": "http://h/a.mov", "OutputJobs": [{"OutputFormatID": 1}]}'

    api.request("POST", "/api/v1/job/create", data=body, headers={"idempotency-key": "k-1"})

    ((jobs,),) = api.scheduler.calls("create_jobs")
    assert jobs.request_id == first[0]
    assert jobs.body_sha256 not in ("", first[1])


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "č"])
def test_a_key_that_is_not_valid_is_refused(api: Any, key: str) -> None:
    refused = api.request("POST", CREATE, data=BODY, headers={"idempotency-key": key.encode().decode("latin-1")})

    assert refused.error == (200, "invalid_parameter_value")
    assert refused.json["Message"].startswith("Idempotency-Key is ")
    assert not api.scheduler.calls("create_ingest")


def test_a_key_that_came_with_another_request_is_named(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = SpecError("idempotency_key", "{idempotency_key} is used")

    refused = api.request("POST", CREATE, data=BODY, headers={"idempotency-key": "k"})

    assert refused.json["Message"] == "Idempotency-Key is used."
