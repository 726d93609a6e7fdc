from fractions import Fraction

import pytest

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, VIDEO_CODECS
from reelyard.media.disc import fit_on_disc, is_wide, sample_aspect_for
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputSpec
from reelyard.media.plan import Adjustment, AudioPlan, VideoPlan
from reelyard.media.planning import plan_output
from reelyard.media.snapping import (
    audio_bitrate_for,
    channels_for,
    frame_rate_for,
    sample_rate_for,
    size_for,
    video_bitrate_for,
)

HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    ("container", "codec", "wanted", "got"),
    [
        ("mp4", "h264", "10", "10"),
        ("matroska", "mpeg1video", "10", "24000/1001"),
        ("matroska", "mpeg1video", "20", "24000/1001"),
        ("matroska", "mpeg1video", "15000/1001", "24000/1001"),
        ("matroska", "mpeg1video", "48", "50"),
        ("mpegts", "mpeg2video", "10", "10"),
        ("mxf", "mpeg2video", "10", "24000/1001"),
        ("mxf", "mpgPalDvd", "30", "25"),
        ("dvd-pal-mpg", "mpgPalDvd", "60", "25"),
        ("dvd-ntsc-iso", "mpgNtscDvd", "25", "30000/1001"),
        ("avi", "mpeg4", "30000/1001", "30000/1001"),
        ("avi", "xvid", "1000000/33333", "30"),
        ("mp4", "h264", "1000000/33333", "1000000/33333"),
    ],
)
def test_frame_rates(container: str, codec: str, wanted: str, got: str) -> None:
    assert frame_rate_for(CONTAINERS[container], VIDEO_CODECS[codec], Fraction(wanted)) == Fraction(got)


@pytest.mark.parametrize(
    ("codec", "wanted", "got"),
    [
        ("h264", (101, 77), (102, 78)),
        ("h264", (640, 360), (640, 360)),
        ("h263", (128, 96), (128, 96)),
        ("h263", (640, 360), (704, 576)),
        ("h263", (1920, 1080), (1408, 1152)),
        ("mpeg2video", (4096, 2160), (4094, 2158)),
        ("mpeg1video", (8192, 16), (4094, 8)),
        ("mpeg4", (8192, 64), (8190, 64)),
        ("mpgPalDvd", (1280, 720), (720, 576)),
        ("mpgNtscDvd", (1280, 720), (720, 480)),
    ],
)
def test_sizes(codec: str, wanted: tuple[int, int], got: tuple[int, int]) -> None:
    assert size_for(VIDEO_CODECS[codec], *wanted) == got


@pytest.mark.parametrize(
    ("container", "codec", "wanted", "got"),
    [
        ("mp4", "aac", 22000, 22050),
        ("mp4", "aac", 44000, 44100),
        ("mp4", "aac", 192_000, 96_000),
        ("mp4", "mp3", 8000, 16_000),
        ("mp3", "mp3", 8000, 8000),
        ("flv", "mp3", 48_000, 44_100),
        ("flv", "pcm-s16LE", 8000, 11_025),
        ("flv", "aac", 48_000, 48_000),
        ("3gp", "amr-nb", 48_000, 8000),
        ("mxf", "pcm-s16LE", 44_100, 48_000),
        ("wav", "pcm-s16LE", 192_000, 192_000),
        ("dvd-pal-mpg", "mp2", 44_100, 48_000),
        ("avi", "ac3", 8000, 32_000),
        ("flac", "flac", 22_000, 22_000),
        ("wma", "wmav2", 96_000, 48_000),
        ("webm", "opus", 44_100, 48_000),
    ],
)
def test_sample_rates(container: str, codec: str, wanted: int, got: int) -> None:
    assert sample_rate_for(CONTAINERS[container], AUDIO_CODECS[codec], wanted) == got


@pytest.mark.parametrize(
    ("container", "codec", "wanted", "got"),
    [
        ("mp4", "aac", 6, 6),
        ("mp4", "aac", 5, 2),
        ("mp4", "ac3", 8, 2),
        ("3gp", "amr-nb", 2, 1),
        ("3gp", "amr-nb", 6, 1),
        ("wav", "pcm-s16LE", 8, 8),
        ("flv", "pcm-s16LE", 6, 2),
        ("wmv", "wmav2", 6, 2),
    ],
)
def test_channels(container: str, codec: str, wanted: int, got: int) -> None:
    assert channels_for(CONTAINERS[container], AUDIO_CODECS[codec], wanted) == got


@pytest.mark.parametrize(
    ("container", "codec", "rate", "channels", "wanted", "got"),
    [
        ("avi", "mp2", 44_100, 2, 100_000, 96_000),
        ("avi", "mp2", 44_100, 2, 104_000, 112_000),
        ("avi", "ac3", 48_000, 6, 0, 576_000),
        ("dvd-pal-mpg", "ac3", 48_000, 6, 0, 448_000),
        ("dvd-pal-mpg", "ac3", 48_000, 2, 1_536_000, 448_000),
        ("3gp", "amr-nb", 8000, 1, 8_000, 7_950),
        ("3gp", "amr-nb", 8000, 1, 0, 12_200),
        ("wma", "wmav2", 44_100, 2, 8_000, 24_000),
        ("wav", "pcm-s16LE", 44_100, 2, 96_000, 0),
        ("ogg", "vorbis", 44_100, 2, 0, 0),
        ("webm", "opus", 48_000, 2, 0, 128_000),
    ],
)
def test_audio_bitrates(container: str, codec: str, rate: int, channels: int, wanted: int, got: int) -> None:
    assert audio_bitrate_for(CONTAINERS[container], AUDIO_CODECS[codec], rate, channels, wanted) == got


