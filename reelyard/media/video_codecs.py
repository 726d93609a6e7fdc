"""The video codecs that an output may have, as data. What each fits in is in `containers`."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from reelyard.media import encoders as new
from reelyard.media import older_encoders as old
from reelyard.media.encoders import VideoEncoder


@dataclass(frozen=True, kw_only=True)
class VideoCodec:
    """A way to encode pictures; `encoders` in order of preference, the last of them in software.

    Where `sizes` or `frame_rates` aren't empty, the codec knows no others; nothing is longer than `max_side`. A
    frame rate's numerator is at most `max_rate_numerator` (0: any). `default_bitrate_bps` holds where none was asked;
    0 leaves a constant quality. A `lossless` codec knows no bitrate. Where `repeats` isn't 0, its encoder writes
    nothing for a picture that is like the one before, for fewer than so many frames in a row: players go on showing
    that one.
    """

    code: str
    display: str
    codec_name: str
    encoders: tuple[VideoEncoder, ...]
    size_multiple: int = 2  # both sides; 4:2:0 has one colour sample for 2 by 2 pixels
    sizes: tuple[tuple[int, int], ...] = ()
    max_side: int = 8192
    frame_rates: tuple[Fraction, ...] = ()
    max_rate_numerator: int = 0
    default_bitrate_bps: int = 0
    max_bitrate_bps: int = 0
    lossless: bool = False
    repeats: int = 0


#: The frame rates that MPEG-1's and MPEG-2's headers have a number for; MPEG-2 may say others as multiples of these.
#: Above 60 nothing is made.
MPEG_RATES: tuple[Fraction, ...] = (
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
#: The picture formats of H.263 (sub-QCIF to 16CIF); its header has a number for each.
_H263_SIZES = ((128, 96), (176, 144), (352, 288), (704, 576), (1408, 1152))
#: Sides are 12 bits in MPEG-1's and MPEG-2's headers, and even.
_MPEG_MAX_SIDE = 4094
#: MPEG-4 counts time in ticks, of which a second has at most so many; its sides are 13 bits, and even.
_MPEG4_TICKS = 65535
_MPEG4_MAX_SIDE = 8190
PAL_SIZE, NTSC_SIZE = (720, 576), (720, 480)
PAL_RATE, NTSC_RATE = Fraction(25), Fraction(30000, 1001)
#: Bits a second: good pictures on a DVD, two hours of which fit one layer of a disc when nothing else is said.
DVD_BITRATE_BPS, DVD_MAX_BITRATE_BPS = 6_000_000, 9_000_000

_MPEG2 = VideoCodec(
    code="mpeg2video",
    display="MPEG Video",
    codec_name="mpeg2video",
    encoders=(old.MPEG2,),
    max_side=_MPEG_MAX_SIDE,
)


def _dvd(code: str, encoder: VideoEncoder, size: tuple[int, int], rate: Fraction) -> VideoCodec:
    return VideoCodec(
        code=code,
        display="MPEG Video",
        codec_name="mpeg2video",
        encoders=(encoder,),
        sizes=(size,),
        frame_rates=(rate,),
        default_bitrate_bps=DVD_BITRATE_BPS,
        max_bitrate_bps=DVD_MAX_BITRATE_BPS,
    )


def _vc1(code: str, codec_name: str, encoder: VideoEncoder) -> VideoCodec:
    return VideoCodec(code=code, display="VC-1", codec_name=codec_name, encoders=(encoder,))


VIDEO_CODECS: Mapping[str, VideoCodec] = MappingProxyType(
    {
        codec.code: codec
        for codec in (
            VideoCodec(code="h264", display="AVC", codec_name="h264", encoders=(new.NVENC_H264, new.LIBX264)),
            VideoCodec(
                code="h264base",
                display="AVC",
                codec_name="h264",
                encoders=(new.NVENC_H264_BASELINE, new.LIBX264_BASELINE),
            ),
            VideoCodec(code="hevc", display="HEVC", codec_name="hevc", encoders=(new.NVENC_HEVC, new.LIBX265)),
            VideoCodec(code="av1", display="AV1", codec_name="av1", encoders=(new.LIBSVTAV1, new.LIBAOM)),
            VideoCodec(code="libvpx", display="VP8", codec_name="vp8", encoders=(new.LIBVPX,)),
            VideoCodec(code="vp9", display="VP9", codec_name="vp9", encoders=(new.LIBVPX_VP9,)),
            VideoCodec(code="libtheora", display="Theora", codec_name="theora", encoders=(old.LIBTHEORA,), repeats=12),
            VideoCodec(
                code="mpeg1video",
                display="MPEG Video",
                codec_name="mpeg1video",
                encoders=(old.MPEG1,),
                max_side=_MPEG_MAX_SIDE,
                # Measured: the encoder refuses 10 to 15, and 20 it writes as 23.976 without a word.
                frame_rates=MPEG_RATES,
            ),
            _MPEG2,
            _dvd("mpgPalDvd", old.PAL_DVD, PAL_SIZE, PAL_RATE),
            _dvd("mpgNtscDvd", old.NTSC_DVD, NTSC_SIZE, NTSC_RATE),
            VideoCodec(
                code="mpeg4",
                display="MPEG-4 Visual",
                codec_name="mpeg4",
                encoders=(old.MPEG4,),
                max_side=_MPEG4_MAX_SIDE,
                max_rate_numerator=_MPEG4_TICKS,
            ),
            VideoCodec(
                code="xvid",
                display="MPEG-4 Visual",
                codec_name="mpeg4",
                encoders=(old.LIBXVID,),
                max_side=_MPEG4_MAX_SIDE,
                max_rate_numerator=_MPEG4_TICKS,
            ),
            VideoCodec(code="h263", display="H.263", codec_name="h263", encoders=(old.H263,), sizes=_H263_SIZES),
            VideoCodec(code="flv", display="Sorenson Spark", codec_name="flv1", encoders=(old.FLV1,)),
            VideoCodec(code="wmv1", display="WMV1", codec_name="wmv1", encoders=(old.WMV1,)),
            VideoCodec(code="wmv2", display="WMV2", codec_name="wmv2", encoders=(old.WMV2,)),
            _vc1("VC-1", "wmv3", old.WMV3),
            _vc1("VC-1Adv", "vc1", old.VC1),
            _vc1("VC-1Simple", "wmv3", old.WMV3),
            VideoCodec(code="mjpeg", display="JPEG", codec_name="mjpeg", encoders=(old.MJPEG,)),
            VideoCodec(code="huffyuv", display="HuffYUV", codec_name="huffyuv", encoders=(old.HUFFYUV,), lossless=True),
        )
    }
)
