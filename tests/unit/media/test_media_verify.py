from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.plan import AudioPlan, EncodePlan, VideoPlan
from reelyard.media.verify import Window, check_output, check_source, decode_windows, frame_tolerance

VIDEO_PLAN = VideoPlan(codec="h264", encoder="libx264", width=640, height=360, frame_rate="25/1", frames=250)
AUDIO_PLAN = AudioPlan(codec="aac", encoder="aac", sample_rate_hz=48000, channels=2, duration_us=10_000_000)
PLAN = EncodePlan(container="mp4", duration_us=10_000_000, video=VIDEO_PLAN, audio=AUDIO_PLAN)
VIDEO = VideoTrack(
    index=0,
    codec="h264",
    width=640,
    height=360,
    frame_rate="25/1",
    base_frame_rate="25/1",
    frames=250,
    duration_us=10_000_000,
)
AUDIO = AudioTrack(index=1, codec="aac", sample_rate_hz=48000, channels=2, duration_us=10_010_000)
OUTPUT = MediaInfo(container="mov,mp4,m4a,3gp,3g2,mj2", duration_us=10_010_000, video=(VIDEO,), audio=(AUDIO,))


def check(info: MediaInfo = OUTPUT, plan: EncodePlan = PLAN, **facts: Any) -> None:
    check_output(plan, info, **{"decode_errors": 0, "decoded_frames": 250, "decoded_whole": True} | facts)


def difference(info: MediaInfo = OUTPUT, plan: EncodePlan = PLAN, **facts: Any) -> WorkError:
    with pytest.raises(WorkError) as caught:
        check(info, plan, **facts)
    return caught.value


def with_video(**changes: Any) -> MediaInfo:
    return replace(OUTPUT, video=(replace(VIDEO, **changes),))


def with_audio(**changes: Any) -> MediaInfo:
    return replace(OUTPUT, audio=(replace(AUDIO, **changes),))


@pytest.mark.parametrize(
    "info",
    [
        OUTPUT,
        with_video(duration_us=0),
        with_video(frame_rate="2501/100"),
        with_audio(duration_us=0),
        with_audio(duration_us=10_400_000),
    ],
)
def test_what_was_planned_passes(info: MediaInfo) -> None:
    check(info)

    assert info.video[0].frames == PLAN.video.frames if PLAN.video else False


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (replace(OUTPUT, container="matroska,webm"), ["matroska", "mp4"]),
        (replace(OUTPUT, video=()), ["0 video streams", "one"]),
        (replace(OUTPUT, audio=()), ["0 audio streams", "one"]),
        (replace(OUTPUT, audio=(AUDIO, AUDIO)), ["2 audio streams"]),
        (with_video(codec="vp8"), ["vp8", "h264"]),
        (with_video(width=642), ["642x360", "640x360"]),
        (with_video(frames=248, duration_us=9_920_000), ["248 frames", "250"]),
        (with_video(frames=0), ["0 frames"]),
        (with_video(frame_rate="30/1", base_frame_rate="30/1"), ["30/1", "25/1"]),
        (with_video(duration_us=5_000_000), ["5.00 s", "10.00 s"]),
        (with_audio(codec="mp3"), ["mp3", "aac"]),
        (with_audio(sample_rate_hz=44100), ["44100", "48000"]),
        (with_audio(channels=1), ["1 channels", "2"]),
        (with_audio(duration_us=9_000_000), ["9.00 s", "10.00 s"]),
    ],
)
def test_each_difference_from_the_plan_is_named(info: MediaInfo, words: list[str]) -> None:
    facts = {"decoded_frames": info.video[0].frames} if info.video else {}

    error = difference(info, **facts)

    assert error.code == ErrorCode.ENCODE_FAILED
    for word in words:
        assert word in error.message


def test_frames_that_dont_decode_fail_an_output() -> None:
    assert "249 frames decode of the 250" in difference(decoded_frames=249).message
    assert "no frame" in difference(decoded_frames=0, decoded_whole=False).message
    assert difference(decode_errors=13).code == ErrorCode.ENCODE_FAILED


def test_a_scratch_is_tolerated_and_windows_need_not_add_up() -> None:
    check(decode_errors=12)
    check(decoded_whole=False, decoded_frames=90, decode_errors=4)

    assert "errors" in difference(decoded_whole=False, decoded_frames=90, decode_errors=5).message


def test_a_short_output_of_a_damaged_source_is_the_sources_fault() -> None:
    short = with_video(frames=125, duration_us=5_000_000)

    error = difference(short, decoded_frames=125, source_errors=3)
    assert error.code == ErrorCode.SOURCE_CORRUPT
    assert error.message.startswith("The source was cut off or is damaged: reading it gave 3 errors. ")
    assert "125 frames" in error.message
    assert difference(source_errors=13).code == ErrorCode.SOURCE_CORRUPT
    check(source_errors=12)


