"""Every container, every codec and the published lists of rates: encoded, decoded whole and held against the plan."""

from fractions import Fraction
from pathlib import Path

import pytest

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, NONE, VIDEO_CODECS, Container
from reelyard.media.info import parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.published import FRAME_RATES, SAMPLE_RATES
from tests.integration.media_runs import X264, encode, make, pictures, sound

SECONDS = 0.6
FILES = [container for container in CONTAINERS.values() if not container.disc]
VIDEO = [codec.code for codec in VIDEO_CODECS.values() if not codec.encoders[-1].scarce]
AUDIO = [codec.code for codec in AUDIO_CODECS.values() if not codec.scarce]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 96x64 at 25 frames a second and stereo sound of 48 kHz."""
    path = tmp_path_factory.mktemp("formats") / "source.mp4"
    return make(path, *pictures(seconds=SECONDS, size="96x64"), *sound(SECONDS), *X264, "-c:a", "aac", "-ac", "2")


def holder_of(kind: str, codec: str) -> Container:
    """A container that holds the codec, and not the one that holds nearly all where there is another."""
    fitting = [c for c in FILES if codec in (c.video_codecs if kind == "video" else c.audio_codecs)]
    return min(fitting, key=lambda c: (c.code == "matroska", c.code))


@pytest.mark.parametrize("container", FILES, ids=lambda c: c.code)
def test_a_container_holds_its_default_codecs(source: Path, tmp_path: Path, container: Container) -> None:
    spec = OutputSpec(
        container=container.code, video_codec=container.default_video, audio_codec=container.default_audio
    )

    plan, info, ran = encode(source, tmp_path / f"out.{container.extension}", spec)

    assert (len(info.video), len(info.audio)) == (container.default_video != NONE, container.default_audio != NONE)
    if plan.video:
        assert ran.frames == info.video[0].frames == plan.video.frames
    if plan.audio:
        assert info.audio[0].sample_rate_hz == plan.audio.sample_rate_hz


@pytest.mark.parametrize("kbps", [0, 400])
@pytest.mark.parametrize("codec", VIDEO)
def test_a_video_codec_works_in_a_container_that_holds_it(source: Path, tmp_path: Path, codec: str, kbps: int) -> None:
    container = holder_of("video", codec)
    spec = OutputSpec(container=container.code, video_codec=codec, audio_codec=NONE, video_bitrate_kbps=kbps)

    plan, info, ran = encode(source, tmp_path / "out", spec)

    assert plan.video is not None
    assert info.video[0].codec == VIDEO_CODECS[codec].codec_name
    assert ran.frames == info.video[0].frames == plan.video.frames
    assert (info.video[0].width, info.video[0].height) == (plan.video.width, plan.video.height)


@pytest.mark.parametrize("codec", AUDIO)
def test_an_audio_codec_works_in_a_container_that_holds_it(source: Path, tmp_path: Path, codec: str) -> None:
    container = holder_of("audio", codec)
    video = container.default_video if container.needs_video else NONE
    spec = OutputSpec(container=container.code, video_codec=video, audio_codec=codec)

    plan, info, _ = encode(source, tmp_path / "out", spec)

    assert plan.audio is not None
    assert info.audio[0].codec == AUDIO_CODECS[codec].codec_name
    assert (info.audio[0].sample_rate_hz, info.audio[0].channels) == (plan.audio.sample_rate_hz, plan.audio.channels)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "h264"), ("mkv", "mpeg1video"), ("mxf", "mpeg2video"), ("avi", "xvid"), ("3gp", "h263"), ("wmv", "wmv2")],
)
@pytest.mark.parametrize("rate_id", FRAME_RATES)
def test_a_frame_rate_is_made_as_planned(
    source: Path, tmp_path: Path, container: str, codec: str, rate_id: int
) -> None:
    code = {"mkv": "matroska"}.get(container, container)
    spec = OutputSpec(container=code, video_codec=codec, audio_codec=NONE, frame_rate_id=rate_id)

    plan, info, _ = encode(source, tmp_path / "out", spec)

    assert plan.video is not None
    made = parse_rational(plan.video.frame_rate)
    asked = Fraction(FRAME_RATES[rate_id])
    assert info.video[0].frames == plan.video.frames == round(Fraction(6, 10) * made)
    noted = [each for each in plan.adjustments if each.field == "frame_rate_id"]
    assert bool(noted) == (made != asked), "what is made otherwise is told"
    snaps = codec == "mpeg1video" or container == "mxf"
    assert made == asked or (snaps and asked < 23)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        *(("mp4", "aac"), ("mp4", "mp3"), ("flv", "mp3"), ("flv", "pcm-s16LE"), ("mpegts", "ac3"), ("avi", "mp2")),
        *(("wma", "wmav2"), ("wav", "pcm-s16LE"), ("flac", "flac"), ("ogg", "vorbis"), ("webm", "opus")),
        *(("3gp", "amr-nb"), ("aac", "aac"), ("mp3", "mp3")),
    ],
)
def test_sample_rates_are_made_as_planned(source: Path, tmp_path: Path, container: str, codec: str) -> None:
    made = set()
    for rate in SAMPLE_RATES:
        spec = OutputSpec(container=container, video_codec=NONE, audio_codec=codec, sample_rate_hz=rate)

        plan, info, _ = encode(source, tmp_path / "out", spec)

        assert plan.audio is not None
        assert info.audio[0].sample_rate_hz == plan.audio.sample_rate_hz
        assert abs(info.duration_us - SECONDS * 1_000_000) < 200_000, rate
        noted = [each for each in plan.adjustments if each.field == "sample_rate_hz"]
        assert bool(noted) == (plan.audio.sample_rate_hz != rate)
        made.add(plan.audio.sample_rate_hz)
    assert made <= set(AUDIO_CODECS[codec].sample_rates)


@pytest.mark.parametrize(
    ("container", "codec", "size", "made"),
    [
        ("mp4", "h264", (101, 77), (102, 78)),
        ("3gp", "h263", (320, 240), (352, 288)),
        ("dvd-pal-mpg", "mpeg2video", (640, 360), (720, 576)),
        ("dvd-ntsc-mpg", "mpgNtscDvd", (0, 0), (720, 480)),
        ("matroska", "av1", (48, 32), (48, 32)),
    ],
)
def test_a_size_that_the_codec_lacks_becomes_its_nearest(
    source: Path, tmp_path: Path, container: str, codec: str, size: tuple[int, int], made: tuple[int, int]
) -> None:
    spec = OutputSpec(container=container, video_codec=codec, audio_codec=NONE, width=size[0], height=size[1])

    plan, info, _ = encode(source, tmp_path / "out", spec)

    assert (info.video[0].width, info.video[0].height) == made
    sides = {each.field for each in plan.adjustments} & {"width", "height"}
    assert sides == {
        name for name, asked, got in zip(("width", "height"), size, made, strict=True) if asked not in (0, got)
    }


@pytest.mark.parametrize(
    ("container", "width", "aspect"),
    [
        ("dvd-pal-mpg", 128, "64/45"),
        ("dvd-pal-mpg", 96, "16/15"),
        ("dvd-ntsc-mpg", 128, "32/27"),
        ("dvd-ntsc-mpg", 96, "8/9"),
    ],
)
def test_a_dvds_pixels_have_the_shape_that_shows_it_wide_or_narrow(
    tmp_path: Path, container: str, width: int, aspect: str
) -> None:
    shape = make(tmp_path / "shape.mp4", *pictures(seconds=0.2, size=f"{width}x72"), *X264)
    default = CONTAINERS[container].default_video

    _, info, _ = encode(shape, tmp_path / "out", OutputSpec(container=container, video_codec=default, audio_codec=NONE))

    assert info.video[0].sample_aspect == aspect


def test_theora_of_a_still_picture_lasts_as_long_as_planned(tmp_path: Path) -> None:
    """Its encoder writes nothing for a picture like the one before, but for a keyframe now and then."""
    still = make(tmp_path / "still.mkv", "-f", "lavfi", "-i", "color=red:s=96x64:r=25:d=3", *X264)
    spec = OutputSpec(container="ogg", video_codec="libtheora", audio_codec=NONE)

    plan, info, ran = encode(still, tmp_path / "out", spec)

    assert plan.video is not None
    assert ran.frames == plan.video.frames == 75
    assert 75 // 12 <= info.video[0].frames < 75
    assert abs(info.duration_us - 3_000_000) < 12 * 40_000


def test_noise_does_not_break_a_dvds_buffer(tmp_path: Path) -> None:
    noise = make(
        tmp_path / "noise.mkv",
        *("-f", "lavfi", "-i", "nullsrc=s=720x576:r=25:d=0.6,geq=random(1)*255:random(2)*255:random(3)*255"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p"),
    )
    spec = OutputSpec(container="dvd-pal-mpg", video_codec="mpgPalDvd", audio_codec=NONE)

    plan, info, _ = encode(noise, tmp_path / "out", spec)

    assert plan.video is not None
    assert plan.video.bitrate_bps == 6_000_000
    assert info.video[0].frames == 15
