from dataclasses import replace
from typing import Any

import pytest

from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputRequest, OutputSpec
from reelyard.media.presets import PRESETS, preset
from reelyard.media.resolve import resolve_output


def resolve(**members: Any) -> OutputSpec:
    request = OutputRequest(**{"output_format_id": 0, "container": "mp4"} | members)
    return resolve_output(request, preset(request.output_format_id or 0))


def refusal(**members: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        resolve(**members)
    return caught.value


def test_a_container_alone_gets_its_own_codecs() -> None:
    assert resolve() == OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")
    assert resolve(container="webm") == OutputSpec(container="webm", video_codec="libvpx", audio_codec="vorbis")
    assert resolve(container="mp3") == OutputSpec(container="mp3", video_codec="none", audio_codec="mp3")
    assert resolve(container="m4a").audio_codec == "aac"
    assert resolve(container="matroska").video_codec == "h264"


def test_what_was_asked_for_is_kept() -> None:
    spec = resolve(
        title="A title",
        customer_reference_id="ref",
        ping_url="https://user:pass@example.com:8443/ping?x=1",
        video_codec="h264",
        width=640,
        height=360,
        video_bitrate_kbps=800,
        frame_rate_id=29970,
        audio_codec="mp3",
        audio_bitrate_kbps=96,
        sample_rate_hz=22000,
        channels=1,
    )

    assert spec == OutputSpec(
        title="A title",
        customer_reference_id="ref",
        ping_url="https://user:pass@example.com:8443/ping?x=1",
        container="mp4",
        video_codec="h264",
        width=640,
        height=360,
        video_bitrate_kbps=800,
        frame_rate_id=29970,
        audio_codec="mp3",
        audio_bitrate_kbps=96,
        sample_rate_hz=22000,
        channels=1,
    )


def test_as_source_and_zero_are_the_same_as_unsaid() -> None:
    assert resolve(frame_rate_id=-1, sample_rate_hz=-1, width=0, height=0, video_bitrate_kbps=0) == resolve()
    assert resolve(video_codec="", audio_codec="") == resolve()


@pytest.mark.parametrize("entry", PRESETS, ids=lambda p: p.name)
def test_every_preset_is_a_valid_output_by_itself(entry: Any) -> None:
    spec = resolve_output(OutputRequest(output_format_id=entry.id), entry)
    alone = resolve_output(replace(entry.parameters, output_format_id=0), None)

    assert spec == replace(alone, output_format_id=entry.id)


def test_there_are_at_least_ten_presets_with_fixed_ids() -> None:
    assert [entry.id for entry in PRESETS] == list(range(1, len(PRESETS) + 1))
    assert len(PRESETS) >= 10
    assert (PRESETS[0].name, PRESETS[9].name) == ("MP4 1080p", "MP3 128")
    assert preset(0) is None
    assert preset(999_999) is None


def test_the_request_overrides_its_preset() -> None:
    spec = resolve(output_format_id=2, container=None, video_bitrate_kbps=900, channels=1)

    assert (spec.height, spec.video_bitrate_kbps, spec.audio_bitrate_kbps, spec.channels) == (720, 900, 128, 1)


def test_a_width_replaces_the_whole_size_of_a_preset() -> None:
    spec = resolve(output_format_id=2, container=None, width=640)

    assert (spec.width, spec.height) == (640, 0)


def test_a_preset_gives_way_where_the_request_leaves_no_room_for_it() -> None:
    spec = resolve(output_format_id=6, container="mp4")
    assert (spec.video_codec, spec.audio_codec, spec.height) == ("h264", "aac", 720)

    spec = resolve(output_format_id=2, container="mp3")
    assert (spec.video_codec, spec.height, spec.video_bitrate_kbps) == ("none", 0, 0)

    spec = resolve(output_format_id=2, container=None, video_codec="copy")
    assert (spec.video_codec, spec.height, spec.audio_bitrate_kbps) == ("copy", 0, 128)


@pytest.mark.parametrize(
    ("members", "field", "code", "words"),
    [
        ({"output_format_id": None}, "output_format_id", ErrorCode.PARAMETER_MISSING, ["missing"]),
        ({"output_format_id": 999}, "output_format_id", ErrorCode.PROFILE_NOT_FOUND, ["999"]),
        ({"container": None}, "container", ErrorCode.PARAMETER_MISSING, ["mp4", "webm", "matroska", "mp3", "m4a"]),
        ({"container": "mp5"}, "container", None, ["'mp5'", "unknown", "mp4, mov, matroska, webm"]),
        ({"video_codec": "vp10"}, "video_codec", None, ["'vp10'", "unknown", "h264, h264base", "copy, none"]),
        ({"audio_codec": "ac5"}, "audio_codec", None, ["'ac5'", "unknown", "aac, ac3", "copy, none"]),
        ({"video_codec": "libvpx"}, "video_codec", ErrorCode.INCOMPATIBLE_FORMAT, ["libvpx", "mp4", "h264"]),
        (
            {"audio_codec": "vorbis"},
            "audio_codec",
            ErrorCode.INCOMPATIBLE_FORMAT,
            ["vorbis", "mp4", "aac, ac3, mp3, opus"],
        ),
        (
            {"container": "mp3", "video_codec": "h264"},
            "video_codec",
            ErrorCode.INCOMPATIBLE_FORMAT,
            ["h264", "mp3", "none"],
        ),
        ({"container": "m4a", "video_codec": "copy"}, "video_codec", ErrorCode.INCOMPATIBLE_FORMAT, ["copy"]),
        (
            {"video_codec": "none", "audio_codec": "none"},
            "audio_codec",
            None,
            ["{video_codec}", "{audio_codec}", "nothing"],
        ),
        ({"container": "mp3", "audio_codec": "none"}, "audio_codec", None, ["nothing to encode"]),
        (
            {"container": "mxf", "video_codec": "none"},
            "video_codec",
            ErrorCode.INCOMPATIBLE_FORMAT,
            ["mxf", "pictures"],
        ),
        (
            {"container": "dvd-pal-mpg", "video_codec": "copy"},
            "video_codec",
            ErrorCode.INCOMPATIBLE_FORMAT,
            ["'copy'", "dvd-pal-mpg", "mpgPalDvd, mpeg2video, none"],
        ),
        (
            {"container": "mjpeg", "audio_codec": "aac"},
            "audio_codec",
            ErrorCode.INCOMPATIBLE_FORMAT,
            ["'aac'", "mjpeg", "it can hold none"],
        ),
        (
            {"container": "avi", "video_codec": "huffyuv", "video_bitrate_kbps": 500},
            "video_bitrate_kbps",
            None,
            ["500", "{video_codec}", "'huffyuv'", "lossless"],
        ),
        (
            {"container": "wav", "audio_bitrate_kbps": 96},
            "audio_bitrate_kbps",
            None,
            ["96", "{audio_codec}", "'pcm-s16LE'", "lossless"],
        ),
        ({"width": 15}, "width", None, ["15", "16 to 8192"]),
        ({"width": -2}, "width", None, ["-2", "16 to 8192"]),
        ({"height": 8193}, "height", None, ["8193", "16 to 8192"]),
        ({"video_bitrate_kbps": 80_001}, "video_bitrate_kbps", None, ["80001", "kbit/s"]),
        ({"audio_bitrate_kbps": 7}, "audio_bitrate_kbps", None, ["7", "8 to 1536"]),
        ({"frame_rate_id": 26000}, "frame_rate_id", None, ["26000", "25000", "-1"]),
        ({"frame_rate_id": 0}, "frame_rate_id", None, ["valid are -1, 10000"]),
        ({"sample_rate_hz": 12345}, "sample_rate_hz", None, ["12345", "48000"]),
        ({"channels": 9}, "channels", None, ["9", "1, 2"]),
        ({"channels": 0}, "channels", None, ["0", "1, 2"]),
        ({"video_codec": "copy", "width": 640}, "width", None, ["{width}", "640", "{video_codec}", "'copy'"]),
        ({"video_codec": "copy", "frame_rate_id": 25000}, "frame_rate_id", None, ["25000", "{video_codec}"]),
        ({"audio_codec": "copy", "channels": 1}, "channels", None, ["{channels}", "{audio_codec}", "'copy'"]),
        ({"audio_codec": "none", "audio_bitrate_kbps": 96}, "audio_bitrate_kbps", None, ["leaves the stream out"]),
        ({"container": "mp3", "height": 360}, "height", None, ["{height}", "the container holds none"]),
        ({"ping_url": "ftp://example.com/x"}, "ping_url", None, ["ftp", "http"]),
        ({"ping_url": "example.com"}, "ping_url", None, ["no scheme"]),
        ({"ping_url": "http://"}, "ping_url", None, ["host"]),
        ({"ping_url": "http://h:0/"}, "ping_url", None, ["port"]),
        ({"ping_url": "http://h:port/"}, "ping_url", None, ["port"]),
        ({"ping_url": "http://a b/"}, "ping_url", None, ["white space"]),
        ({"ping_url": "http://h/\r\nX: y"}, "ping_url", None, ["control"]),
        ({"ping_url": "http://h/" + "x" * 2000}, "ping_url", None, ["2000"]),
        ({"title": "x" * 1001}, "title", None, ["1001", "1000"]),
        ({"customer_reference_id": "a\x00"}, "customer_reference_id", None, ["control"]),
    ],
)
def test_a_wrong_member_is_refused_by_name_value_and_remedy(
    members: dict[str, Any], field: str, code: ErrorCode | None, words: list[str]
) -> None:
    error = refusal(**members)

    assert error.field == field
    assert error.code == (code or ErrorCode.INVALID_PARAMETER_VALUE)
    assert "{" + field + "}" in error.message
    for word in words:
        assert word in error.message


def test_a_bitrate_of_a_preset_gives_way_to_a_lossless_codec() -> None:
    spec = resolve(output_format_id=2, container="avi", video_codec="huffyuv", audio_codec="pcm-s16LE")

    assert (spec.video_bitrate_kbps, spec.audio_bitrate_kbps, spec.height) == (0, 0, 720)


def test_a_refused_ping_url_is_not_repeated() -> None:
    message = refusal(ping_url="ftp://user:hunter2@example.com/?token=s3cret").message

    assert "hunter2" not in message
    assert "s3cret" not in message


def test_a_dialects_names_replace_ours() -> None:
    error = refusal(video_codec="copy", width=640)

    text = error.render({"width": "Width", "video_codec": "VideoCodecCode"})

    assert text.startswith("Width is 640, but VideoCodecCode is 'copy'")
    assert "{" not in text
