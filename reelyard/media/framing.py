"""Frame rates and frame counts, in exact fractions.

`fps=R:start_time=0` puts each source frame into the nearest slot of a grid that begins at time 0, repeats frames into
empty slots and drops what shares one. Time 0 is the source's start (ffmpeg takes its `start_time` off every stream)
plus the plan's `origin_us`. Its output therefore has `round(end * R)` frames, where `end` is the end of the last frame
on that clock. That is exact for a source of constant rate whose packets were counted; for others `end` is the duration
that the container tells, which is right within a frame.
"""

from fractions import Fraction

from reelyard.media.info import MediaInfo, VideoTrack, parse_rational

#: Rates that a variable source is given: its average, snapped to the nearest of these.
STANDARD_RATES: tuple[Fraction, ...] = (
    *(Fraction(10), Fraction(12000, 1001), Fraction(12), Fraction(15000, 1001), Fraction(15), Fraction(20)),
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(48), Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
#: No output is faster: what lies above is slow motion's raw material or a broken header.
MAX_RATE = Fraction(60)
#: The rate of a source that tells none.
FALLBACK_RATE = Fraction(25)
#: Average and base rate of one stream may differ by rounding in its header, not by more.
_SAME_RATE = Fraction(1, 1000)
#: How far the average of a few frames may be off because of one gap, as at the start of a fragmented MP4 whose sound
#: has priming. More than that to the next standard rate, and the base rate is no more than a grid.
_ONE_GAP = Fraction(1, 40)
#: MPEG streams give a time at least this often (ISO/IEC 13818-1, 2.7.4), in microseconds: no more of their end is
#: untold.
_UNSTAMPED_US = 700_000
#: What ffprobe calls a file of MPEG-1 or MPEG-2 pictures and nothing else.
_RAW_MPEG = "mpegvideo"
_AVI = "avi"

_SECOND_US = 1_000_000


def constant_rate(track: VideoTrack) -> Fraction | None:
    """The rate of a stream whose frames come evenly, in frames a second; None when they don't or nobody knows."""
    base, average = parse_rational(track.base_frame_rate), parse_rational(track.frame_rate)
    if base <= 0 or average <= 0 or abs(base - average) > average * _SAME_RATE:
        return None
    return base


def source_rate(track: VideoTrack) -> Fraction:
    """The rate that an output "as the source" gets: the constant one exactly, else the average snapped.

    The base rate is taken for the average where it is a standard one and they differ by no more than a gap makes.
    """
    constant = constant_rate(track)
    if constant is not None:
        return min(constant, MAX_RATE)
    average = parse_rational(track.frame_rate) or parse_rational(track.base_frame_rate)
    if average <= 0:
        return FALLBACK_RATE
    base = parse_rational(track.base_frame_rate)
    if base in STANDARD_RATES and abs(base - average) <= base * _ONE_GAP:
        return base
    return min(STANDARD_RATES, key=lambda rate: abs(rate - average))


def video_end_us(info: MediaInfo, track: VideoTrack) -> Fraction:
    """When the track's last frame ends, in microseconds after the file's start."""
    start = Fraction(track.start_us - info.start_us)
    told = track.duration_us
    rest = max(Fraction(0), info.duration_us - start)
    rate = constant_rate(track)
    if rate is None or track.frames <= 0:
        return start + (told or rest)
    counted = track.frames * _SECOND_US / rate
    if info.container == _RAW_MPEG:
        return start + counted  # it has no times to be told or read, and ffmpeg's leave out what its decoder holds back
    half = _SECOND_US / rate / 2
    # Packets that show nothing, gaps and edit lists make count and duration differ by a frame or more; then the
    # duration is right. Otherwise the count is: durations are rounded. The file's own duration is only a bound, for
    # its audio may be longer.
    if 0 < counted - (told or rest) <= _untold_us(info, told or rest):
        return start + counted
    if told and not (_stamped_sparsely(info) and counted > told):
        return start + (told if abs(counted - told) >= half else counted)
    if not told and not info.audio and rest > counted:
        return start + rest  # nothing but these pictures can last that long: FLV calls uneven rates constant
    return start + (rest if rest and counted - rest >= half else counted)


def _untold_us(info: MediaInfo, told: Fraction | int) -> Fraction:
    """How much longer than it tells a file may last by its counted pictures.

    An AVI file that lost its index at its end tells what its size makes likely. Of both no more than half is taken
    for that: pictures may be counted by their fields.
    """
    most = Fraction(told) / 2
    if info.container == _AVI:
        return most
    return min(most, Fraction(_UNSTAMPED_US)) if _stamped_sparsely(info) else Fraction(0)


def _stamped_sparsely(info: MediaInfo) -> bool:
    """MPEG streams tell no duration, and their last frames may bear no time stamp that one could be read from."""
    return info.container.partition(",")[0] in ("mpeg", "mpegts")


def starts_by_decoder(info: MediaInfo, track: VideoTrack) -> bool:
    """Whether the time of the first decoded frame is the decoder's lag, and not a time to keep to.

    AVI has no presentation times, and raw MPEG video none at all. ffmpeg takes the times of storage, and then every
    picture of a stream with B frames comes late by the frames that its decoder waits for (measured: two with x264,
    80 ms behind the sound; one with raw MPEG-2, also without B frames).
    """
    return info.container.partition(",")[0] in (_AVI, _RAW_MPEG) and track.reorder_frames > 0


def is_still(track: VideoTrack, frames: int) -> bool:
    """Whether one picture stands for an output of so many frames: a cover or a slide under a sound track."""
    return track.frames == 1 < frames


def origin_us(info: MediaInfo, track: VideoTrack, rate: Fraction) -> int:
    """How much later than the file its video starts, when that is less than a frame of `rate`; else 0.

    Matroska shifts video by the audio encoder's priming, about 20 ms. Left in, that lies between two slots of the
    grid and costs a repeated frame; so such a source is played from its first picture.
    """
    offset = track.start_us - info.start_us
    return offset if 0 < offset * rate < _SECOND_US else 0


def frames_until(end_us: Fraction | int, rate: Fraction) -> int:
    """How many frames the grid of `rate` has until `end_us`; a stream that has a frame gives at least one."""
    return max(1, int(Fraction(end_us) * rate / _SECOND_US + Fraction(1, 2)))


def duration_of(frames: int, rate: Fraction) -> int:
    """How long so many frames last, in microseconds; 0 for an unknown rate."""
    return round(frames * _SECOND_US / rate) if rate > 0 else 0


def rate_text(rate: Fraction) -> str:
    """`30000/1001`, as ffmpeg and the plan write it."""
    return f"{rate.numerator}/{rate.denominator}"
