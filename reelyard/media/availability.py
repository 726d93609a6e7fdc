"""Codecs that the catalogue knows and no ffmpeg that may be given away can make."""

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, VIDEO_CODECS, encoders_of, scarce_encoders
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.output import OutputSpec
from reelyard.media.values import listed


def scarce_codecs(spec: OutputSpec) -> tuple[str, ...]:
    """The codecs of an output that are made by scarce encoders alone."""
    scarce = scarce_encoders()
    return tuple(code for code, encoders in encoders_of(spec.video_codec, spec.audio_codec) if encoders <= scarce)


def check_available(spec: OutputSpec, encoders: frozenset[str]) -> None:
    """Refuse an output with a scarce codec whose encoder isn't among `encoders`, those of the cluster's nodes.

    Raises:
        SpecError: codec_unavailable, with what its container can hold instead.
    """
    scarce = scarce_codecs(spec)
    for code, its_encoders in encoders_of(spec.video_codec, spec.audio_codec):
        if code not in scarce or its_encoders & encoders:
            continue
        field = "video_codec" if code in VIDEO_CODECS else "audio_codec"
        raise SpecError(
            field,
            f"{{{field}}} is {code!r}, for which no node has an encoder; {{container}} {spec.container!r} can hold "
            f"{listed(_free_codecs(spec.container, field))}",
            code=ErrorCode.CODEC_UNAVAILABLE,
        )


def _free_codecs(container: str, field: str) -> tuple[str, ...]:
    entry = CONTAINERS[container]
    if field == "audio_codec":
        return tuple(code for code in entry.audio_codecs if not AUDIO_CODECS[code].scarce)
    return tuple(code for code in entry.video_codecs if not all(e.scarce for e in VIDEO_CODECS[code].encoders))
