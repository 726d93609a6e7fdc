"""Two passes, keyframes, tags and the file's name: what a client may say of them, and what becomes of a preset's.

What the client says is never ignored: a member that can't take effect is refused with the reason. A preset's is
dropped there.
"""

from dataclasses import replace
from typing import Any

from reelyard.media.catalogue import COPY, NONE, VIDEO_CODECS, Container, VideoCodec
from reelyard.media.errors import SpecError
from reelyard.media.filenames import check_new_filename
from reelyard.media.output import OutputRequest
from reelyard.media.snapping import video_bitrate_for
from reelyard.media.tags import check_metadata, metadata_for

#: Frames from one keyframe to the next. Streaming wants one every 2 to 10 seconds, and 600 are 10 at 60 a second; it
#: is also the most that MPEG-2's encoder takes.
MAX_KEYFRAME_INTERVAL = 600

#: The members that say how pictures are encoded, and mean nothing where they aren't.
_OF_PICTURES = ("two_pass", "forced_keyframe_interval", "fixed_keyframes")


def resolve_modes(
    request: OutputRequest, defaults: OutputRequest, container: Container, video: str, video_bitrate_kbps: int
) -> dict[str, Any]:
    """The settled members of `OutputSpec` that this module is about; `video` is the settled codec's code.

    Raises:
        SpecError: a value is wrong by itself, or the client asks for what can't be done with these codecs, this
            container or without a bitrate.
    """
    check_new_filename(request.new_filename, container.extension)
    check_metadata(request.metadata, container)
    codec = _made_codec(container, video)
    if codec is None:
        _refuse_without_pictures(request, video)
    interval = _interval(request, defaults, codec)
    return {
        "two_pass": _two_pass(request, defaults, codec, video_bitrate_kbps * 1000),
        "forced_keyframe_interval": interval,
        "fixed_keyframes": _fixed(request, defaults, codec, interval),
        "metadata": request.metadata or metadata_for(defaults.metadata, container),
        "new_filename": request.new_filename or defaults.new_filename or "",
    }


def _made_codec(container: Container, video: str) -> VideoCodec | None:
    """How the codec is made in this container, under the name by which the client knows it; None: no pictures are."""
    codec = VIDEO_CODECS.get(container.made_as.get(video, video))
    return replace(codec, code=video) if codec is not None else None


def can_two_pass(codec: VideoCodec) -> bool:
    """Whether pictures of this codec can be encoded in two passes; hardware does that within one run."""
    return all(encoder.two_pass for encoder in codec.encoders if not encoder.hardware)


def can_force_keyframes(codec: VideoCodec) -> bool:
    """Whether keyframes can be put at multiples of an interval, whichever node encodes."""
    return all(encoder.forced_keyframes for encoder in codec.encoders)


def can_fix_keyframes(codec: VideoCodec) -> bool:
    """Whether there can be no other keyframes than those, whichever node encodes."""
    return all(encoder.fixed_keyframes for encoder in codec.encoders)


def longest_interval(codec: VideoCodec) -> int:
    """The most frames that may lie between two keyframes of this codec."""
    limits = [encoder.max_keyframe_interval for encoder in codec.encoders if encoder.max_keyframe_interval]
    return min([MAX_KEYFRAME_INTERVAL, *limits])


def _refuse_without_pictures(request: OutputRequest, video: str) -> None:
    reason = {
        COPY: "which copies the stream as it is",
        NONE: "so that no pictures are encoded",
    }[video]
    for member in _OF_PICTURES:
        value = getattr(request, member)
        if value:
            raise SpecError(
                member,
                f"{{{member}}} is {_shown(value)}, but {{video_codec}} is {video!r}, {reason}: leave {{{member}}} out, "
                "or name a codec in {video_codec}",
            )


def _two_pass(request: OutputRequest, defaults: OutputRequest, codec: VideoCodec | None, bps: int) -> bool:
    """Whether to encode in two passes; the first one finds out how to spread a bitrate, so there must be one.

    A DVD's has one of its own.
    """
    has_bitrate = codec is not None and video_bitrate_for(codec, bps) > 0
    if request.two_pass is not None and not request.two_pass:
        return False
    able = codec is not None and can_two_pass(codec)
    if not request.two_pass:
        return bool(defaults.two_pass) and able and has_bitrate
    if codec is not None and not able:
        raise _unable("two_pass", request.two_pass, codec, "make two passes", can_two_pass)
    if codec is not None and not has_bitrate:
        raise SpecError(
            "two_pass",
            "{two_pass} is true without a bitrate: the first pass finds out how to spread a given number of bits, so "
            "give {video_bitrate_kbps}, or leave {two_pass} out for constant quality in one pass",
        )
    return able


def _interval(request: OutputRequest, defaults: OutputRequest, codec: VideoCodec | None) -> int:
    asked = request.forced_keyframe_interval or 0
    longest = longest_interval(codec) if codec is not None else MAX_KEYFRAME_INTERVAL
    if asked and not 1 <= asked <= longest:
        of_codec = f" with {{video_codec}} {codec.code!r}" if codec is not None else ""
        raise SpecError(
            "forced_keyframe_interval",
            f"{{forced_keyframe_interval}} is {asked}; valid{of_codec} are 1 to {longest} frames, and 0 for unset",
        )
    able = codec is not None and can_force_keyframes(codec)
    if asked and codec is not None and not able:
        raise _unable("forced_keyframe_interval", asked, codec, "have keyframes at set places", can_force_keyframes)
    preset = defaults.forced_keyframe_interval or 0
    return (asked or (preset if preset <= longest else 0)) if able else 0


def _fixed(request: OutputRequest, defaults: OutputRequest, codec: VideoCodec | None, interval: int) -> bool:
    able = codec is not None and can_fix_keyframes(codec)
    if not request.fixed_keyframes:
        return request.fixed_keyframes is None and bool(defaults.fixed_keyframes) and able and interval > 0
    if codec is not None and not able:
        raise _unable("fixed_keyframes", request.fixed_keyframes, codec, "go without further ones", can_fix_keyframes)
    if not interval:
        raise SpecError(
            "fixed_keyframes",
            "{fixed_keyframes} is true without {forced_keyframe_interval}, which says where the keyframes are: "
            "give both, or neither",
        )
    return able


def _unable(member: str, value: object, codec: VideoCodec, what: str, can: Any) -> SpecError:
    able = ", ".join(each.code for each in VIDEO_CODECS.values() if can(each))
    return SpecError(
        member,
        f"{{{member}}} is {_shown(value)}, but {{video_codec}} is {codec.code!r}, whose encoder can't {what}; "
        f"those of {able} can",
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
