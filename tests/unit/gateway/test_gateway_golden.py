"""The published sample bodies in both formats: the same members in the same order."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.gomi import bodies
from gateway.gomi.create_from_input import CreateFromInputAnswer, FromInputOutputJob
from gateway.gomi.create_ingest import CreateIngestAnswer
from gateway.gomi.json_answer import write_json
from gateway.gomi.present import ingest_item, input_asset, job_item, output_asset
from gateway.gomi.xml_answer import write_xml
from reelyard.cluster.views import IngestView, JobView, MediaView
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack

GOLDEN = Path(__file__).parent / "golden"
S3 = "http://s3-us-west-1.amazonaws.com"


def ordered(text: str | bytes) -> Any:
    """JSON with the order of members kept in the comparison."""
    return json.loads(text, object_pairs_hook=lambda pairs: ["object", *pairs])


def sample(name: str) -> Any:
    return ordered((GOLDEN / f"{name}.json").read_text())


def xml_sample(name: str) -> str:
    """The sample's text without its line breaks, its dates cut to the milliseconds that we keep."""
    text = (GOLDEN / f"{name}.xml").read_text().replace("\n", "").replace(" />", "/>")
    return re.sub(r"(\.\d{3})\d+(</Date)", lambda date: date[1].rstrip("0") + date[2], text)


def xml(body: Any) -> str:
    return write_xml(body).decode()


def info(container: str, seconds: int, kbps: int, video: tuple[str, str], audio: tuple[str, int, int]) -> MediaInfo:
    """What the sample was made from; its video tracks bear the names of audio codecs, and have no size."""
    return MediaInfo(
        container=container,
        duration_us=seconds * 1_000_000,
        bitrate_bps=kbps * 1000,
        video=(VideoTrack(index=0, codec=video[0], frame_rate=video[1]),),
        audio=(AudioTrack(index=1, codec=audio[0], bitrate_bps=audio[1] * 1000, sample_rate_hz=audio[2], channels=2),),
    )


def input_view(media_id: int, token: str, name: str, **fields: Any) -> MediaView:
    return MediaView(
        media_id=media_id,
        kind="input",
        status="available",
        filename=name,
        file_path=f"download/2/sourcemedia/{media_id}/{token}/{name}",
        thumbnail_path=f"gomi-dev1/sourcemedia/{media_id}/{token}/{media_id}-image00001.jpg",
        **fields,
    )


AVI = input_view(
    399,
    "tgwxngv",
    "jkhkj.avi",
    mime_type="video/avi",
    size_bytes=793340,
    created_ms=1329597731598,
    updated_ms=1329597731598,
    info=info("avi", 19, 328, ("MPEG Audio", "29970/1000"), ("mp3", 64, 48000)),
)
VOB = input_view(
    396,
    "ycpgrbo",
    "BMP2_PSP.vob",
    mime_type="video/mpeg",
    size_bytes=1300480,
    created_ms=1329596274433,
    updated_ms=1329596274433,
    info=info("mpeg", 19, 537, ("AC-3", "29970/1000"), ("ac3", 96, 48000)),
)


def output_view(media_id: int, token: str, name: str, **fields: Any) -> MediaView:
    return MediaView(
        media_id=media_id,
        kind="output",
        status="available",
        filename=name,
        file_path=f"download/3/output/{media_id}/{token}/{name}",
        thumbnail_path=f"gomi-test/output/{media_id}/{token}/{media_id}-image00001.jpg",
        mime_type="video/mp4",
        **fields,
    )


def mp4(title: str) -> MediaView:
    return output_view(
        63119,
        "vzggdak",
        "63119-hybla-fair.mp4",
        title=title,
        size_bytes=2288718,
        created_ms=1329543335793,
        updated_ms=1329542969571,
        info=info("mov,mp4,m4a,3gp,3g2,mj2", 36, 502, ("AAC", "15/1"), ("aac", 96, 24000)),
    )


OTHER_MP4 = output_view(
    63118,
    "qhpdiwx",
    "63118-FCL_1080p.mp4",
    title="Another Sample",
    size_bytes=20031967,
    created_ms=1329297178890,
    updated_ms=1329297098610,
    info=info("mov,mp4,m4a,3gp,3g2,mj2", 72, 2217, ("AAC", "24000/1001"), ("aac", 160, 48000)),
)


def asset(view: MediaView) -> Any:
    """The asset, its two URLs on the hosts of the samples (ours are on one)."""
    made = input_asset(view, base_url=S3) if view.kind == "input" else output_asset(view, base_url=S3)
    host = "http://www.gomi.com" if view.kind == "input" else "http://test.gomi.com"
    return type(made)(**{**vars(made), "file_url": made.file_url.replace(S3, host)})


