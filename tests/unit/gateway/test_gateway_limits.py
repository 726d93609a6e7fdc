"""Roles of keys, rate limits and HEAD, as the HTTP layer has them."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from reelyard.cluster.views import Caller, FormatListView, JobView
from reelyard.media.errors import UnavailableError
from tests.unit.gateway.conftest import KEY

LIMITED = Caller(account_id=7, key_id=1, rate_limit=1000, rate_remaining=999, rate_reset_ms=3_599_001)


@pytest.fixture
def caller(api: Any) -> Any:
    """Sets what the scheduler says of the key."""

    def set_caller(caller: Caller) -> None:
        api.scheduler.callers[hashlib.sha256(KEY.encode()).hexdigest()] = caller

    return set_caller


def test_a_read_only_key_reads_and_changes_nothing(api: Any, caller: Any) -> None:
    caller(Caller(account_id=7, key_id=1, role="read-only"))
    api.scheduler.answers["list_formats"] = FormatListView()

    assert api.get("/api/v1/format").json["Success"] is True
    assert api.request("HEAD", "/api/v1/format").status == 200
    for method, path, body in (
        ("POST", "job/create", b'{"SourceMediaURL": "http://h/a"}'),
        ("POST", "job/5/cancel", b""),
        ("PUT", "account", b'{"DefaultPingUrl": ""}'),
        ("DELETE", "media/input/5", b""),
        ("POST", "account/keys", b""),
    ):
        refused = api.request(method, f"/api/v1/{path}", data=body)
        assert refused.error == (403, "forbidden")
        assert "role 'read-only'" in refused.json["Message"]
    assert {asked[0] for asked in api.scheduler.asked} == {"authenticate", "list_formats"}


def test_an_answer_tells_where_the_account_stands(api: Any, caller: Any) -> None:
    caller(LIMITED)
    api.scheduler.answers["list_formats"] = FormatListView()

    headers = api.get("/api/v1/format").headers

    assert headers["ratelimit-policy"] == '"hour";q=1000;w=3600'
    assert headers["ratelimit"] == '"hour";r=999;t=3600'
    assert headers["ratelimit-limit"] == "1000"
    assert headers["ratelimit-remaining"] == "999"
    assert headers["ratelimit-reset"] == "3600"
    assert "retry-after" not in headers


def test_every_request_of_a_limited_account_is_counted_and_failed_ones_tell_too(api: Any, caller: Any) -> None:
    caller(LIMITED)

    failed = [api.get("/api/v1/job/5"), api.get("/api/v1/job/x"), api.post("/api/v1/job/create", b"{")]

    assert len(api.scheduler.calls("authenticate")) == 3
    assert {each.headers["ratelimit-remaining"] for each in failed} == {"999"}


def test_over_the_limit_is_429_in_both_formats(api: Any, caller: Any) -> None:
    caller(replace(LIMITED, rate_remaining=0, rate_reset_ms=1500, rate_limited=True))

    refused = api.get("/api/v1/job/5")
    in_xml = api.get("/api/v1/job/5", headers={"accept": "application/xml"})

    assert refused.error == (429, "rate_limited")
    assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == ("2", '"hour";r=0;t=2')
    assert in_xml.xml_error == (429, "GetJobResponse", "rate_limited")
    assert not api.scheduler.calls("get_job")


def test_an_account_without_a_limit_gets_no_headers_and_is_remembered(api: Any) -> None:
    api.scheduler.answers["list_formats"] = FormatListView()

    answers = [api.get("/api/v1/format") for _ in range(3)]

    assert not any(name.startswith("ratelimit") for each in answers for name in each.headers)
    assert len(api.scheduler.calls("authenticate")) == 1


def test_what_needs_no_key_has_no_limit(api: Any, caller: Any) -> None:
    caller(LIMITED)

    assert "ratelimit" not in api.get("/healthz").headers
    assert "ratelimit" not in api.get("/api/v1/nowhere").headers
    assert not api.scheduler.calls("authenticate")


def test_head_answers_as_get_does(api: Any) -> None:
    api.scheduler.answers["get_job"] = JobView(job_id=5, status="queued", created_ms=1, updated_ms=2)

    got, head = api.get("/api/v1/job/5"), api.request("HEAD", "/api/v1/job/5")

    assert (head.status, head.headers["content-length"]) == (got.status, got.headers["content-length"])
    assert api.request("HEAD", "/api/v1/job/create").status == 405


def test_refusals_are_counted_by_reason(api: Any, caller: Any) -> None:
    def counted() -> dict[str, float]:
        lines = api.get("/metrics").body.decode().splitlines()
        found = (line for line in lines if line.startswith("reelyard_requests_rejected_total{"))
        return {line.split('"')[1]: float(line.split()[-1]) for line in found}

    reasons = ("auth", "role", "rate", "size", "malformed", "invalid", "unavailable")
    assert counted() == dict.fromkeys(reasons, 0)

    caller(LIMITED)  # whose answers are not remembered
    api.get("/api/v1/job/5", "ApiKey=ry_unknown")
    api.get("/api/v1/job/5", "")
    api.post("/api/v1/job/create", b"{")
    api.post("/api/v1/job/create", b" " * 100_001)
    api.post("/api/v1/job/create", b'{"SourceMediaURL": 5}')
    api.get("/nothing/here")  # no refusal, nor is a job that is not there
    api.get("/api/v1/job/5")
    api.scheduler.answers["get_job"] = UnavailableError("the database is away")
    api.get("/api/v1/job/5")
    caller(replace(LIMITED, role="read-only"))
    api.post("/api/v1/job/create", b"{}")
    caller(replace(LIMITED, disabled=True))
    api.get("/api/v1/job/5")
    caller(replace(LIMITED, rate_remaining=0, rate_limited=True))
    api.get("/api/v1/job/5")

    assert counted() == dict.fromkeys(reasons, 1) | {"auth": 3}
