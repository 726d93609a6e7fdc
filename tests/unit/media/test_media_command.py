"""Whole command lines, held against text files: one argument a line. `REELYARD_GOLDEN=write` writes them anew."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from encoder_node import command
from encoder_node.encoder_options import PassRun
from reelyard.media.colour import Colour
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, OverlayPlan, Tag, VideoPlan

GOLDEN = Path(__file__).parent / "golden"
SCRATCH = Path("/scratch")
SOURCE, TARGET = SCRATCH / "source", SCRATCH / "output"

H264 = VideoPlan(codec="h264", encoder="libx264", width=1280, height=720, frame_rate="25/1", frames=250)
VP8 = VideoPlan(codec="libvpx", encoder="libvpx", width=640, height=360, frame_rate="30000/1001", frames=300)
AAC = AudioPlan(codec="aac", encoder="aac", sample_rate_hz=48000, channels=2, bitrate_bps=128_000)
VORBIS = AudioPlan(codec="vorbis", encoder="libvorbis", sample_rate_hz=44100, channels=6)
MP3 = AudioPlan(codec="mp3", encoder="libmp3lame", sample_rate_hz=44100, channels=1, bitrate_bps=96_000)
AMR = AudioPlan(codec="amr-nb", encoder="libopencore_amrnb", sample_rate_hz=8000, channels=1, bitrate_bps=12_200)
PCM = AudioPlan(codec="pcm-s16LE", encoder="pcm_s16le", sample_rate_hz=44100, channels=2)
PAL = VideoPlan(
    codec="mpgPalDvd",
    encoder="mpeg2video",
    width=720,
    height=576,
    frame_rate="25/1",
    frames=250,
    bitrate_bps=6_000_000,
    sample_aspect="64/45",
)
COPY_VIDEO = VideoPlan(codec="copy", encoder="copy", width=1280, height=720, frame_rate="25/1", frames=250)
COPY_AUDIO = AudioPlan(codec="copy", encoder="copy", sample_rate_hz=48000, channels=2)
TWICE = replace(H264, bitrate_bps=800_000, two_pass=True)
BT709 = Colour(range="tv", matrix="bt709", primaries="bt709", transfer="bt709")
HDR = Colour(range="tv", matrix="bt2020nc", primaries="bt2020", transfer="smpte2084")
HDR_INPUT = InputPlan(video_index=0, audio_index=1, tone_map=True, **HDR.members())


def plan(container: str, video: VideoPlan | None, audio: AudioPlan | None, origin_us: int = 0) -> EncodePlan:
    return EncodePlan(
        container=container,
        duration_us=10_000_000,
        video=video,
        audio=audio,
        inputs=(InputPlan(video_index=0 if video else -1, audio_index=1 if audio else -1, origin_us=origin_us),),
    )


OVERLAID = replace(plan("mp4", H264, AAC), overlay=OverlayPlan(offset_from="TopRight", offset_x=10, offset_y=20))
JOINED = replace(
    plan("mp4", H264, AAC),
    inputs=(
        InputPlan(video_index=0, audio_index=1, origin_us=21_333, frames=125, duration_us=5_000_000),
        InputPlan(video_index=0, frames=125, duration_us=5_000_000, picture_width=960, picture_height=720),
    ),
)
IMAGE, SECOND = Path("/scratch/image"), Path("/scratch/second")
TOGETHER = replace(
    JOINED,
    video=replace(TWICE, keyframe_interval=50, **BT709.members()),
    inputs=(
        replace(JOINED.inputs[0], tone_map=True, audio_mix="same", **HDR.members()),
        replace(JOINED.inputs[1], video_index=-1, picture_width=0, picture_height=0),
    ),
    overlay=OVERLAID.overlay,
    tags=(Tag(name="title", value="A"),),
)

COMMANDS = {
    "encode_mp4_quality": command.encode_argv(plan("mp4", H264, AAC), [SOURCE], TARGET),
    "encode_mp4_bitrate": command.encode_argv(plan("mp4", replace(H264, bitrate_bps=800_000), AAC), [SOURCE], TARGET),
    "encode_mp4_silent_shifted": command.encode_argv(plan("mp4", H264, None, origin_us=21_333), [SOURCE], TARGET),
    "encode_mp4_nvenc_quality": command.encode_argv(
        plan("mp4", replace(H264, encoder="h264_nvenc"), AAC), [SOURCE], TARGET
    ),
    "encode_mp4_nvenc_bitrate": command.encode_argv(
        plan("mp4", replace(H264, encoder="h264_nvenc", bitrate_bps=800_000), AAC), [SOURCE], TARGET
    ),
    "encode_mp4_first_pass": command.encode_argv(
        plan("mp4", TWICE, AAC), [SOURCE], TARGET, pass_run=PassRun(number=1, log=SCRATCH / "twopass")
    ),
    "encode_mp4_second_pass": command.encode_argv(
        plan("mp4", TWICE, AAC), [SOURCE], TARGET, pass_run=PassRun(number=2, log=SCRATCH / "twopass")
    ),
    "encode_mp4_keyframes": command.encode_argv(
        plan("mp4", replace(H264, keyframe_interval=60), AAC), [SOURCE], TARGET
    ),
    "encode_mp4_fixed_keyframes": command.encode_argv(
        plan("mp4", replace(H264, keyframe_interval=60, fixed_keyframes=True), AAC), [SOURCE], TARGET
    ),
    "encode_mp4_tags": command.encode_argv(
        replace(plan("mp4", H264, AAC), tags=(Tag(name="title", value="-y = ;'a"), Tag(name="artist", value="B"))),
        [SOURCE],
        TARGET,
    ),
    "encode_mp4_tone_mapped": command.encode_argv(
        replace(plan("mp4", replace(H264, **BT709.members()), AAC), inputs=(HDR_INPUT,)), [SOURCE], TARGET
    ),
    "encode_m4a_unnamed_channels": command.encode_argv(
        replace(plan("m4a", None, AAC), inputs=(InputPlan(audio_index=0, audio_mix="even:10"),)), [SOURCE], TARGET
    ),
    "encode_webm_quality": command.encode_argv(plan("webm", VP8, VORBIS), [SOURCE], TARGET),
    "encode_webm_bitrate": command.encode_argv(
        plan("webm", replace(VP8, bitrate_bps=500_000), replace(VORBIS, channels=2, bitrate_bps=96_000)),
        [SOURCE],
        TARGET,
    ),
    "encode_matroska": command.encode_argv(plan("matroska", H264, MP3), [SOURCE], TARGET),
    "encode_dvd": command.encode_argv(
        plan("dvd-pal-mpg", PAL, replace(AAC, codec="ac3", encoder="ac3")), [SOURCE], TARGET
    ),
    "encode_hevc_bitrate": command.encode_argv(
        plan("mp4", replace(H264, codec="hevc", encoder="libx265", bitrate_bps=800_000), AAC), [SOURCE], TARGET
    ),
    "encode_av1": command.encode_argv(
        plan("webm", replace(H264, codec="av1", encoder="libsvtav1"), None), [SOURCE], TARGET
    ),
    "encode_avi_xvid": command.encode_argv(
        plan("avi", replace(H264, codec="xvid", encoder="libxvid"), MP3), [SOURCE], TARGET
    ),
    "encode_3gp": command.encode_argv(plan("3gp", replace(H264, codec="h264base"), AMR), [SOURCE], TARGET),
    "encode_mjpeg": command.encode_argv(
        plan("mjpeg", replace(H264, codec="mjpeg", encoder="mjpeg"), None), [SOURCE], TARGET
    ),
    "encode_huffyuv_pcm": command.encode_argv(
        plan("avi", replace(H264, codec="huffyuv", encoder="huffyuv"), PCM), [SOURCE], TARGET
    ),
    "encode_mp4_overlay": command.encode_argv(OVERLAID, [SOURCE], TARGET, overlay=IMAGE),
    "encode_mp4_join_overlay_first_pass": command.encode_argv(
        TOGETHER, [SOURCE, SECOND], TARGET, overlay=IMAGE, pass_run=PassRun(number=1, log=SCRATCH / "twopass")
    ),
    "encode_mp4_join_overlay_second_pass": command.encode_argv(
        TOGETHER, [SOURCE, SECOND], TARGET, overlay=IMAGE, pass_run=PassRun(number=2, log=SCRATCH / "twopass")
    ),
    "encode_mp4_join": command.encode_argv(JOINED, [SOURCE, SECOND], TARGET),
    "encode_mp3": command.encode_argv(plan("mp3", None, MP3), [SOURCE], TARGET),
    "encode_m4a": command.encode_argv(plan("m4a", None, AAC), [SOURCE], TARGET),
    "remux_mp4": command.encode_argv(plan("mp4", COPY_VIDEO, COPY_AUDIO), [SOURCE], TARGET),
    "remux_video_encode_audio": command.encode_argv(plan("matroska", COPY_VIDEO, MP3), [SOURCE], TARGET),
    "probe": command.probe_argv(SOURCE),
    "thumbnail": command.thumbnail_argv(SOURCE, TARGET, video_index=2, at_us=1_500_000),
    "decode_whole": command.decode_check_argv(TARGET),
    "decode_window": command.decode_check_argv(TARGET, start_us=60_000_000, length_us=10_000_000),
    "demux": command.demux_check_argv(SOURCE),
    "encoder_probe_video": command.encoder_probe_argv("hevc_nvenc"),
    "encoder_probe_audio": command.encoder_probe_argv("libvorbis"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_line_is_as_recorded(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    text = "\n".join(COMMANDS[name]) + "\n"
    if os.environ.get("REELYARD_GOLDEN") == "write":
        path.write_text(text)

    assert text == path.read_text()


def test_every_recorded_command_line_is_still_built() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("encoder_probe")])
def test_every_file_is_opened_under_the_same_limits(name: str) -> None:
    argv = COMMANDS[name]
    for option, value in command.input_options().items():
        at = argv.index(f"-{option}")
        assert argv[at + 1] == str(value)
        if argv[0] == "ffmpeg":
            assert at < argv.index("-i"), "an option of the input stands before it"


def _inputs(argv: list[str]) -> list[dict[str, str]]:
    """The options that stand before each file that is opened."""
    found, rest = [], argv[argv.index("-stats_period") + 2 :]
    while "-i" in rest:
        at = rest.index("-i")
        found.append(dict(zip(rest[:at:2], rest[1:at:2], strict=True)))
        rest = rest[at + 2 :]
    return found


def test_each_of_several_files_is_opened_under_the_same_limits() -> None:
    limits = {f"-{name}": str(value) for name, value in command.input_options().items()}

    assert _inputs(COMMANDS["encode_mp4_join"]) == [
        limits | {"-itsoffset": "-0.021333"},
        limits | {"-itsoffset": "-0.021333"},  # once more, for its sound
        limits,
    ]
    assert _inputs(COMMANDS["encode_mp4_overlay"]) == [
        limits,
        limits | {"-f": "png_pipe", "-format_whitelist": "png_pipe"},
    ]


@pytest.mark.parametrize(("sources", "overlay"), [([SOURCE, SECOND], IMAGE), ([SOURCE], None), ([], IMAGE)])
def test_files_that_are_not_those_of_the_plan_are_refused(sources: list[Path], overlay: Path | None) -> None:
    with pytest.raises(ValueError, match="not those"):
        command.encode_argv(OVERLAID, sources, TARGET, overlay=overlay)


@pytest.mark.parametrize("path", ["-i", "concat:a|b", "a b'c.mp4", "http:evil", "%d.mp4"])
def test_no_name_can_be_read_as_an_option_or_a_protocol(path: str, tmp_path: Path) -> None:
    argv = command.probe_argv(tmp_path / path)

    assert argv[-1] == f"file:{tmp_path}/{path}"


def test_formats_that_open_other_files_are_not_allowed() -> None:
    allowed = command.SOURCE_FORMATS.split(",")

    assert not set(allowed) & {"hls", "dash", "concat", "sdp", "rtsp", "image2", "lavfi", "tty", "imf", "subtitles"}
    assert len(allowed) == len(set(allowed))


def value_of(argv: list[str], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_threads_are_capped_where_a_quota_hides_from_ffmpeg() -> None:
    argv = command.encode_argv(plan("mp4", H264, AAC), [SOURCE], TARGET, threads=3)

    assert argv.index("-threads") < argv.index("-i"), "the decoder's"
    assert [value_of(argv, option) for option in ("-threads", "-threads:v", "-filter_threads")] == ["3", "3", "3"]
    checking = command.decode_check_argv(TARGET, threads=3)
    assert (value_of(checking, "-threads"), checking.index("-threads") < checking.index("-i")) == ("3", True)
    uncapped = command.encode_argv(plan("mp4", H264, AAC), [SOURCE], TARGET)
    assert not any("threads" in argument for argument in uncapped)


@pytest.mark.parametrize(
    ("encoder", "codec", "option", "expected"),
    [
        ("libx265", "hevc", "-x265-params", "log-level=error:pools=3"),
        ("libsvtav1", "av1", "-svtav1-params", "lp=3"),
    ],
)
def test_encoders_with_threads_of_their_own_are_told_too(encoder: str, codec: str, option: str, expected: str) -> None:
    video = replace(H264, codec=codec, encoder=encoder)

    assert value_of(command.encode_argv(plan("mp4", video, None), [SOURCE], TARGET, threads=3), option) == expected


def test_a_copied_picture_has_no_encoder_to_tell() -> None:
    argv = command.encode_argv(plan("mp4", COPY_VIDEO, AAC), [SOURCE], TARGET, threads=3)

    assert "-threads:v" not in argv