def created(**refusal: str) -> bodies.CreateJobAnswer:
    output = bodies.OutputJob(
        job_id=0, customer_reference_id="String", success=False, job_status_location="job/0", **refusal
    )
    return bodies.CreateJobAnswer(
        ingest_job_id=0,
        ingest_job_status_location="ingest/0",
        input_media_id="String",
        output_jobs=(output,),
        success=False,
        error_code="String",
        message="String",
    )


def at_xml_time(view: MediaView) -> MediaView:
    """The view eleven hours later: the samples of inputs have their XML dates in the clock of Melbourne."""
    later_ms = view.created_ms + 11 * 3_600_000
    return replace(view, created_ms=later_ms, updated_ms=later_ms)


def from_input() -> CreateFromInputAnswer:
    output = FromInputOutputJob(
        job_id=0,
        customer_reference_id="String",
        success=True,
        error_code="String",
        message="String",
        job_status_location="job/0",
    )
    return CreateFromInputAnswer(
        input_media_id="String", output_jobs=(output,), success=False, error_code="String", message="String"
    )


def created_ingest() -> CreateIngestAnswer:
    return CreateIngestAnswer(
        ingest_job_id=0,
        ingest_job_status_location="ingest/0",
        customer_reference_id="String",
        input_media_id=0,
        success=False,
        error_code="String",
        message="String",
    )


def input_list(*views: MediaView) -> bodies.InputListAnswer:
    assets = tuple(asset(each) for each in views)
    return bodies.InputListAnswer(input_assets=assets, page_number=1, page_size=20, total_asset_count=2)


def output_list(title: str, other_title: str) -> bodies.OutputListAnswer:
    """The list with these titles: the samples of the two formats differ in them, and in nothing else."""
    other = replace(OTHER_MP4, title=other_title)
    return bodies.OutputListAnswer(
        total_asset_count=9, page_size=2, page_number=1, output_assets=(asset(mp4(title)), asset(other))
    )


def active_jobs(minutes: int) -> bodies.JobListAnswer:
    view = JobView(
        job_id=63070,
        status="encoding",
        importing_progress=100,
        encoding_progress=30,
        created_ms=1331018014070,
        updated_ms=1331018014070,
        started_ms=1331018014070,
        thumbnail_path="sourcemedia/400/bapegvd/400-image00001.jpg",
    )
    now_ms = 1331018014070 + minutes * 60_000 + 59_000
    item = job_item(view, base_url="http://images.gomi.com", now_ms=now_ms)
    return bodies.JobListAnswer(total_item_count=1, page_size=20, page_number=1, jobs=(item,))


def active_ingests(minutes: int) -> bodies.IngestListAnswer:
    view = IngestView(
        ingest_id=388,
        title="Sample Video",
        status="queued",
        size_bytes=46249993,
        mime_type="video/mp4",
        created_ms=1331031213379,
        updated_ms=1331031213379,
        started_ms=1331031213379,
    )
    item = ingest_item(view, now_ms=1331031213379 + minutes * 60_000)
    return bodies.IngestListAnswer(total_item_count=1, page_size=20, page_number=1, ingests=(item,))


def test_create_job() -> None:
    assert ordered(write_json(created())) == sample("create_job")
    assert xml(created(error_code="String", message="String")) == xml_sample("create_job")


def test_create_from_input() -> None:
    assert ordered(write_json(from_input())) == sample("create_from_input")
    assert xml(from_input()) == xml_sample("create_from_input")


def test_create_ingest() -> None:
    assert ordered(write_json(created_ingest())) == sample("create_ingest")
    assert xml(created_ingest()) == xml_sample("create_ingest")


def test_input_list() -> None:
    assert ordered(write_json(input_list(AVI, VOB))) == sample("input_list")
    assert xml(input_list(at_xml_time(AVI), at_xml_time(VOB))) == xml_sample("input_list")


def test_input_item() -> None:
    assert ordered(write_json(bodies.InputAnswer(asset=asset(AVI)))) == sample("input_item")
    assert xml(bodies.InputAnswer(asset=asset(at_xml_time(AVI)))) == xml_sample("input_item")


def test_output_list() -> None:
    assert ordered(write_json(output_list("Sample Video", "Another Sample"))) == sample("output_list")
    assert xml(output_list("test import", "sample")) == xml_sample("output_list")


def test_output_item() -> None:
    body = bodies.OutputAnswer(asset=asset(mp4("test import")))

    assert ordered(write_json(body)) == sample("output_item")
    assert xml(body) == xml_sample("output_item")


def test_active_jobs() -> None:
    assert ordered(write_json(active_jobs(0))) == sample("job_active")
    assert xml(active_jobs(3)) == xml_sample("job_active")


def test_active_ingests() -> None:
    assert ordered(write_json(active_ingests(2))) == sample("ingest_active")
    assert xml(active_ingests(1)) == xml_sample("ingest_active")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_has_a_test(path: Path) -> None:
    text = Path(__file__).read_text()

    assert f'== sample("{path.stem}")' in text
    assert f'== xml_sample("{path.stem}")' in text
