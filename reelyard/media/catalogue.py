"""The catalogue: every container and codec that an output may have, as data.

Adding a codec or container touches this file alone (and `published`'s lists already name what may come). Which
arguments an encoder gets is in `encoders`; the words that people see, in `words`. What fits in what was measured: a
muxer that accepts a codec proves nothing, so a pair stands here only when its output was read back and decoded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reelyard.media import words
from reelyard.media.encoders import LIBVPX, LIBX264, NVENC_H264, VideoEncoder
from reelyard.media.info import MediaInfo

COPY = "copy"
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Container:
    """A file format of outputs. `copy_*` are ffprobe's names of the streams that may be copied into it."""

    code: str
    display: str
    muxer: str
    format_name: str  # what ffprobe calls the muxer's files, first of its names
    extension: str
    mime_type: str
    audio_mime_type: str  # of a file without video
    muxer_arguments: Mapping[str, str]
    default_video: str
    default_audio: str
    video_codecs: tuple[str, ...]
    audio_codecs: tuple[str, ...]
    copy_video: frozenset[str]
    copy_audio: frozenset[str]
    #: Codecs whose low sample rates it can't hold, each with the lowest in Hz that it can.
    lowest_sample_rates: tuple[tuple[str, int], ...] = ()

    def lowest_sample_rate(self, codec_name: str) -> int:
        """The lowest sample rate in Hz of that codec's streams (ffprobe's name) in this container; 0: any."""
        return dict(self.lowest_sample_rates).get(codec_name, 0)


@dataclass(frozen=True, kw_only=True)
class VideoCodec:
    """A way to encode pictures; `encoders` in order of preference, the last of them in software."""

    code: str
    display: str
    codec_name: str
    encoders: tuple[VideoEncoder, ...]
    size_multiple: int  # both sides; 4:2:0 has one colour sample for 2 by 2 pixels


@dataclass(frozen=True, kw_only=True)
class BitrateRange:
    """What an encoder takes at one sample rate, in bits a second; of each channel when `per_channel`."""

    lowest_bps: int
    highest_bps: int
    per_channel: bool = False


@dataclass(frozen=True, kw_only=True)
class AudioCodec:
    """A way to encode sound. Without a bitrate `default_bps_per_channel` holds, or `quality` where it isn't empty."""

    code: str
    display: str
    codec_name: str
    encoder: str
    max_channels: int
    bitrates: Mapping[int, BitrateRange]  # by sample rate in Hz; the keys are the rates that it can do
    default_bps_per_channel: int
    quality: Mapping[str, str]

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """The sample rates in Hz that it can do, rising."""
        return tuple(sorted(self.bitrates))


# A player starts while the file still loads only when the index stands before the media data.
_FASTSTART = MappingProxyType({"movflags": "+faststart"})
_PLAIN: Mapping[str, str] = MappingProxyType({})

_MP4_VIDEO = frozenset({"h264", "hevc", "mpeg4", "mpeg1video", "mpeg2video", "mjpeg", "vp9", "av1"})
_MP4_AUDIO = frozenset({"aac", "ac3", "eac3", "mp3", "alac", "opus"})
_WEBM_VIDEO = frozenset({"vp8", "vp9", "av1"})
_WEBM_AUDIO = frozenset({"vorbis", "opus"})
_MATROSKA_VIDEO = (
    _MP4_VIDEO
    | _WEBM_VIDEO
    | {"theora", "huffyuv", "ffv1", "flv1", "h263", "wmv1", "wmv2", "wmv3", "vc1", "prores"}
    | {"msmpeg4v2", "msmpeg4v3"}
)
_MATROSKA_AUDIO = (
    _MP4_AUDIO
    | _WEBM_AUDIO
    | {"mp2", "flac", "amr_nb", "dts", "truehd", "wmav1", "wmav2"}
    | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_u8"}
)

CONTAINERS: Mapping[str, Container] = MappingProxyType(
    {
        container.code: container
        for container in (
            Container(
                code="mp4",
                display="MPEG-4",
                muxer="mp4",
                format_name="mov",
                extension="mp4",
                mime_type="video/mp4",
                audio_mime_type="audio/mp4",
                muxer_arguments=_FASTSTART,
                default_video="h264",
                default_audio="aac",
                video_codecs=("h264",),
                audio_codecs=("aac", "mp3"),
                copy_video=_MP4_VIDEO,
                copy_audio=_MP4_AUDIO,
                lowest_sample_rates=(("mp3", 16_000),),  # MPEG-4 knows MPEG-1 and MPEG-2 audio, not MPEG-2.5
            ),
            Container(
                code="webm",
                display="WebM",
                muxer="webm",
                format_name="matroska",
                extension="webm",
                mime_type="video/webm",
                audio_mime_type="audio/webm",
                muxer_arguments=_PLAIN,
                default_video="libvpx",
                default_audio="vorbis",
                video_codecs=("libvpx",),
                audio_codecs=("vorbis",),
                copy_video=_WEBM_VIDEO,
                copy_audio=_WEBM_AUDIO,
            ),
            Container(
                code="matroska",
                display="Matroska",
                muxer="matroska",
                format_name="matroska",
                extension="mkv",
                mime_type="video/x-matroska",
                audio_mime_type="audio/x-matroska",
                muxer_arguments=_PLAIN,
                default_video="h264",
                default_audio="aac",
                video_codecs=("h264", "libvpx"),
                audio_codecs=("aac", "vorbis", "mp3"),
                copy_video=_MATROSKA_VIDEO,
                copy_audio=_MATROSKA_AUDIO,
            ),
            Container(
                code="mp3",
                display="MPEG Audio",
                muxer="mp3",
                format_name="mp3",
                extension="mp3",
                mime_type="audio/mpeg",
                audio_mime_type="audio/mpeg",
                muxer_arguments=_PLAIN,
                default_video=NONE,
                default_audio="mp3",
                video_codecs=(),
                audio_codecs=("mp3",),
                copy_video=frozenset(),
                copy_audio=frozenset({"mp3"}),
            ),
            Container(
                code="m4a",
                display="MPEG-4",
                muxer="ipod",  # ffmpeg's name for MP4 with the brands of M4A
                format_name="mov",
                extension="m4a",
                mime_type="audio/mp4",
                audio_mime_type="audio/mp4",
                muxer_arguments=_FASTSTART,
                default_video=NONE,
                default_audio="aac",
                video_codecs=(),
                audio_codecs=("aac",),
                copy_video=frozenset(),
                copy_audio=frozenset({"aac", "alac"}),
            ),
        )
    }
)

