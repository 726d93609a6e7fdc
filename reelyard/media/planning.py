"""From a settled output and a probed source to an `EncodePlan`: every stream chosen, every number fixed.

The plan is made once, before any task of the output runs, so that all of its parts, retries and nodes agree.
"""

from collections.abc import Sequence
from dataclasses import replace

from reelyard.media.adjusting import adjustments
from reelyard.media.audio_planning import choose_audio, plan_audio
from reelyard.media.catalogue import CONTAINERS, COPY, VIDEO_CODECS, gpu_encoders
from reelyard.media.colour import needs_tone_map, source_colour
from reelyard.media.disc import fit_on_disc
from reelyard.media.framing import is_still, origin_us, starts_by_decoder
from reelyard.media.info import MediaInfo, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, VideoPlan
from reelyard.media.sound import audio_mix
from reelyard.media.tags import parse_metadata
from reelyard.media.video_planning import choose_video, plan_video, stream_duration_us


def plan_output(
    spec: OutputSpec, sources: Sequence[MediaInfo], *, hardware_encoders: frozenset[str] = frozenset()
) -> EncodePlan:
    """Plan one output against its sources, in the order in which they are joined.

    `hardware_encoders` are those that some live node has; without them the encoder is a software one.

    Raises:
        WorkError: source_not_media, when the source lacks a stream that the output needs; incompatible_format,
            when a stream that is to be copied doesn't fit the container or the size can't be made.
    """
    (source,) = sources
    container = CONTAINERS[spec.container]
    video_track = choose_video(spec, source)
    audio_track = choose_audio(spec, source)
    video = plan_video(spec, source, video_track, container, hardware_encoders) if video_track else None
    origin = 0
    if video_track and video and video.encoder != COPY:
        origin = origin_us(source, video_track, parse_rational(video.frame_rate))
    audio = plan_audio(spec, source, audio_track, container, origin) if audio_track else None
    duration = _duration(source, video, audio)
    if container.disc:
        video = fit_on_disc(container, video, audio, duration)
    reading = source_colour(video_track) if video_track and video and video.encoder != COPY else None
    return EncodePlan(
        container=container.code,
        duration_us=duration,
        video=video,
        audio=audio,
        inputs=(
            InputPlan(
                video_index=video_track.index if video_track else -1,
                audio_index=audio_track.index if audio_track else -1,
                origin_us=origin,
                tone_map=reading is not None and needs_tone_map(reading),
                **(reading.members() if reading else {}),
                from_first_frame=reading is not None and bool(video_track and starts_by_decoder(source, video_track)),
                still=reading is not None and bool(video_track and video and is_still(video_track, video.frames)),
                audio_mix=audio_mix(audio_track, audio.channels) if audio_track and audio else "",
            ),
        ),
        adjustments=adjustments(spec, container, video, audio),
        tags=parse_metadata(spec.metadata) if spec.metadata else (),
    )


def _duration(source: MediaInfo, video: VideoPlan | None, audio: AudioPlan | None) -> int:
    """When the last of the streams ends; a copied picture keeps the source's clock, gaps included."""
    ends = [audio.duration_us] if audio else []
    if video:
        ends.append(source.duration_us if video.encoder == COPY else stream_duration_us(video))
    return max(ends) or source.duration_us


def queue_is_gpu(plan: EncodePlan) -> bool:
    """Whether the plan needs a node with a GPU."""
    return plan.video is not None and plan.video.encoder in gpu_encoders()


def software_plan(plan: EncodePlan) -> EncodePlan:
    """The same plan for a node without GPU: frames, size and rate stay as they are."""
    if plan.video is None or not queue_is_gpu(plan):
        return plan
    size = plan.video.width, plan.video.height
    software = next(e for e in VIDEO_CODECS[plan.video.codec].encoders if not e.hardware and e.takes(*size))
    return replace(plan, video=replace(plan.video, encoder=software.name))
