"""Colours come out as they went in: patches of known colour, through the product's own command lines.

Tolerance: 6 of 255 for standard dynamic range. 3 are what the clips' own compression and 8 bits leave, 3 are the
output's. For high dynamic range see the tests of it.
"""

import json
import subprocess
from pathlib import Path

import pytest

from encoder_node import command
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from tests.integration.media_runs import encode, make

WHITE, GREY, BLACK = (255, 255, 255), (128, 128, 128), (16, 16, 16)
PATCHES = (
    *(WHITE, GREY, BLACK, (200, 30, 30), (30, 200, 30), (30, 30, 200)),
    *((200, 200, 30), (30, 200, 200), (200, 30, 200), (230, 160, 120)),
)
TOLERANCE = 6
SIDE = 32

Patch = tuple[int, int, int]


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of the patches side by side."""
    path = tmp_path_factory.mktemp("patches") / "patches.ppm"
    row = b"".join(bytes(patch) * SIDE for patch in PATCHES)
    path.write_bytes(b"P6 %d %d 255\n" % (SIDE * len(PATCHES), SIDE) + row * SIDE)
    return path


def clip(patches: Path, target: Path, filters: str, *arguments: str) -> Path:
    return make(target, "-loop", "1", "-i", str(patches), "-frames:v", "3", "-vf", filters, *arguments)


def x264(matrix: str, primaries: str = "", transfer: str = "") -> tuple[str, ...]:
    tags = [
        argument
        for name, value in (("colorspace", matrix), ("color_primaries", primaries), ("color_trc", transfer))
        if value
        for argument in (f"-{name}", value)
    ]
    return ("-c:v", "libx264", "-crf", "1", *tags)


def seen(path: Path, plan: EncodePlan) -> list[Patch]:
    """The middles of the patches, as a player shows them that reads the file as it was planned."""
    assert plan.video is not None
    reading = f"scale=in_color_matrix={plan.video.color_matrix}:in_range={plan.video.color_range}"
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", reading]
    data = subprocess.run([*argv, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    width, height = plan.video.width, plan.video.height
    places = [(height // 2 * width + (2 * n + 1) * width // (2 * len(PATCHES))) * 3 for n in range(len(PATCHES))]
    return [(data[at], data[at + 1], data[at + 2]) for at in places]


def furthest(found: list[Patch], wanted: tuple[Patch, ...] = PATCHES) -> int:
    return max(abs(a - b) for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True))


def told(path: Path) -> dict[str, str]:
    """What the file says of its colours."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", str(path)]
    stream = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)["streams"][0]
    names = ("pix_fmt", "color_range", "color_space", "color_primaries", "color_transfer")
    return {name: stream.get(name, "") for name in names}


def spec(container: str = "mp4", codec: str = "h264", **members: int) -> OutputSpec:
    return OutputSpec(container=container, video_codec=codec, audio_codec="none", video_bitrate_kbps=4000, **members)


SOURCES = {
    "bt709": ("scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", x264("bt709", "bt709", "bt709")),
    "bt601": ("scale=out_color_matrix=bt601:out_range=tv,format=yuv420p", x264("smpte170m", "smpte170m", "smpte170m")),
    "unsaid": ("scale=out_color_matrix=bt601:out_range=tv,format=yuv420p", x264("")),
    "full range": ("scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p", x264("bt470bg")),
    "10 bits": ("scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le", x264("bt709")),
    "4:2:2": ("scale=out_color_matrix=bt709:out_range=tv,format=yuv422p", x264("bt709")),
    "rgb": ("format=gbrp", ("-c:v", "libx264rgb", "-crf", "1")),
    "png": ("format=rgba", ("-c:v", "png")),
    "gif": ("format=bgr8", ("-c:v", "gif")),
    "mjpeg": ("scale=out_color_matrix=bt601:out_range=pc,format=yuvj422p", ("-c:v", "mjpeg", "-q:v", "1")),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("webm", "libvpx")])
def test_colours_stay_as_they_are(patches: Path, tmp_path: Path, name: str, container: str, codec: str) -> None:
    filters, encoder = SOURCES[name]
    source = clip(patches, tmp_path / ("source.gif" if name == "gif" else "source.mkv"), filters, *encoder)
    # GIF's own palette is coarse: measured against itself, by its 8 bits of red, green and blue.
    tolerance = 50 if name == "gif" else TOLERANCE

    plan, _, _ = encode(source, tmp_path / "out", spec(container, codec))

    assert furthest(seen(tmp_path / "out", plan)) <= tolerance
    says = told(tmp_path / "out")
    assert (says["pix_fmt"], says["color_range"]) == ("yuv420p", "tv")


