"""Joined inputs and adjustments as answers show them, over a scheduler that answers from a table."""

from typing import Any
from xml.etree import ElementTree as ET

from reelyard.cluster.views import CreatedJobsView, CreatedJobView, JobView, MediaListView, MediaView
from reelyard.media.plan import Adjustment

XML = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"
MADE = Adjustment(field="width", asked="641", made="640", reason="{video_codec} h264 has even sizes only.")
JOB = JobView(
    job_id=5,
    input_media_id=12,
    input_media_ids=(12, 13),
    output_media_id=4,
    status="completed",
    created_ms=1,
    updated_ms=2,
    adjustments=(MADE,),
)
OUTPUT = MediaView(media_id=4, kind="output", status="available", created_ms=1, updated_ms=2, adjustments=(MADE,))
PLAIN = MediaView(media_id=6, kind="output", status="available", created_ms=1, updated_ms=2)
SHOWN = {"Member": "Width", "Asked": "641", "Made": "640", "Reason": "VideoCodecCode h264 has even sizes only."}
ACCEPTS_XML = {"accept": "application/xml"}


def adjustments(item: ET.Element) -> list[dict[str, str | None]]:
    found = item.findall(f"{XML}Adjustments/{XML}Adjustment")
    return [{member.tag.removeprefix(XML): member.text for member in each} for each in found]


def test_a_job_shows_its_inputs_and_what_was_made_otherwise(api: Any) -> None:
    api.scheduler.answers["get_job"] = JOB

    job = api.get("/api/v1/job/5").json["job"]
    root = api.get("/api/v1/job/5", headers=ACCEPTS_XML).xml

    assert (job["InputMediaID"], job["Adjustments"]) == ("12|13", [SHOWN])
    assert root.findtext(f"{XML}job/{XML}InputMediaID") == "12|13"
    assert adjustments(root.find(f"{XML}job") or root) == [SHOWN]


def test_a_job_of_one_input_shows_a_number_and_no_adjustments(api: Any) -> None:
    api.scheduler.answers["get_job"] = JobView(
        job_id=5, input_media_id=12, input_media_ids=(12,), status="queued", created_ms=1, updated_ms=2
    )

    job = api.get("/api/v1/job/5").json["job"]

    assert (job["InputMediaID"], job["Adjustments"]) == (12, [])


def test_an_output_shows_adjustments_where_there_are_any(api: Any) -> None:
    api.scheduler.answers["get_media"] = OUTPUT

    asset = api.get("/api/v1/media/output/4").json["asset"]
    root = api.get("/api/v1/media/output/4", headers=ACCEPTS_XML).xml

    assert tuple(asset)[-2:] == ("Self", "Adjustments")
    assert asset["Adjustments"] == [SHOWN]
    assert adjustments(root.find(f"{XML}asset") or root) == [SHOWN]


def test_a_list_of_outputs_shows_them_at_the_items_that_have_them(api: Any) -> None:
    api.scheduler.answers["list_media"] = MediaListView(media=(OUTPUT, PLAIN), total=2)

    with_them, without = api.get("/api/v1/media/output").json["OutputAssets"]
    root = api.get("/api/v1/media/output", headers=ACCEPTS_XML).xml

    assert with_them["Adjustments"] == [SHOWN]
    assert "Adjustments" not in without
    first, second = root.findall(f"{XML}OutputAssets/{XML}OutputAsset")
    assert adjustments(first) == [SHOWN]
    assert second.find(f"{XML}Adjustments") is None


def test_a_created_join_shows_all_its_inputs(api: Any) -> None:
    api.scheduler.answers["create_jobs"] = CreatedJobsView(
        ingest_id=20, input_media_id=12, input_media_ids=(12, 13), jobs=(CreatedJobView(job_id=5),)
    )
    urls = "http://a.example/1.mp4|http://a.example/2.mp4"

    answered = api.post("/api/v1/job/create", {"SourceMediaURL": urls, "OutputJobs": [{"OutputFormatID": 4}]})

    assert (answered.json["IngestJobID"], answered.json["InputMediaID"]) == (20, "12|13")
    ((asked,),) = api.scheduler.calls("create_jobs")
    assert asked.source_url == urls


def test_twenty_long_urls_are_read(api: Any) -> None:
    urls = "|".join(f"http://a.example/{'x' * 2_000}.mp4" for _ in range(20))

    answered = api.post("/api/v1/job/create", {"SourceMediaURL": urls, "OutputJobs": [{"OutputFormatID": 4}]})

    assert answered.json["Success"] is True
