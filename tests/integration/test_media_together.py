"""Members of outputs that each work alone, asked for together: measured in pixels, frames and levels."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from encoder_node.dvd import read_title
from encoder_node.stages.encode import EncodeStage
from encoder_node.stop import StopSignal
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import EncodeSource, EncodeWork, TaskKind
from reelyard.media.catalogue import CONTAINERS, VIDEO_CODECS
from reelyard.media.filenames import output_filename
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.planning import plan_output
from reelyard.media.resolve import resolve_output
from tests.integration.media_runs import X264, Picture, encode, encode_joined, ingest, make, pixels, probe, sound
from tests.integration.node_peers import TOOLS, new_attempt

Pixel = tuple[int, int, int]


def flat(colour: str, size: str = "96x96", seconds: float = 0.4) -> list[str]:
    """Arguments for an input of one colour."""
    return ["-f", "lavfi", "-i", f"color={colour}:size={size}:rate=25:duration={seconds}"]


def grey(path: Path, size: str = "96x96", seconds: float = 0.4) -> Path:
    """A clip of middle grey, with sound."""
    return make(path, *flat("gray", size, seconds), *sound(seconds), *X264, "-c:a", "aac")


def logo(path: Path, colour: str = "red") -> Path:
    return make(path, "-f", "lavfi", "-i", f"color={colour}:s=8x8,format=rgba", "-frames:v", "1")


def spec(**members: Any) -> OutputSpec:
    return OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "aac"} | members)


def settled(**members: Any) -> OutputSpec:
    """What a client's request comes to."""
    return resolve_output(OutputRequest(output_format_id=0, **members), None)


