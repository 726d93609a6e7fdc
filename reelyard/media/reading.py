"""How much of a source can be read, and what is planned with where its end is missing."""

from dataclasses import replace
from fractions import Fraction

from reelyard.media.framing import constant_rate
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational

_SECOND_US = 1_000_000
#: MP4's index times every frame, so that the average rate of its tracks is exact, also of uneven ones.
_INDEXED = "mov"
#: By how much the last time of a whole file's sound may lie before the announced end: the longest packet lasts 0.13 s
#: (AAC at 8 kHz), and containers round.
_ROUNDING_US = 250_000
#: How far the streams of a file may be apart where it was cut: muxers lay them beside each other in pieces of a second.
_INTERLEAVED_US = _SECOND_US


def read_us(info: MediaInfo, demuxed_us: int) -> int:
    """Until when a source can be read, in microseconds; `demuxed_us` is the last decoding time of its packets.

    That leaves out how long the last picture is seen, and how much later than it is decoded: five pictures of a
    second each, stored in another order, seemed to end after 2 s (measured).
    """
    return max([demuxed_us, *(_counted_us(info, track, demuxed_us) for track in info.video)])


def without_lost_end(info: MediaInfo, announced_us: int, demuxed_us: int) -> MediaInfo:
    """The info with the lengths that its streams really have, where the end that is announced is missing."""
    until = read_us(info, demuxed_us)
    video = tuple(_cut(info, track, demuxed_us) for track in info.video)
    uneven = any(_exact_rate(info, track) is None for track in info.video)  # its last picture may be seen for long
    if video == info.video and (uneven or announced_us - until <= _ROUNDING_US):
        return info
    return replace(
        info,
        duration_us=min(info.duration_us, until),
        announced_us=announced_us,
        video=video,
        audio=tuple(_shortened(info, track, until) for track in info.audio),
    )


def _exact_rate(info: MediaInfo, track: VideoTrack) -> Fraction | None:
    """The rate that frames are counted into time by; None where none does that."""
    constant = constant_rate(track)
    if constant is not None or info.container.partition(",")[0] != _INDEXED:
        return constant
    average = parse_rational(track.frame_rate)
    return average if average > 0 else None


def _seen_until(track: VideoTrack, rate: Fraction, demuxed_us: int) -> Fraction:
    """The latest that the track's last picture may end, in microseconds."""
    return demuxed_us + (1 + track.reorder_frames) * _SECOND_US / rate


def _counted_us(info: MediaInfo, track: VideoTrack, demuxed_us: int) -> int:
    """How long the track's pictures last, as far as that is known."""
    rate = _exact_rate(info, track)
    if rate is None:
        return 0
    counted = track.frames * _SECOND_US / rate
    if constant_rate(track) is None:
        return int(counted)
    # Bounded: packets may be fields, or show nothing, and then there are more of them than pictures.
    return int(min(counted, _seen_until(track, rate, demuxed_us)))


def _cut(info: MediaInfo, track: VideoTrack, demuxed_us: int) -> VideoTrack:
    """The track with the length of the pictures that are there, where it lacks some at the file's end."""
    rate = _exact_rate(info, track)
    if rate is None or not track.duration_us:
        return track
    frame, counted = _SECOND_US / rate, track.frames * _SECOND_US / rate
    until = _seen_until(track, rate, demuxed_us) - max(0, track.start_us - info.start_us)
    # Fewer pictures alone may be a gap; then the file goes on to its end.
    if track.duration_us - counted < frame * 3 / 2 or track.duration_us - until < frame / 2:
        return track
    # Of pictures stored in another order the last ones may be there and others before them missing: the middle.
    ends = counted + track.reorder_frames * frame / 2
    return replace(track, duration_us=int(min(ends, until) if until - counted <= _INTERLEAVED_US else until))


def _shortened(info: MediaInfo, track: AudioTrack, until_us: int) -> AudioTrack:
    left = max(0, until_us - max(0, track.start_us - info.start_us))
    return replace(track, duration_us=min(track.duration_us, left))
