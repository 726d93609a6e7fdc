"""From what a client asked of one output to a settled `OutputSpec`, or a refusal that says what to change.

Order of precedence: what the request says, then the output format (preset) that it names, then the container's
defaults. What the *client* says is never ignored: a member that can't take effect is refused. A preset only fills in:
its codecs apply where the container holds them, its settings of a stream where that stream is encoded.
"""

from typing import Any

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, COPY, NONE, VIDEO_CODECS, Container
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import check_delivery_location
from reelyard.media.lossless import drop_idle_bitrates, refuse_idle_bitrates
from reelyard.media.mail_address import check_mail_address
from reelyard.media.mode_members import resolve_modes
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.picture_members import check_picture_members, picture_members
from reelyard.media.published import AS_SOURCE
from reelyard.media.values import (
    AUDIO_NUMBERS,
    PING_URL_EXAMPLE,
    VIDEO_NUMBERS,
    check_code,
    check_numbers,
    check_texts,
    check_web_url,
    listed,
)

#: Numbers that say "as the source" or nothing at all.
_UNSAID = (None, 0, AS_SOURCE)


def resolve_output(request: OutputRequest, preset: OutputFormat | None) -> OutputSpec:
    """Settle one output; `preset` is the output format that `request.output_format_id` names, None for 0.

    Raises:
        SpecError: a member is missing, has a value outside its valid ones, contradicts another
            (`invalid_parameter_value`), or names a codec that the container can't hold (`incompatible_format`).
    """
    format_id = _format_id(request, preset)
    _check_values(request)
    defaults = preset.parameters if preset is not None else OutputRequest()
    container = _container(request, defaults)
    delivery_location = request.delivery_location or defaults.delivery_location or ""
    if delivery_location:
        check_delivery_location(delivery_location)
    video = _codec("video_codec", request.video_codec, defaults.video_codec, container)
    audio = _codec("audio_codec", request.audio_codec, defaults.audio_codec, container)
    _check_streams(video, audio, container)
    refuse_idle_bitrates(request, video, audio)
    _refuse_idle_members(request, "video_codec", video, VIDEO_NUMBERS)
    _refuse_idle_members(request, "audio_codec", audio, AUDIO_NUMBERS)
    video_numbers = _merged(request, defaults, video, VIDEO_NUMBERS)
    audio_numbers = _merged(request, defaults, audio, AUDIO_NUMBERS)
    drop_idle_bitrates(video, video_numbers, audio, audio_numbers)
    modes = resolve_modes(request, defaults, container, video, video_numbers["video_bitrate_kbps"])
    return OutputSpec(
        output_format_id=format_id,
        title=request.title or "",
        customer_reference_id=request.customer_reference_id or "",
        ping_url=request.ping_url or defaults.ping_url or "",
        notification_email=request.notification_email or defaults.notification_email or "",
        delivery_location=delivery_location,
        container=container.code,
        video_codec=video,
        audio_codec=audio,
        **video_numbers,
        **audio_numbers,
        **modes,
        **picture_members(request, defaults, container, video),
    )


def _format_id(request: OutputRequest, preset: OutputFormat | None) -> int:
    if request.output_format_id is None:
        raise SpecError(
            "output_format_id",
            "{output_format_id} is missing: give the ID of an output format, or 0 to describe the output yourself",
            code=ErrorCode.PARAMETER_MISSING,
        )
    if request.output_format_id != (preset.id if preset is not None else 0):
        raise SpecError(
            "output_format_id",
            f"{{output_format_id}} is {request.output_format_id}, which is no output format of this account; the "
            "list of formats shows the valid ones, and 0 names none",
            code=ErrorCode.PROFILE_NOT_FOUND,
        )
    return request.output_format_id


def _check_values(request: OutputRequest) -> None:
    check_texts(request.title, request.customer_reference_id)
    check_web_url("ping_url", request.ping_url, example=PING_URL_EXAMPLE)
    check_mail_address("notification_email", request.notification_email)
    check_code("container", request.container, tuple(CONTAINERS))
    check_code("video_codec", request.video_codec, (*VIDEO_CODECS, COPY, NONE))
    check_code("audio_codec", request.audio_codec, (*AUDIO_CODECS, COPY, NONE))
    check_numbers(request)
    check_picture_members(request)


def _container(request: OutputRequest, defaults: OutputRequest) -> Container:
    code = request.container or defaults.container
    if not code:
        raise SpecError(
            "container",
            f"{{container}} is missing: with {{output_format_id}} 0 name one of {listed(CONTAINERS)}",
            code=ErrorCode.PARAMETER_MISSING,
        )
    return CONTAINERS[code]


def _codec(field: str, said: str | None, preset: str | None, container: Container) -> str:
    """The codec of one kind of stream: as said, else the preset's where it fits, else the container's own."""
    fitting, own = (
        (container.video_codecs, container.default_video)
        if field == "video_codec"
        else (container.audio_codecs, container.default_audio)
    )
    copy = (COPY,) if container.copies else ()
    valid = (*fitting, *copy, NONE) if fitting else (NONE,)
    if said:
        if said not in valid:
            raise SpecError(
                field,
                f"{{{field}}} is {said!r}, which {{container}} {container.code!r} can't hold; "
                f"it can hold {listed(valid)}",
                code=ErrorCode.INCOMPATIBLE_FORMAT,
            )
        return said
    return preset if preset and preset in valid else own


def _check_streams(video: str, audio: str, container: Container) -> None:
    """Refuse an output of nothing, and one without pictures where the container needs some."""
    if video == NONE and audio == NONE:
        raise SpecError(
            "audio_codec",
            "{video_codec} and {audio_codec} are both 'none', which leaves nothing to encode: leave one of them out",
        )
    if video == NONE and container.needs_video:
        raise SpecError(
            "video_codec",
            f"{{video_codec}} is 'none', and {{container}} {container.code!r} needs pictures; "
            f"it can hold {listed(container.video_codecs)}",
            code=ErrorCode.INCOMPATIBLE_FORMAT,
        )


def _refuse_idle_members(request: OutputRequest, codec_field: str, codec: str, members: tuple[str, ...]) -> None:
    """Refuse what the client says of a stream that isn't encoded: it could only be ignored."""
    if codec not in (COPY, NONE):
        return
    for member in members:
        value = getattr(request, member)
        if value in _UNSAID:
            continue
        if codec == COPY:
            reason = "which copies the stream as it is"
        elif getattr(request, codec_field):
            reason = "which leaves the stream out"
        else:
            reason = "because the container holds none"
        raise SpecError(
            member,
            f"{{{member}}} is {value}, but {{{codec_field}}} is {codec!r}, {reason}: leave {{{member}}} out, "
            f"or name a codec in {{{codec_field}}}",
        )


def _merged(request: OutputRequest, defaults: OutputRequest, codec: str, members: tuple[str, ...]) -> dict[str, Any]:
    """The numbers of one stream, the request's over the preset's; all 0 for a stream that isn't encoded."""
    if codec in (COPY, NONE):
        return dict.fromkeys(members, 0)
    merged = {member: getattr(request, member) or getattr(defaults, member) or 0 for member in members}
    if request.width or request.height:
        # The size is one thing: a width alone keeps the proportions, whatever height the preset has.
        merged |= {member: getattr(request, member) or 0 for member in members if member in ("width", "height")}
    return {member: 0 if value == AS_SOURCE else value for member, value in merged.items()}
