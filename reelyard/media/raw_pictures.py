"""Outputs that are pictures in a row and nothing else: the file has no clock, so the plan says how long it lasts."""

from dataclasses import replace

from reelyard.media.framing import duration_of
from reelyard.media.info import MediaInfo, parse_rational
from reelyard.media.plan import EncodePlan
from reelyard.media.verify import RAW_PICTURES


def timed(info: MediaInfo, plan: EncodePlan) -> MediaInfo:
    """The probe of a finished output, with the rate of its plan and what follows from it, where the file says neither.

    ffprobe tells of raw M-JPEG that it has 25 pictures a second, whatever it was made for, and of both raw kinds that
    they last no time. Other outputs are returned as they are.
    """
    if plan.video is None or not info.video or info.container.partition(",")[0] not in RAW_PICTURES:
        return info
    duration_us = duration_of(info.video[0].frames, parse_rational(plan.video.frame_rate))
    if not duration_us:
        return info
    track = replace(
        info.video[0],
        frame_rate=plan.video.frame_rate,
        base_frame_rate=plan.video.frame_rate,
        duration_us=duration_us,
    )
    return replace(info, duration_us=duration_us, video=(track, *info.video[1:]))
