"""The members that say how the picture is made up: its proportions, its fields, and an image over it.

Each is checked by itself first (`check_picture_members`), then merged with the preset's and held against the others
(`picture_members`).
"""

from typing import Any

from reelyard.media.catalogue import COPY, NONE, VIDEO_CODECS, Container
from reelyard.media.errors import SpecError
from reelyard.media.fitting import INSIDE_CONTAINER, METHODS
from reelyard.media.output import OutputRequest
from reelyard.media.overlaying import Anchor
from reelyard.media.values import MAX_SIDE, check_code, check_web_url

_FLAGS = ("deinterlace", "keep_aspect_ratio")
#: How pictures are fitted to a DVD when nothing is said.
DVD_METHOD = "Letterbox"
_OFFSETS = ("overlay_offset_x", "overlay_offset_y")
_PLACE = ("overlay_offset_from", *_OFFSETS)
#: All of them, with what a picture gets for which nothing is said.
_UNSAID: dict[str, Any] = {
    **dict.fromkeys(_FLAGS, False),
    "resize_method": "",
    "overlay_image_url": "",
    "overlay_offset_from": "",
    **dict.fromkeys(_OFFSETS, 0),
}


def check_picture_members(request: OutputRequest) -> None:
    """Refuse a value that none of these members can have.

    Raises:
        SpecError: naming the member, and what is valid.
    """
    check_code("resize_method", request.resize_method, tuple(METHODS))
    check_code("overlay_offset_from", request.overlay_offset_from, tuple(Anchor))
    check_web_url("overlay_image_url", request.overlay_image_url, example="https://example.com/logo.png")
    for field in _OFFSETS:
        value = getattr(request, field) or 0
        if not -MAX_SIDE <= value <= MAX_SIDE:
            raise SpecError(field, f"{{{field}}} is {value}; valid are {-MAX_SIDE} to {MAX_SIDE} pixels")


def picture_members(
    request: OutputRequest, defaults: OutputRequest, container: Container, video_codec: str
) -> dict[str, Any]:
    """These members of the settled output, by name; the request's over the preset's.

    Raises:
        SpecError: the client says something that contradicts the rest of the output or can't take effect.
    """
    if video_codec in (COPY, NONE):
        _refuse_idle(request, video_codec)
        return dict(_UNSAID)
    merged = {
        member: _first_said(getattr(request, member), getattr(defaults, member), unsaid)
        for member, unsaid in _UNSAID.items()
    }
    return merged | _aspect(request, defaults, merged, container, video_codec) | _overlay(request, merged)


def _first_said(said: Any, preset: Any, unsaid: Any) -> Any:
    return next((value for value in (said, preset) if value not in (None, "")), unsaid)


def _refuse_idle(request: OutputRequest, video_codec: str) -> None:
    """Refuse what could only be ignored, since no picture is encoded. Values aren't repeated: a URL holds secrets."""
    for member, unsaid in _UNSAID.items():
        if getattr(request, member) not in (None, "", unsaid):
            reason = "copies the stream as it is" if video_codec == COPY else "leaves the picture out"
            raise SpecError(
                member,
                f"{{{member}}} is given, but {{video_codec}} is {video_codec!r}, which {reason}: leave {{{member}}} "
                "out, or name a codec in {video_codec}",
            )


def _aspect(
    request: OutputRequest, defaults: OutputRequest, merged: dict[str, Any], container: Container, video_codec: str
) -> dict[str, Any]:
    """Who names a method wants the proportions kept; who says that they are not to be kept has no use for one."""
    if request.resize_method:
        if request.keep_aspect_ratio is False:
            raise SpecError(
                "resize_method",
                f"{{resize_method}} is {request.resize_method!r}, but {{keep_aspect_ratio}} is false, which stretches "
                "the picture: leave one of them out",
            )
        if container.code == INSIDE_CONTAINER:
            raise SpecError(
                "resize_method",
                f"{{resize_method}} is {request.resize_method!r}, but {{container}} {container.code!r} keeps "
                "proportions by a smaller picture, without cutting or bars: leave {resize_method} out",
            )
        return {"keep_aspect_ratio": True}
    unsaid = request.keep_aspect_ratio is None and defaults.keep_aspect_ratio is None and not merged["resize_method"]
    if unsaid and _has_one_size(container, video_codec):
        # Who names the only size there is asks for nothing, so it doesn't mean a picture that is stretched to it.
        return {"keep_aspect_ratio": True, "resize_method": DVD_METHOD}
    keeps = bool(merged["keep_aspect_ratio"] or (request.keep_aspect_ratio is None and merged["resize_method"]))
    drops_method = not keeps or container.code == INSIDE_CONTAINER
    return {"keep_aspect_ratio": keeps, "resize_method": "" if drops_method else merged["resize_method"]}


def _has_one_size(container: Container, video_codec: str) -> bool:
    """Whether it is a DVD's codec."""
    return len(VIDEO_CODECS[container.made_as.get(video_codec, video_codec)].sizes) == 1


def _overlay(request: OutputRequest, merged: dict[str, Any]) -> dict[str, Any]:
    """A place needs an image; an image that is given none lies in the top left corner."""
    if merged["overlay_image_url"]:
        return {"overlay_offset_from": merged["overlay_offset_from"] or Anchor.TOP_LEFT.value}
    for member in _PLACE:
        value = getattr(request, member)
        if value not in (None, _UNSAID[member]):
            raise SpecError(
                member,
                f"{{{member}}} is {value}, but there is no image to place: give {{overlay_image_url}}, or leave "
                f"{{{member}}} out",
            )
    return {member: _UNSAID[member] for member in _PLACE}
