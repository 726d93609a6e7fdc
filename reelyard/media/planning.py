"""From a settled output and a probed source to an `EncodePlan`: every stream chosen, every number fixed.

The plan is made once, before any task of the output runs, so that all of its parts, retries and nodes agree.
"""

from collections.abc import Sequence
from dataclasses import replace

from reelyard.media.catalogue import (
    AUDIO_CODECS,
    CONTAINERS,
    COPY,
    NONE,
    VIDEO_CODECS,
    AudioCodec,
    Container,
    audio_codec_display,
    gpu_encoders,
    video_codec_display,
)
from reelyard.media.encoders import VideoEncoder
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.framing import (
    duration_of,
    frames_until,
    origin_us,
    rate_text,
    source_rate,
    video_end_us,
)
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, EncodePlan, InputPlan, VideoPlan
from reelyard.media.published import FRAME_RATES
from reelyard.media.sizing import output_size

#: Channel counts with a layout that every player knows: mono, stereo, 5.1, 7.1. Others are mixed down to stereo.
KEPT_CHANNELS = (1, 2, 6, 8)
_STEREO = 2
#: Of a source that doesn't tell; what video is recorded with.
_FALLBACK_SAMPLE_RATE_HZ = 48_000


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
    video_track = _video_track(spec, source)
    audio_track = _audio_track(spec, source)
    video = _video_plan(spec, source, video_track, container, hardware_encoders) if video_track else None
    origin = 0
    if video_track and video and video.encoder != COPY:
        origin = origin_us(source, video_track, parse_rational(video.frame_rate))
    audio = _audio_plan(spec, source, audio_track, container, origin) if audio_track else None
    return EncodePlan(
        container=container.code,
        duration_us=_duration(source, video, audio),
        video=video,
        audio=audio,
        inputs=(
            InputPlan(
                video_index=video_track.index if video_track else -1,
                audio_index=audio_track.index if audio_track else -1,
                origin_us=origin,
            ),
        ),
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
    software = next(e for e in VIDEO_CODECS[plan.video.codec].encoders if not e.hardware)
    return replace(plan, video=replace(plan.video, encoder=software.name))


def _video_track(spec: OutputSpec, source: MediaInfo) -> VideoTrack | None:
    if spec.video_codec == NONE:
        return None
    if not source.video:
        raise WorkError(
            ErrorCode.SOURCE_NOT_MEDIA,
            "The source has no video, and this output needs some: ask for the video codec 'none' or for a container "
            "of audio alone.",
        )
    return source.video[0]


def _audio_track(spec: OutputSpec, source: MediaInfo) -> AudioTrack | None:
    """A video output of a silent source is silent too; an output of audio alone needs some."""
    if spec.audio_codec == NONE or (not source.audio and spec.video_codec != NONE):
        return None
    if not source.audio:
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source has no audio, and this output is of audio alone.")
    return source.audio[0]


def _video_plan(
    spec: OutputSpec, source: MediaInfo, track: VideoTrack, container: Container, live: frozenset[str]
) -> VideoPlan:
    if spec.video_codec == COPY:
        _check_copy(track.codec, video_codec_display(track.codec), container.copy_video, container)
        return VideoPlan(
            codec=COPY,
            encoder=COPY,
            width=track.width,
            height=track.height,
            frame_rate=track.frame_rate,
            frames=track.frames,
        )
    codec = VIDEO_CODECS[spec.video_codec]
    width, height = output_size(track, spec.width, spec.height, codec.size_multiple)
    rate = parse_rational(FRAME_RATES[spec.frame_rate_id]) if spec.frame_rate_id in FRAME_RATES else source_rate(track)
    end = video_end_us(source, track) - origin_us(source, track, rate)
    return VideoPlan(
        codec=codec.code,
        encoder=_encoder(codec.encoders, live, width, height).name,
        width=width,
        height=height,
        frame_rate=rate_text(rate),
        bitrate_bps=spec.video_bitrate_kbps * 1000,
        frames=frames_until(end, rate),
    )


def _encoder(encoders: tuple[VideoEncoder, ...], live: frozenset[str], width: int, height: int) -> VideoEncoder:
    for encoder in encoders:
        if (not encoder.hardware or encoder.name in live) and encoder.takes(width, height):
            return encoder
    raise WorkError(
        ErrorCode.INCOMPATIBLE_FORMAT, f"No encoder of this codec takes pictures of {width}x{height}: ask for less."
    )


def _audio_plan(spec: OutputSpec, source: MediaInfo, track: AudioTrack, container: Container, origin: int) -> AudioPlan:
    starts = track.start_us - source.start_us - origin
    lasts = track.duration_us or max(0, source.duration_us - (track.start_us - source.start_us))
    duration = max(0, starts + lasts) if lasts else 0
    if spec.audio_codec == COPY:
        _check_copy(track.codec, audio_codec_display(track.codec), container.copy_audio, container)
        _check_copied_rate(track, container)
        return AudioPlan(
            codec=COPY,
            encoder=COPY,
            sample_rate_hz=track.sample_rate_hz,
            channels=track.channels,
            duration_us=duration,
        )
    codec = AUDIO_CODECS[spec.audio_codec]
    wanted_rate = spec.sample_rate_hz if spec.sample_rate_hz > 0 else track.sample_rate_hz
    lowest = container.lowest_sample_rate(codec.codec_name)
    rate = nearest_sample_rate(codec, wanted_rate or _FALLBACK_SAMPLE_RATE_HZ, lowest_hz=lowest)
    channels = _channels(codec, spec.channels or track.channels)
    return AudioPlan(
        codec=codec.code,
        encoder=codec.encoder,
        sample_rate_hz=rate,
        channels=channels,
        bitrate_bps=audio_bitrate(codec, rate, channels, spec.audio_bitrate_kbps * 1000),
        duration_us=duration,
    )


def nearest_sample_rate(codec: AudioCodec, wanted_hz: int, *, lowest_hz: int = 0) -> int:
    """The rate nearest to `wanted_hz` that the codec can do, from `lowest_hz` on; of two equally near the higher."""
    rates = [rate for rate in codec.sample_rates if rate >= lowest_hz]
    return min(rates, key=lambda rate: (abs(rate - wanted_hz), -rate))


def audio_bitrate(codec: AudioCodec, sample_rate_hz: int, channels: int, wanted_bps: int) -> int:
    """The wanted bitrate (0: the codec's default) brought into what the encoder takes at that rate.

    Returns 0 when the codec's default is a quality.
    """
    bps = wanted_bps or codec.default_bps_per_channel * channels
    if not bps:
        return 0
    valid = codec.bitrates[sample_rate_hz]
    factor = channels if valid.per_channel else 1
    return max(valid.lowest_bps * factor, min(bps, valid.highest_bps * factor))


def _channels(codec: AudioCodec, wanted: int) -> int:
    return wanted if wanted in KEPT_CHANNELS and wanted <= codec.max_channels else _STEREO


def _check_copy(codec_name: str, display: str, fitting: frozenset[str], container: Container) -> None:
    if codec_name not in fitting:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's stream is {display} ({codec_name}), which {container.display} ({container.code}) can't "
            "hold as it is: name a codec instead of 'copy'.",
        )


def _check_copied_rate(track: AudioTrack, container: Container) -> None:
    lowest = container.lowest_sample_rate(track.codec)
    if 0 < track.sample_rate_hz < lowest:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's {audio_codec_display(track.codec)} ({track.codec}) has {track.sample_rate_hz} Hz, and "
            f"{container.display} ({container.code}) holds it from {lowest} Hz on: name a codec instead of 'copy'.",
        )


def stream_duration_us(video: VideoPlan) -> int:
    """How long the planned video lasts, in microseconds; 0 when the rate isn't known."""
    return duration_of(video.frames, parse_rational(video.frame_rate))
