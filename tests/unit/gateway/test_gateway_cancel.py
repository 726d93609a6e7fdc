"""Cancelling a job, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import JobView
from reelyard.media.errors import ConflictError

CANCEL = "/api/v1/job/5/cancel"
CANCELLED = JobView(job_id=5, status="cancelled", error_code="cancelled", created_ms=1, updated_ms=2)


@pytest.fixture
def cancelling(api: Any) -> Any:
    api.scheduler.answers["cancel_job"] = CANCELLED
    return api


def test_a_job_is_cancelled_and_shown(cancelling: Any) -> None:
    answered = cancelling.request("POST", CANCEL)

    assert answered.status == 200
    assert tuple(answered.json) == ("job", "Success", "ErrorCode", "Message")
    assert answered.json["Success"] is True
    assert (answered.json["job"]["JobID"], answered.json["job"]["Status"]) == (5, "Cancelled")
    assert answered.json["job"]["ErrorCode"] == "cancelled"
    assert cancelling.scheduler.calls("cancel_job") == [(cancelling.account_id, 5)]


@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}])
def test_no_body_is_needed_whatever_type_it_would_be_of(cancelling: Any, headers: dict[str, str]) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    assert cancelling.request("POST", CANCEL, headers=form | headers).json["Success"] is True


def test_the_key_may_be_in_a_body(cancelling: Any) -> None:
    body = b'{"ApiKey":"%s"}' % cancelling.key.encode()

    answered = cancelling.post(CANCEL, body, "", headers={"content-length": str(len(body))})

    assert answered.json["Success"] is True


def test_a_body_that_is_there_must_be_an_object(cancelling: Any) -> None:
    answered = cancelling.post(CANCEL, b"now", headers={"content-length": "3"})

    assert answered.error == (200, "malformed_request")
    assert not cancelling.scheduler.calls("cancel_job")


def test_a_job_that_has_ended_is_not_cancelled(api: Any) -> None:
    api.scheduler.answers["cancel_job"] = ConflictError("job 5 is completed; it can't be")

    assert api.request("POST", CANCEL).error == (200, "conflict")


def test_a_job_that_is_not_there_is_not_cancelled(api: Any) -> None:
    assert api.request("POST", CANCEL).error == (200, "job_not_found")
    assert api.request("POST", "/api/v1/job/five/cancel").error == (200, "invalid_parameter_value")


def test_a_key_is_needed_to_cancel(cancelling: Any) -> None:
    assert cancelling.request("POST", CANCEL, "").error == (401, "unauthorized")
    assert cancelling.request("GET", CANCEL).error == (405, "method_not_allowed")
