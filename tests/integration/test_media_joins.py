"""Outputs of several sources: every frame counted, in its place, with the sound beside it."""

import itertools
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reelyard.media.output import OutputSpec
from tests.integration.media_runs import X264, encode, encode_joined, make, pixels, sound

RED, GREEN, BLUE, GREY, BLACK = (254, 0, 0), (0, 128, 0), (0, 0, 254), (128, 128, 128), (0, 0, 0)


def flat(colour: str, size: str = "128x72", rate: str = "25", seconds: float = 0.4) -> list[str]:
    """Arguments for an input of one colour."""
    return ["-f", "lavfi", "-i", f"color={colour}:size={size}:rate={rate}:duration={seconds}"]


def spec(**members: Any) -> OutputSpec:
    return OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)


def is_like(found: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(found, wanted, strict=True))


def loudness(path: Path, windows: Sequence[tuple[float, float]]) -> list[float]:
    """The mean level of the first channel in each window of seconds, of 1."""
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a", "-f", "s16le", "-ac", "1"]
    data = subprocess.run([*argv, "-ar", "8000", "-"], capture_output=True, check=True).stdout
    samples = struct.unpack(f"<{len(data) // 2}h", data)
    levels = []
    for start, end in windows:
        part = samples[round(start * 8000) : round(end * 8000)]
        levels.append(sum(abs(each) for each in part) / len(part) / 32768)
    return levels


def silent(folder: Path) -> Path:
    return make(folder / "green.mkv", *flat("green", "96x96", "24000/1001", 0.5), *X264)


def beeping(folder: Path) -> Path:
    return make(folder / "red.mp4", *flat("red"), *sound(0.4, 44100), *X264, "-c:a", "aac")


def turned(folder: Path) -> Path:
    upright = make(folder / "upright.mp4", *flat("blue", "128x72", "30", 0.5), *sound(0.2), *X264, "-c:a", "aac")
    return make(folder / "blue.mp4", "-i", str(upright), "-c", "copy", "-metadata:s:v", "rotate=90")


def for_the_ear(folder: Path) -> Path:
    return make(folder / "beep.mp3", *sound(0.48, 22050), "-c:a", "libmp3lame")


def anamorphic(folder: Path) -> Path:
    """PAL's 16:9 in small, interlaced, with 5.1 channels, in a transport stream whose clock begins at 1.4 s."""
    surround = ["-f", "lavfi", "-i", "sine=duration=0.4:sample_rate=48000,aformat=channel_layouts=5.1"]
    arguments = ("-vf", "setsar=64/45", "-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-q:v", "2")
    return make(folder / "grey.ts", *flat("gray", "90x72"), *surround, *arguments, "-c:a", "ac3")


@pytest.mark.parametrize("frame_rate_id", [0, 23976, 10000])
def test_sources_of_every_kind_are_joined_frame_by_frame(frame_rate_id: int, tmp_path: Path) -> None:
    kinds = (beeping, silent, turned, for_the_ear, anamorphic)
    sources = [kind(tmp_path) for kind in kinds]

    plan, info, ran = encode_joined(sources, tmp_path / "out.mp4", spec(deinterlace=True, frame_rate_id=frame_rate_id))

    assert plan.video is not None
    assert plan.audio is not None
    (video,), (audio,) = info.video, info.audio
    assert video.frames == ran.frames == plan.video.frames == sum(share.frames for share in plan.inputs)
    assert (video.width, video.height) == (128, 72)
    assert video.frame_rate == video.base_frame_rate == plan.video.frame_rate
    assert abs(audio.duration_us - plan.audio.duration_us) < 50_000
    assert abs(video.duration_us - plan.duration_us) < 1000
    pictures, start = pixels(tmp_path / "out.mp4"), 0
    for share, colour in zip(plan.inputs, (RED, GREEN, BLUE, BLACK, GREY), strict=True):
        for frame in (start, start + share.frames - 1):
            assert is_like(pictures[frame].at(64, 36), colour), (frame, colour)
        start += share.frames


def test_joined_pictures_are_fitted_each_by_its_own_shape(tmp_path: Path) -> None:
    plan, _, _ = encode_joined(
        [beeping(tmp_path), silent(tmp_path), turned(tmp_path), anamorphic(tmp_path)], tmp_path / "out.mp4", spec()
    )

    pictures = pixels(tmp_path / "out.mp4")
    starts = [sum(share.frames for share in plan.inputs[:number]) for number in range(4)]
    assert [pictures[start + 2].box(lambda colour: max(colour) > 60) for start in starts] == [
        (128, 72, 0, 0),
        (72, 72, 28, 0),
        (40, 72, 44, 0),
        (128, 72, 0, 0),
    ]


def test_each_sound_stands_beside_its_pictures(tmp_path: Path) -> None:
    """The turned source has 0.2 s of sound for 0.5 s of pictures, the silent one none."""
    plan, info, _ = encode_joined(
        [silent(tmp_path), beeping(tmp_path), turned(tmp_path), beeping(tmp_path)], tmp_path / "out.mp4", spec()
    )

    assert (info.audio[0].sample_rate_hz, info.audio[0].channels) == (44100, 1)
    edges = [sum(share.duration_us for share in plan.inputs[:number]) / 1e6 for number in range(5)]
    levels = loudness(
        tmp_path / "out.mp4",
        [
            (edges[0] + 0.03, edges[1] - 0.03),
            (edges[1] + 0.03, edges[2] - 0.03),
            (edges[2] + 0.03, edges[2] + 0.17),
            (edges[2] + 0.25, edges[3] - 0.03),
            (edges[3] + 0.03, edges[4] - 0.03),
        ],
    )
    assert [level > 0.03 for level in levels] == [False, True, True, False, True]


