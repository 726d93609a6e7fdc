"""The number of frames that a plan expects is the number that ffmpeg makes."""

from pathlib import Path

import pytest

from reelyard.media.output import OutputSpec
from tests.integration.media_runs import X264, encode, make, pictures, sound


def _mp4(folder: Path) -> Path:
    return make(folder / "s.mp4", *pictures(), *sound(), *X264, "-c:a", "aac")


def _mkv_with_priming(folder: Path) -> Path:
    """The audio encoder's priming shifts the video by 23 ms."""
    return make(folder / "s.mkv", *pictures(), *sound(sample_rate=44100), *X264, "-c:a", "aac")


def _mkv_without_audio(folder: Path) -> Path:
    return make(folder / "s.mkv", *pictures(), *X264)


def _webm(folder: Path) -> Path:
    return make(
        folder / "s.webm", *pictures(), *sound(), "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"
    )


def _webm_with_hidden_frames(folder: Path) -> Path:
    """Alternate reference frames are packets that show nothing."""
    arguments = ("-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5", "-auto-alt-ref", "1", "-lag-in-frames", "16")
    return make(folder / "s.webm", *pictures(), *arguments)


def _ntsc(folder: Path) -> Path:
    return make(folder / "s.mp4", *pictures("30000/1001", 2.2), *X264)


def _ntsc_mkv(folder: Path) -> Path:
    """Its time stamps are rounded to milliseconds."""
    return make(folder / "s.mkv", *pictures("30000/1001", 2.2), *X264)


def _thirty(folder: Path) -> Path:
    return make(folder / "s.mp4", *pictures("30", 2), *X264)


def _sixty(folder: Path) -> Path:
    return make(folder / "s.mp4", *pictures("60", 1.5), *X264)


def _transport_stream(folder: Path) -> Path:
    """Its clock begins at 1.4 s, and B-frames delay the video."""
    return make(folder / "s.ts", *pictures(), *sound(), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")


def _avi(folder: Path) -> Path:
    return make(folder / "s.avi", *pictures(), *sound(), "-c:v", "mpeg4", "-c:a", "libmp3lame")


def _late_video(folder: Path) -> Path:
    """Video that starts a second after the audio."""
    return make(
        folder / "s.mp4",
        *(*sound(3), "-itsoffset", "1", *pictures()),
        *("-map", "0:a", "-map", "1:v", *X264, "-fps_mode", "passthrough", "-c:a", "aac"),
    )


def _late_video_mkv(folder: Path) -> Path:
    return make(folder / "s.mkv", "-i", str(_late_video(folder)), "-c", "copy")


def _cut_by_edit_list(folder: Path) -> Path:
    """An edit list hides the frames before the cut: they are packets in the file and never shown."""
    whole = make(folder / "whole.mp4", *pictures(), *X264, "-g", "50")
    return make(folder / "s.mp4", "-ss", "0.5", "-i", str(whole), "-c", "copy")


def _raw_mpeg(folder: Path) -> Path:
    """No time stamps at all, and a decoder that holds a picture back."""
    return make(folder / "s.m2v", *pictures(), "-c:v", "mpeg2video")


def _raw_mpeg_with_b_frames(folder: Path) -> Path:
    return make(folder / "s.m2v", *pictures(), "-c:v", "mpeg2video", "-bf", "2")


def _one_frame(folder: Path) -> Path:
    return make(folder / "s.mp4", *pictures(), "-frames:v", "1", *X264)


CONSTANT = {
    "mp4": (_mp4, 50),
    "mkv_with_priming": (_mkv_with_priming, 50),
    "mkv_without_audio": (_mkv_without_audio, 50),
    "webm": (_webm, 50),
    "webm_with_hidden_frames": (_webm_with_hidden_frames, 50),
    "ntsc": (_ntsc, 66),
    "ntsc_mkv": (_ntsc_mkv, 66),
    "thirty": (_thirty, 60),
    "sixty": (_sixty, 90),
    "transport_stream": (_transport_stream, 50),
    "raw_mpeg": (_raw_mpeg, 50),
    "raw_mpeg_with_b_frames": (_raw_mpeg_with_b_frames, 50),
    "one_frame": (_one_frame, 1),
    "late_video": (_late_video, 75),
    "late_video_mkv": (_late_video_mkv, 76),  # the 21 ms of priming, after a second, make another slot
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_source_of_constant_rate_keeps_every_frame(name: str, tmp_path: Path) -> None:
    make_source, frames = CONSTANT[name]

    plan, info, _ = encode(
        make_source(tmp_path), tmp_path / "out.mp4", OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")
    )

    assert plan.video is not None
    assert (plan.video.frames, info.video[0].frames) == (frames, frames)
    assert info.video[0].frame_rate == plan.video.frame_rate


@pytest.mark.parametrize(
    ("name", "frame_rate_id", "frames"),
    [
        ("mp4", 30000, 60),
        ("mp4", 29970, 60),
        ("mp4", 10000, 20),
        ("thirty", 15000, 30),
        ("thirty", 25000, 50),
        ("ntsc", 30000, 66),
        ("ntsc_mkv", 23976, 53),
        ("sixty", 23976, 36),
        ("late_video", 10000, 30),
    ],
)
def test_a_rate_is_converted_to_the_exact_count(name: str, frame_rate_id: int, frames: int, tmp_path: Path) -> None:
    make_source, _ = CONSTANT[name]
    spec = OutputSpec(container="mp4", video_codec="h264", audio_codec="none", frame_rate_id=frame_rate_id)

    plan, info, _ = encode(make_source(tmp_path), tmp_path / "out.mp4", spec)

    assert plan.video is not None
    assert (plan.video.frames, info.video[0].frames) == (frames, frames)


def _variable(folder: Path) -> Path:
    """30 frames a second for one second, then 40."""
    keep = "select='if(lt(n,60),not(mod(n,2)),mod(n,3))'"
    return make(folder / "s.mp4", *pictures("60"), "-vf", keep, "-fps_mode", "vfr", *X264)


def _variable_mkv(folder: Path) -> Path:
    return make(folder / "s.mkv", "-i", str(_variable(folder)), "-c", "copy")


def test_one_gap_at_the_start_of_a_short_source_does_not_change_its_rate(tmp_path: Path) -> None:
    """A fragmented MP4 with sound: its first picture lasts longer by the sound's priming."""
    fragmented = make(
        tmp_path / "s.mp4",
        *pictures(seconds=1),
        *sound(seconds=1),
        *(*X264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    )

    plan, _, _ = encode(
        fragmented, tmp_path / "out.mp4", OutputSpec(container="mp4", video_codec="h264", audio_codec="aac")
    )

    assert plan.video is not None
    assert plan.video.frame_rate == "25/1"


@pytest.mark.parametrize("make_source", [_variable, _variable_mkv, _avi, _cut_by_edit_list])
@pytest.mark.parametrize("frame_rate_id", [-1, 25000])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_any_other_source_is_right_within_one_frame(
    make_source: object, frame_rate_id: int, container: str, tmp_path: Path
) -> None:
    assert callable(make_source)
    spec = OutputSpec(container=container, video_codec="h264", audio_codec="none", frame_rate_id=max(0, frame_rate_id))

    plan, info, _ = encode(make_source(tmp_path), tmp_path / "out", spec)

    assert plan.video is not None
    assert abs(plan.video.frames - info.video[0].frames) <= 1
