"""Answers in XML: when they are given, and how values, errors and bodies without a sample are written."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.gomi import bodies
from gateway.gomi.description import Instant, wire_members
from gateway.gomi.format_bodies import FormatAnswer, FormatListAnswer, format_body
from gateway.gomi.json_answer import write_json
from gateway.gomi.present import ingest_detail, input_asset, job_detail, job_item
from gateway.gomi.xml_answer import write_xml
from reelyard.cluster.views import Caller, CreatedJobsView, IngestView, JobListView, JobView, MediaListView, MediaView
from reelyard.media.errors import AuthError, ErrorCode, NotFoundError, ReelyardError, UnavailableError
from reelyard.media.info import MediaInfo, VideoTrack
from reelyard.media.presets import PRESETS

KEY = "ry_a-good-key-for-tests-only-0123456789"
XML = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"
NIL = {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}
JOB = JobView(job_id=5, status="encoding", created_ms=1, updated_ms=2)
CREATE = (
    "<CreateJob><SourceMediaURL>http://source.example/a.mov</SourceMediaURL><OutputJobs><OutputJobItem>"
    "<OutputFormatID>{}</OutputFormatID></OutputJobItem></OutputJobs></CreateJob>"
)
AS_XML = {"content-type": "application/xml"}


def names(element: ET.Element) -> list[str]:
    return [each.tag.removeprefix(XML) for each in element]


def written(body: Any) -> ET.Element:
    return ET.fromstring(write_xml(body))


@pytest.mark.parametrize(
    ("query", "accept", "own", "media_type"),
    [
        ("", "", "", "application/json"),
        ("format=json", "application/xml", "text/xml", "application/json"),
        ("format=xml", "application/json", "application/json", "application/xml"),
        ("Format=XML", "", "", "application/xml"),
        ("format=", "application/xml", "", "application/xml"),
        ("", "application/json", "application/xml", "application/json"),
        ("", "application/xml", "application/json", "application/xml"),
        ("", "text/xml", "", "text/xml; charset=utf-8"),
        ("", "text/xml;q=0.9, a/b;q=0", "", "text/xml; charset=utf-8"),
        ("", "application/json;q=0.5, application/xml;q=0.6", "", "application/xml"),
        ("", "application/json;q=0.6, application/xml;q=0.5", "application/xml", "application/json"),
        ("", "application/xml, application/json", "", "application/xml"),
        ("", "application/json, application/xml", "application/xml", "application/json"),
        ("", "application/json, */*", "application/xml", "application/json"),
        ("", "application/xml;q=0, */*", "application/xml", "application/json"),
        ("", "*/*", "application/xml; charset=utf-8", "application/xml"),
        ("", "*/*", "text/xml", "application/xml"),
        ("", "application/*", "", "application/json"),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", "application/xml"),
        ("", "text/html, */*;q=0.1", "", "application/json"),
        ("", "text/html", "application/xml", "application/xml"),
        ("", "text/html", "", "application/json"),
        ("", ";q=x,,", "", "application/json"),
    ],
)
def test_the_format_is_settled_by_query_then_accept_then_request(
    api: Any, query: str, accept: str, own: str, media_type: str
) -> None:
    api.scheduler.answers["get_job"] = JOB
    headers = {name: value for name, value in (("accept", accept), ("content-type", own)) if value}

    answered = api.get("/api/v1/job/5", f"ApiKey={KEY}&{query}", headers=headers)

    assert answered.headers["content-type"] == media_type
    job_id = answered.xml.findtext(f"{XML}job/{XML}JobID") if "xml" in media_type else answered.json["job"]["JobID"]
    assert int(job_id) == 5


@pytest.mark.parametrize(
    "content_type", ["application/xml", "text/xml; charset=utf-8", 'Application/XML;charset="UTF-8"']
)
def test_a_job_is_created_in_xml(api: Any, content_type: str) -> None:
    answered = api.post("/api/v1/job/create", CREATE.format(4).encode(), headers={"content-type": content_type})

    assert answered.body.decode() == (
        '<CreateJobResponse xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models">'
        '<ErrorCode i:nil="true"/><Message i:nil="true"/><IngestJobID>100</IngestJobID>'
        "<IngestJobStatusLocation>ingest/100</IngestJobStatusLocation><InputMediaID>101</InputMediaID>"
        "<OutputJobs><JobCreationStatus><CustomerReferenceID/>"
        '<ErrorCode i:nil="true"/><ErrorMessage i:nil="true"/><JobID>200</JobID>'
        "<JobStatusLocation>job/200</JobStatusLocation><Success>true</Success></JobCreationStatus></OutputJobs>"
        "<Success>true</Success></CreateJobResponse>"
    )


def test_a_key_may_come_in_an_xml_body(api: Any) -> None:
    with_key = CREATE.format(4).replace("<SourceMediaURL>", f"<ApiKey>{KEY}</ApiKey><SourceMediaURL>")

    assert api.post("/api/v1/job/create", with_key.encode(), "", headers=AS_XML).xml.findtext(f"{XML}Success") == "true"
    nested = CREATE.format(4).replace("<SourceMediaURL>", "<ApiKey><b/></ApiKey><SourceMediaURL>")
    assert api.post("/api/v1/job/create", nested.encode(), "", headers=AS_XML).xml_error[0] == 401


def test_an_output_that_is_refused_says_why_in_its_place(api: Any) -> None:
    api.scheduler.answers["create_jobs"] = CreatedJobsView()
    answered = api.post("/api/v1/job/create", CREATE.format("four").encode(), headers=AS_XML)

    (job,) = answered.xml.iter(f"{XML}JobCreationStatus")
    assert job.findtext(f"{XML}ErrorCode") == answered.xml.findtext(f"{XML}ErrorCode") == "invalid_parameter_value"
    assert job.findtext(f"{XML}ErrorMessage") == 'OutputFormatID is "four"; a whole number is wanted.'
    assert answered.xml.findtext(f"{XML}Success") == "false"


def test_errors_have_the_root_of_the_call_that_they_are_of(api: Any) -> None:
    query = f"ApiKey={KEY}&format=xml"

    def error(path: str, query: str = query) -> Any:
        return api.get(f"/api/v1/{path}", query).xml_error

    assert error("job/5") == (200, "GetJobResponse", "job_not_found")
    assert error("job/active", f"{query}&pageSize=101") == (200, "GetActiveJobsResponse", "page_size_more_than_max")
    assert error("ingest/x") == (200, "GetIngestResponse", "invalid_parameter_value")
    assert error("ingest/active")[1] == "GetActiveIngestsResponse"
    assert error("media/input")[1] == "GetInputListResponse"
    assert error("media/input/1")[1] == "GetInputItemResponse"
    assert error("media/output")[1] == "GetOutputListResponse"
    assert error("media/output/1")[1] == "GetOutputItemResponse"
    assert error("format")[1] == "GetFormatListResponse"
    assert error("format/1")[1] == "GetFormatResponse"
    assert error("job/5", "format=xml") == (401, "GetJobResponse", "unauthorized")
    assert error("nothing", "format=xml") == (404, "ErrorResponse", "not_found")
    not_allowed = api.request("PUT", "/api/v1/job/create", query)
    assert not_allowed.xml_error == (405, "ErrorResponse", "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"<CreateJob>", {}, 200, "malformed_request"),
        (b"<CreateJob/>", {}, 200, "parameter_missing"),
        (b"<!DOCTYPE a><a/>", {}, 200, "malformed_request"),
        (b"<a>" + b" " * 100_000 + b"</a>", {}, 413, "request_too_large"),
        (b"<a/>", {"content-type": "application/xml; charset=koi8-r"}, 415, "unsupported_media_type"),
        (b"<a/>", {"content-type": "image/png", "accept": "application/xml"}, 415, "unsupported_media_type"),
        (b"{", {"content-type": "application/json", "accept": "application/xml"}, 200, "malformed_request"),
    ],
)
def test_wrong_requests_are_told_so_in_xml(
    api: Any, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answered = api.post("/api/v1/job/create", body, headers=AS_XML | headers)

    assert answered.xml_error == (status, "CreateJobResponse", code)
    assert not api.scheduler.calls("create_jobs")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("there is none", code=ErrorCode.JOB_NOT_FOUND), 200, "job_not_found"),
        (UnavailableError("No scheduler answers."), 503, "unavailable"),
        (AuthError("disabled", code=ErrorCode.FORBIDDEN), 403, "forbidden"),
        (RuntimeError("secret detail"), 500, "internal_error"),
        (ReelyardError("secret detail"), 500, "internal_error"),
    ],
)
def test_errors_from_behind_are_told_in_xml(api: Any, error: Exception, status: int, code: str) -> None:
    api.scheduler.answers["get_job"] = error

    answered = api.get("/api/v1/job/5", headers={"accept": "application/xml"})

    assert answered.xml_error == (status, "GetJobResponse", code)
    assert "secret" not in answered.body.decode()


def test_a_disabled_account_is_told_so_in_xml(api: Any) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    api.scheduler.callers[digest] = Caller(account_id=7, key_id=1, disabled=True)

    assert api.get("/api/v1/job/5", headers={"accept": "text/xml"}).xml_error == (403, "GetJobResponse", "forbidden")


def test_a_format_that_is_wrong_is_told_so_in_the_format_of_accept(api: Any) -> None:
    def error(query: str) -> Any:
        return api.get("/api/v1/job/5", f"ApiKey={KEY}&{query}", headers={"accept": "application/xml"}).xml_error

    assert error("format=yaml") == (200, "GetJobResponse", "invalid_parameter_value")
    assert error("format=xml&format=json") == (200, "GetJobResponse", "invalid_parameter_value")
    assert error("&".join("a=b" for _ in range(200)))[2] == "malformed_request"


def test_an_error_may_speak_of_a_path_that_no_xml_can_carry(api: Any) -> None:
    answered = api.get("/api/v1/a\x00\ud7ff]]>&<b>", "format=xml")

    assert answered.xml_error == (404, "ErrorResponse", "not_found")
    assert "a\ufffd\ud7ff]]>&<b>" in (answered.xml.findtext(f"{XML}Message") or "")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (1331018014070, "2012-03-06T07:13:34.07"),
        (1329597731598, "2012-02-18T20:42:11.598"),
        (1331018014000, "2012-03-06T07:13:34"),
        (1331018010000, "2012-03-06T07:13:30"),
        (0, "1970-01-01T00:00:00"),
        (1, "1970-01-01T00:00:00.001"),
    ],
)
def test_dates_are_utc_without_a_zone_and_without_zeros_at_their_end(ms: int, text: str) -> None:
    view = JobView(job_id=5, status="queued", created_ms=ms, updated_ms=ms)

    job = written(bodies.JobAnswer(job=job_detail(view, base_url="http://h", now_ms=ms)))

    assert job.findtext(f"{XML}job/{XML}DateCreatedUTC") == text


@pytest.mark.parametrize(
    ("rate", "text"), [("25/1", "25.00000"), ("30000/1001", "29.97000"), ("24000/1001", "23.97600")]
)
def test_frame_rates_have_five_decimals_and_what_is_unknown_is_nil(rate: str, text: str) -> None:
    info = MediaInfo(container="avi", video=(VideoTrack(index=0, codec="h264", width=64, height=48, frame_rate=rate),))
    view = MediaView(
        media_id=1, kind="input", status="available", filename="a.avi", info=info, created_ms=1, updated_ms=2
    )

    found = written(bodies.InputAnswer(asset=input_asset(view, base_url="http://h"))).find(f".//{XML}info")

    assert found is not None
    track = found.find(f"{XML}VideoTrack")
    assert track is not None
    assert [each.text for each in track] == [text, "48", None, "AVC", "64"]
    assert track[2].attrib == NIL
    assert found[0].tag == f"{XML}AudioTrack"
    assert found[0].attrib == NIL


def test_media_without_info_have_it_as_nil() -> None:
    view = MediaView(media_id=1, kind="input", status="pending", filename="", created_ms=1, updated_ms=2)
    found = written(bodies.InputAnswer(asset=input_asset(view, base_url="http://h"))).find(f".//{XML}info")

    assert found is not None
    assert found.attrib == NIL


def test_a_job_by_itself_has_the_members_of_the_list_and_more() -> None:
    detail = written(bodies.JobAnswer(job=job_detail(JOB, base_url="http://h", now_ms=1)))
    item = job_item(JOB, base_url="http://h", now_ms=1)
    listed = written(bodies.JobListAnswer(total_item_count=1, page_size=1, page_number=1, jobs=(item,)))

    assert detail.tag == f"{XML}GetJobResponse"
    assert names(detail) == ["ErrorCode", "Message", "Success", "job"]
    more = {"Adjustments", "CustomerReferenceID", "InputMediaID", "OutputMediaID"}
    assert names(detail[3]) == sorted({*names(listed[6][0]), *more})


def test_an_ingest_by_itself() -> None:
    view = IngestView(
        ingest_id=3,
        status="failed",
        source_url="http://h/a",
        error_code="source_not_media",
        created_ms=1,
        updated_ms=2,
    )
    root = written(bodies.IngestAnswer(ingest=ingest_detail(view, now_ms=1)))

    assert root.tag == f"{XML}GetIngestResponse"
    assert root.findtext(f"{XML}ingest/{XML}RemoteURL") == "http://h/a"
    assert root.findtext(f"{XML}ingest/{XML}ErrorCode") == "source_not_media"


def test_formats() -> None:
    shown = tuple(format_body(each) for each in PRESETS)
    root = written(FormatListAnswer(total_item_count=2, page_size=20, page_number=1, formats=shown))

    assert names(root) == ["ErrorCode", "Message", "PageNumber", "PageSize", "Success", "TotalItemCount", "formats"]
    assert names(root[6]) == ["OutputFormat"] * len(PRESETS)
    assert root[6][0].findtext(f"{XML}OutputFormatID") == "1"
    assert written(FormatAnswer(format=shown[0])).tag == f"{XML}GetFormatResponse"


def test_an_empty_list_is_an_empty_element(api: Any) -> None:
    api.scheduler.answers["list_active_jobs"] = JobListView()
    api.scheduler.answers["list_media"] = MediaListView()

    assert b"<jobs/>" in api.get("/api/v1/job/active", headers={"accept": "application/xml"}).body
    assert b"<OutputAssets/>" in api.get("/api/v1/media/output", headers={"accept": "application/xml"}).body


@pytest.mark.parametrize("title", ["Žluťoučký \U0001f600", "a\r\nb\rc\td", "]]></MediaTitle>&amp;\"'", " "])
def test_texts_come_back_as_they_were(api: Any, title: str) -> None:
    api.scheduler.answers["get_job"] = JobView(job_id=5, status="queued", title=title, created_ms=1, updated_ms=2)

    answered = api.get("/api/v1/job/5", headers={"accept": "application/xml"})

    assert answered.xml.findtext(f"{XML}job/{XML}MediaTitle") == title


BODIES = [each for each in vars(bodies).values() if is_dataclass(each) and each.__module__ == bodies.__name__]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_body_can_be_written_in_both_formats(body: Any) -> None:
    samples: dict[Any, Any] = {int: 1, str: "s", bool: True, Instant: Instant(1)}
    made = body(**{each.name: samples.get(each.type) for each in fields(body)})

    in_json = json.loads(write_json(made))
    in_xml = ET.fromstring(write_xml(made, root="Any"))

    members = wire_members(body)
    absent = {each.xml_name for each in members if each.xml_none_is_absent}
    assert set(names(in_xml)) == {each.xml_name for each in members} - absent
    assert len(in_xml) == len(members) - len(absent)
    assert set(in_json) <= {each.name for each in members if not each.xml_only}
    assert set(body.xml.first) <= {each.xml_name for each in members}
