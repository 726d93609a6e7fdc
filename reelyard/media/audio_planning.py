"""The audio of one output: which stream is read, and every number of what is made of it."""

from reelyard.media.catalogue import AUDIO_CODECS, COPY, NONE, AudioCodec, Container, audio_codec_display
from reelyard.media.choosing import chosen
from reelyard.media.copying import check_copy
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan

#: Channel counts with a layout that every player knows: mono, stereo, 5.1, 7.1. Others are mixed down to stereo.
KEPT_CHANNELS = (1, 2, 6, 8)
_STEREO = 2
#: Of a source that doesn't tell; what video is recorded with.
_FALLBACK_SAMPLE_RATE_HZ = 48_000


def choose_audio(spec: OutputSpec, source: MediaInfo) -> AudioTrack | None:
    """The stream of the source that the output's sound comes from.

    A video output of a silent source is silent too; an output of audio alone needs some.

    Raises:
        WorkError: source_not_media, when the source has none, or none that can be decoded.
    """
    if spec.audio_codec == NONE or (not source.audio and spec.video_codec != NONE):
        return None
    if not source.audio:
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source has no audio, and this output is of audio alone.")
    return chosen(source.audio, "audio", copied=spec.audio_codec == COPY)


def plan_audio(spec: OutputSpec, source: MediaInfo, track: AudioTrack, container: Container, origin: int) -> AudioPlan:
    """Settle the audio; `origin` is the time after the source's start that becomes the output's time 0, in µs.

    Raises:
        WorkError: incompatible_format.
    """
    starts = track.start_us - source.start_us - origin
    lasts = track.duration_us or max(0, source.duration_us - (track.start_us - source.start_us))
    duration = max(0, starts + lasts) if lasts else 0
    if spec.audio_codec == COPY:
        check_copy(track.codec, audio_codec_display(track.codec), container.copy_audio, container)
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


def _check_copied_rate(track: AudioTrack, container: Container) -> None:
    lowest = container.lowest_sample_rate(track.codec)
    if 0 < track.sample_rate_hz < lowest:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's {audio_codec_display(track.codec)} ({track.codec}) has {track.sample_rate_hz} Hz, and "
            f"{container.display} ({container.code}) holds it from {lowest} Hz on: name a codec instead of 'copy'.",
        )
