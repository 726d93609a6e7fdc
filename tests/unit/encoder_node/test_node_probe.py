"""Over answers of ffprobe, cut down to what matters."""

import json
from typing import Any

import pytest

from encoder_node.probe import parse_probe
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo

VIDEO = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "profile": "High",
    "width": 1920,
    "height": 1080,
    "sample_aspect_ratio": "64:45",
    "pix_fmt": "yuv420p",
    "field_order": "progressive",
    "r_frame_rate": "30000/1001",
    "avg_frame_rate": "30000/1001",
    "start_time": "0.021000",
    "duration": "2.002000",
    "bit_rate": "20208",
    "nb_read_packets": "60",
    "disposition": {"attached_pic": 0},
}
AUDIO = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "profile": "LC",
    "sample_rate": "44100",
    "channels": 2,
    "channel_layout": "stereo",
    "start_time": "0.000000",
    "duration": "2.023220",
    "bit_rate": "69671",
}
FORMAT = {
    "format_name": "mov,mp4,m4a,3gp,3g2,mj2",
    "start_time": "-0.007000",
    "duration": "2.023220",
    "size": "24834",
    "bit_rate": "99336",
}


def parse(*streams: dict[str, Any], container: dict[str, Any] | None = None) -> MediaInfo:
    return parse_probe(json.dumps({"streams": streams, "format": container or FORMAT}).encode())


def test_everything_is_read_in_our_units() -> None:
    info = parse(VIDEO, AUDIO)
    (video,), (audio,) = info.video, info.audio

    assert (info.container, info.duration_us, info.start_us) == ("mov,mp4,m4a,3gp,3g2,mj2", 2_023_220, -7_000)
    assert (info.size_bytes, info.bitrate_bps) == (24834, 99336)
    assert (video.codec, video.profile, video.width, video.height) == ("h264", "High", 1920, 1080)
    assert (video.frame_rate, video.base_frame_rate, video.sample_aspect) == ("30000/1001", "30000/1001", "64/45")
    assert (video.frames, video.duration_us, video.start_us) == (60, 2_002_000, 21_000)
    assert (audio.index, audio.codec, audio.sample_rate_hz, audio.channels) == (1, "aac", 44100, 2)
    assert (audio.channel_layout, audio.bitrate_bps, audio.duration_us) == ("stereo", 69671, 2_023_220)


def test_cover_art_and_other_streams_are_left_out() -> None:
    cover = VIDEO | {"index": 2, "codec_name": "mjpeg", "disposition": {"attached_pic": 1}}

    info = parse(AUDIO, cover, {"index": 3, "codec_type": "data"}, {"index": 4, "codec_type": "subtitle"})

    assert info.video == ()
    assert len(info.audio) == 1


@pytest.mark.parametrize(
    ("stream", "degrees"),
    [
        ({"side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]}, 90),
        ({"side_data_list": [{"side_data_type": "Display Matrix", "rotation": 90}]}, 270),
        ({"side_data_list": [{"other": 1}, {"rotation": 180}]}, 180),
        ({"tags": {"rotate": "90"}}, 90),
        ({}, 0),
    ],
)
def test_rotation_is_clockwise(stream: dict[str, Any], degrees: int) -> None:
    assert parse(VIDEO | stream).video[0].rotation == degrees


def test_matroska_keeps_the_end_of_a_stream_in_a_tag() -> None:
    stream = {k: v for k, v in VIDEO.items() if k != "duration"} | {"tags": {"DURATION": "00:01:02.021000000"}}

    assert parse(stream).video[0].duration_us == 62_000_000


def test_what_is_unknown_is_zero() -> None:
    bare = {"index": 0, "codec_type": "video", "avg_frame_rate": "0/0", "sample_aspect_ratio": "0:1"}
    info = parse(bare, container={"format_name": "h264", "duration": "N/A"})
    (video,) = info.video

    assert (info.duration_us, info.size_bytes) == (0, 0)
    assert (video.codec, video.frames, video.frame_rate, video.sample_aspect) == ("", 0, "0/1", "1/1")


def test_a_container_without_a_duration_has_that_of_its_longest_stream() -> None:
    assert parse(VIDEO, AUDIO, container={"format_name": "x"}).duration_us == 2_023_220


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"streams": []}', b"null"])
def test_no_answer_is_no_media(data: bytes) -> None:
    with pytest.raises(WorkError) as caught:
        parse_probe(data)

    assert caught.value.code is ErrorCode.SOURCE_NOT_MEDIA
