"""The size of an output's picture, as numbers: from the source's shape as displayed to even sides of square pixels."""

from fractions import Fraction

from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import VideoTrack, parse_rational
from reelyard.media.values import MAX_SIDE

_QUARTER_TURN = 90
_HALF_TURN = 180


def displayed_size(track: VideoTrack) -> tuple[Fraction, Fraction]:
    """Width and height of the picture as a player shows it: pixels made square, then turned."""
    width = track.width * (parse_rational(track.sample_aspect) or Fraction(1))
    height = Fraction(track.height)
    if track.rotation % _HALF_TURN == _QUARTER_TURN:
        return height, width
    return width, height


def seen_size(track: VideoTrack) -> tuple[Fraction, Fraction]:
    """As `displayed_size`, of a picture that there is.

    Raises:
        WorkError: source_not_media, when the source tells no size.
    """
    width, height = displayed_size(track)
    if width <= 0 or height <= 0:
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source's video has no picture size, so it can't be decoded.")
    return width, height


def output_size(track: VideoTrack, width: int, height: int, multiple: int, *, inside: bool = False) -> tuple[int, int]:
    """The output's size for a wanted `width` and `height`, where 0 means "to be found".

    One side alone keeps the proportions; both are taken as they are, or when `inside` as a box for the largest picture
    of the source's proportions; none gives the source's own size, never more. Sides are rounded to `multiple`, which
    the pixel format needs.

    Raises:
        WorkError: source_not_media, when the source tells no size; incompatible_format, when keeping the
            proportions would need a side that is too long.
    """
    shown_width, shown_height = seen_size(track)
    if width and height and inside:
        share = min(width / shown_width, height / shown_height)
        return (
            _nearest_within(shown_width * share, multiple, width),
            _nearest_within(shown_height * share, multiple, height),
        )
    if width and height:
        return _nearest(Fraction(width), multiple), _nearest(Fraction(height), multiple)
    if not width and not height:
        return _within(shown_width, multiple), _within(shown_height, multiple)
    aspect = shown_width / shown_height
    size = (
        (_nearest(Fraction(width), multiple), _nearest(width / aspect, multiple))
        if width
        else (_nearest(height * aspect, multiple), _nearest(Fraction(height), multiple))
    )
    if max(size) > MAX_SIDE:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source is shown as {round(shown_width)}x{round(shown_height)}; in the proportions of that the "
            f"output would be {size[0]}x{size[1]}, and no side may be longer than {MAX_SIDE}: ask for less.",
        )
    return size


def _nearest(side: Fraction, multiple: int) -> int:
    return max(multiple, int(side / multiple + Fraction(1, 2)) * multiple)


def _nearest_within(side: Fraction, multiple: int, box: int) -> int:
    return min(_nearest(side, multiple), _within(Fraction(box), multiple))


def _within(side: Fraction, multiple: int) -> int:
    return max(multiple, int(side / multiple) * multiple)
