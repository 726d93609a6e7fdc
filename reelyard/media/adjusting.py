"""What was asked of an output and is made otherwise: the spec held against the plan.

Only what the client or the output format said counts: "as the source" asks for nothing.
"""

from collections.abc import Sequence

from reelyard.media.catalogue import (
    AUDIO_CODECS,
    COPY,
    VIDEO_CODECS,
    AudioCodec,
    Container,
    VideoCodec,
    video_codec_display,
)
from reelyard.media.fitting import Fit
from reelyard.media.info import MediaInfo, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import Adjustment, AudioPlan, VideoPlan
from reelyard.media.published import FRAME_RATES
from reelyard.media.snapping import audio_bitrate_for
from reelyard.media.values import listed


def adjustments(
    spec: OutputSpec, container: Container, video: VideoPlan | None, audio: AudioPlan | None, *, fitted: bool
) -> tuple[Adjustment, ...]:
    """Every difference between the two, in the order of the request's members.

    `fitted`: some picture is cut or padded to the output's size.
    """
    found = list(_container(container, video))
    if video and video.codec != COPY:
        found += _video(spec, container, video)
    if audio and audio.codec != COPY:
        found += _audio(spec, container, audio)
    if video and video.codec != COPY and not fitted:
        found += _idle_method(spec, video)
    return tuple(found)


def _idle_method(spec: OutputSpec, plan: VideoPlan) -> list[Adjustment]:
    """A way to fit pictures to a size, where the size was not asked for and has their proportions.

    A codec of few sizes decides about the size by itself, and where it has just one, about the method too.
    """
    if not spec.resize_method or (spec.width and spec.height) or VIDEO_CODECS[plan.codec].sizes:
        return []
    return [
        Adjustment(
            field="resize_method",
            asked=spec.resize_method,
            made="none",
            reason="without both {width} and {height} the size has the source's proportions, and nothing is to be cut "
            "or padded",
        )
    ]


def lost_ends(sources: Sequence[MediaInfo]) -> tuple[Adjustment, ...]:
    """What is missing of the sources: so little that they are encoded all the same."""
    return tuple(
        Adjustment(
            field="source_url",
            asked=f"{decimal_text(source.announced_us / 1_000_000)} s",
            made=f"{decimal_text(source.duration_us / 1_000_000)} s",
            reason="the source" + (f" number {number}" if len(sources) > 1 else "") + " was cut off or is damaged: "
            "it says that it lasts longer than it can be read",
        )
        for number, source in enumerate(sources, start=1)
        if source.announced_us
    )


def _container(container: Container, video: VideoPlan | None) -> list[Adjustment]:
    if container.code != "wmv9" or video is None or video.codec not in ("wmv1", "wmv2"):
        return []
    return [
        Adjustment(
            field="container",
            asked=container.code,
            made=f"{video_codec_display(VIDEO_CODECS[video.codec].codec_name)} in {container.display}",
            reason="Windows Media Video 9 is VC-1, for which no free encoder exists",
        )
    ]


def _video(spec: OutputSpec, container: Container, plan: VideoPlan) -> list[Adjustment]:
    codec = VIDEO_CODECS[plan.codec]
    found = []
    for side, asked, made in (("width", spec.width, plan.width), ("height", spec.height, plan.height)):
        if asked and asked != made:
            found.append(
                Adjustment(field=side, asked=str(asked), made=str(made), reason=_size_reason(codec, container, plan))
            )
    asked_rate = parse_rational(FRAME_RATES.get(spec.frame_rate_id, ""))
    made_rate = parse_rational(plan.frame_rate)
    if asked_rate and asked_rate != made_rate:
        rates = listed(decimal_text(float(rate)) for rate in codec.frame_rates or container.frame_rates)
        found.append(
            Adjustment(
                field="frame_rate_id",
                asked=str(spec.frame_rate_id),
                made=str(round(made_rate * 1000)),
                reason=f"{_in(codec.code, container)} has only {rates} frames a second",
            )
        )
    asked_bps = spec.video_bitrate_kbps * 1000
    if asked_bps and asked_bps != plan.bitrate_bps:
        reason = (
            f"{_in(codec.code, container)} has at most {codec.max_bitrate_bps // 1000} kbit/s"
            if plan.bitrate_bps == codec.max_bitrate_bps
            else "more would not fit on the disc"
        )
        found.append(_bitrate("video_bitrate_kbps", asked_bps, plan.bitrate_bps, reason))
    return found


def _size_reason(codec: VideoCodec, container: Container, plan: VideoPlan) -> str:
    if plan.fit == Fit.INSIDE:
        return f"{container.code} keeps the source's proportions within the size, without bars and cuts"
    if codec.sizes:
        return f"{codec.code} has only the sizes {listed(f'{width}x{height}' for width, height in codec.sizes)}"
    return f"sides of {codec.code} are multiples of {codec.size_multiple}, at most {codec.max_side}"


def _audio(spec: OutputSpec, container: Container, plan: AudioPlan) -> list[Adjustment]:
    codec = AUDIO_CODECS[plan.codec]
    found = []
    asked_bps = spec.audio_bitrate_kbps * 1000
    if asked_bps and asked_bps != plan.bitrate_bps:
        found.append(
            _bitrate("audio_bitrate_kbps", asked_bps, plan.bitrate_bps, _bitrate_reason(codec, container, plan))
        )
    if spec.sample_rate_hz and spec.sample_rate_hz != plan.sample_rate_hz:
        rates = (rate for rate in codec.sample_rates if container.holds_sample_rate(codec.codec_name, rate))
        found.append(
            Adjustment(
                field="sample_rate_hz",
                asked=str(spec.sample_rate_hz),
                made=str(plan.sample_rate_hz),
                reason=f"{_in(codec.code, container)} has only {listed(rates)} Hz",
            )
        )
    if spec.channels and spec.channels != plan.channels:
        found.append(
            Adjustment(
                field="channels",
                asked=str(spec.channels),
                made=str(plan.channels),
                reason=f"{_in(codec.code, container)} has at most {plan.channels} channel{'s' * (plan.channels > 1)}",
            )
        )
    return found


def _bitrate_reason(codec: AudioCodec, container: Container, plan: AudioPlan) -> str:
    if codec.lossless:
        return f"{codec.code} is lossless"
    lowest, highest = (
        audio_bitrate_for(container, codec, plan.sample_rate_hz, plan.channels, wanted) // 1000 for wanted in (1, 10**9)
    )
    return (
        f"{_in(codec.code, container)} has {lowest} to {highest} kbit/s at {plan.sample_rate_hz} Hz with "
        f"{plan.channels} channels"
        + (", and not all between them" if codec.bitrates[plan.sample_rate_hz].steps else "")
    )


def _bitrate(field: str, asked_bps: int, made_bps: int, reason: str) -> Adjustment:
    return Adjustment(field=field, asked=str(asked_bps // 1000), made=decimal_text(made_bps / 1000), reason=reason)


def _in(codec: str, container: Container) -> str:
    return f"{codec} in {container.code}"


def decimal_text(value: float) -> str:
    """A number for a sentence: at most three decimals, and no zeros at its end."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
