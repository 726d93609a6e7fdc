"""The options of an output's streams: plan and catalogue to ffmpeg's names and values. Pure."""

from reelyard.media.catalogue import AUDIO_CODECS, COPY, video_encoder
from reelyard.media.info import parse_rational
from reelyard.media.plan import AudioPlan, VideoPlan

#: Below this a ceiling would spoil the constant quality of small pictures.
MIN_CEILING_BPS = 200_000


def video_options(video: VideoPlan) -> dict[str, str | int]:
    """What ffmpeg is told of the output's video: the encoder and its arguments."""
    if video.encoder == COPY:
        return {"c:v": COPY}
    encoder = video_encoder(video.encoder)
    rate = parse_rational(video.frame_rate)
    ceiling = round(float(video.width * video.height * rate) * encoder.ceiling_bits_per_pixel)
    numbers = {
        "bitrate": video.bitrate_bps,
        "maxrate": video.bitrate_bps * 3 // 2,
        "bufsize": video.bitrate_bps * 2,
        "ceiling": max(ceiling, MIN_CEILING_BPS),
    }
    rate_options = encoder.target_rate if video.bitrate_bps else encoder.quality
    return {
        "c:v": encoder.name,
        # The filters have made the rate constant and the count exact; nothing after it may drop or repeat.
        "fps_mode": "passthrough",
        **{name: value.format(**numbers) for name, value in {**encoder.arguments, **rate_options}.items()},
    }


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
