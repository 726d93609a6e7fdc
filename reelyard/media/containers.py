"""The containers that an output may have, as data.

What fits in what was measured: a muxer that accepts a codec proves nothing, so a pair stands here only when its output
was read back and decoded. Of those that were, some are left out: a file that ffmpeg alone can play serves nobody.
"""

from collections.abc import Mapping
from types import MappingProxyType

from reelyard.media.container import Container
from reelyard.media.video_codecs import MPEG_RATES

NONE = "none"

# A player starts while the file still loads only when the index stands before the media data.
_FASTSTART = MappingProxyType({"movflags": "+faststart"})
# Apple's players know HEVC by this name alone; it keeps the parameters out of the stream.
_HVC1 = MappingProxyType({"hevc": "hvc1"})

_H264 = ("h264", "h264base")
_DVD_VIDEO = ("mpgPalDvd", "mpgNtscDvd")
_AAC_UP = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Flash knows three rates of MP3 and PCM; a fourth it plays at a wrong speed.
_FLASH_RATES = (11_025, 22_050, 44_100)
_FLASH_LIMITS = MappingProxyType({"mp3": _FLASH_RATES, "pcm_s16le": _FLASH_RATES})
_STUDIO_RATE = (48_000,)

_MATROSKA_COPIES = frozenset({"ffv1", "vc1", "wmv3", "prores", "msmpeg4v2", "msmpeg4v3"})


def _phone(code: str, display: str, mime_type: str, audio_mime_type: str) -> Container:
    return Container(
        code=code,
        display=display,
        muxer=code,
        format_name="mov",
        extension=code,
        mime_type=mime_type,
        audio_mime_type=audio_mime_type,
        muxer_arguments=_FASTSTART,
        default_video="h264base",
        default_audio="aac",
        video_codecs=("h264base", "h264", "h263", "mpeg4"),
        audio_codecs=("aac", "amr-nb"),
    )


def _flash(code: str, video: tuple[str, ...], audio: tuple[str, ...]) -> Container:
    return Container(
        code=code,
        display="Flash Video",
        muxer="flv",
        format_name="flv",
        extension="flv",
        mime_type="video/x-flv",
        audio_mime_type="video/x-flv",
        default_video=video[0],
        default_audio=audio[0],
        video_codecs=video,
        audio_codecs=audio,
        sample_rates=_FLASH_LIMITS,
        max_channels=MappingProxyType({"pcm_s16le": 2}),
    )


def _dvd(code: str, disc: str, codec: str) -> Container:
    """A DVD's video object, or with `disc` the image of a disc with it."""
    return Container(
        code=code,
        display="DVD" if disc else "MPEG-PS",
        muxer="dvd",
        format_name="iso9660" if disc else "mpeg",
        extension="iso" if disc else "mpg",
        mime_type="application/x-iso9660-image" if disc else "video/mpeg",
        audio_mime_type="video/mpeg",
        # A DVD's sectors, and the rate at which a player reads them.
        muxer_arguments=MappingProxyType({"packetsize": "2048", "muxrate": "10080000"}),
        default_video=codec,
        default_audio="ac3",
        video_codecs=(codec,) if disc else (codec, "mpeg2video"),
        audio_codecs=("ac3", "mp2"),
        copies=False,  # a source's stream seldom has the size, rate and buffer of a DVD's
        needs_video=True,
        sample_rates=MappingProxyType({"ac3": _STUDIO_RATE, "mp2": _STUDIO_RATE}),
        max_audio_bps=448_000,
        made_as=MappingProxyType({"mpeg2video": codec}),
        disc=disc,
    )


def _windows(code: str) -> Container:
    return Container(
        code=code,
        display="Windows Media",
        muxer="asf",
        format_name="asf",
        extension="wmv",
        mime_type="video/x-ms-wmv",
        audio_mime_type="audio/x-ms-wma",
        default_video="wmv2",
        default_audio="wmav2",
        video_codecs=("wmv2", "wmv1", "VC-1", "VC-1Adv", "VC-1Simple"),
        audio_codecs=("wmav2", "wmaStandard", "wmaLossless", "wmaProfessional", "wmaVoice"),
        also_copies_video=frozenset({"vc1", "wmv3"}),
        also_copies_audio=frozenset({"wmav1"}),
    )


