"""The HTTP layer: paths, keys, formats of requests and answers, failures."""

import gzip
import hashlib
import json
from typing import Any

import pytest
import structlog

from reelyard.cluster.views import (
    Caller,
    JobView,
)
from reelyard.media.errors import (
    AuthError,
    ErrorCode,
    NotFoundError,
    ReelyardError,
    UnavailableError,
)

KEY = "ry_a-good-key-for-tests-only-0123456789"
ACCOUNT = 7
URL = "http://source.example/clip.mov"
JOB = JobView(job_id=5, status="encoding", created_ms=1, updated_ms=2, thumbnail_path="download/sourcemedia/4/t/i.jpg")


def body(*outputs: Any, **members: Any) -> dict[str, Any]:
    return {"SourceMediaURL": URL, "OutputJobs": list(outputs), **members}


@pytest.mark.parametrize("path", ["/api/v1/job/5", "/API/v1/Job/5", "/api/v1/job/5/"])
def test_paths_are_matched_without_regard_to_case(api: Any, path: str) -> None:
    api.scheduler.answers["get_job"] = JOB

    answered = api.get(path)

    assert answered.status == 200
    assert answered.json["job"]["JobID"] == 5
    assert api.scheduler.calls("get_job") == [(ACCOUNT, 5)]


def test_an_unknown_path_is_404(api: Any) -> None:
    assert api.get("/api/v1/nothing").error == (404, "not_found")
    assert api.get("/").error == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/job/create", "POST"),
        ("PUT", "/api/v1/job/create", "POST"),
        ("HEAD", "/api/v1/Job/CreateJobFromInputMedia", "POST"),
        ("GET", "/api/v1/ingest/create", "POST"),
        ("POST", "/api/v1/job/active", "GET, HEAD"),
        ("POST", "/api/v1/account", "GET, HEAD, PUT"),
        ("POST", "/api/v1/media/output/5", "DELETE, GET, HEAD"),
        ("PATCH", "/api/v1/format/5", "DELETE, GET, HEAD, PUT"),
        ("DELETE", "/download/output/5/token/name", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_another_method_is_405_and_names_all_that_the_path_has(api: Any, method: str, path: str, allowed: str) -> None:
    answered = api.request(method, path)

    assert answered.error == (405, "method_not_allowed")
    assert answered.headers["allow"] == allowed


@pytest.mark.parametrize("text", ["abc", "0", "-1", "1.5", "9" * 30, "\u0667"])
def test_what_is_no_id_is_refused(api: Any, text: str) -> None:
    assert api.get(f"/api/v1/job/{text}").error == (200, "invalid_parameter_value")
    assert not api.scheduler.calls("get_job")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        (f"ApiKey={KEY}", {}),
        (f"apikey={KEY}&ApiKey={KEY}", {}),
        ("", {"authorization": f"Bearer {KEY}"}),
        (f"ApiKey={KEY}", {"authorization": f"Bearer {KEY}"}),
        (f"ApiKey={KEY}", {"authorization": "Basic eDp5"}),
    ],
)
def test_a_key_may_come_in_the_query_or_a_header(api: Any, query: str, headers: dict[str, str]) -> None:
    api.scheduler.answers["get_job"] = JOB

    assert api.get("/api/v1/job/5", query, headers=headers).json["Success"] is True


def test_a_key_may_come_in_the_body(api: Any) -> None:
    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1}, ApiKey=KEY), "")

    assert answered.json["Success"] is True


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("ApiKey=", {}),
        ("ApiKey=ry_wrong", {}),
        ("", {"authorization": "Bearer ry_wrong"}),
        ("", {"authorization": "Basic eDp5"}),
        (f"ApiKey={KEY}", {"authorization": "Bearer ry_other"}),
        (f"ApiKey={KEY}&ApiKey=ry_other", {}),
    ],
)
def test_without_one_good_key_there_is_no_answer(api: Any, query: str, headers: dict[str, str]) -> None:
    answered = api.get("/api/v1/job/5", query, headers=headers)

    assert answered.error == (401, "unauthorized")
    assert answered.headers["www-authenticate"] == "Bearer"
    assert "ry_" not in answered.body.decode()
    assert not api.scheduler.calls("get_job")


