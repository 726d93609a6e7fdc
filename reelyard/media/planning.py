"""From a settled output and its probed sources to an `EncodePlan`: every stream chosen, every number fixed.

The plan is made once, before any task of the output runs, so that all of its parts, retries and nodes agree.
"""

from collections.abc import Sequence
from dataclasses import replace

from reelyard.media.adjusting import adjustments, lost_ends
from reelyard.media.audio_planning import plan_audio
from reelyard.media.catalogue import CONTAINERS, COPY, VIDEO_CODECS, gpu_encoders
from reelyard.media.disc import fit_on_disc
from reelyard.media.info import MediaInfo
from reelyard.media.joining import plan_joined_streams
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, OverlayPlan, VideoPlan
from reelyard.media.shares import Chosen, choose_streams, plan_share, with_mix
from reelyard.media.tags import parse_metadata
from reelyard.media.video_planning import plan_video, stream_duration_us


def plan_output(
    spec: OutputSpec, sources: Sequence[MediaInfo], *, hardware_encoders: frozenset[str] = frozenset()
) -> EncodePlan:
    """Plan one output against its sources, in the order in which they are joined.

    `hardware_encoders` are those that some live node has; without them the encoder is a software one.

    Raises:
        WorkError: source_not_media, when the sources lack a stream that the output needs; incompatible_format,
            when a stream that is to be copied doesn't fit the container, several are to be copied and joined, or the
            size can't be made.
    """
    container = CONTAINERS[spec.container]
    inputs = choose_streams(spec, sources)
    if len(inputs) > 1:
        video, audio, shares = plan_joined_streams(spec, inputs, hardware_encoders)
        duration = stream_duration_us(video) if video else sum(share.duration_us for share in shares)
    else:
        video, audio, shares = _plan_streams(spec, inputs[0], hardware_encoders)
        duration = _duration(inputs[0].source, video, audio)
    if container.disc:
        video = fit_on_disc(container, video, audio, duration)
    return EncodePlan(
        container=container.code,
        duration_us=duration,
        video=video,
        audio=audio,
        inputs=tuple(with_mix(share, each, audio) for share, each in zip(shares, inputs, strict=True)),
        overlay=_overlay(spec),
        tags=parse_metadata(spec.metadata) if spec.metadata else (),
        adjustments=adjustments(spec, container, video, audio, fitted=any(share.picture_width for share in shares))
        + lost_ends(sources),
    )


def _plan_streams(
    spec: OutputSpec, chosen: Chosen, live: frozenset[str]
) -> tuple[VideoPlan | None, AudioPlan | None, tuple[InputPlan, ...]]:
    """Settle an output of one source."""
    container, source = CONTAINERS[spec.container], chosen.source
    video = plan_video(spec, source, chosen.video, container, live) if chosen.video else None
    share = plan_share(spec, chosen, video)
    audio = plan_audio(spec, source, chosen.audio, container, share.origin_us) if chosen.audio else None
    return video, audio, (share,)


def _overlay(spec: OutputSpec) -> OverlayPlan | None:
    if not spec.overlay_image_url:
        return None
    return OverlayPlan(
        offset_from=spec.overlay_offset_from, offset_x=spec.overlay_offset_x, offset_y=spec.overlay_offset_y
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
