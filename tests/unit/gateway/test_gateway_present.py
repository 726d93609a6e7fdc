"""From views to bodies: what the samples leave open."""

from typing import Any

import pytest

from gateway.gomi.format_bodies import format_body
from gateway.gomi.present import (
    ingest_detail,
    input_asset,
    job_detail,
    media_info,
    minutes_ago,
    pretty_size,
)
from gateway.gomi.statuses import INGEST_STATUS, JOB_STATUS
from reelyard.cluster.views import IngestView, JobView, MediaView
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputFormat, OutputRequest

BASE = "https://media.example/encode"


@pytest.mark.parametrize(
    ("size", "pretty"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KB"),
        (46249993, "44.11 MB"),
        (1024**3, "1.00 GB"),
        (3 * 1024**4 // 2, "1.50 TB"),
        (2048 * 1024**4, "2048.00 TB"),
    ],
)
def test_sizes_for_people(size: int, pretty: str) -> None:
    assert pretty_size(size) == pretty


@pytest.mark.parametrize(("started", "minutes"), [(0, 0), (1_000_000, 0), (940_000, 1), (880_001, 1), (2_000_000, 0)])
def test_minutes_since_the_start(started: int, minutes: int) -> None:
    assert minutes_ago(started, 1_000_000) == minutes


@pytest.mark.parametrize("state", JOB_STATUS)
def test_job_states_are_told_in_the_words_of_the_api(state: str) -> None:
    body = job_detail(JobView(job_id=5, status=state, created_ms=1, updated_ms=2), base_url=BASE, now_ms=3)

    assert body.status == JOB_STATUS[state]


@pytest.mark.parametrize("state", INGEST_STATUS)
def test_ingest_states_are_told_in_the_words_of_the_api(state: str) -> None:
    body = ingest_detail(IngestView(ingest_id=5, status=state, created_ms=1, updated_ms=2), now_ms=3)

    assert body.ingest_status == INGEST_STATUS[state]


def test_a_state_of_a_newer_scheduler_is_passed_on() -> None:
    body = job_detail(JobView(job_id=5, status="dreaming", created_ms=1, updated_ms=2), base_url=BASE, now_ms=3)

    assert body.status == "dreaming"


def test_urls_are_below_the_base_and_empty_where_there_is_no_file() -> None:
    view = MediaView(
        media_id=9,
        kind="input",
        status="available",
        file_path="download/sourcemedia/9/tok/a%20b.mp4",
        created_ms=1,
        updated_ms=2,
    )

    body = input_asset(view, base_url=BASE)

    assert body.file_url == "https://media.example/encode/download/sourcemedia/9/tok/a%20b.mp4"
    assert body.thumbnail_url == ""


def test_an_upright_film_is_told_as_it_is_seen() -> None:
    track = VideoTrack(
        index=0, codec="h264", width=1920, height=1080, rotation=-90, frame_rate="30/1", bitrate_bps=999_600
    )
    body = media_info(MediaInfo(container="mov,mp4", video=(track,)), "film.mp4")

    assert body.video_track is not None
    assert (body.video_track.width, body.video_track.height) == (1080, 1920)
    assert body.video_track.video_bitrate_kbps == 1000
    assert body.audio_track is None


def test_what_the_probe_could_not_tell_is_left_open() -> None:
    info = MediaInfo(
        container="matroska,webm",
        duration_us=2_400_000,
        size_bytes=300_000,
        video=(VideoTrack(index=0, codec="vp8", frame_rate="0/0"),),
        audio=(AudioTrack(index=1, codec="vorbis"),),
    )
    body = media_info(info, "clip.webm")

    assert body.media_container_format == "WebM"
    assert body.total_bitrate_kbps == 1000  # from size and duration
    assert body.duration_seconds == 2
    assert body.video_track is not None
    assert body.video_track.frame_rate is None
    assert body.audio_track is not None
    assert body.audio_track.audio_bitrate_kbps is None


def test_a_format_shows_its_parameters_under_the_names_that_a_request_uses() -> None:
    body: Any = format_body(
        OutputFormat(id=3, name="n", description="d", parameters=OutputRequest(container="mp4", height=480))
    )

    assert (body.output_format_id, body.container, body.height, body.width) == (3, "mp4", 480, None)