def test_what_the_source_says_of_its_colours_the_output_says_too(patches: Path, tmp_path: Path) -> None:
    for name in ("bt709", "bt601"):
        filters, encoder = SOURCES[name]
        source = clip(patches, tmp_path / "source.mkv", filters, *encoder)
        before = told(source)

        encode(source, tmp_path / "out.mp4", spec())

        assert told(tmp_path / "out.mp4") == before
        assert before["color_space"] in ("bt709", "smpte170m")


@pytest.mark.parametrize("size", [(320, 32), (1280, 128)])
def test_another_size_changes_no_colour(patches: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    filters, encoder = SOURCES["unsaid"]
    source = clip(patches, tmp_path / "source.mkv", filters, *encoder)

    plan, _, _ = encode(source, tmp_path / "out.mp4", spec(width=size[0], height=size[1]))

    assert furthest(seen(tmp_path / "out.mp4", plan)) <= TOLERANCE
    # Said, or players would take a wide picture for BT.709.
    assert told(tmp_path / "out.mp4")["color_space"] == "smpte170m"


def hdr(patches: Path, target: Path, transfer: str) -> Path:
    """The patches with their white at 203 nits, in BT.2020 and 10 bits."""
    filters = (
        "format=gbrp,zscale=rangein=full:matrixin=gbr:transferin=iec61966-2-1:primariesin=bt709:transfer=linear"
        ":primaries=bt709:matrix=gbr:npl=203,format=gbrpf32le,zscale=transferin=linear:primariesin=bt709:matrixin=gbr"
        f":primaries=bt2020:transfer={transfer}:npl=203:matrix=2020_ncl:range=limited,format=yuv420p10le"
    )
    return clip(patches, target, filters, *x264("bt2020nc", "bt2020", transfer))


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_high_dynamic_range_is_mapped_not_left_grey(patches: Path, tmp_path: Path, transfer: str) -> None:
    source = hdr(patches, tmp_path / "source.mkv", transfer)

    plan, _, _ = encode(source, tmp_path / "out.mp4", spec())

    found = seen(tmp_path / "out.mp4", plan)
    white, grey, black = found[:3]
    assert says_bt709(tmp_path / "out.mp4")
    # White is bent down to leave room for lights above it; grey stays within 10, and nothing gets a tint.
    assert min(white) >= 205
    assert all(abs(value - 128) <= 10 for value in grey)
    assert max(black) <= 32
    assert all(max(patch) - min(patch) <= 3 for patch in (white, grey, black))
    # Saturated patches stay within 25 of the colour that they were; unmapped, red would be (121, 76, 60).
    assert furthest(found[3:9], PATCHES[3:9]) <= 25


def says_bt709(path: Path) -> bool:
    says = told(path)
    return (says["color_space"], says["color_primaries"], says["color_transfer"]) == ("bt709",) * 3


def test_wide_gamut_is_narrowed(patches: Path, tmp_path: Path) -> None:
    filters = (
        "format=gbrp,zscale=rangein=full:matrixin=gbr:transferin=bt709:primariesin=bt709:transfer=bt2020-10"
        ":primaries=bt2020:matrix=2020_ncl:range=limited,format=yuv420p10le"
    )
    source = clip(patches, tmp_path / "source.mkv", filters, *x264("bt2020nc", "bt2020", "bt2020-10"))

    plan, _, _ = encode(source, tmp_path / "out.mp4", spec())

    assert furthest(seen(tmp_path / "out.mp4", plan)) <= TOLERANCE
    assert says_bt709(tmp_path / "out.mp4")


def test_a_source_that_changes_nothing_is_not_filtered_for_colour(patches: Path, tmp_path: Path) -> None:
    filters, encoder = SOURCES["bt709"]
    source = clip(patches, tmp_path / "source.mkv", filters, *encoder)

    plan, _, _ = encode(source, tmp_path / "out.mp4", spec())

    assert "zscale" not in " ".join(command.encode_argv(plan, [source], tmp_path / "x"))