def test_the_last_picture_stays_while_sound_goes_on(tmp_path: Path) -> None:
    longer = make(tmp_path / "longer.mp4", *flat("red"), *sound(1.2, 44100), *X264, "-c:a", "aac")

    plan, info, _ = encode_joined([longer, silent(tmp_path)], tmp_path / "out.mp4", spec())

    frames = plan.inputs[0].frames
    assert frames == 30  # 1.2 s at 25 frames a second, where 0.4 s have pictures
    assert info.video[0].frames == frames + plan.inputs[1].frames
    pictures = pixels(tmp_path / "out.mp4")
    assert is_like(pictures[frames - 1].at(64, 36), RED)
    assert is_like(pictures[frames].at(64, 36), GREEN)
    levels = loudness(tmp_path / "out.mp4", [(0.6, 1.1), (1.25, 1.5)])
    assert [level > 0.03 for level in levels] == [True, False]


def test_one_source_may_stand_in_a_join_more_than_once(tmp_path: Path) -> None:
    clip = beeping(tmp_path)

    _, info, _ = encode_joined([clip, clip, clip], tmp_path / "out.mp4", spec())

    assert info.video[0].frames == 30


def test_single_frames_without_sound_are_joined(tmp_path: Path) -> None:
    stills = [
        make(tmp_path / f"{colour}.mp4", *flat(colour, rate="30000/1001"), "-frames:v", "1", *X264)
        for colour in ("red", "green", "blue")
    ]

    plan, info, _ = encode_joined(stills, tmp_path / "out.mkv", spec(container="matroska"))

    assert plan.audio is None
    assert info.video[0].frames == 3
    colours = [picture.at(64, 36) for picture in pixels(tmp_path / "out.mkv")]
    assert all(is_like(found, wanted) for found, wanted in zip(colours, (RED, GREEN, BLUE), strict=True)), colours


def test_sound_alone_is_joined_and_silent_sources_are_silence(tmp_path: Path) -> None:
    members = {"container": "mp3", "video_codec": "none", "audio_codec": "mp3"}

    plan, info, _ = encode_joined(
        [for_the_ear(tmp_path), silent(tmp_path), beeping(tmp_path)], tmp_path / "out.mp3", spec(**members)
    )

    assert info.video == ()
    assert abs(info.duration_us - plan.duration_us) < 100_000
    edges = [sum(share.duration_us for share in plan.inputs[:number]) / 1e6 for number in range(4)]
    middles = [(first + 0.1, second - 0.1) for first, second in itertools.pairwise(edges)]
    assert [level > 0.03 for level in loudness(tmp_path / "out.mp3", middles)] == [True, False, True]


def test_an_image_lies_over_all_of_a_join(tmp_path: Path) -> None:
    logo = make(tmp_path / "l.png", "-f", "lavfi", "-i", "color=white:size=20x20,format=rgba", "-frames:v", "1")
    image = {"overlay_image_url": "https://example.com/l.png", "overlay_offset_from": "BottomRight"}

    plan, _, _ = encode_joined(
        [beeping(tmp_path), silent(tmp_path)], tmp_path / "out.mp4", spec(overlay_offset_x=4, **image), overlay=logo
    )

    assert plan.video is not None
    pictures = pixels(tmp_path / "out.mp4")
    assert len(pictures) == plan.video.frames
    for picture in pictures:
        assert picture.box(lambda colour: min(colour) > 200) == (20, 20, 104, 52)


def test_what_was_joined_is_a_source_like_any_other(tmp_path: Path) -> None:
    plan, _, _ = encode_joined([beeping(tmp_path), turned(tmp_path)], tmp_path / "out.mp4", spec())

    again, info, _ = encode(tmp_path / "out.mp4", tmp_path / "again.mp4", spec())

    assert plan.video is not None
    assert again.video is not None
    assert info.video[0].frames == again.video.frames == plan.video.frames


@pytest.mark.parametrize("primaries", ["smpte170m", "bt470bg"])
def test_one_colour_stays_one_whatever_primaries_the_sources_have(primaries: str, tmp_path: Path) -> None:
    """A strong green from NTSC or PAL, behind the same from HD. Labelled anew alone, its red was off by 40."""
    sources = []
    for number, (gamut, matrix) in enumerate([("bt709", "bt709"), (primaries, "smpte170m")]):
        seen = (
            "format=gbrp,zscale=primariesin=bt709:transferin=bt709:matrixin=gbr:rangein=full"
            f":primaries={gamut}:transfer=bt709:matrix={matrix}:range=limited,format=yuv420p"
            f",setparams=color_primaries={gamut}:color_trc=smpte170m:colorspace={matrix}:range=tv"
        )
        coded = ("-vf", seen, "-c:v", "libx264", "-qp", "4")
        sources.append(make(tmp_path / f"{number}.mp4", *flat("0x28a040"), *coded))

    encode_joined(sources, tmp_path / "out.mp4", spec())

    frames = pixels(tmp_path / "out.mp4")
    first, second = frames[2].at(60, 30), frames[15].at(60, 30)
    assert all(abs(a - b) <= 4 for a, b in zip(first, second, strict=True))