def near(found: Pixel, wanted: Pixel, tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


def shown(path: Path, matrix: str, colour_range: str = "tv") -> Picture:
    """The first frame as a player shows it that knows how it is to be read."""
    size = probe(path).video[0]
    reading = f"scale=in_color_matrix={matrix}:in_range={colour_range}:flags=accurate_rnd+full_chroma_int"
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", reading]
    data = subprocess.run([*argv, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    return Picture(size.width, size.height, data)


def keyframes(path: Path) -> list[int]:
    argv = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_frames", "-of", "json", str(path)]
    frames = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)["frames"]
    return [number for number, frame in enumerate(frames) if frame["key_frame"]]


def levels(path: Path, start: float, end: float) -> list[float]:
    """The highest sample of each channel between two points in seconds, of 1."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-ar", "48000", "-"]
    samples = memoryview(subprocess.run(argv, capture_output=True, check=True).stdout).cast("f")
    channels = probe(path).audio[0].channels
    first, last = (round(at * 48000) * channels for at in (start, end))
    return [max(abs(value) for value in samples[first + n : last : channels]) for n in range(channels)]


def staged(wanted: OutputSpec, clips: Sequence[Path], tmp_path: Path, image: Path | None = None) -> Path:
    """The file that the encode stage makes, as a node does it."""
    store = FolderStore(tmp_path / "store")
    sources = []
    for number, clip in enumerate(clips, start=1):
        copy = tmp_path / f"copy{number}"
        copy.write_bytes(clip.read_bytes())
        stored = store.put_file(f"ingest/{number}/1/1/source", copy, mime_type="video/mp4")
        sources.append(EncodeSource(object=stored, info=ingest(clip)))
    plan = plan_output(wanted, [each.info for each in sources])
    overlay = store.put_file("job/1/7/1/source", image, mime_type="image/png") if image else None
    work = EncodeWork(plan=plan, sources=tuple(sources), overlay=overlay)
    attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/1/1/1/")
    result = EncodeStage(TOOLS).run(attempt)
    local = store.local_path(result.part.object.key)
    assert local is not None
    return local


@pytest.mark.parametrize("count", [1, 2])
def test_two_passes_make_the_letterboxed_picture_with_the_image_over_it(count: int, tmp_path: Path) -> None:
    wanted = settled(
        container="mp4",
        width=192,
        height=96,
        video_bitrate_kbps=300,
        two_pass=True,
        resize_method="Letterbox",
        overlay_image_url="https://example.com/l.png",
        overlay_offset_from="TopRight",
    )
    clips = [grey(tmp_path / f"{number}.mp4") for number in range(count)]

    made = staged(wanted, clips, tmp_path, logo(tmp_path / "l.png"))

    assert b"rc=2pass" in made.read_bytes()
    pictures = pixels(made)
    assert len(pictures) == 10 * count
    for picture in (pictures[0], pictures[-1]):
        assert picture.box(lambda pixel: near(pixel, (128, 128, 128))) == pytest.approx((96, 96, 48, 0), abs=2)
        assert near(picture.at(4, 40), (0, 0, 0))
        assert near(picture.at(188, 4), (254, 0, 0), 30)
    (audio,) = probe(made).audio
    assert audio.duration_us == pytest.approx(400_000 * count, abs=50_000)


def test_sources_of_one_and_of_six_channels_are_joined_to_stereo_in_webm(tmp_path: Path) -> None:
    tone = "0.5*sin(2*PI*440*t)"
    mono = make(tmp_path / "mono.mkv", *flat("red"), "-f", "lavfi", "-i", f"aevalsrc={tone}:d=0.4:s=48000", *X264)
    wave = f"{tone}|0|0|{tone}|0|0"  # left, and a low frequency channel that stereo has no place for
    surround = ["-f", "lavfi", "-i", f"aevalsrc={wave}:d=0.4:s=48000:c=5.1", *X264, "-c:a", "pcm_s16le"]
    six = make(tmp_path / "six.mkv", *flat("blue"), *surround)
    wanted = settled(container="webm", video_codec="vp9", channels=2, audio_bitrate_kbps=128)

    plan, info, _ = encode_joined([mono, six], tmp_path / "out.webm", wanted)

    assert [share.audio_mix for share in plan.inputs] == ["same", ""]
    assert (info.audio[0].channels, info.video[0].frames) == (2, 20)
    assert levels(tmp_path / "out.webm", 0.1, 0.35) == pytest.approx([0.5, 0.5], abs=0.04)
    assert levels(tmp_path / "out.webm", 0.5, 0.75) == pytest.approx([0.5 / 2.414, 0], abs=0.04)


def hdr(path: Path) -> Path:
    """Middle grey and a red corner with white at 203 nits, as PQ in BT.2020 and 10 bits."""
    filters = (
        "drawbox=w=48:h=48:color=0xc81e1e:t=fill,format=gbrp,"
        "zscale=rangein=full:matrixin=gbr:transferin=iec61966-2-1:primariesin=bt709:transfer=linear"
        ":primaries=bt709:matrix=gbr:npl=203,format=gbrpf32le,zscale=transferin=linear:primariesin=bt709:matrixin=gbr"
        ":primaries=bt2020:transfer=smpte2084:npl=203:matrix=2020_ncl:range=limited,format=yuv420p10le"
    )
    tags = ("-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "smpte2084")
    return make(path, *flat("gray"), "-vf", filters, "-c:v", "libx264", "-crf", "4", *tags)


@pytest.mark.parametrize("hdr_first", [True, False])
def test_high_and_standard_dynamic_range_are_joined_to_one(hdr_first: bool, tmp_path: Path) -> None:
    bright, plain = hdr(tmp_path / "hdr.mkv"), grey(tmp_path / "sdr.mp4")
    encode(bright, tmp_path / "alone.mp4", spec(audio_codec="none"))
    sources = [bright, plain] if hdr_first else [plain, bright]

    plan, info, _ = encode_joined(sources, tmp_path / "out.mp4", spec(audio_codec="none"))

    assert [share.tone_map for share in plan.inputs] == [hdr_first, not hdr_first]
    assert info.video[0].frames == 20
    assert plan.video is not None
    assert info.video[0].color_matrix == plan.video.color_matrix == ("bt709" if hdr_first else "smpte170m")
    frames = [shown(_from_frame(tmp_path, number), plan.video.color_matrix) for number in (5, 15)]
    mapped, standard = frames if hdr_first else reversed(frames)
    alone = shown(tmp_path / "alone.mp4", "bt709")
    assert near(standard.at(72, 72), (128, 128, 128), 4)
    for place in ((72, 72), (20, 20)):
        assert near(mapped.at(*place), alone.at(*place), 6)
    assert near(mapped.at(20, 20), (200, 30, 30), 25)


def _from_frame(tmp_path: Path, number: int) -> Path:
    """One frame of the output as a file of its own, with its numbers as they are."""
    target = tmp_path / f"frame{number}.mkv"
    return make(target, "-i", str(tmp_path / "out.mp4"), "-vf", f"select=eq(n\\,{number})", "-c:v", "ffv1", "-an")


@pytest.mark.parametrize("size", [{}, {"width": 720, "height": 576}])
def test_a_turned_picture_stands_whole_on_a_disc(size: dict[str, int], tmp_path: Path) -> None:
    lying = grey(tmp_path / "lying.mp4", "128x96", 0.6)
    turned = make(tmp_path / "turned.mp4", "-i", str(lying), "-c", "copy", "-metadata:s:v", "rotate=90")

    image = staged(settled(container="dvd-pal-iso", **size), [turned], tmp_path)

    read_title(image, tmp_path / "title.mpg", StopSignal())
    (video,) = probe(tmp_path / "title.mpg").video
    assert (video.width, video.height, video.sample_aspect, video.frames) == (720, 576, "16/15", 15)
    box = pixels(tmp_path / "title.mpg")[7].box(lambda pixel: near(pixel, (128, 128, 128)))
    # 3:4 as seen: 432 columns of square pixels, 405 of a DVD's.
    assert box == pytest.approx((404, 576, 158, 0), abs=3)


def test_a_picture_is_stretched_to_a_disc_for_whom_says_so(tmp_path: Path) -> None:
    source = grey(tmp_path / "wide.mp4", "128x48")
    wanted = settled(container="dvd-pal-mpg", width=720, height=576, keep_aspect_ratio=False)

    encode(source, tmp_path / "out.mpg", wanted)

    box = pixels(tmp_path / "out.mpg")[5].box(lambda pixel: near(pixel, (128, 128, 128)))
    assert box == (720, 576, 0, 0)


@pytest.mark.parametrize("asked", [{"width": 170, "height": 140, "resize_method": "Letterbox"}, {"width": 176}])
def test_bars_fill_a_size_that_the_codec_chose(asked: dict[str, Any], tmp_path: Path) -> None:
    source = grey(tmp_path / "wide.mp4", "192x96")

    plan, info, _ = encode(source, tmp_path / "out.3gp", settled(container="3gp", video_codec="h263", **asked))

    assert plan.video is not None
    width, height = info.video[0].width, info.video[0].height
    assert (width, height) in VIDEO_CODECS["h263"].sizes
    picture = pixels(tmp_path / "out.3gp")[5]
    box = picture.box(lambda pixel: near(pixel, (128, 128, 128)))
    assert box == pytest.approx((width, width // 2, 0, (height - width // 2) // 2), abs=3)
    assert near(picture.at(width // 2, 2), (0, 0, 0))


def test_keyframes_are_counted_through_a_join(tmp_path: Path) -> None:
    clips = [make(tmp_path / f"{colour}.mp4", *flat(colour), *X264) for colour in ("red", "blue")]
    wanted = settled(container="mp4", forced_keyframe_interval=6, fixed_keyframes=True)

    encode_joined(clips, tmp_path / "out.mp4", wanted)

    assert keyframes(tmp_path / "out.mp4") == [0, 6, 12, 18]


def test_tags_and_name_are_each_as_they_were_asked_for(tmp_path: Path) -> None:
    preset = OutputFormat(
        id=7, name="", description="", parameters=OutputRequest(metadata="title=Preset", new_filename="preset")
    )
    clip = grey(tmp_path / "clip.mp4")

    for asked, title, name in (
        ({"metadata": "title=Mine"}, "Mine", "preset.mp4"),
        ({"new_filename": "mine"}, "Preset", "mine.mp4"),
    ):
        wanted = resolve_output(OutputRequest(output_format_id=7, container="mp4", **asked), preset)
        encode_joined([clip, clip], tmp_path / "out.mp4", wanted)
        argv = ["ffprobe", "-v", "error", "-show_entries", "format_tags=title", "-of", "csv=p=0"]
        found = subprocess.run([*argv, str(tmp_path / "out.mp4")], capture_output=True, text=True, check=True).stdout
        assert found.strip() == title
        assert output_filename(3, "clip.mp4", "mp4", wanted.new_filename) == name


@pytest.mark.parametrize(
    ("size", "matrix", "container", "codec"),
    [
        ("96x96", "smpte170m", "mp4", "h264"),
        ("1280x96", "bt709", "mp4", "h264"),
        ("96x96", "smpte170m", "matroska", "huffyuv"),
    ],
)
def test_an_image_has_its_own_colours_over_a_picture_of_any_kind(
    size: str, matrix: str, container: str, codec: str, tmp_path: Path
) -> None:
    source = make(tmp_path / "s.mp4", *flat("gray", size, 0.12), *X264)
    image = logo(tmp_path / "l.png", "0xc81e1e")
    wanted = settled(container=container, video_codec=codec, overlay_image_url="https://example.com/l.png")

    plan, _, _ = encode_joined([source], tmp_path / "out", wanted, overlay=image)

    assert plan.video is not None
    assert plan.video.color_matrix == matrix
    assert near(shown(tmp_path / "out", matrix).at(4, 4), (200, 30, 30), 8)


def test_bars_gaps_and_images_are_of_the_outputs_range(tmp_path: Path) -> None:
    """Motion JPEG has brightness from 0 to 255: black of another range would be dark grey in it."""
    clip, beep = grey(tmp_path / "s.mp4"), make(tmp_path / "b.mp3", *sound(0.4), "-c:a", "libmp3lame")
    wanted = settled(
        container="avi",
        video_codec="mjpeg",
        width=192,
        height=96,
        resize_method="Letterbox",
        overlay_image_url="https://example.com/l.png",
    )

    encode_joined([clip, beep], tmp_path / "out.avi", wanted, overlay=logo(tmp_path / "l.png", "0xc81e1e"))

    pictures = pixels(tmp_path / "out.avi")
    assert near(pictures[0].at(96, 48), (128, 128, 128), 4)
    assert near(pictures[0].at(30, 48), (0, 0, 0), 2)
    assert near(pictures[-1].at(96, 48), (0, 0, 0), 2)
    assert all(near(pictures[frame].at(4, 4), (200, 30, 30), 10) for frame in (0, -1))


def test_one_picture_is_held_for_its_share_of_a_join(tmp_path: Path) -> None:
    still = make(tmp_path / "still.mkv", *flat("gray", seconds=0.04), *sound(0.6), *X264, "-c:a", "aac")
    clip = make(tmp_path / "red.mp4", *flat("red"), *X264)

    for sources, grey_frames in (([still, clip], range(1, 14)), ([clip, still], range(11, 24))):
        plan, _, _ = encode_joined(sources, tmp_path / "out.mp4", spec())
        pictures = pixels(tmp_path / "out.mp4")
        share = plan.inputs[sources.index(still)]
        assert len(pictures) == 10 + share.frames
        assert share.still
        assert all(near(pictures[frame].at(40, 40), (128, 128, 128)) for frame in grey_frames)


def test_a_disc_of_two_sources_is_encoded_twice_without_a_bitrate_of_its_own(tmp_path: Path) -> None:
    clips = [grey(tmp_path / f"{number}.mp4", "128x72") for number in range(2)]
    wanted = settled(container="dvd-pal-iso", two_pass=True)

    image = staged(wanted, clips, tmp_path)

    assert list((tmp_path / "encode").glob("twopass-0.log"))
    read_title(image, tmp_path / "title.mpg", StopSignal())
    (video,) = probe(tmp_path / "title.mpg").video
    assert (video.frames, video.sample_aspect) == (20, "64/45")


def test_a_plan_says_what_was_changed_for_a_join_too(tmp_path: Path) -> None:
    clips = [grey(tmp_path / f"{number}.mp4") for number in range(2)]
    wanted = settled(container="dvd-pal-mpg", width=640, height=480, frame_rate_id=30000)

    plan = plan_output(wanted, [ingest(clip) for clip in clips])

    assert [(each.field, each.made) for each in plan.adjustments] == [
        ("width", "720"),
        ("height", "576"),
        ("frame_rate_id", "25000"),
    ]
    assert plan.video is not None
    assert plan.video.frames == sum(share.frames for share in plan.inputs) == 20
    assert replace(plan, adjustments=()).container in CONTAINERS
