"""How much of a source can be read."""

from reelyard.media.framing import constant_rate
from reelyard.media.info import MediaInfo, VideoTrack, parse_rational

_SECOND_US = 1_000_000
#: MP4's index times every frame, so that the average rate of its tracks is exact, also of uneven ones.
_INDEXED = "mov"


def read_us(info: MediaInfo, demuxed_us: int) -> int:
    """Until when a source can be read, in microseconds; `demuxed_us` is the last decoding time of its packets.

    That leaves out how long the last picture is seen, and how much later than it is decoded: five pictures of a
    second each, stored in another order, seemed to end after 2 s (measured).
    """
    return max([demuxed_us, *(_shown_until(info, track, demuxed_us) for track in info.video)])


def _shown_until(info: MediaInfo, track: VideoTrack, demuxed_us: int) -> int:
    """When the last of its pictures ends, as far as that is known."""
    rate = constant_rate(track)
    if rate is not None:
        # Bounded: packets may be fields, or show nothing, and then there are more of them than pictures.
        lag = (1 + track.reorder_frames) * _SECOND_US / rate
        return int(min(track.frames * _SECOND_US / rate, demuxed_us + lag))
    average = parse_rational(track.frame_rate)
    if info.container.partition(",")[0] != _INDEXED or average <= 0:
        return 0
    return int(track.frames * _SECOND_US / average)
