"""The calls of the Gomi API, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import (
    CreatedJobsView,
    CreatedJobView,
    FormatListView,
    IngestListView,
    IngestView,
    JobListView,
    JobView,
    MediaListView,
    MediaView,
    SpecErrorView,
)
from reelyard.media.errors import (
    ErrorCode,
    SpecError,
)
from reelyard.media.output import OutputFormat, OutputRequest

URL = "http://source.example/clip.mov"
JOB = JobView(job_id=5, status="encoding", created_ms=1, updated_ms=2, thumbnail_path="download/sourcemedia/4/t/i.jpg")
ENVELOPE = ("Success", "ErrorCode", "Message")


def body(*outputs: Any, **members: Any) -> dict[str, Any]:
    return {"SourceMediaURL": URL, "OutputJobs": list(outputs), **members}


def test_a_job_is_created_for_each_output(api: Any) -> None:
    answered = api.post(
        "/api/v1/job/create",
        body({"OutputFormatID": 2, "CustomerReferenceID": "one"}, {"OutputFormatID": 6}),
    )

    assert answered.status == 200
    assert answered.json == {
        "IngestJobID": 100,
        "IngestJobStatusLocation": "ingest/100",
        "InputMediaID": "101",
        "OutputJobs": [
            {"JobID": 200, "CustomerReferenceID": "one", "Success": True, "JobStatusLocation": "job/200"},
            {"JobID": 201, "CustomerReferenceID": "", "Success": True, "JobStatusLocation": "job/201"},
        ],
        "Success": True,
        "ErrorCode": "",
        "Message": "",
    }
    ((asked,),) = api.scheduler.calls("create_jobs")
    assert (asked.account_id, asked.source_url, asked.base_url) == (api.account_id, URL, "http://api.example:8080")
    assert [each.output_format_id for each in asked.outputs] == [2, 6]


def test_every_request_has_an_id_of_its_own(api: Any) -> None:
    for _ in range(2):
        api.post("/api/v1/job/create", body({"OutputFormatID": 2}))

    ((first,), (second,)) = api.scheduler.calls("create_jobs")
    assert first.request_id != second.request_id


def test_refused_outputs_stay_in_their_places(api: Any) -> None:
    refusal = SpecErrorView(code="incompatible_format", field="video_codec", message="{video_codec} is 'x', so no")
    api.scheduler.answers["create_jobs"] = CreatedJobsView(
        ingest_id=100,
        input_media_id=101,
        jobs=(CreatedJobView(customer_reference_id="b", error=refusal), CreatedJobView(job_id=200)),
    )

    answered = api.post(
        "/api/v1/job/create",
        body(
            {"OutputFormatID": 1, "Width": "wide", "CustomerReferenceID": "a"},
            {"OutputFormatID": 1, "CustomerReferenceID": "b"},
            {"OutputFormatID": 1},
        ),
    )

    outputs = answered.json["OutputJobs"]
    assert answered.json["Success"] is True
    assert [each["Success"] for each in outputs] == [False, False, True]
    assert [each["JobID"] for each in outputs] == [0, 0, 200]
    assert outputs[0]["Message"] == 'Width is "wide"; a whole number is wanted.'
    assert list(outputs[1]) == [
        "JobID",
        "CustomerReferenceID",
        "Success",
        "ErrorCode",
        "Message",
        "JobStatusLocation",
    ]
    assert outputs[1]["ErrorCode"] == "incompatible_format"
    assert outputs[1]["Message"] == "VideoCodecCode is 'x', so no."
    assert len(api.scheduler.calls("create_jobs")[0][0].outputs) == 2


def test_when_no_output_is_accepted_the_first_one_says_why(api: Any) -> None:
    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1, "Width": "x"}, {"OutputFormatID": "y"}))

    assert answered.status == 200
    assert answered.json["Success"] is False
    assert answered.json["IngestJobID"] == 0
    assert answered.json["ErrorCode"] == "invalid_parameter_value"
    assert answered.json["Message"].startswith('Width is "x"')
    assert len(answered.json["OutputJobs"]) == 2
    assert not api.scheduler.calls("create_jobs")


def test_a_source_that_the_scheduler_refuses_fails_the_request(api: Any) -> None:
    api.scheduler.answers["create_jobs"] = SpecError(
        "source_url", "{source_url} has the host 10.0.0.1, which is private", code=ErrorCode.INVALID_INPUT_URL
    )

    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1}))

    assert answered.error == (200, "invalid_input_url")
    assert answered.json["Message"] == "SourceMediaURL has the host 10.0.0.1, which is private."


def test_malformed_json_is_answered_with_the_place(api: Any) -> None:
    answered = api.post("/api/v1/job/create", b'{"SourceMediaURL": }')

    assert answered.error == (200, "malformed_request")
    assert "line 1, column 20" in answered.json["Message"]


def test_a_missing_member_is_named(api: Any) -> None:
    assert api.post("/api/v1/job/create", {"OutputJobs": [{}]}).error == (200, "parameter_missing")


def test_a_body_over_the_limit_is_413(api: Any) -> None:
    assert api.post("/api/v1/job/create", b" " * 100_001).error == (413, "request_too_large")
    announced = api.post("/api/v1/job/create", b"{}", headers={"content-length": "9" * 30})
    assert announced.error == (413, "request_too_large")


def test_a_host_header_that_is_no_host_gives_no_urls(api: Any) -> None:
    answered = api.post("/api/v1/job/create", body({"OutputFormatID": 1}), headers={"host": "evil/path?"})

    assert answered.error == (200, "malformed_request")


def test_a_job_by_itself_has_what_the_list_has_and_more(api: Any) -> None:
    api.scheduler.answers["get_job"] = JOB
    api.scheduler.answers["list_active_jobs"] = JobListView(jobs=(JOB,), total=1)

    listed = list(api.get("/api/v1/job/active").json["jobs"][0])
    alone = api.get("/api/v1/job/5").json

    assert list(alone) == ["job", *ENVELOPE]
    assert list(alone["job"]) == [
        *listed,
        "ErrorCode",
        "ErrorMessage",
        "InputMediaID",
        "OutputMediaID",
        "CustomerReferenceID",
        "Adjustments",
    ]
    assert alone["job"]["ThumbnailURL"] == "http://api.example:8080/download/sourcemedia/4/t/i.jpg"


def test_an_ingest_by_itself_has_what_the_list_has_and_more(api: Any) -> None:
    view = IngestView(ingest_id=5, status="failed", created_ms=1, updated_ms=2, source_url="http://h/x")
    api.scheduler.answers["get_ingest"] = view
    api.scheduler.answers["list_active_ingests"] = IngestListView(ingests=(view,), total=1)

    listed = list(api.get("/api/v1/ingest/active").json["ingests"][0])
    alone = api.get("/api/v1/ingest/5").json

    assert list(alone) == ["ingest", *ENVELOPE]
    assert set(alone["ingest"]) - set(listed) == {
        "ErrorCode",
        "ErrorMessage",
        "RemoteURL",
        "OutputMediaID",
        "CustomerReferenceID",
    }


@pytest.mark.parametrize("kind", ["input", "output"])
def test_media_are_asked_for_by_kind(api: Any, kind: str) -> None:
    view = MediaView(media_id=9, kind=kind, status="available", created_ms=1, updated_ms=2)
    api.scheduler.answers |= {"get_media": view, "list_media": MediaListView(media=(view,), total=41)}

    assert api.get(f"/api/v1/media/{kind}", f"ApiKey={api.key}&pageSize=10&pageNumber=2").json["TotalAssetCount"] == 41
    assert api.get(f"/api/v1/media/{kind}/9").json["asset"]["Self"] == f"media/{kind}/9"
    assert api.scheduler.calls("list_media") == [(api.account_id, kind, 10, 2)]
    assert api.scheduler.calls("get_media") == [(api.account_id, kind, 9)]


def test_formats_show_every_parameter(api: Any) -> None:
    known = OutputFormat(id=3, name="MP4", description="d", parameters=OutputRequest(container="mp4", height=480))
    api.scheduler.answers |= {"get_format": known, "list_formats": FormatListView(formats=(known,), total=1)}

    shown = api.get("/api/v1/format/3").json["format"]

    assert api.get("/api/v1/format").json["formats"] == [shown]
    assert (shown["OutputFormatID"], shown["MediaContainerCode"], shown["Height"]) == (3, "mp4", 480)
    assert shown["Width"] is None
    assert {"VideoCodecCode", "VideoBitrate", "FrameRateID", "AudioCodecCode", "AudioBitrate"} <= set(shown)
    assert {"AudioSampleRateID", "AudioChannelsID", "Name", "Description", "Self"} <= set(shown)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("pageSize=101", "page_size_more_than_max"),
        ("PAGESIZE=1000", "page_size_more_than_max"),
        ("pageSize=0", "invalid_parameter_value"),
        ("pageSize=-5", "invalid_parameter_value"),
        ("pageSize=ten", "invalid_parameter_value"),
        ("pageSize=1.5", "invalid_parameter_value"),
        ("pageSize=99999999999", "invalid_parameter_value"),
        ("pageSize=5&pageSize=6", "invalid_parameter_value"),
        ("pageNumber=0", "invalid_parameter_value"),
        ("pageNumber=99999999999", "invalid_parameter_value"),
    ],
)
def test_pages_that_cannot_be_are_refused(api: Any, query: str, code: str) -> None:
    assert api.get("/api/v1/job/active", f"ApiKey={api.key}&{query}").error == (200, code)


@pytest.mark.parametrize(
    ("query", "page"), [("", (20, 1)), ("pageSize=&pageNumber=", (20, 1)), ("pagesize=100&PageNumber=7", (100, 7))]
)
def test_pages_have_defaults(api: Any, query: str, page: tuple[int, int]) -> None:
    api.scheduler.answers["list_active_jobs"] = JobListView()

    answered = api.get("/api/v1/job/active", f"ApiKey={api.key}&{query}")

    assert api.scheduler.calls("list_active_jobs") == [(api.account_id, *page)]
    assert (answered.json["PageSize"], answered.json["PageNumber"]) == page
