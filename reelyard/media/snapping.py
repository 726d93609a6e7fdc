"""What a codec in a container can make, nearest to what is wanted. Pure numbers; `adjusting` tells what was changed."""

from fractions import Fraction
from math import log

from reelyard.media.catalogue import AudioCodec, Container, VideoCodec
from reelyard.media.framing import STANDARD_RATES

_STEREO = 2
#: Channel counts with a layout that every player knows: mono, stereo, 5.1, 7.1. Others are mixed down to stereo.
KEPT_CHANNELS = (1, 2, 6, 8)


def frame_rate_for(container: Container, codec: VideoCodec, wanted: Fraction) -> Fraction:
    """The frame rate nearest to `wanted` that this codec has in this container; of two equally near the higher."""
    valid = [rate for rate in codec.frame_rates or container.frame_rates if _fits(container, rate)]
    if not valid and 0 < codec.max_rate_numerator < wanted.numerator:
        valid = list(STANDARD_RATES)
    return min(valid, key=lambda rate: (abs(rate - wanted), -rate)) if valid else wanted


def _fits(container: Container, rate: Fraction) -> bool:
    return not container.frame_rates or rate in container.frame_rates


def size_for(codec: VideoCodec, width: int, height: int) -> tuple[int, int]:
    """The size nearest to `width` x `height` that this codec can have.

    Of a codec with sizes of its own the nearest in both shape and area, of others the sides rounded to what its
    pixels need, and in the same proportions where one is too long.
    """
    if codec.sizes:
        return min(codec.sizes, key=lambda size: abs(log(size[0] / width)) + abs(log(size[1] / height)))
    multiple = codec.size_multiple
    longest = codec.max_side // multiple * multiple
    shrink = min(Fraction(1), Fraction(longest, max(width, height)))
    return _rounded(width * shrink, multiple, longest), _rounded(height * shrink, multiple, longest)


def _rounded(side: Fraction, multiple: int, longest: int) -> int:
    return min(longest, max(multiple, int(side / multiple + Fraction(1, 2)) * multiple))


def sample_rate_for(container: Container, codec: AudioCodec, wanted_hz: int) -> int:
    """The rate in Hz nearest to `wanted_hz` that this codec has in this container; of two equally near the higher."""
    rates = [rate for rate in codec.sample_rates if container.holds_sample_rate(codec.codec_name, rate)]
    return min(rates, key=lambda rate: (abs(rate - wanted_hz), -rate))


def channels_for(container: Container, codec: AudioCodec, wanted: int) -> int:
    """As many channels as wanted where there is a layout for them and the codec holds it; else stereo, or mono."""
    most = min(codec.max_channels, container.max_channels.get(codec.codec_name, codec.max_channels))
    return wanted if wanted in KEPT_CHANNELS and wanted <= most else min(_STEREO, most)


def audio_bitrate_for(
    container: Container, codec: AudioCodec, sample_rate_hz: int, channels: int, wanted_bps: int
) -> int:
    """The wanted bitrate (0: the codec's default) brought into what the encoder takes at that rate.

    Returns 0 when the codec is lossless or its default is a quality.
    """
    bps = wanted_bps or codec.default_bps_per_channel * channels
    if codec.lossless or not bps:
        return 0
    valid = codec.bitrates[sample_rate_hz]
    factor = channels if valid.per_channel else 1
    highest = min(valid.highest_bps * factor, container.max_audio_bps or valid.highest_bps * factor)
    if valid.steps:
        steps = [step for step in valid.steps if step <= highest]
        return min(steps, key=lambda step: (abs(step - bps), -step))
    return max(valid.lowest_bps * factor, min(bps, highest))


def video_bitrate_for(codec: VideoCodec, wanted_bps: int) -> int:
    """The wanted bitrate (0: the codec's default, if it has one) within what the codec may have; 0: a quality."""
    if codec.lossless:
        return 0
    bps = wanted_bps or codec.default_bitrate_bps
    return min(bps, codec.max_bitrate_bps) if codec.max_bitrate_bps else bps
