"""What is known of a file format of outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reelyard.media.audio_codecs import AUDIO_CODECS
from reelyard.media.video_codecs import VIDEO_CODECS


@dataclass(frozen=True, kw_only=True)
class Container:
    """A file format of outputs. Codecs are the catalogue's codes; names of codecs are ffprobe's.

    What is encoded for it may also be copied into it, and so may the `also_copies_*`, unless it `copies` nothing.
    `sample_rates` and `max_channels` are its limits by codec name, `frame_rates` and `max_audio_bps` those of any
    codec; what isn't named has none. `codec_tags` are the four letters that players look for where they don't know
    the muxer's own. `made_as` names the codecs that are made in the way of another. `disc` is the television system of
    an image of a video disc.
    """

    code: str
    display: str
    muxer: str
    format_name: str  # what ffprobe calls the muxer's files, first of its names
    extension: str
    mime_type: str
    audio_mime_type: str  # of a file without video
    default_video: str
    default_audio: str
    video_codecs: tuple[str, ...] = ()
    audio_codecs: tuple[str, ...] = ()
    muxer_arguments: Mapping[str, str] = field(default_factory=dict)
    copies: bool = True
    also_copies_video: frozenset[str] = frozenset()
    also_copies_audio: frozenset[str] = frozenset()
    needs_video: bool = False
    frame_rates: tuple[Fraction, ...] = ()
    sample_rates: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    max_channels: Mapping[str, int] = field(default_factory=dict)
    max_audio_bps: int = 0
    codec_tags: Mapping[str, str] = field(default_factory=dict)
    made_as: Mapping[str, str] = field(default_factory=dict)
    disc: str = ""

    @property
    def copy_video(self) -> frozenset[str]:
        """The names (ffprobe's) of the video that may be copied into it."""
        if not self.copies:
            return frozenset()
        return self.also_copies_video | {VIDEO_CODECS[code].codec_name for code in self.video_codecs}

    @property
    def copy_audio(self) -> frozenset[str]:
        """The names (ffprobe's) of the audio that may be copied into it."""
        if not self.copies:
            return frozenset()
        return self.also_copies_audio | {AUDIO_CODECS[code].codec_name for code in self.audio_codecs}

    def holds_sample_rate(self, codec_name: str, sample_rate_hz: int) -> bool:
        """Whether streams of that codec (ffprobe's name) may have this rate in it."""
        rates = self.sample_rates.get(codec_name)
        return rates is None or sample_rate_hz in rates
