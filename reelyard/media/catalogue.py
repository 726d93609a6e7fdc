"""The catalogue: every container and codec that an output may have, as data.

The data stands in `containers`, `video_codecs` and `audio_codecs`, the arguments of encoders in `encoders` and
`older_encoders`, the words that people see in `words`; `docs/adding-a-format.md` shows how one is added. Everybody
else imports from here.
"""

from reelyard.media import words
from reelyard.media.audio_codecs import AUDIO_CODECS, AudioCodec, BitrateRange
from reelyard.media.container import Container
from reelyard.media.containers import CONTAINERS, NONE
from reelyard.media.encoders import VideoEncoder
from reelyard.media.info import MediaInfo
from reelyard.media.video_codecs import VIDEO_CODECS, VideoCodec

COPY = "copy"

__all__ = (
    "AUDIO_CODECS",
    "CONTAINERS",
    "COPY",
    "NONE",
    "VIDEO_CODECS",
    "AudioCodec",
    "BitrateRange",
    "Container",
    "VideoCodec",
    "VideoEncoder",
    "audio_codec_display",
    "container_display",
    "encoders_of",
    "gpu_encoders",
    "mime_type_for",
    "output_mime_type",
    "probed_encoders",
    "scarce_encoders",
    "video_codec_display",
    "video_encoder",
)


def probed_encoders() -> tuple[str, ...]:
    """The names of all encoders that a node tries out at its start."""
    video = (encoder.name for codec in VIDEO_CODECS.values() for encoder in codec.encoders)
    audio = (codec.encoder for codec in AUDIO_CODECS.values())
    return tuple(sorted({*video, *audio}))


def scarce_encoders() -> frozenset[str]:
    """The names of encoders that no ffmpeg that may be given away has; a node may have a build of its own."""
    video = {e.name for codec in VIDEO_CODECS.values() for e in codec.encoders if e.scarce}
    return frozenset(video | {codec.encoder for codec in AUDIO_CODECS.values() if codec.scarce})


def encoders_of(video_codec: str, audio_codec: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """For each of two codes (copy and none among them) that has encoders: the code and their names."""
    found: list[tuple[str, frozenset[str]]] = []
    if video_codec in VIDEO_CODECS:
        found.append((video_codec, frozenset(e.name for e in VIDEO_CODECS[video_codec].encoders)))
    if audio_codec in AUDIO_CODECS:
        found.append((audio_codec, frozenset({AUDIO_CODECS[audio_codec].encoder})))
    return tuple(found)


def gpu_encoders() -> frozenset[str]:
    """The names of the catalogue's encoders that need a GPU."""
    return frozenset(e.name for codec in VIDEO_CODECS.values() for e in codec.encoders if e.hardware)


def video_encoder(codec: str, name: str) -> VideoEncoder:
    """How that codec of the catalogue uses ffmpeg's encoder of that name: two codecs may share one, each its own way.

    Raises:
        KeyError: the codec doesn't use it.
    """
    return {encoder.name: encoder for encoder in VIDEO_CODECS[codec].encoders}[name]


def container_display(format_name: str, filename: str = "") -> str:
    """What people call a container, by ffprobe's `format_name`; a file's name tells MPEG-4 from QuickTime."""
    first, ending = _first(format_name), _ending(filename)
    return words.CONTAINERS_BY_ENDING.get((first, ending)) or words.CONTAINERS.get(first, first)


def video_codec_display(codec_name: str) -> str:
    """What people call a video codec, by ffprobe's `codec_name`."""
    return words.VIDEO_CODECS.get(codec_name, codec_name)


def audio_codec_display(codec_name: str) -> str:
    """What people call an audio codec, by ffprobe's `codec_name`."""
    return words.AUDIO_CODECS.get(codec_name, codec_name)


def mime_type_for(info: MediaInfo, filename: str) -> str:
    """The MIME type of an input, by what the probe found and, where that leaves a choice, by the file's name."""
    first, ending = _first(info.container), _ending(filename)
    if (first, ending) in words.MIME_TYPES_BY_ENDING:
        return words.MIME_TYPES_BY_ENDING[first, ending]
    with_video, audio_alone = words.MIME_TYPES.get(first, ("application/octet-stream",) * 2)
    return with_video if info.video else audio_alone


def output_mime_type(container: str, *, has_video: bool) -> str:
    """The MIME type of an output in this container (a code of the catalogue)."""
    entry = CONTAINERS[container]
    return entry.mime_type if has_video else entry.audio_mime_type


def _first(format_name: str) -> str:
    return format_name.partition(",")[0]


def _ending(filename: str) -> str:
    return filename.rpartition(".")[2].lower() if "." in filename else ""
