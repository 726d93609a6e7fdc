"""How much fits on a video disc, and the shape of its pixels."""

from dataclasses import replace
from fractions import Fraction

from reelyard.media.catalogue import Container, VideoCodec
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.framing import rate_text
from reelyard.media.info import parse_rational
from reelyard.media.plan import AudioPlan, VideoPlan
from reelyard.media.video_codecs import NTSC_SIZE, PAL_SIZE

_SECOND_US = 1_000_000
#: Bytes on one layer of a disc, and on two.
ONE_LAYER_BYTES, TWO_LAYERS_BYTES = 4_700_000_000, 8_500_000_000
#: Of a disc, what is left for pictures and sound: sectors have headers, each half second a navigation pack of its own,
#: and a bitrate is met on average only.
_USABLE = Fraction(93, 100)
#: Bits a second. Below the first two layers are taken instead of one; below the second MPEG-2 can't hold a DVD's
#: picture at all, and a smaller number would not be met.
_GOOD_BPS, _LEAST_BPS = 3_000_000, 1_500_000

_WIDE, _NARROW = Fraction(16, 9), Fraction(4, 3)
#: Halfway between the two shapes, as ratios go.
_BETWEEN = Fraction(20, 13)


def sample_aspect_for(codec: VideoCodec, shown: Fraction) -> str:
    """The shape of the codec's pixels for a source that is shown `shown` times as wide as high.

    A DVD is shown as 16:9 or as 4:3, whichever is nearer; all else has square pixels.
    """
    if codec.sizes not in ((PAL_SIZE,), (NTSC_SIZE,)):
        return "1/1"
    ((width, height),) = codec.sizes
    return rate_text((_WIDE if shown > _BETWEEN else _NARROW) * height / width)


def is_wide(video: VideoPlan) -> bool:
    """Whether a DVD's picture is shown as 16:9."""
    return parse_rational(video.sample_aspect) * video.width / video.height > _BETWEEN


def fit_on_disc(container: Container, video: VideoPlan | None, audio: AudioPlan | None, duration_us: int) -> VideoPlan:
    """The video at a bitrate with which all of it fits on one layer, or on two where one would spoil the picture.

    Raises:
        WorkError: incompatible_format, when it is too long for two.
    """
    if video is None:
        raise ValueError(f"{container.code} without video")
    sound = audio.bitrate_bps if audio else 0
    fits = min(video.bitrate_bps, _video_bps(ONE_LAYER_BYTES, duration_us, sound))
    if fits < min(_GOOD_BPS, video.bitrate_bps):
        fits = min(video.bitrate_bps, _video_bps(TWO_LAYERS_BYTES, duration_us, sound))
    if fits < min(_LEAST_BPS, video.bitrate_bps):
        longest = TWO_LAYERS_BYTES * 8 * _USABLE / (_LEAST_BPS + sound)
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source lasts {duration_us // _SECOND_US} seconds. A disc of two layers "
            f"({TWO_LAYERS_BYTES / 10**9} GB) holds {int(longest)} seconds at the least bitrate of "
            f"{_LEAST_BPS // 1000} kbit/s for its pictures and {sound // 1000} kbit/s for its sound: cut the source.",
        )
    return replace(video, bitrate_bps=fits)


def _video_bps(capacity_bytes: int, duration_us: int, audio_bps: int) -> int:
    if not duration_us:
        return _LEAST_BPS  # nobody knows how long it is
    whole = capacity_bytes * 8 * _USABLE * _SECOND_US / duration_us
    return max(0, int(whole) - audio_bps) // 1000 * 1000
