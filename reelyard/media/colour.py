"""Colour: what a source's numbers mean, what the output's shall mean, and the filters from one to the other.

A picture's range, matrix, transfer and primaries stay as they are where the output can say them, so that nothing is
converted without need. Converted are full range (players expect limited), RGB, wide gamut and high dynamic range
(brought to BT.709), what a joined source has otherwise than the first, and whatever the output's codec and container
can't say.

What a file leaves unsaid is settled as players do: by size, BT.709 from 720 lines or 1280 columns on, else BT.601.
It is said in the output, because another size would let players guess otherwise.

zscale converts, not scale: measured with ten patches of known colour, scale's way from BT.601 to BT.709 made white
253, zscale's stayed within 3 of 255, which is what compression leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reelyard.media.info import VideoTrack
from reelyard.media.plan import InputPlan, VideoPlan

LIMITED, FULL = "tv", "pc"
_BT601, _BT601_PAL, _BT709, _RGB = "smpte170m", "bt470bg", "bt709", "gbr"

#: From these sizes on a picture without a word on its matrix is BT.709.
HD_WIDTH, HD_HEIGHT = 1280, 720

_MATRICES = frozenset((_BT709, _BT601, _BT601_PAL, "smpte240m", "fcc", "ycgco", "bt2020nc", "bt2020c", "ictcp"))
_KEPT_MATRICES = frozenset((_BT709, _BT601, _BT601_PAL, "smpte240m", "fcc"))
_KEPT_PRIMARIES = frozenset(("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m"))
_WIDE_PRIMARIES = frozenset(("bt2020", "smpte431", "smpte432", "film"))
_KEPT_TRANSFERS = frozenset(
    ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "iec61966-2-1", "iec61966-2-4", "linear")
)
_HDR_TRANSFERS = frozenset(("smpte2084", "arib-std-b67"))
_WIDE_MATRICES = frozenset(("bt2020nc", "bt2020c", "ictcp"))
# The curve of these is BT.709's.
_SDR_2020 = frozenset(("bt2020-10", "bt2020-12"))

#: Beginnings of ffmpeg's names of pixel formats that hold red, green and blue.
_RGB_FORMATS = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8", "bayer")

#: Codecs of outputs (ffprobe's names) whose streams say their colours, and containers that say them for any codec.
_TELLING_CODECS = frozenset({"h264", "hevc", "vp9", "av1", "mpeg2video"})
_TELLING_CONTAINERS = frozenset({"mp4", "mov", "matroska", "webm"})
#: Of these, the ones that ffmpeg writes colours into only when it knows all three of them; then what is usual with the
#: matrix is said for what the source leaves unsaid (measured: with the matrix alone MPEG-4 in MP4 said nothing).
_TELLING_ALL_OR_NOTHING = frozenset({"mp4", "mov"})
_USUAL: Mapping[str, tuple[str, str]] = MappingProxyType(
    {_BT709: (_BT709, _BT709), _BT601: (_BT601, _BT601), _BT601_PAL: (_BT601_PAL, _BT601)}
)
#: Codecs that are BT.601 by definition: decoders don't look at what a container says.
_BT601_CODECS = frozenset({"vp8", "theora", "mpeg1video", "h263", "flv1", "mjpeg"})
_FULL_RANGE_CODECS = frozenset({"mjpeg"})

#: The nits that become the output's white, in zscale's `npl`: BT.2408's reference white of high dynamic range.
REFERENCE_WHITE_NITS = 203


@dataclass(frozen=True, kw_only=True)
class Colour:
    """How a picture's numbers are to be read, in ffmpeg's names; "" is unsaid, and `matrix` and `range` never are."""

    range: str
    matrix: str
    primaries: str = ""
    transfer: str = ""

    def members(self) -> dict[str, Any]:
        """As the members of an `InputPlan` or a `VideoPlan`."""
        return {
            "color_range": self.range,
            "color_matrix": self.matrix,
            "color_primaries": self.primaries,
            "color_transfer": self.transfer,
        }


#: How pictures are to be read that are ours: an overlay's image, and the black of a source without pictures.
RGB = Colour(range=FULL, matrix=_RGB)


def source_colour(track: VideoTrack) -> Colour:
    """The colour of a source's pictures, with what it leaves unsaid settled."""
    if track.pix_fmt.startswith(_RGB_FORMATS) or track.color_matrix == _RGB:
        return Colour(
            range=FULL, matrix=_RGB, primaries=_known_primaries(track), transfer=_known_transfer(track.color_transfer)
        )
    told = track.color_range if track.color_range in (LIMITED, FULL) else ""
    return Colour(
        range=told or (FULL if track.pix_fmt.startswith("yuvj") else LIMITED),
        matrix=track.color_matrix if track.color_matrix in _MATRICES else _by_size(track.width, track.height),
        primaries=_known_primaries(track),
        transfer=_known_transfer(track.color_transfer),
    )


