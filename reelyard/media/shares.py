"""What each source gives to an output: the streams that are read of it, and how they are brought to the output."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reelyard.media.audio_planning import choose_audio
from reelyard.media.catalogue import COPY
from reelyard.media.colour import needs_tone_map, source_colour
from reelyard.media.fitting import picture_size
from reelyard.media.framing import is_still, origin_us, starts_by_decoder
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, InputPlan, VideoPlan
from reelyard.media.sound import audio_mix
from reelyard.media.video_planning import choose_video, deinterlace_mode


@dataclass(frozen=True)
class Chosen:
    """A source and the streams of it that are read; None: it has none, or none is wanted."""

    source: MediaInfo
    video: VideoTrack | None
    audio: AudioTrack | None


def choose_streams(spec: OutputSpec, sources: Sequence[MediaInfo]) -> tuple[Chosen, ...]:
    """The streams of each source. One that lacks a stream is filled up, when another source of the output has it.

    Raises:
        WorkError: source_not_media, when no source has a stream that the output needs.
    """
    some_video, some_audio = any(each.video for each in sources), any(each.audio for each in sources)
    return tuple(
        Chosen(
            each,
            choose_video(spec, each) if each.video or not some_video else None,
            choose_audio(spec, each) if each.audio or not some_audio else None,
        )
        for each in sources
    )


def plan_share(spec: OutputSpec, chosen: Chosen, video: VideoPlan | None) -> InputPlan:
    """Settle how one source is read for the planned video; its length in a join is settled in `joining`.

    Raises:
        WorkError: source_not_media, incompatible_format; see `picture_size`.
    """
    indexes = InputPlan(
        video_index=chosen.video.index if chosen.video else -1,
        audio_index=chosen.audio.index if chosen.audio else -1,
    )
    if chosen.video is None or video is None or video.encoder == COPY:
        return indexes
    width, height = picture_size(chosen.video, video)
    colour = source_colour(chosen.video)
    return replace(
        indexes,
        origin_us=origin_us(chosen.source, chosen.video, parse_rational(video.frame_rate)),
        from_first_frame=starts_by_decoder(chosen.source, chosen.video),
        still=is_still(chosen.video, video.frames),
        deinterlace=deinterlace_mode(chosen.video) if spec.deinterlace else "",
        tone_map=needs_tone_map(colour),
        **colour.members(),
        picture_width=width,
        picture_height=height,
    )


def with_mix(share: InputPlan, chosen: Chosen, audio: AudioPlan | None) -> InputPlan:
    """The share with the way from its channels to those of the planned audio."""
    if chosen.audio is None or audio is None or audio.encoder == COPY:
        return share
    return replace(share, audio_mix=audio_mix(chosen.audio, audio.channels))
