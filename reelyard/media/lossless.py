"""Bitrates of codecs that keep every bit: they can't be chosen."""

from typing import Any

from reelyard.media.catalogue import AUDIO_CODECS, VIDEO_CODECS
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputRequest


def refuse_idle_bitrates(request: OutputRequest, video_codec: str, audio_codec: str) -> None:
    """Refuse a bitrate that the client asked of a lossless codec: it could only be ignored.

    Raises:
        SpecError: naming the member.
    """
    for field, kbps, codec_field, codec, lossless in (
        ("video_bitrate_kbps", request.video_bitrate_kbps, "video_codec", video_codec, _lossless_video(video_codec)),
        ("audio_bitrate_kbps", request.audio_bitrate_kbps, "audio_codec", audio_codec, _lossless_audio(audio_codec)),
    ):
        if kbps and lossless:
            raise SpecError(
                field,
                f"{{{field}}} is {kbps}, but {{{codec_field}}} is {codec!r}, which is lossless and takes what it "
                f"needs: leave {{{field}}} out, or name another codec in {{{codec_field}}}",
            )


def drop_idle_bitrates(
    video_codec: str, video_numbers: dict[str, Any], audio_codec: str, audio_numbers: dict[str, Any]
) -> None:
    """Take an output format's bitrate out of the settled numbers where the codec is lossless."""
    if _lossless_video(video_codec):
        video_numbers["video_bitrate_kbps"] = 0
    if _lossless_audio(audio_codec):
        audio_numbers["audio_bitrate_kbps"] = 0


def _lossless_video(code: str) -> bool:
    return code in VIDEO_CODECS and VIDEO_CODECS[code].lossless


def _lossless_audio(code: str) -> bool:
    return code in AUDIO_CODECS and AUDIO_CODECS[code].lossless
