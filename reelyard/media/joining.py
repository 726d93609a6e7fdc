"""The plan of an output of several sources, one after the other, whatever each of them is.

Size, rate and sound are those of the first source that has any, unless the request names them. Each source's share
lasts a whole number of frames, its sound is cut or filled up to that, and the shares add up to the output exactly.
Where a source is heard for longer than it is seen, its last picture stays, so that nothing of its sound is lost.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from reelyard.media.audio_planning import plan_audio
from reelyard.media.catalogue import CONTAINERS, COPY
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.framing import duration_of, frames_until, is_still, video_end_us
from reelyard.media.info import parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import AudioPlan, InputPlan, VideoPlan
from reelyard.media.shares import Chosen, plan_share
from reelyard.media.video_planning import plan_video

#: Sound that goes on for no longer than this behind the pictures, in microseconds, is an encoder's padding or a cut
#: beside the frame: it is cut off, and the frames stay those of the source.
_OVERHANG_US = 250_000


def plan_joined_streams(
    spec: OutputSpec, inputs: Sequence[Chosen], live: frozenset[str]
) -> tuple[VideoPlan | None, AudioPlan | None, tuple[InputPlan, ...]]:
    """Settle video, audio and shares; `live` are the hardware encoders that some node has.

    Raises:
        WorkError: incompatible_format, source_not_media.
    """
    _refuse_copies(spec)
    container = CONTAINERS[spec.container]
    video = next((plan_video(spec, i.source, i.video, container, live) for i in inputs if i.video), None)
    sounds = [plan_audio(spec, i.source, i.audio, container, 0) if i.audio else None for i in inputs]
    shares = tuple(
        _timed(plan_share(spec, each, video), each, sound, video) for each, sound in zip(inputs, sounds, strict=True)
    )
    audio = next((sound for sound in sounds if sound), None)
    if audio:
        audio = replace(audio, duration_us=sum(share.duration_us for share in shares))
    if video:
        video = replace(video, frames=sum(share.frames for share in shares))
    return video, audio, shares


def check_joinable(spec: OutputSpec) -> None:
    """Refuse what is known to be impossible before any source is there.

    Raises:
        SpecError: a stream is to be copied.
    """
    for field in ("video_codec", "audio_codec"):
        if getattr(spec, field) == COPY:
            raise SpecError(
                field,
                f"{{{field}}} is 'copy', but several sources are to be joined, which only encoded streams can be: "
                "name a codec instead",
                code=ErrorCode.INCOMPATIBLE_FORMAT,
            )


def _refuse_copies(spec: OutputSpec) -> None:
    for name, codec in (("video", spec.video_codec), ("audio", spec.audio_codec)):
        if codec == COPY:
            raise WorkError(
                ErrorCode.INCOMPATIBLE_FORMAT,
                f"The {name} is to be copied as it is, and several sources are to be joined, which only encoded "
                "streams can be: name a codec instead of 'copy'.",
            )


def _timed(share: InputPlan, chosen: Chosen, sound: AudioPlan | None, video: VideoPlan | None) -> InputPlan:
    """The share with its length: that of its pictures, or of its sound where it has none or goes on behind them."""
    heard_us = (sound.duration_us if sound else 0) or chosen.source.duration_us
    if video is None:
        if not heard_us:
            raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "A source doesn't tell how long it is, so it can't be joined.")
        return replace(share, duration_us=heard_us)
    rate = parse_rational(video.frame_rate)
    end = video_end_us(chosen.source, chosen.video) - share.origin_us if chosen.video else heard_us
    goes_on = chosen.video is not None and sound is not None and heard_us - share.origin_us - end > _OVERHANG_US
    if goes_on:
        end = Fraction(heard_us - share.origin_us)
    frames = frames_until(end, rate)
    still = goes_on or (chosen.video is not None and is_still(chosen.video, frames))
    return replace(share, frames=frames, duration_us=duration_of(frames, rate), still=still)
