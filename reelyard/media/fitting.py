"""How a picture of other proportions is brought to an output's size, as numbers."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from types import MappingProxyType

from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import VideoTrack, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import VideoPlan
from reelyard.media.sizing import seen_size
from reelyard.media.values import MAX_SIDE


class Fit(StrEnum):
    """What becomes of a picture whose proportions are not the output's."""

    STRETCH = "stretch"  # distorted to the size
    LETTERBOX = "letterbox"  # whole, with bars
    CROP = "crop"  # full, without its edges
    AUTO = "auto"  # a little of both: the picture has the area of the output
    INSIDE = "inside"  # the output is made smaller: the largest size of the picture's proportions within the box


#: The codes of VideoResizeMethodCode, and the one that holds when none is named.
METHODS: Mapping[str, Fit] = MappingProxyType({"Auto": Fit.AUTO, "Letterbox": Fit.LETTERBOX, "PanScan": Fit.CROP})
DEFAULT_METHOD = "Auto"
#: The container whose outputs are made smaller instead of padded or cut; a rule of the published API.
INSIDE_CONTAINER = "wmv9"

#: Pixels. Colour is stored for every second one, so sides and edges within the picture are even; bars or cuts that are
#: thinner than that in all are rounding, and the picture fills the output instead.
_STEP = 2


def fit_for(spec: OutputSpec) -> Fit:
    """How pictures are fitted to the size of this output.

    Without a wish for the proportions, width and height together are a size to stretch to. A size that was not asked
    for has the first picture's proportions, or those that the codec takes; then nothing is distorted.
    """
    if spec.keep_aspect_ratio:
        return Fit.INSIDE if spec.container == INSIDE_CONTAINER else METHODS[spec.resize_method or DEFAULT_METHOD]
    return Fit.STRETCH if spec.width and spec.height else Fit.LETTERBOX


def picture_size(track: VideoTrack, video: VideoPlan) -> tuple[int, int]:
    """To what a picture of `track` is scaled before it is cut or padded to the size of `video`; 0, 0: just that size.

    Counted in the output's pixels, which need not be square.

    Raises:
        WorkError: source_not_media, when the source tells no size; incompatible_format, when the scaled picture
            would be larger than any output may be.
    """
    width, height = video.width, video.height
    shown_width, shown_height = seen_size(track)
    aspect = shown_width / shown_height / (parse_rational(video.sample_aspect) or Fraction(1))
    needed_width, needed_height = height * aspect, width / aspect
    if video.fit == Fit.STRETCH or abs(needed_width - width) < _STEP or abs(needed_height - height) < _STEP:
        return 0, 0
    is_wider = needed_width > width
    if video.fit == Fit.AUTO:
        side = sqrt(width * height)
        size = _even(side * sqrt(aspect)), _even(side / sqrt(aspect))
    elif is_wider == (video.fit == Fit.CROP):
        size = _even(needed_width), height
    else:
        size = width, _even(needed_height)
    if size[0] * size[1] > MAX_SIDE * MAX_SIDE:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source is shown as {round(shown_width)}x{round(shown_height)}; to fill {width}x{height} in its "
            f"proportions it would be enlarged to {size[0]}x{size[1]}: ask for Letterbox, or for a size that is "
            "nearer to the source's proportions.",
        )
    return size


def _even(side: Fraction | float) -> int:
    return max(_STEP, round(side / _STEP) * _STEP)