@pytest.mark.parametrize("inner", ["ry_other", 5, ["x"]])
def test_a_key_in_the_body_that_differs_is_refused(api: Any, inner: Any) -> None:
    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1}, ApiKey=inner))

    assert answered.error == (401, "unauthorized")
    assert not api.scheduler.calls("create_jobs")


def test_a_wrong_key_outside_of_the_body_is_refused_before_the_body_is_read(api: Any) -> None:
    assert api.post("/api/v1/job/create", b"not json", "ApiKey=ry_wrong").error == (401, "unauthorized")


def test_a_disabled_account_is_403(api: Any) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    api.scheduler.callers[digest] = Caller(account_id=ACCOUNT, key_id=1, disabled=True)

    assert api.get("/api/v1/job/5").error == (403, "forbidden")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "TEXT/JSON"])
def test_json_is_read(api: Any, content_type: str) -> None:
    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1}), headers={"content-type": content_type})

    assert answered.json["Success"] is True


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/soap+xml", "application/xml; charset=latin1"]
)
def test_another_content_type_is_named(api: Any, content_type: str) -> None:
    headers = {"content-type": content_type, "accept": "application/json"}
    answered = api.post("/api/v1/job/create", b"<CreateJob/>", headers=headers)

    assert answered.error == (415, "unsupported_media_type")
    assert f"is '{content_type.rpartition('=')[2]}'" in answered.json["Message"]


def test_an_unknown_format_is_refused(api: Any) -> None:
    answered = api.get("/api/v1/job/5", f"ApiKey={KEY}&format=yaml")

    assert answered.error == (200, "invalid_parameter_value")
    assert "'json' and 'xml' are valid" in answered.json["Message"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("there is no job 5 on this account", code=ErrorCode.JOB_NOT_FOUND), 200, "job_not_found"),
        (UnavailableError("No scheduler answers."), 503, "unavailable"),
        (AuthError("disabled", code=ErrorCode.FORBIDDEN), 403, "forbidden"),
    ],
)
def test_errors_of_the_scheduler_are_passed_on(api: Any, error: ReelyardError, status: int, code: str) -> None:
    api.scheduler.answers["get_job"] = error

    answered = api.get("/api/v1/job/5")

    assert answered.error == (status, code)
    assert answered.headers.get("retry-after") == ("2" if status == 503 else None)


@pytest.mark.parametrize("error", [RuntimeError("secret detail"), ReelyardError("secret detail")])
def test_our_own_faults_tell_a_request_id_and_nothing_else(api: Any, error: Exception) -> None:
    api.scheduler.answers["get_job"] = error

    answered = api.get("/api/v1/job/5", headers={"x-request-id": "req-1"})

    assert answered.error == (500, "internal_error")
    assert "req-1" in answered.json["Message"]
    assert "secret" not in answered.body.decode()


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-1:a.b_c", True), ("x" * 65, False), ("a b", False), ("", False), ("a\tb", False)]
)
def test_a_sane_request_id_is_kept(api: Any, given: str, kept: bool) -> None:
    answered = api.get("/api/v1/nothing", headers={"x-request-id": given})

    assert (answered.headers["x-request-id"] == given) is kept
    assert answered.headers["x-request-id"]


def test_the_log_has_a_line_a_request_and_no_secret(api: Any) -> None:
    api.scheduler.answers["get_job"] = JOB
    api.scheduler.answers["resolve_download"] = NotFoundError("no file", code=ErrorCode.ASSET_NOT_FOUND)
    with structlog.testing.capture_logs() as lines:
        api.get("/api/v1/job/5")
        api.get("/download/output/9/unguessable-token/a.mp4")

    answered = [line for line in lines if line["event"] == "request_answered"]
    assert [(line["path"], line["status"], line["account_id"]) for line in answered] == [
        ("/api/v1/job/5", 200, ACCOUNT),
        ("/download/output/9/…/a.mp4", 404, None),
    ]
    assert KEY not in repr(lines)
    assert "unguessable" not in repr(lines)


