"""What a probe found in a media file."""

from dataclasses import dataclass
from fractions import Fraction


def parse_rational(text: str) -> Fraction:
    """Read ffprobe's `num/den` or `num:den`; an unknown value (`0/0`, empty, `N/A`) is 0."""
    num, _, den = text.replace(":", "/").partition("/")
    try:
        return Fraction(int(num), int(den or "1"))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


@dataclass(frozen=True, kw_only=True)
class VideoTrack:
    """One video stream. `width` and `height` are before rotation; cover art is not a video track.

    `start_us` is its first frame on the file's own clock (ffprobe's `start_time`, as `MediaInfo.start_us` is),
    `duration_us` runs from there to the end of its last frame; 0 when the file doesn't say. `frames` are packets
    that were counted. The `color_*` are ffprobe's names, "" where the file doesn't say. `is_default`: the file marks
    it as the one to play. `undecodable`: ffmpeg has no decoder for it, or the file says too little of it.
    `reorder_frames`: by how many frames a decoder lags, because the file stores them in another order.
    """

    index: int
    codec: str
    profile: str = ""
    width: int = 0
    height: int = 0
    rotation: int = 0
    sample_aspect: str = "1/1"
    pix_fmt: str = ""
    frame_rate: str = "0/1"
    base_frame_rate: str = "0/1"
    field_order: str = "unknown"
    bitrate_bps: int = 0
    frames: int = 0
    duration_us: int = 0
    start_us: int = 0
    color_range: str = ""
    color_primaries: str = ""
    color_transfer: str = ""
    color_matrix: str = ""
    is_default: bool = False
    undecodable: bool = False
    reorder_frames: int = 0


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """One audio stream; `start_us`, `duration_us`, `is_default` and `undecodable` as in `VideoTrack`."""

    index: int
    codec: str
    profile: str = ""
    sample_rate_hz: int = 0
    channels: int = 0
    channel_layout: str = ""
    bitrate_bps: int = 0
    duration_us: int = 0
    start_us: int = 0
    is_default: bool = False
    undecodable: bool = False


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """One probed file; `container` is ffprobe's `format_name`, durations are microseconds.

    `announced_us` is how long it says that it lasts, where its end is missing; else 0. Durations are then those of
    what is there.
    """

    container: str
    duration_us: int = 0
    start_us: int = 0
    size_bytes: int = 0
    bitrate_bps: int = 0
    video: tuple[VideoTrack, ...] = ()
    audio: tuple[AudioTrack, ...] = ()
    announced_us: int = 0