@pytest.mark.parametrize(
    ("codec", "wanted", "got"),
    [
        ("h264", 0, 0),
        ("h264", 800_000, 800_000),
        ("huffyuv", 800_000, 0),
        ("mpgPalDvd", 0, 6_000_000),
        ("mpgPalDvd", 20_000_000, 9_000_000),
    ],
)
def test_video_bitrates(codec: str, wanted: int, got: int) -> None:
    assert video_bitrate_for(VIDEO_CODECS[codec], wanted) == got


@pytest.mark.parametrize(
    ("shown", "aspect", "wide"),
    [("16/9", "64/45", True), ("239/100", "64/45", True), ("3/2", "16/15", False), ("9/16", "16/15", False)],
)
def test_a_dvd_is_wide_or_narrow(shown: str, aspect: str, wide: bool) -> None:
    made = sample_aspect_for(VIDEO_CODECS["mpgPalDvd"], Fraction(shown))

    assert made == aspect
    plan = VideoPlan(codec="mpgPalDvd", encoder="mpeg2video", width=720, height=576, sample_aspect=made)
    assert is_wide(plan) == wide
    assert sample_aspect_for(VIDEO_CODECS["mpeg2video"], Fraction(shown)) == "1/1"


def disc_bitrate(hours: float, wanted_bps: int = 6_000_000) -> int:
    video = VideoPlan(codec="mpgPalDvd", encoder="mpeg2video", bitrate_bps=wanted_bps)
    audio = AudioPlan(codec="ac3", encoder="ac3", bitrate_bps=192_000)
    return fit_on_disc(CONTAINERS["dvd-pal-iso"], video, audio, int(hours * HOUR_US)).bitrate_bps


def test_a_disc_takes_less_the_longer_it_plays() -> None:
    assert disc_bitrate(1) == 6_000_000
    assert disc_bitrate(2) == 4_664_000, "one layer"
    assert disc_bitrate(3.5) == 4_827_000, "two layers, since one would leave too little"
    assert disc_bitrate(3.5, wanted_bps=2_000_000) == 2_000_000, "what was asked fits on one"
    for hours in (1, 2, 3, 3.5, 5, 10):
        assert (disc_bitrate(hours) + 192_000) * hours * 3600 / 8 < 8_500_000_000 * 0.95


def test_what_fits_on_no_disc_is_refused_with_the_numbers() -> None:
    with pytest.raises(WorkError, match=r"lasts 43200 seconds.*8\.5 GB.* holds 37375 seconds .*1500 kbit/s") as refused:
        disc_bitrate(12)

    assert refused.value.code == ErrorCode.INCOMPATIBLE_FORMAT


VIDEO = VideoTrack(index=0, codec="h264", width=640, height=360, frame_rate="25/1", base_frame_rate="25/1", frames=50)
AUDIO = AudioTrack(index=1, codec="aac", sample_rate_hz=44_100, channels=2, duration_us=2_000_000)
SOURCE = MediaInfo(container="mov,mp4", duration_us=2_000_000, video=(VIDEO,), audio=(AUDIO,))


def adjusted(**members: object) -> tuple[Adjustment, ...]:
    return plan_output(OutputSpec(**members), [SOURCE]).adjustments


def test_what_can_be_made_is_not_adjusted() -> None:
    assert adjusted(container="mp4", video_codec="h264", audio_codec="aac", width=320, frame_rate_id=25000) == ()
    assert adjusted(container="mp4", video_codec="copy", audio_codec="copy") == ()


def test_as_the_source_asks_for_nothing() -> None:
    assert adjusted(container="dvd-pal-iso", video_codec="mpgPalDvd", audio_codec="ac3") == ()
    assert adjusted(container="3gp", video_codec="h263", audio_codec="amr-nb") == ()


def test_everything_that_is_made_otherwise_is_told() -> None:
    told = adjusted(
        container="dvd-ntsc-mpg",
        video_codec="mpeg2video",
        audio_codec="ac3",
        width=640,
        height=480,
        video_bitrate_kbps=20_000,
        frame_rate_id=25000,
        audio_bitrate_kbps=600,
        sample_rate_hz=44_100,
    )

    assert [(each.field, each.asked, each.made) for each in told] == [
        ("width", "640", "720"),
        ("frame_rate_id", "25000", "29970"),
        ("video_bitrate_kbps", "20000", "9000"),
        ("audio_bitrate_kbps", "600", "448"),
        ("sample_rate_hz", "44100", "48000"),
    ]
    assert [each.reason for each in told] == [
        "mpgNtscDvd has only the sizes 720x480",
        "mpgNtscDvd in dvd-ntsc-mpg has only 29.97 frames a second",
        "mpgNtscDvd in dvd-ntsc-mpg has at most 9000 kbit/s",
        "ac3 in dvd-ntsc-mpg has 32 to 448 kbit/s at 48000 Hz with 2 channels, and not all between them",
        "ac3 in dvd-ntsc-mpg has only 48000 Hz",
    ]


def test_channels_that_a_codec_lacks_are_told() -> None:
    (told,) = adjusted(container="3gp", video_codec="none", audio_codec="amr-nb", channels=2)

    assert (told.field, told.asked, told.made) == ("channels", "2", "1")
    assert told.reason == "amr-nb in 3gp has at most 1 channel"


def test_windows_media_9_tells_that_it_is_made_with_its_forerunner() -> None:
    (told,) = adjusted(container="wmv9", video_codec="wmv2", audio_codec="wmav2")

    assert (told.field, told.asked, told.made) == ("container", "wmv9", "WMV2 in Windows Media")
    assert "VC-1" in told.reason
