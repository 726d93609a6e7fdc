"""Trying a failed job again, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import JobView
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError

RETRY = "/api/v1/job/5/retry"
AGAIN = JobView(job_id=5, input_media_id=3, output_media_id=4, status="queued", created_ms=1, updated_ms=2)
XML = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"


@pytest.fixture
def retrying(api: Any) -> Any:
    api.scheduler.answers["retry_job"] = AGAIN
    return api


def test_a_job_is_tried_again_and_shown(retrying: Any) -> None:
    answered = retrying.request("POST", RETRY)

    assert answered.status == 200
    assert tuple(answered.json) == ("job", "Success", "ErrorCode", "Message")
    assert (answered.json["job"]["JobID"], answered.json["job"]["Status"]) == (5, "AddedToQueue")
    assert answered.json["job"]["ErrorCode"] == ""
    assert retrying.scheduler.calls("retry_job") == [(retrying.account_id, 5)]


def test_the_answer_may_be_xml(retrying: Any) -> None:
    root = retrying.request("POST", RETRY, headers={"accept": "application/xml"}).xml

    assert root.tag == f"{XML}GetJobResponse"
    assert root.findtext(f"{XML}job/{XML}Status") == "AddedToQueue"
    assert root.findtext(f"{XML}Success") == "true"


def test_the_key_may_be_in_a_body(retrying: Any) -> None:
    body = b'{"ApiKey":"%s"}' % retrying.key.encode()

    assert retrying.post(RETRY, body, "", headers={"content-length": str(len(body))}).json["Success"] is True


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ConflictError("job 5 is encoding; only a failed one can be tried again"), "conflict"),
        (NotFoundError("input media 3 is deleted", code=ErrorCode.MEDIA_EXPIRED), "media_expired"),
    ],
)
def test_a_refusal_is_told_in_both_formats(api: Any, refusal: Exception, code: str) -> None:
    api.scheduler.answers["retry_job"] = refusal

    assert api.request("POST", RETRY).error == (200, code)
    xml = {"accept": "application/xml"}
    assert api.request("POST", RETRY, headers=xml).xml_error == (200, "GetJobResponse", code)


def test_what_is_no_job_is_not_tried_again(api: Any) -> None:
    assert api.request("POST", RETRY).error == (200, "job_not_found")
    assert api.request("POST", "/api/v1/job/five/retry").error == (200, "invalid_parameter_value")
    assert api.request("POST", RETRY, "").error == (401, "unauthorized")
    assert api.request("GET", RETRY).error == (405, "method_not_allowed")