def test_a_job_id_leads_to_the_request_that_made_it_and_no_other(api: Any) -> None:
    api.scheduler.answers["get_job"] = JOB
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        api.post("/api/v1/job/create", body({}, {}), headers={"x-request-id": "two"})
        api.post("/api/v1/job/create", body({}), headers={"x-request-id": "one"})
        api.get("/api/v1/job/5", headers={"x-request-id": "look"})
        api.get("/api/v1/nothing", headers={"x-request-id": "none"})

    told = [
        (line["request_id"], line["event"], line.get("job_id"), line.get("job_ids"), line.get("ingest_id"))
        for line in lines
    ]
    assert told == [
        ("two", "job_accepted", 200, None, 100),
        ("two", "job_accepted", 201, None, 100),
        ("two", "request_answered", None, [200, 201], 100),
        ("one", "job_accepted", 200, None, 100),
        ("one", "request_answered", 200, None, 100),
        ("look", "request_answered", 5, None, None),
        ("none", "request_answered", None, None, None),
    ]


def test_requests_are_counted_by_route_not_by_path(api: Any) -> None:
    api.scheduler.answers["get_job"] = JOB
    for number in (5, 6):
        api.get(f"/api/v1/job/{number}")
    api.get("/nothing/here")
    api.request("BREW", "/api/v1/job/5")

    text = api.get("/metrics").body.decode()

    assert 'reelyard_http_requests_total{code="200",method="GET",route="/api/v1/job/{job_id}"} 2.0' in text
    assert 'reelyard_http_requests_total{code="404",method="GET",route="none"} 1.0' in text
    assert 'method="other"' in text
    assert "/nothing/here" not in text


def test_the_first_error_of_a_route_and_the_first_request_that_creates_are_increases(api: Any) -> None:
    """Prometheus sees no increase in a series that begins at 1."""
    requests, seconds = "reelyard_http_requests_total", "reelyard_http_request_duration_seconds_count"
    before = api.get("/metrics").body.decode()
    for path in ("/job/create", "/job/createjobfrominputmedia", "/ingest/create"):
        route = f'method="POST",route="/api/v1{path}"'
        assert f"{seconds}{{{route}}} 0.0" in before
        assert f'{requests}{{code="503",{route}}} 0.0' in before
        api.post(f"/api/v1{path}", {})
        assert f"{seconds}{{{route}}} 1.0" in api.get("/metrics").body.decode(), "the route goes by another name"
    api.scheduler.answers["get_job"] = JOB
    api.get("/api/v1/job/5")

    after = api.get("/metrics").body.decode()
    for code in (500, 503):
        assert f'{requests}{{code="{code}",method="GET",route="/api/v1/job/{{job_id}}"}} 0.0' in after


def test_health_and_readiness(api: Any) -> None:
    assert api.get("/healthz", "").status == 200
    assert api.get("/readyz", "").json == {"ready": True, "checks": {"scheduler": "ok"}}

    api.readiness.stop()

    assert api.get("/readyz", "").status == 503
    assert api.get("/healthz", "").status == 200


def test_answers_are_json_that_any_reader_takes(api: Any) -> None:
    api.scheduler.answers["get_job"] = JobView(
        job_id=5, status="queued", title="Žluťoučký </script> \u2028", created_ms=1, updated_ms=2
    )

    answered = api.get("/api/v1/job/5")

    assert json.loads(answered.body.decode("utf-8"))["job"]["MediaTitle"] == "Žluťoučký </script> \u2028"


def test_a_compressed_body_is_refused_before_it_is_read(api: Any) -> None:
    answered = api.post("/api/v1/job/create", gzip.compress(b"{}"), headers={"content-encoding": "gzip"})

    assert answered.error == (415, "unsupported_media_type")
    assert "gzip" in answered.json["Message"]


@pytest.mark.parametrize(("member", "most"), [("pageNumber", 2**31 - 1), ("pageSize", 100)])
def test_a_huge_page_is_told_what_is_valid(api: Any, member: str, most: int) -> None:
    answered = api.get("/api/v1/job/active", f"ApiKey={KEY}&{member}=99999999999")

    assert answered.error == (200, "invalid_parameter_value")
    assert f"from 1 to {most} are valid" in answered.json["Message"]


def test_metrics_are_sent_as_openmetrics_and_packed_to_who_asks_for_that(api: Any) -> None:
    asked = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    answer = api.get("/metrics", headers=asked)

    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body).endswith(b"# EOF\n")
