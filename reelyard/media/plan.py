"""What is to be made of one or more probed sources, with every number settled."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VideoPlan:
    """The video of one output. Size is as encoded; `frames` is exact within one, of all inputs together.

    Of a copy: the size, rate and packets of the source's own stream, as they stand in it. `sample_aspect` is the
    shape of the output's pixels, square but for DVDs. `fit` says how a picture of other proportions is brought to the
    size. `keyframe_interval` is in frames, 0 leaves it to the encoder; `fixed_keyframes` allows no others. The
    `color_*` are ffmpeg's names; "" leaves them unsaid.
    """

    codec: str
    encoder: str
    width: int = 0
    height: int = 0
    frame_rate: str = "0/1"
    bitrate_bps: int = 0
    frames: int = 0
    sample_aspect: str = "1/1"
    fit: str = "stretch"
    two_pass: bool = False
    keyframe_interval: int = 0
    fixed_keyframes: bool = False
    color_range: str = ""
    color_primaries: str = ""
    color_transfer: str = ""
    color_matrix: str = ""


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
class InputPlan:
    """What one source gives to the output. The indexes are its streams to read; -1: it has none, or none is wanted.

    `origin_us` is the time after the source's start that becomes time 0 of its share of the output. `frames` and
    `duration_us` are its share where several are joined: an input without video gives black, one without audio
    silence, of that length. `deinterlace` is "" (as it is), "interlaced" (frames that are marked so) or "all".
    `tone_map` brings high dynamic range to what the output can show. The `color_*` are those of its pictures, with
    what the file leaves unsaid settled. `audio_mix` says how its channels become the output's: "" as their layout
    says, "same" (its one channel, as loud, in all), "even:12" (12 channels that nobody named, all alike in each).
    `from_first_frame` puts the first frame that the decoder gives at time 0, whatever its time stamp is. `still` holds
    its last picture (a still's only one) until its share ends. Its picture is scaled to `picture_width` by
    `picture_height` and then cut or padded to the output's size, in the middle; 0: it fills the output.
    """

    video_index: int = -1
    audio_index: int = -1
    origin_us: int = 0
    frames: int = 0
    duration_us: int = 0
    deinterlace: str = ""
    tone_map: bool = False
    color_range: str = ""
    color_primaries: str = ""
    color_transfer: str = ""
    color_matrix: str = ""
    audio_mix: str = ""
    from_first_frame: bool = False
    still: bool = False
    picture_width: int = 0
    picture_height: int = 0


@dataclass(frozen=True, kw_only=True)
class OverlayPlan:
    """Where an image is laid over the picture: at `offset_from` (a corner, or Center), moved by pixels."""

    offset_from: str
    offset_x: int = 0
    offset_y: int = 0


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A tag of the output's file: title, artist, ..."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """Something that was asked for and can't be made exactly: what was asked, what is made instead, and why.

    `field` is a member of `OutputRequest`, or `source_url` where a source lacks its end; the dialects put their own
    name for it.
    """

    field: str
    asked: str
    made: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EncodePlan:
    """One output planned against its inputs, in the order in which they are joined."""

    container: str
    duration_us: int = 0
    video: VideoPlan | None = None
    audio: AudioPlan | None = None
    inputs: tuple[InputPlan, ...] = ()
    overlay: OverlayPlan | None = None
    tags: tuple[Tag, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
