"""The published sample bodies: the same members in the same order."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.gomi import bodies
from gateway.gomi.create_from_input import CreateFromInputAnswer
from gateway.gomi.create_ingest import CreateIngestAnswer
from gateway.gomi.json_answer import write_json
from gateway.gomi.present import ingest_item, input_asset, job_item, output_asset
from reelyard.cluster.views import IngestView, JobView, MediaView
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack

GOLDEN = Path(__file__).parent / "golden"
S3 = "http://s3-us-west-1.amazonaws.com"


def ordered(text: str | bytes) -> Any:
    """JSON with the order of members kept in the comparison."""
    return json.loads(text, object_pairs_hook=lambda pairs: ["object", *pairs])


def sample(name: str) -> Any:
    return ordered((GOLDEN / f"{name}.json").read_text())


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


def test_create_job() -> None:
    output = bodies.OutputJob(job_id=0, customer_reference_id="String", success=False, job_status_location="job/0")
    body = bodies.CreateJobAnswer(
        ingest_job_id=0,
        ingest_job_status_location="ingest/0",
        input_media_id="String",
        output_jobs=(output,),
        success=False,
        error_code="String",
        message="String",
    )

    assert ordered(write_json(body)) == sample("create_job")


def test_create_from_input() -> None:
    output = bodies.OutputJob(
        job_id=0,
        customer_reference_id="String",
        success=True,
        error_code="String",
        message="String",
        job_status_location="job/0",
    )
    body = CreateFromInputAnswer(
        input_media_id="String", output_jobs=(output,), success=False, error_code="String", message="String"
    )

    assert ordered(write_json(body)) == sample("create_from_input")


def test_create_ingest() -> None:
    body = CreateIngestAnswer(
        ingest_job_id=0,
        ingest_job_status_location="ingest/0",
        customer_reference_id="String",
        input_media_id=0,
        success=False,
        error_code="String",
        message="String",
    )

    assert ordered(write_json(body)) == sample("create_ingest")


def test_input_list() -> None:
    body = bodies.InputListAnswer(
        input_assets=(asset(AVI), asset(VOB)), page_number=1, page_size=20, total_asset_count=2
    )

    assert ordered(write_json(body)) == sample("input_list")


def test_input_item() -> None:
    assert ordered(write_json(bodies.InputAnswer(asset=asset(AVI)))) == sample("input_item")


def test_output_list() -> None:
    body = bodies.OutputListAnswer(
        total_asset_count=9,
        page_size=2,
        page_number=1,
        output_assets=(asset(mp4("Sample Video")), asset(OTHER_MP4)),
    )

    assert ordered(write_json(body)) == sample("output_list")


def test_output_item() -> None:
    assert ordered(write_json(bodies.OutputAnswer(asset=asset(mp4("test import"))))) == sample("output_item")


def test_active_jobs() -> None:
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
    item = job_item(view, base_url="http://images.gomi.com", now_ms=1331018014070 + 59_000)
    body = bodies.JobListAnswer(total_item_count=1, page_size=20, page_number=1, jobs=(item,))

    assert ordered(write_json(body)) == sample("job_active")


def test_active_ingests() -> None:
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
    item = ingest_item(view, now_ms=1331031213379 + 2 * 60_000)
    body = bodies.IngestListAnswer(total_item_count=1, page_size=20, page_number=1, ingests=(item,))

    assert ordered(write_json(body)) == sample("ingest_active")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_has_a_test(path: Path) -> None:
    assert f'sample("{path.stem}")' in Path(__file__).read_text()
