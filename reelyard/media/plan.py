"""What is to be made of one probed source, with every number settled."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VideoPlan:
    """The video of one output. Size is as displayed with square pixels; `frames` is exact within one.

    Of a copy: the size, rate and packets of the source's own stream, as they stand in it.
    """

    codec: str
    encoder: str
    width: int = 0
    height: int = 0
    frame_rate: str = "0/1"
    bitrate_bps: int = 0
    frames: int = 0


@dataclass(frozen=True, kw_only=True)
class AudioPlan:
    """The audio of one output; a bitrate of 0 is the encoder's own default quality.

    `duration_us` is counted from the output's time 0 to the end of the audio; 0 when the source doesn't tell.
    """

    codec: str
    encoder: str
    sample_rate_hz: int = 0
    channels: int = 0
    bitrate_bps: int = 0
    duration_us: int = 0


@dataclass(frozen=True, kw_only=True)
class EncodePlan:
    """One output planned against one source; the indexes are the source's streams to read.

    `origin_us` is the time after the source's start that becomes time 0 of the output.
    """

    container: str
    duration_us: int = 0
    video: VideoPlan | None = None
    audio: AudioPlan | None = None
    source_video_index: int = -1
    source_audio_index: int = -1
    origin_us: int = 0
