"""The options of an output's streams: plan and catalogue to ffmpeg's names and values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelyard.media.catalogue import AUDIO_CODECS, COPY, video_encoder
from reelyard.media.encoders import VideoEncoder
from reelyard.media.info import parse_rational
from reelyard.media.plan import AudioPlan, Tag, VideoPlan

#: Below this a ceiling would spoil the constant quality of small pictures.
MIN_CEILING_BPS = 200_000


@dataclass(frozen=True, kw_only=True)
class PassRun:
    """One of the two passes of a software encoder: 1 looks, 2 writes. Both are given the same log, without ending."""

    number: int
    log: Path


def video_options(video: VideoPlan) -> dict[str, str | int]:
    """What ffmpeg is told of the output's video: the encoder and its arguments."""
    if video.encoder == COPY:
        return {"c:v": COPY}
    encoder = video_encoder(video.codec, video.encoder)
    rate = parse_rational(video.frame_rate)
    ceiling = round(float(video.width * video.height * rate) * encoder.ceiling_bits_per_pixel)
    numbers = {
        "bitrate": video.bitrate_bps,
        "maxrate": video.bitrate_bps * 3 // 2,
        "bufsize": video.bitrate_bps * 2,
        "ceiling": max(ceiling, MIN_CEILING_BPS),
        "interval": video.keyframe_interval,
    }
    rate_options = encoder.target_rate if video.bitrate_bps else encoder.quality
    arguments = {**encoder.arguments, **rate_options, **_keyframe_options(video, encoder)}
    return {
        "c:v": encoder.name,
        # The filters have made the rate constant and the count exact; nothing after it may drop or repeat.
        "fps_mode": "passthrough",
        **{name: value.format(**numbers) for name, value in arguments.items()},
    }


def thread_options(video: VideoPlan, threads: int) -> dict[str, str | int]:
    """The most threads of each part of an encode; 0 leaves that to ffmpeg, which starts more than there are CPUs.

    Its count is of the CPUs that it may run on. A container's quota of CPU time is none of them, so under one of two
    CPUs on a machine of 64 x264 would start 96 threads (and SVT-AV1 several hundred) that wait for each other.
    """
    if not threads or video.encoder == COPY:
        return {}
    options: dict[str, str | int] = {"threads:v": threads, "filter_threads": threads}
    own = video_encoder(video.codec, video.encoder).own_threads
    if own:
        name, value = own
        others = video_options(video).get(name)
        value = value.format(threads=threads)
        options[name] = f"{others}:{value}" if others else value
    return options


def _keyframe_options(video: VideoPlan, encoder: VideoEncoder) -> Mapping[str, str]:
    """Where keyframes stand; without an interval that is the encoder's choice."""
    if not video.keyframe_interval:
        return {}
    return encoder.fixed_keyframe_arguments if video.fixed_keyframes else encoder.keyframe_arguments


def pass_options(run: PassRun | None) -> dict[str, str | int]:
    """Which of two passes it is, and where the first leaves for the second what it found out."""
    return {} if run is None else {"pass": run.number, "passlogfile": str(run.log)}


def tag_options(tags: Sequence[Tag]) -> dict[str, str | int]:
    """The file's tags. Each gets a key of its own, for ffmpeg-python writes a list as one text.

    A value can't become an option: it stands behind its name and `=`, in one argument.
    """
    return {f"metadata:g:{index}": f"{tag.name}={tag.value}" for index, tag in enumerate(tags)}


def audio_options(audio: AudioPlan) -> dict[str, str | int]:
    """What ffmpeg is told of the output's audio."""
    if audio.encoder == COPY:
        return {"c:a": COPY}
    options: dict[str, str | int] = {
        "c:a": audio.encoder,
        # Said again to the encoder: some would take a neighbouring rate in silence.
        "ar": audio.sample_rate_hz,
        "ac": audio.channels,
    }
    if audio.bitrate_bps:
        return options | {"b:a": audio.bitrate_bps}
    return options | dict(AUDIO_CODECS[audio.codec].quality)