VIDEO_CODECS: Mapping[str, VideoCodec] = MappingProxyType(
    {
        codec.code: codec
        for codec in (
            VideoCodec(
                code="h264",
                display="AVC",
                codec_name="h264",
                encoders=(NVENC_H264, LIBX264),
                size_multiple=2,
            ),
            VideoCodec(code="libvpx", display="VP8", codec_name="vp8", encoders=(LIBVPX,), size_multiple=2),
        )
    }
)

# MPEG-1, MPEG-2 and MPEG-2.5 layer III each have a table of bitrates; LAME rounds to the nearest of it (measured).
_MPEG1 = BitrateRange(lowest_bps=32_000, highest_bps=320_000)
_MPEG2 = BitrateRange(lowest_bps=8_000, highest_bps=160_000)
_MPEG25 = BitrateRange(lowest_bps=8_000, highest_bps=64_000)


def _vorbis(lowest_bps: int, highest_bps: int) -> BitrateRange:
    return BitrateRange(lowest_bps=lowest_bps, highest_bps=highest_bps, per_channel=True)


def _aac(sample_rate_hz: int) -> BitrateRange:
    # A channel's frame of 1024 samples holds 6144 bits at most: six bits a sample.
    return BitrateRange(lowest_bps=8_000, highest_bps=6 * sample_rate_hz, per_channel=True)


AUDIO_CODECS: Mapping[str, AudioCodec] = MappingProxyType(
    {
        codec.code: codec
        for codec in (
            AudioCodec(
                code="aac",
                display="AAC",
                codec_name="aac",
                encoder="aac",
                max_channels=8,
                bitrates=MappingProxyType(
                    {
                        rate: _aac(rate)
                        for rate in (
                            *(8000, 11025, 12000, 16000, 22050, 24000, 32000),
                            *(44100, 48000, 64000, 88200, 96000),
                        )
                    }
                ),
                default_bps_per_channel=64_000,
                quality=_PLAIN,
            ),
            AudioCodec(
                code="vorbis",
                display="Vorbis",
                codec_name="vorbis",
                encoder="libvorbis",
                max_channels=8,
                # Measured: outside of these the encoder's set-up fails; above 48 kHz it takes no bitrate at all.
                bitrates=MappingProxyType(
                    {
                        8000: _vorbis(16_000, 32_000),
                        11025: _vorbis(16_000, 42_000),
                        12000: _vorbis(16_000, 42_000),
                        16000: _vorbis(16_000, 80_000),
                        22050: _vorbis(16_000, 80_000),
                        24000: _vorbis(16_000, 80_000),
                        32000: _vorbis(32_000, 160_000),
                        44100: _vorbis(32_000, 192_000),
                        48000: _vorbis(32_000, 192_000),
                    }
                ),
                default_bps_per_channel=0,
                # A quality works at every sample rate and channel count; 4 is about 128 kbit/s of 44.1 kHz stereo.
                quality=MappingProxyType({"q:a": "4"}),
            ),
            AudioCodec(
                code="mp3",
                display="MPEG Audio",
                codec_name="mp3",
                encoder="libmp3lame",
                max_channels=2,
                bitrates=MappingProxyType(
                    {
                        8000: _MPEG25,
                        11025: _MPEG25,
                        12000: _MPEG25,
                        16000: _MPEG2,
                        22050: _MPEG2,
                        24000: _MPEG2,
                        32000: _MPEG1,
                        44100: _MPEG1,
                        48000: _MPEG1,
                    }
                ),
                default_bps_per_channel=64_000,
                quality=_PLAIN,
            ),
        )
    }
)

#: Encoders that no codec of the catalogue uses yet but nodes already report, so that a fleet can be looked over.
_REPORTED_ENCODERS = ("hevc_nvenc",)


def probed_encoders() -> tuple[str, ...]:
    """The names of all encoders that a node tries out at its start."""
    video = (encoder.name for codec in VIDEO_CODECS.values() for encoder in codec.encoders)
    audio = (codec.encoder for codec in AUDIO_CODECS.values())
    return tuple(sorted({*video, *audio, *_REPORTED_ENCODERS}))


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