def _audio(
    code: str, display: str, mime_type: str, codecs: tuple[str, ...], *, muxer: str, name: str = ""
) -> Container:
    return Container(
        code=code,
        display=display,
        muxer=muxer,
        format_name=name or code,
        extension=code,
        mime_type=mime_type,
        audio_mime_type=mime_type,
        muxer_arguments=_FASTSTART if muxer == "ipod" else MappingProxyType({}),
        default_video=NONE,
        default_audio=codecs[0],
        audio_codecs=codecs,
        also_copies_audio=frozenset({"alac"}) if muxer == "ipod" else frozenset(),
    )


def _raw(code: str, name: str, extension: str, mime_type: str, codecs: tuple[str, ...]) -> Container:
    return Container(
        code=code,
        display="M-JPEG" if code == "mjpeg" else "MPEG Video",
        muxer=code,
        format_name=name,
        extension=extension,
        mime_type=mime_type,
        audio_mime_type=mime_type,
        default_video=codecs[0],
        default_audio=NONE,
        video_codecs=codecs,
        needs_video=True,
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
                video_codecs=(*_H264, "hevc", "av1", "vp9", "mpeg4", "xvid", "mpeg1video", "mpeg2video", "mjpeg"),
                audio_codecs=("aac", "ac3", "mp3", "opus"),
                also_copies_audio=frozenset({"eac3", "alac"}),
                sample_rates=MappingProxyType({"mp3": _AAC_UP}),  # MPEG-4 knows MPEG-1 and MPEG-2 audio, not MPEG-2.5
                codec_tags=_HVC1,
            ),
            Container(
                code="mov",
                display="QuickTime",
                muxer="mov",
                format_name="mov",
                extension="mov",
                mime_type="video/quicktime",
                audio_mime_type="video/quicktime",
                muxer_arguments=_FASTSTART,
                default_video="h264",
                default_audio="aac",
                video_codecs=(*_H264, "hevc", "mpeg4", "xvid", "mjpeg", "mpeg1video", "mpeg2video", "h263"),
                audio_codecs=("aac", "ac3", "mp3", "pcm-s16LE", "pcm-s16BE", "pcm-u8"),
                also_copies_video=frozenset({"prores", "dnxhd"}),
                also_copies_audio=frozenset({"eac3", "alac", "pcm_s24le", "pcm_s24be"}),
                codec_tags=_HVC1,
            ),
            Container(
                code="matroska",
                display="Matroska",
                muxer="matroska",
                format_name="matroska",
                extension="mkv",
                mime_type="video/x-matroska",
                audio_mime_type="audio/x-matroska",
                default_video="h264",
                default_audio="aac",
                video_codecs=(
                    *(*_H264, "hevc", "av1", "libvpx", "vp9", "libtheora", "mpeg1video", "mpeg2video", *_DVD_VIDEO),
                    *("mpeg4", "xvid", "h263", "flv", "wmv1", "wmv2", "mjpeg", "huffyuv"),
                ),
                audio_codecs=(
                    *("aac", "ac3", "amr-nb", "flac", "mp2", "mp3", "opus", "pcm-s16LE", "pcm-s16BE", "pcm-u8"),
                    *("vorbis", "wmav2", "wmaStandard"),
                ),
                also_copies_video=_MATROSKA_COPIES,
                also_copies_audio=frozenset({"eac3", "alac", "dts", "truehd", "wmav1", "pcm_s24le"}),
            ),
            Container(
                code="webm",
                display="WebM",
                muxer="webm",
                format_name="matroska",
                extension="webm",
                mime_type="video/webm",
                audio_mime_type="audio/webm",
                default_video="libvpx",
                default_audio="vorbis",
                video_codecs=("libvpx", "vp9", "av1"),
                audio_codecs=("vorbis", "opus"),
            ),
            Container(
                code="ogg",
                display="Ogg",
                muxer="ogg",
                format_name="ogg",
                extension="ogg",
                mime_type="video/ogg",
                audio_mime_type="audio/ogg",
                default_video="libtheora",
                default_audio="vorbis",
                video_codecs=("libtheora",),
                audio_codecs=("vorbis", "opus", "flac"),
            ),
            Container(
                code="mpegts",
                display="MPEG-TS",
                muxer="mpegts",
                format_name="mpegts",
                extension="ts",
                mime_type="video/mp2t",
                audio_mime_type="video/mp2t",
                default_video="h264",
                default_audio="aac",
                video_codecs=(*_H264, "hevc", "mpeg1video", "mpeg2video", *_DVD_VIDEO, "mpeg4"),
                audio_codecs=("aac", "ac3", "mp2", "mp3"),
            ),
            Container(
                code="avi",
                display="AVI",
                muxer="avi",
                format_name="avi",
                extension="avi",
                mime_type="video/avi",
                audio_mime_type="video/avi",
                default_video="xvid",
                default_audio="mp3",
                video_codecs=(
                    *("xvid", "mpeg4", *_H264, "mjpeg", "huffyuv", "mpeg1video", "mpeg2video", "wmv1", "wmv2"),
                    *("flv", "h263"),
                ),
                audio_codecs=("mp3", "mp2", "ac3", "pcm-s16LE", "pcm-u8"),
                codec_tags=MappingProxyType({"mpeg4": "XVID", "xvid": "XVID"}),  # what its players have decoders for
            ),
            Container(
                code="mxf",
                display="MXF",
                muxer="mxf",
                format_name="mxf",
                extension="mxf",
                mime_type="application/mxf",
                audio_mime_type="application/mxf",
                default_video="mpeg2video",
                default_audio="pcm-s16LE",
                video_codecs=("mpeg2video", *_DVD_VIDEO, *_H264),
                audio_codecs=("pcm-s16LE",),
                needs_video=True,
                frame_rates=MPEG_RATES,  # its muxer refuses others
                # Pictures that are stored in another order than they are shown come back with wrong times (measured).
                made_as=MappingProxyType({"h264": "h264base"}),
                sample_rates=MappingProxyType({"pcm_s16le": _STUDIO_RATE}),
            ),
            _phone("3gp", "3GPP", "video/3gpp", "audio/3gpp"),
            _phone("3g2", "3GPP2", "video/3gpp2", "audio/3gpp2"),
            _flash("flv", ("flv", *_H264), ("mp3", "aac", "pcm-s16LE")),
            _flash("fl9", _H264, ("aac", "mp3")),
            _windows("wmv"),
            _windows("wmv9"),
            _dvd("dvd-pal-mpg", "", "mpgPalDvd"),
            _dvd("dvd-ntsc-mpg", "", "mpgNtscDvd"),
            _dvd("dvd-pal-iso", "pal", "mpgPalDvd"),
            _dvd("dvd-ntsc-iso", "ntsc", "mpgNtscDvd"),
            _raw("mjpeg", "mjpeg", "mjpeg", "video/x-motion-jpeg", ("mjpeg",)),
            _raw("mpeg2video", "mpegvideo", "m2v", "video/mpeg", ("mpeg2video", *_DVD_VIDEO)),
            _audio("aac", "AAC", "audio/aac", ("aac",), muxer="adts"),
            _audio("m4a", "MPEG-4", "audio/mp4", ("aac",), muxer="ipod", name="mov"),
            _audio("mp3", "MPEG Audio", "audio/mpeg", ("mp3",), muxer="mp3"),
            _audio("flac", "FLAC", "audio/flac", ("flac",), muxer="flac"),
            _audio("wav", "Wave", "audio/wav", ("pcm-s16LE", "pcm-u8"), muxer="wav"),
            _audio(
                "wma",
                "Windows Media",
                "audio/x-ms-wma",
                ("wmav2", "wmaStandard", "wmaLossless", "wmaProfessional", "wmaVoice"),
                muxer="asf",
                name="asf",
            ),
        )
    }
)
