"""The audio of one output: which stream is read, and every number of what is made of it."""

from reelyard.media.catalogue import AUDIO_CODECS, COPY, NONE, Container, audio_codec_display
from reelyard.media.choosing import chosen
from reelyard.media.copying import check_copy
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan
from reelyard.media.snapping import audio_bitrate_for, channels_for, sample_rate_for
from reelyard.media.values import listed

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
    rate = sample_rate_for(container, codec, wanted_rate or _FALLBACK_SAMPLE_RATE_HZ)
    channels = channels_for(container, codec, spec.channels or track.channels)
    return AudioPlan(
        codec=codec.code,
        encoder=codec.encoder,
        sample_rate_hz=rate,
        channels=channels,
        bitrate_bps=audio_bitrate_for(container, codec, rate, channels, spec.audio_bitrate_kbps * 1000),
        duration_us=duration,
    )


def _check_copied_rate(track: AudioTrack, container: Container) -> None:
    if track.sample_rate_hz and not container.holds_sample_rate(track.codec, track.sample_rate_hz):
        valid = container.sample_rates[track.codec]
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's {audio_codec_display(track.codec)} ({track.codec}) has {track.sample_rate_hz} Hz, and "
            f"{container.display} ({container.code}) holds it with {listed(valid)} Hz: name a codec instead of "
            "'copy'.",
        )
