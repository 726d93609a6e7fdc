"""ffmpeg's video encoders of today's codecs and the arguments that each gets, as data; `older_encoders` has the others.

Values may hold `{bitrate}`, `{maxrate}`, `{bufsize}` (bits a second, bits), `{ceiling}` (bits a second, sized from
picture and rate) and `{interval}` (frames from one keyframe to the next); the command builder fills them in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

# How far a bitrate may be exceeded for a moment (1.5 x), and over how long that evens out (2 s of the bitrate): loose
# enough for scene changes, tight enough for a player's buffer.
TARGET_RATE = MappingProxyType({"b:v": "{bitrate}", "maxrate": "{maxrate}", "bufsize": "{bufsize}"})
# A keyframe at each multiple of the interval; `g` keeps the encoder from setting one before that (scene cuts may).
FORCED = MappingProxyType({"g": "{interval}", "force_key_frames": "expr:eq(mod(n,{interval}),0)"})


@dataclass(frozen=True, kw_only=True)
class VideoEncoder:
    """One of ffmpeg's encoders.

    `arguments` are always given, `quality` when no bitrate was asked for, `target_rate` when one was. Sizes are what
    the encoder takes, in pixels. `ceiling_bits_per_pixel` sizes `{ceiling}`.

    `pixel_format` is what it is fed. `two_pass` says that ffmpeg's `-pass 1` and `-pass 2` work with it.
    A `scarce` one is in no ffmpeg that may be given away: only nodes that report it can be asked for it.
    `keyframe_arguments` set a keyframe at each `{interval}` frames, where `forced_keyframes`;
    `fixed_keyframe_arguments` allow no others, where `fixed_keyframes`. `max_keyframe_interval` is the longest that
    the format allows, 0 for any.
    `own_threads` is an option and the part of its value that an encoder needs beside `-threads` to keep to `{threads}`.
    """

    name: str
    hardware: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, str] = field(default_factory=dict)
    target_rate: Mapping[str, str] = field(default_factory=dict)
    ceiling_bits_per_pixel: float = 0.0
    min_width: int = 2
    min_height: int = 2
    max_side: int = 8192
    pixel_format: str = "yuv420p"
    scarce: bool = False
    two_pass: bool = False
    forced_keyframes: bool = False
    fixed_keyframes: bool = False
    keyframe_arguments: Mapping[str, str] = field(default_factory=dict)
    fixed_keyframe_arguments: Mapping[str, str] = field(default_factory=dict)
    max_keyframe_interval: int = 0
    own_threads: tuple[str, str] | None = None

    def takes(self, width: int, height: int) -> bool:
        """Whether it can encode pictures of this size."""
        return width >= self.min_width and height >= self.min_height and max(width, height) <= self.max_side


LIBX264 = VideoEncoder(
    name="libx264",
    # `high` is what every player of the last decade decodes; `medium` is x264's own balance of speed and size.
    arguments=MappingProxyType({"preset": "medium", "profile:v": "high"}),
    quality=MappingProxyType({"crf": "23"}),  # x264's default: visually close to the source
    target_rate=TARGET_RATE,
    max_side=16384,
    two_pass=True,
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    fixed_keyframe_arguments=MappingProxyType({"g": "{interval}", "keyint_min": "{interval}", "sc_threshold": "0"}),
)

LIBVPX = VideoEncoder(
    name="libvpx",
    arguments=MappingProxyType(
        {
            "deadline": "good",  # `best` costs many times as much for little
            "cpu-used": "4",  # measured: the default 1 is several times slower
            # Alternate reference frames are packets that show nothing, which would break "a packet is a frame".
            "auto-alt-ref": "0",
        }
    ),
    # VP8 has no quality mode without a rate: `crf` holds the quality, `b:v` is the ceiling, and left out it would be
    # 200 kbit/s whatever the picture. A tenth of a bit a pixel is 2.8 Mbit/s of 720p30: seldom reached at crf 10.
    quality=MappingProxyType({"crf": "10", "b:v": "{ceiling}"}),
    target_rate=TARGET_RATE,
    ceiling_bits_per_pixel=0.1,
    max_side=16383,
    two_pass=True,
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    # Equal limits switch libvpx's own choice of keyframes off.
    fixed_keyframe_arguments=MappingProxyType({"g": "{interval}", "keyint_min": "{interval}"}),
)

NVENC_H264 = VideoEncoder(
    name="h264_nvenc",
    hardware=True,
    arguments=MappingProxyType(
        {
            "preset": "p5",  # nearest to x264's medium
            "tune": "hq",
            "profile:v": "high",
            "rc": "vbr",
            "multipass": "fullres",
            "rc-lookahead": "20",
            "spatial-aq": "1",
            "temporal-aq": "1",
            "bf": "3",
            "forced-idr": "1",  # a forced keyframe is one that a player can start at
        }
    ),
    quality=MappingProxyType({"cq": "23", "b:v": "0"}),  # without `b:v 0` its default of 2 Mbit/s caps the quality
    target_rate=TARGET_RATE,
    min_width=160,  # NVENC refuses pictures below about 145 x 49
    min_height=64,
    max_side=4096,
    forced_keyframes=True,  # `two_pass` stays off: `multipass` does that within one run
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    fixed_keyframe_arguments=MappingProxyType({"g": "{interval}", "no-scenecut": "1", "strict_gop": "1"}),
)

LIBX264_BASELINE = replace(
    LIBX264,
    # The first phones' decoders know no B-frames and no arithmetic coding; the profile leaves out the latter.
    arguments=MappingProxyType({"preset": "medium", "profile:v": "baseline", "bf": "0"}),
)

NVENC_H264_BASELINE = replace(
    NVENC_H264,
    arguments=MappingProxyType({**NVENC_H264.arguments, "profile:v": "baseline", "bf": "0"}),
)

# x265 writes its banner and its summary to standard error, where a line counts as a complaint.
_X265_QUIET = "log-level=error"

LIBX265 = VideoEncoder(
    name="libx265",
    arguments=MappingProxyType({"preset": "medium", "profile:v": "main", "x265-params": _X265_QUIET}),
    quality=MappingProxyType({"crf": "28"}),  # x265's default: about what crf 23 is to x264
    target_rate=TARGET_RATE,
    min_width=16,
    min_height=16,
    own_threads=("x265-params", "pools={threads}"),
    # No `two_pass`: x265 has its passes in parameters of its own, and ffmpeg's `-pass` does nothing with it.
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=MappingProxyType({**FORCED, "forced-idr": "1"}),
    fixed_keyframe_arguments=MappingProxyType(
        # An open GOP begins with pictures that need the one before: no point to cut or to seek to.
        {"g": "{interval}", "keyint_min": "{interval}", "x265-params": f"{_X265_QUIET}:scenecut=0:open-gop=0"}
    ),
)

NVENC_HEVC = replace(
    NVENC_H264,
    name="hevc_nvenc",
    arguments=MappingProxyType({**NVENC_H264.arguments, "profile:v": "main"}),
    quality=MappingProxyType({"cq": "28", "b:v": "0"}),
    max_side=8192,
)

LIBVPX_VP9 = VideoEncoder(
    name="libvpx-vp9",
    arguments=MappingProxyType(
        {
            "deadline": "good",
            "cpu-used": "4",  # as for VP8
            "row-mt": "1",  # threads within a tile: else a small picture is encoded by one
        }
    ),
    quality=MappingProxyType({"crf": "31", "b:v": "0"}),  # `b:v 0` makes it a quality without a ceiling
    target_rate=TARGET_RATE,
    max_side=16383,
    two_pass=True,
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    fixed_keyframe_arguments=LIBVPX.fixed_keyframe_arguments,
)

LIBSVTAV1 = VideoEncoder(
    name="libsvtav1",
    # Measured with 640x360 on two cores: 8 encodes 84 frames a second, libaom at its fastest 16.
    arguments=MappingProxyType({"preset": "8"}),
    quality=MappingProxyType({"crf": "35"}),  # its default: about crf 23 of x264
    target_rate=MappingProxyType({"b:v": "{bitrate}"}),  # it takes a ceiling with a quality only
    own_threads=("svtav1-params", "lp={threads}"),
    min_width=64,
    min_height=64,
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    fixed_keyframe_arguments=MappingProxyType({"g": "{interval}"}),  # it sets none at scene cuts
)

#: For pictures below SVT's least size.
LIBAOM = VideoEncoder(
    name="libaom-av1",
    arguments=MappingProxyType({"cpu-used": "8", "row-mt": "1"}),
    quality=MappingProxyType({"crf": "35", "b:v": "0"}),
    target_rate=MappingProxyType({"b:v": "{bitrate}"}),
    max_side=16384,
    two_pass=True,
    forced_keyframes=True,
    fixed_keyframes=True,
    keyframe_arguments=FORCED,
    fixed_keyframe_arguments=LIBVPX.fixed_keyframe_arguments,
)
