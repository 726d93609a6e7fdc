"""The picture of an output, measured by its pixels: where it lies, what shape it has, which way up it is."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from encoder_node import command
from reelyard.media.fitting import Fit, picture_size
from reelyard.media.info import VideoTrack
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan, VideoPlan
from reelyard.media.planning import plan_output
from reelyard.media.verify import check_output
from tests.integration.media_runs import X264, Picture, encode, encode_joined, ingest, make, pixels, probe, run

#: A grey picture with a white square in its middle; what an output adds is black.
SQUARE = "color=gray:size={size}:rate=25:duration=0.2,format=yuv444p,drawbox=x={x}:y={y}:w={w}:h={h}:color=white:t=fill"


def h264(**members: Any) -> OutputSpec:
    return OutputSpec(**{"container": "mp4", "video_codec": "h264", "audio_codec": "none"} | members)


def square(folder: Path, size: str, *, shape: float = 1, turn: int = 0, arguments: tuple[str, ...] = ()) -> Path:
    """A clip whose white square is half as high as the picture, with pixels `shape` times as wide as high."""
    width, height = (int(side) for side in size.split("x"))
    w, h = round(height / 2 / shape), round(height / 2)
    graph = SQUARE.format(size=size, x=(width - w) // 2, y=(height - h) // 2, w=w, h=h)
    clip = make(folder / "upright.mp4", "-f", "lavfi", "-i", graph, *X264, "-crf", "5", *arguments)
    if not turn:
        return clip
    return make(folder / "turned.mp4", "-i", str(clip), "-c", "copy", "-metadata:s:v", f"rotate={turn}")


def is_picture(colour: tuple[int, int, int]) -> bool:
    return min(colour) > 60


def is_white(colour: tuple[int, int, int]) -> bool:
    return min(colour) > 190


def assert_square(picture: Picture, side: float) -> None:
    """The square is one, of that side, and in the middle; its edges may be blurred by scaling."""
    box = picture.box(is_white)
    assert box is not None
    width, height, left, top = box
    assert abs(width - side) <= 2
    assert abs(height - side) <= 2
    assert abs(left * 2 + width - picture.width) <= 4
    assert abs(top * 2 + height - picture.height) <= 4


@pytest.mark.parametrize(
    ("members", "box", "side"),
    [
        ({"resize_method": "Letterbox"}, (120, 90, 20, 0), 45),
        ({"resize_method": "PanScan"}, (160, 90, 0, 0), 60),
        ({"resize_method": "Auto"}, (138, 90, 10, 0), 52),
        ({}, (138, 90, 10, 0), 52),
    ],
)
def test_a_narrow_picture_keeps_its_proportions_in_a_wide_one(
    members: dict[str, Any], box: tuple[int, ...], side: float, tmp_path: Path
) -> None:
    source = square(tmp_path, "160x120")
    spec = h264(width=160, height=90, keep_aspect_ratio=True, **members)

    encode(source, tmp_path / "out.mp4", spec)

    picture = pixels(tmp_path / "out.mp4")[0]
    assert (picture.width, picture.height) == (160, 90)
    assert picture.box(is_picture) == box
    assert_square(picture, side)


def test_both_sides_alone_stretch(tmp_path: Path) -> None:
    encode(square(tmp_path, "160x120"), tmp_path / "out.mp4", h264(width=160, height=60))

    picture = pixels(tmp_path / "out.mp4")[0]
    assert (picture.width, picture.height) == (160, 60)
    assert picture.box(is_picture) == (160, 60, 0, 0)
    box = picture.box(is_white)
    assert box is not None
    assert abs(box[0] - 60) <= 2
    assert abs(box[1] - 30) <= 2


@pytest.mark.parametrize(
    ("size", "shape", "turn", "members", "wanted", "box", "side"),
    [
        # 5:4 of pixels 64:45 is 16:9.
        ("90x72", 64 / 45, 0, {"width": 72, "height": 72}, (72, 72), (72, 40, 0, 16), 20),
        ("90x72", 64 / 45, 0, {"width": 64}, (64, 36), (64, 36, 0, 0), 18),
        ("90x72", 64 / 45, 90, {"width": 128, "height": 72}, (128, 72), (40, 72, 44, 0), 20),
        ("90x72", 64 / 45, 270, {"height": 128}, (72, 128), (72, 128, 0, 0), 36),
        ("128x72", 1, 180, {"width": 72, "height": 72}, (72, 72), (72, 40, 0, 16), 20),
        ("101x77", 1, 0, {"width": 161, "height": 79}, (162, 80), (104, 80, 28, 0), 40),
        ("101x77", 1, 90, {}, (76, 100), (76, 100, 0, 0), 38),
    ],
)
def test_turned_odd_and_anamorphic_pictures_are_fitted_as_they_are_seen(
    size: str,
    shape: float,
    turn: int,
    members: dict[str, Any],
    wanted: tuple[int, int],
    box: tuple[int, ...],
    side: float,
    tmp_path: Path,
) -> None:
    arguments = ("-pix_fmt", "yuv444p") if size == "101x77" else ()
    if shape != 1:
        arguments = ("-vf", "setsar=64/45")
    source = square(tmp_path, size, shape=shape, turn=turn, arguments=arguments)
    spec = h264(keep_aspect_ratio=True, resize_method="Letterbox", **members)

    _, info, _ = encode(source, tmp_path / "out.mp4", spec)

    picture = pixels(tmp_path / "out.mp4")[0]
    assert (picture.width, picture.height) == wanted
    assert picture.box(is_picture) == box
    assert info.video[0].rotation == 0
    assert_square(picture, side)


@pytest.mark.parametrize(("turn", "corner"), [(90, (6, 122)), (180, (122, 66)), (270, (66, 6))])
@pytest.mark.parametrize("codec", ["h264", "copy"])
def test_a_turned_source_is_upright(turn: int, corner: tuple[int, int], codec: str, tmp_path: Path) -> None:
    """Its red corner, stored at the top left, is seen where the turn brings it."""
    graph = "color=gray:size=128x72:rate=25:duration=0.2,drawbox=x=0:y=0:w=12:h=12:color=red:t=fill"
    upright = make(tmp_path / "upright.mp4", "-f", "lavfi", "-i", graph, *X264)
    source = make(tmp_path / "s.mp4", "-i", str(upright), "-c", "copy", "-metadata:s:v", f"rotate={turn}")

    _, info, _ = encode(source, tmp_path / "out.mp4", h264(video_codec=codec))

    if codec == "copy":
        assert info.video[0].rotation == ingest(source).video[0].rotation != 0
        assert (info.video[0].width, info.video[0].height) == (128, 72)
    else:
        red, green, _ = pixels(tmp_path / "out.mp4")[0].at(*corner)
        assert red - green > 100
        assert info.video[0].rotation == 0


def _reshaped(plan: EncodePlan, track: VideoTrack, **changes: Any) -> EncodePlan:
    assert plan.video is not None
    video: VideoPlan = replace(plan.video, **changes)
    width, height = picture_size(track, video)
    (share,) = plan.inputs
    return replace(plan, video=video, inputs=(replace(share, picture_width=width, picture_height=height),))


@pytest.mark.parametrize(
    ("fit", "box", "overlay"),
    [(Fit.LETTERBOX, (68, 72, 10, 0), False), (Fit.CROP, (90, 72, 0, 0), True)],
)
def test_an_output_of_oblong_pixels_keeps_the_proportions_on_the_screen(
    fit: Fit, box: tuple[int, ...], overlay: bool, tmp_path: Path
) -> None:
    """The shape of a 16:9 DVD, and a 4:3 source."""
    source = square(tmp_path, "160x120")
    info = ingest(source)
    logo = (
        make(tmp_path / "l.png", "-f", "lavfi", "-i", "color=white:size=32x20", "-frames:v", "1") if overlay else None
    )
    image = {"overlay_image_url": "https://example.com/l.png", "overlay_offset_from": "TopLeft"} if overlay else {}
    plan = _reshaped(
        plan_output(h264(**image), [info]),
        info.video[0],
        width=90,
        height=72,
        sample_aspect="64/45",
        fit=fit.value,
    )

    ran = run(command.encode_argv(plan, [source], tmp_path / "out.mp4", overlay=logo))

    assert (ran.status, ran.errors) == (0, [])
    found = probe(tmp_path / "out.mp4")
    assert found.video[0].sample_aspect.replace(":", "/") == "64/45"
    check_output(plan, found, decode_errors=0, decoded_frames=5)
    picture = pixels(tmp_path / "out.mp4")[0]
    assert picture.box(is_picture) == box
    if overlay:
        # 32 square pixels are as wide as 22.5 of these.
        assert [is_white(picture.at(x, 10)) for x in (1, 20, 25)] == [True, True, False]
    else:
        white = picture.box(is_white)
        assert white is not None
        assert abs(white[0] * 64 / 45 - white[1]) <= 2


def test_a_file_with_other_pixels_than_planned_is_no_success(tmp_path: Path) -> None:
    source = square(tmp_path, "128x72")
    plan, info, _ = encode(source, tmp_path / "out.mp4", h264())
    assert plan.video is not None

    with pytest.raises(Exception, match="pixels are"):
        check_output(
            replace(plan, video=replace(plan.video, sample_aspect="64/45")), info, decode_errors=0, decoded_frames=5
        )


PLACES = {
    "TopLeft": (5, 8),
    "TopRight": (160 - 21 - 5, 8),
    "BottomLeft": (5, 90 - 12 - 8),
    "BottomRight": (160 - 21 - 5, 90 - 12 - 8),
    "Center": ((160 - 21) // 2 + 5, (90 - 12) // 2 + 8),
}


def black(folder: Path, arguments: tuple[str, ...] = ()) -> Path:
    return make(
        folder / "s.mp4", "-f", "lavfi", "-i", "color=black:size=160x90:rate=25:duration=0.4", *X264, *arguments
    )


def image(folder: Path, graph: str) -> Path:
    return make(folder / "logo.png", "-f", "lavfi", "-i", graph, "-frames:v", "1", "-pix_fmt", "rgba")


@pytest.mark.parametrize("anchor", PLACES)
def test_an_image_lies_to_the_pixel_where_it_was_asked_for(anchor: str, tmp_path: Path) -> None:
    logo = image(tmp_path, "color=white:size=21x12,format=rgba")
    spec = h264(
        overlay_image_url="https://example.com/logo.png",
        overlay_offset_from=anchor,
        overlay_offset_x=5,
        overlay_offset_y=8,
    )

    plan, info, _ = encode_joined([black(tmp_path)], tmp_path / "out.mp4", spec, overlay=logo)

    assert plan.video is not None
    assert info.video[0].frames == plan.video.frames == 10
    for frame in (0, 9):
        assert pixels(tmp_path / "out.mp4")[frame].box(lambda colour: min(colour) > 128) == (21, 12, *PLACES[anchor])


def test_offsets_may_move_an_image_out_of_the_picture(tmp_path: Path) -> None:
    spec = h264(
        overlay_image_url="https://example.com/logo.png",
        overlay_offset_from="BottomRight",
        overlay_offset_x=-7,
        overlay_offset_y=3,
    )

    encode_joined(
        [black(tmp_path)], tmp_path / "out.mp4", spec, overlay=image(tmp_path, "color=white:size=21x12,format=rgba")
    )

    assert pixels(tmp_path / "out.mp4")[0].box(lambda colour: min(colour) > 128) == (14, 12, 146, 75)


def test_an_image_is_seen_through_and_cut_at_the_edges(tmp_path: Path) -> None:
    """Larger than the picture: white on the left, half white in the middle, nothing on the right."""
    alpha = "geq=r=255:g=255:b=255:a='if(lt(X,120),255,if(lt(X,180),128,0))'"
    logo = image(tmp_path, f"color=white:size=300x200,format=rgba,{alpha}")
    spec = h264(overlay_image_url="https://example.com/logo.png", overlay_offset_from="Center")

    encode_joined([black(tmp_path)], tmp_path / "out.mp4", spec, overlay=logo)

    picture = pixels(tmp_path / "out.mp4")[0]
    assert picture.at(20, 45)[0] > 250
    assert 110 < picture.at(80, 45)[0] < 145
    assert picture.at(140, 45)[0] < 5


def moving_bar(path: Path, *arguments: str, interlaced: bool) -> Path:
    """A bar that moves sideways: in whole frames every line is alike, in woven fields every second one."""
    weave = ",tinterlace=mode=interleave_top,fieldorder=tff" if interlaced else ""
    grey = "geq=lum='if(between(X,N*3,N*3+30),235,16)':cb=128:cr=128"
    graph = f"color=black:size=128x72:rate=50:duration=1,format=yuv420p,{grey}{weave}"
    rate = () if interlaced else ("-r", "25")
    return make(path, "-f", "lavfi", "-i", graph, *rate, *arguments)


def combing(path: Path) -> int:
    """How many pixels of a frame differ from the ones below them."""
    picture = pixels(path)[10]
    return sum(
        abs(picture.at(x, y)[0] - picture.at(x, y + 1)[0]) > 60
        for y in range(8, picture.height - 8)
        for x in range(picture.width)
    )


INTERLACED = {
    "h264": ("s.mp4", *X264, "-crf", "10", "-flags", "+ildct+ilme"),
    "mpeg2": ("s.mkv", "-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme"),
    "unmarked": ("s.avi", "-c:v", "mjpeg", "-q:v", "2"),
}


@pytest.mark.parametrize("name", INTERLACED)
def test_woven_fields_become_whole_frames(name: str, tmp_path: Path) -> None:
    filename, *arguments = INTERLACED[name]
    source = moving_bar(tmp_path / filename, *arguments, interlaced=True)

    encode(source, tmp_path / "as_it_is.mp4", h264())
    plan, info, _ = encode(source, tmp_path / "out.mp4", h264(deinterlace=True))

    assert plan.video is not None
    assert info.video[0].frames == plan.video.frames == 25
    woven = combing(tmp_path / "as_it_is.mp4")
    assert woven > 300
    assert combing(tmp_path / "out.mp4") < woven / 4


def _frame_hashes(path: Path) -> bytes:
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "framemd5", "-"]
    return subprocess.run(argv, capture_output=True, check=True).stdout


def test_deinterlacing_leaves_whole_frames_alone(tmp_path: Path) -> None:
    source = moving_bar(tmp_path / "s.mp4", *X264, interlaced=False)

    encode(source, tmp_path / "plain.mp4", h264())
    plan, _, _ = encode(source, tmp_path / "asked.mp4", h264(deinterlace=True))

    assert plan.inputs[0].deinterlace == "interlaced"
    assert _frame_hashes(tmp_path / "plain.mp4") == _frame_hashes(tmp_path / "asked.mp4")


def test_everything_at_once(tmp_path: Path) -> None:
    """A turned, interlaced source of oblong pixels, letterboxed at another rate, with an image in its corner."""
    fields = ("-flags", "+ildct+ilme", "-vf", "setsar=64/45")
    upright = square(tmp_path, "90x72", shape=64 / 45, arguments=fields)
    source = make(tmp_path / "s.mp4", "-i", str(upright), "-c", "copy", "-metadata:s:v", "rotate=90")
    spec = h264(
        width=128,
        height=72,
        keep_aspect_ratio=True,
        resize_method="Letterbox",
        deinterlace=True,
        frame_rate_id=29970,
        overlay_image_url="https://example.com/logo.png",
        overlay_offset_from="TopRight",
        overlay_offset_x=3,
    )

    plan, info, _ = encode_joined(
        [source], tmp_path / "out.mp4", spec, overlay=image(tmp_path, "color=white:size=10x10")
    )

    assert plan.video is not None
    assert (plan.video.frames, info.video[0].frames, info.video[0].frame_rate) == (6, 6, "30000/1001")
    picture = pixels(tmp_path / "out.mp4")[0]
    # Of the letterboxed picture, and of the image in the bar beside it.
    assert [is_picture(picture.at(x, 60)) for x in (43, 44, 83, 84)] == [False, True, True, False]
    assert [is_white(picture.at(x, 5)) for x in (114, 115, 124, 125)] == [False, True, True, False]