def output_colour(source: Colour, codec_name: str, container: str, width: int, height: int) -> Colour:
    """The colour of an output of this source; `codec_name` is ffprobe's, `container` the catalogue's code."""
    wide = _is_wide(source)
    primaries = _BT709 if wide else source.primaries
    transfer = _BT709 if wide else source.transfer
    if codec_name in _BT601_CODECS:
        matrix = source.matrix if source.matrix in (_BT601, _BT601_PAL) else _BT601
    elif codec_name not in _TELLING_CODECS and container not in _TELLING_CONTAINERS:
        matrix = _by_size(width, height)
    elif wide or source.matrix not in _KEPT_MATRICES:
        matrix = _BT709 if wide else _by_size(width, height)
    else:
        matrix = source.matrix
    if codec_name not in _TELLING_CODECS and container in _TELLING_ALL_OR_NOTHING:
        usual_primaries, usual_transfer = _USUAL.get(matrix, ("", ""))
        primaries, transfer = primaries or usual_primaries, transfer or usual_transfer
    return Colour(
        range=FULL if codec_name in _FULL_RANGE_CODECS else LIMITED,
        matrix=matrix,
        primaries=primaries,
        transfer=transfer,
    )


def needs_tone_map(source: Colour) -> bool:
    """Whether the source's brightness goes beyond what an output can show."""
    return source.transfer in _HDR_TRANSFERS


def colour_filters(video: VideoPlan, share: InputPlan) -> list[str]:
    """The filters that bring an input's colours to the output's; after scaling, so that there is less to convert.

    The last one writes on every frame how it is to be read, which is what the encoder and the container pass on.
    """
    if not share.color_matrix or not video.color_matrix:
        return []  # a plan of an older scheduler says nothing of colours
    label = (
        f"setparams=range={video.color_range or 'unknown'}:colorspace={video.color_matrix or 'unknown'}"
        f":color_primaries={video.color_primaries or 'unknown'}:color_trc={video.color_transfer or 'unknown'}"
    )
    source = Colour(
        range=share.color_range,
        matrix=share.color_matrix,
        primaries=share.color_primaries,
        transfer=share.color_transfer,
    )
    if share.tone_map:
        return [*_tone_map(source, video), label]
    if _is_wide(source):
        return [_narrow(source, video), label]
    if _gamuts_differ(source.primaries, video.color_primaries):
        return [_to_gamut(source, video), label]
    if _reading(share.color_matrix) == _reading(video.color_matrix) and share.color_range == video.color_range:
        return [label]
    return [conversion_filter(source, video), label]


def conversion_filter(source: Colour, video: VideoPlan) -> str:
    """The filter from one matrix and range to the output's."""
    return (
        f"zscale=rangein={_zscale_range(source.range)}:matrixin={source.matrix}"
        f":range={_zscale_range(video.color_range)}:matrix={video.color_matrix}"
    )


def _tone_map(source: Colour, video: VideoPlan) -> list[str]:
    """Through linear light to BT.709. `mobius` leaves what lies well below white as it is and bends the rest.

    Measured with patches of known colour at a white of 203 nits: middle grey 128 comes out as 135 (hable: 89), white
    as 215, which leaves room for the lights above it.
    """
    to_light = (
        f"zscale=rangein={_zscale_range(source.range)}:matrixin={source.matrix}:transferin={source.transfer}"
        f":primariesin={source.primaries or 'bt2020'}:transfer=linear:matrix=gbr:primaries=bt2020"
        f":npl={REFERENCE_WHITE_NITS}"
    )
    return [
        to_light,
        "format=gbrpf32le",
        "zscale=primaries=bt709:matrix=gbr",
        "tonemap=tonemap=mobius:desat=0",
        f"zscale=transfer=bt709:matrix={video.color_matrix}:range={_zscale_range(video.color_range)}",
    ]


def _narrow(source: Colour, video: VideoPlan) -> str:
    primaries = source.primaries or ("bt2020" if source.matrix in _WIDE_MATRICES else _BT709)
    return (
        f"zscale=rangein={_zscale_range(source.range)}:matrixin={source.matrix}:transferin={source.transfer or _BT709}"
        f":primariesin={primaries}:range={_zscale_range(video.color_range)}:matrix={video.color_matrix}"
        ":transfer=bt709:primaries=bt709"
    )


def _gamuts_differ(source: str, output: str) -> bool:
    """Whether primaries are to be converted: only in a join, whose output has those of its first source.

    Both must be said. SMPTE 240M and 170M name the same ones.
    """
    same = {"smpte240m": _BT601}
    return bool(source and output) and same.get(source, source) != same.get(output, output)


def _to_gamut(source: Colour, video: VideoPlan) -> str:
    """Through linear light, on the curve of BT.709, which BT.601 shares."""
    return (
        f"{conversion_filter(source, video)}:transferin=bt709:transfer=bt709"
        f":primariesin={source.primaries}:primaries={video.color_primaries}"
    )


def _is_wide(colour: Colour) -> bool:
    return colour.primaries in _WIDE_PRIMARIES or colour.transfer in _HDR_TRANSFERS or colour.matrix in _WIDE_MATRICES


def _by_size(width: int, height: int) -> str:
    return _BT709 if width >= HD_WIDTH or height >= HD_HEIGHT else _BT601


def _known_primaries(track: VideoTrack) -> str:
    return track.color_primaries if track.color_primaries in _KEPT_PRIMARIES | _WIDE_PRIMARIES else ""


def _known_transfer(name: str) -> str:
    if name in _SDR_2020:
        return _BT709
    return name if name in _KEPT_TRANSFERS | _HDR_TRANSFERS else ""


def _reading(matrix: str) -> str:
    """The matrix, both names of BT.601's as one: its numbers are the same."""
    return _BT601 if matrix == _BT601_PAL else matrix


def _zscale_range(name: str) -> str:
    return "full" if name == FULL else "limited"