def test_a_copy_is_held_against_the_source_and_blames_it() -> None:
    plan = replace(PLAN, video=replace(VIDEO_PLAN, codec="copy", encoder="copy"))
    check(with_video(codec="hevc"), plan, decoded_frames=240)
    check(with_video(frames=240, duration_us=9_000_000), plan)  # it begins at a keyframe and may have gaps

    assert difference(with_video(frames=200), plan).code == ErrorCode.SOURCE_CORRUPT


def test_an_audio_output_is_measured_by_its_length() -> None:
    plan = EncodePlan(
        container="mp3",
        duration_us=10_000_000,
        audio=AudioPlan(codec="mp3", encoder="libmp3lame", sample_rate_hz=48000, channels=2, duration_us=10_000_000),
    )
    info = MediaInfo(container="mp3", duration_us=10_030_000, audio=(replace(AUDIO, codec="mp3", duration_us=0),))
    check(info, plan, decoded_frames=0, decode_errors=20)

    assert "errors" in difference(info, plan, decoded_frames=0, decode_errors=21).message
    assert "4.00 s" in difference(replace(info, duration_us=4_000_000), plan, decoded_frames=0).message


@pytest.mark.parametrize(
    ("frames", "rate", "tolerance"), [(1, "25/1", 1), (250, "25/1", 1), (2000, "25/1", 10), (900_000, "25/1", 12)]
)
def test_long_outputs_may_miss_up_to_half_a_second(frames: int, rate: str, tolerance: int) -> None:
    assert frame_tolerance(replace(VIDEO_PLAN, frames=frames, frame_rate=rate)) == tolerance


def test_short_files_are_decoded_whole_and_long_ones_in_three_places() -> None:
    assert decode_windows(10_000_000, 30) == (Window(0, 0),)
    assert decode_windows(3_600_000_000, 0) == (Window(0, 0),)
    assert decode_windows(3_600_000_000, 30) == (
        Window(0, 10_000_000),
        Window(1_795_000_000, 10_000_000),
        Window(3_590_000_000, 0),
    )


def test_a_source_that_reads_as_long_as_it_says_is_left_alone() -> None:
    assert check_source(OUTPUT, demuxed_us=9_960_000) is OUTPUT


def _refused(info: MediaInfo, demuxed_us: int) -> WorkError:
    with pytest.raises(WorkError) as caught:
        check_source(info, demuxed_us=demuxed_us)
    return caught.value


@pytest.mark.parametrize(
    ("change", "demuxed_us", "code"),
    [
        (lambda i: replace(i, video=(), audio=()), 0, ErrorCode.SOURCE_NOT_MEDIA),
        (
            lambda i: replace(i, video=(replace(VIDEO, codec="unknown"),), audio=()),
            10_000_000,
            ErrorCode.SOURCE_NOT_MEDIA,
        ),
        (
            lambda i: replace(i, duration_us=0, video=(replace(VIDEO, frames=0, duration_us=0),), audio=()),
            0,
            ErrorCode.SOURCE_NOT_MEDIA,
        ),
        (lambda i: i, 5_000_000, ErrorCode.SOURCE_CORRUPT),
        (lambda i: i, 0, ErrorCode.SOURCE_CORRUPT),
        (lambda i: replace(i, container="matroska,webm"), 9_000_000, ErrorCode.SOURCE_CORRUPT),
    ],
)
def test_a_source_with_nothing_in_it_or_less_than_it_says_is_refused(
    change: Callable[[MediaInfo], MediaInfo], demuxed_us: int, code: ErrorCode
) -> None:
    assert _refused(change(OUTPUT), demuxed_us).code == code


def test_a_cut_source_says_how_much_of_it_there_is() -> None:
    assert "10.01 s, and 4.04 s of it" in _refused(OUTPUT, 4_000_000).message


def test_a_guessed_duration_is_replaced_by_what_was_read() -> None:
    guessed = MediaInfo(container="mp3", duration_us=20_000_000, audio=(replace(AUDIO, codec="mp3"),))

    settled = check_source(guessed, demuxed_us=12_000_000)

    assert settled.duration_us == 12_000_000
    assert settled.audio[0].duration_us == 0


def test_a_raw_stream_without_a_duration_gets_the_one_that_was_read() -> None:
    raw = MediaInfo(container="h264", video=(replace(VIDEO, duration_us=0),))

    assert check_source(raw, demuxed_us=10_000_000).duration_us == 10_000_000
