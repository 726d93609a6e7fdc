"""Where an image lies over the picture, as ffmpeg's filters."""

from enum import StrEnum
from types import MappingProxyType

from reelyard.media.colour import RGB, conversion_filter
from reelyard.media.filters import pixel_format
from reelyard.media.info import parse_rational
from reelyard.media.plan import OverlayPlan, VideoPlan


class Anchor(StrEnum):
    """The point that an image's offsets are counted from: inward from a corner, right and down from the centre."""

    TOP_LEFT = "TopLeft"
    TOP_RIGHT = "TopRight"
    BOTTOM_LEFT = "BottomLeft"
    BOTTOM_RIGHT = "BottomRight"
    CENTER = "Center"


#: For each pixel format of an encoder: the overlay filter's name for how it works on it, and the image's format then.
#: Named, because by itself ffmpeg would bring a picture of full range to limited range and back.
LAID_IN = MappingProxyType(
    {
        "yuv420p": ("yuv420", "yuva420p"),
        "yuvj420p": ("yuv420", "yuva420p"),
        "yuv422p": ("yuv422", "yuva422p"),
    }
)

_FAR_X = frozenset({Anchor.TOP_RIGHT, Anchor.BOTTOM_RIGHT})
_FAR_Y = frozenset({Anchor.BOTTOM_LEFT, Anchor.BOTTOM_RIGHT})


def image_filters(overlay: OverlayPlan, video: VideoPlan) -> str:
    """The chain for the image itself: with its transparency, and placed on even pixels.

    The overlay filter rounds places down to the grid of colour samples. So an image that belongs on an odd column or
    row gets a transparent one before it, and comes to lie exactly. Where pixels aren't square the image is squeezed,
    so that it keeps its shape on the screen.
    """
    chain = ["format=rgba"]
    shape = parse_rational(video.sample_aspect)
    if shape not in (0, 1):
        chain.append(f"scale=w='max(1,round(iw*{shape.denominator}/{shape.numerator}))':h=ih")
    centered = overlay.offset_from == Anchor.CENTER
    x, y = _place(overlay, str(video.width), str(video.height), "iw", "ih")
    # The centre stays the centre with a column on either side.
    sides = 2 if centered else 1
    left, top = f"abs(mod({x},2))", f"abs(mod({y},2))"
    chain.append(f"pad=w='iw+{sides}*{left}':h='ih+{sides}*{top}':x='{left}':y='{top}':color=black@0")
    return ",".join([*chain, *_colours(video)])


def _colours(video: VideoPlan) -> list[str]:
    """The filters that bring the image's colours to the picture's; left to itself ffmpeg takes BT.601 for all.

    In two steps, for zscale refuses odd sides where colour is coarser than brightness, and scale would change the range
    if it weren't told.
    """
    if not video.color_matrix:
        return []  # a plan of an older scheduler says nothing of colours
    _, with_transparency = LAID_IN[pixel_format(video)]
    thinned = f"scale=in_range={video.color_range}:out_range={video.color_range}"
    return ["format=gbrap", conversion_filter(RGB, video), "format=yuva444p", thinned, f"format={with_transparency}"]


def overlay_filters(overlay: OverlayPlan, video: VideoPlan) -> str:
    """The chain that lays the image over the picture, from its first frame to its last."""
    x, y = _place(overlay, "W", "H", "w", "h")
    kind, _ = LAID_IN[pixel_format(video)]
    # The same rounding down as above: with the added column the place is even.
    return f"overlay=x='{_down(x)}':y='{_down(y)}':eof_action=repeat:format={kind},format={pixel_format(video)}"


def _place(overlay: OverlayPlan, width: str, height: str, own_width: str, own_height: str) -> tuple[str, str]:
    if overlay.offset_from == Anchor.CENTER:
        return (
            f"floor(({width}-{own_width})/2)+({overlay.offset_x})",
            f"floor(({height}-{own_height})/2)+({overlay.offset_y})",
        )
    x = f"{width}-{own_width}-({overlay.offset_x})" if overlay.offset_from in _FAR_X else str(overlay.offset_x)
    y = f"{height}-{own_height}-({overlay.offset_y})" if overlay.offset_from in _FAR_Y else str(overlay.offset_y)
    return x, y


def _down(place: str) -> str:
    return f"floor(({place})/2)*2"
