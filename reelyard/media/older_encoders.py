"""ffmpeg's video encoders of the older codecs and the arguments that each gets, as data."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from reelyard.media.encoders import FORCED, VideoEncoder

# ffmpeg's own encoders (MPEG, H.263, Sorenson, WMV) share their rate control. No `maxrate` and `bufsize`: where the
# picture can't be pressed into the buffer they write a line for each frame to standard error, and a line counts as a
# complaint.
_BITRATE = MappingProxyType({"b:v": "{bitrate}"})
# Of 2 (best) to 31. Without it they would aim at 200 kbit/s whatever the picture.
_GOOD_QUANTISER = MappingProxyType({"q:v": "4"})
# A threshold that no scene cut reaches (measured: 0, which x264 takes, is just the default here).
_FIXED = MappingProxyType({"g": "{interval}", "sc_threshold": "1000000000"})


_NO_ARGUMENTS: Mapping[str, str] = MappingProxyType({})


def _ffmpegs_own(name: str, *, max_side: int = 8192) -> VideoEncoder:
    return VideoEncoder(
        name=name,
        quality=_GOOD_QUANTISER,
        target_rate=_BITRATE,
        max_side=max_side,
        two_pass=True,
        forced_keyframes=True,
        fixed_keyframes=True,
        keyframe_arguments=FORCED,
        fixed_keyframe_arguments=_FIXED,
    )


FLV1 = _ffmpegs_own("flv")
H263 = _ffmpegs_own("h263", max_side=1408)
MPEG1 = _ffmpegs_own("mpeg1video", max_side=4095)
MPEG2 = _ffmpegs_own("mpeg2video", max_side=4095)
MPEG4 = _ffmpegs_own("mpeg4")
WMV1 = _ffmpegs_own("wmv1")
WMV2 = _ffmpegs_own("wmv2")


def _dvd(interval: int) -> VideoEncoder:
    """MPEG-2 as a DVD player takes it; the planned bitrate is always said."""
    return replace(
        MPEG2,
        arguments=MappingProxyType(
            {
                "g": str(interval),  # frames: a DVD's players jump in steps of 0.6 s at most
                "maxrate": "9000000",  # what the format leaves of 10.08 Mbit/s beside the sound
                "minrate": "0",
                "bufsize": "1835008",  # 224 KiB, the player's buffer
                # Coefficients may be dropped where the coarsest quantiser isn't coarse enough: measured with noise,
                # without both of these the buffer underflows with each picture, with them with none.
                "trellis": "1",
                "lmax": "60000",
            }
        ),
        quality=_NO_ARGUMENTS,
        max_keyframe_interval=interval,
    )


#: 0.6 s of 25 and of 30000/1001 frames a second.
PAL_DVD, NTSC_DVD = _dvd(15), _dvd(18)

LIBXVID = replace(
    MPEG4,
    name="libxvid",
    # It keeps its keyframes at scene cuts whatever it is told (measured).
    fixed_keyframes=False,
    fixed_keyframe_arguments=_NO_ARGUMENTS,
)

LIBTHEORA = VideoEncoder(
    name="libtheora",
    quality=MappingProxyType({"q:v": "7"}),  # of 0 to 10 (best); without it 200 kbit/s
    target_rate=_BITRATE,
    two_pass=True,
    # Neither forced nor fixed: it sets keyframes at scene cuts and overlooks those that it is told (measured).
)

#: Every picture of these two is a keyframe, so a forced one is always there and others can't be left out.
MJPEG = VideoEncoder(
    name="mjpeg",
    quality=MappingProxyType({"q:v": "5"}),  # of 2 (best) to 31: about a tenth of the raw picture
    target_rate=_BITRATE,
    pixel_format="yuvj420p",  # JPEG's full range of brightness
    forced_keyframes=True,  # no `two_pass`: its second pass ends in a crash (measured)
)

HUFFYUV = VideoEncoder(
    name="huffyuv",
    pixel_format="yuv422p",  # it has no 4:2:0
    forced_keyframes=True,
)


def _scarce(name: str) -> VideoEncoder:
    return VideoEncoder(name=name, target_rate=_BITRATE, scarce=True)


#: ffmpeg can decode VC-1; its simple and main profiles are called wmv3.
VC1, WMV3 = _scarce("vc1"), _scarce("wmv3")
