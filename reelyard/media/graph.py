"""The filter graph of an output that needs more than one chain: an image over the picture, or several inputs joined.

ffmpeg holds back all of a graph until each of its inputs has given something. With a source whose sound begins late
that would fill the memory with pictures. So one input alone gets a chain for each stream and no graph, and a join opens
its sources once for each stream that is read: finding the first sound decodes no pictures then.
"""

from dataclasses import dataclass

from reelyard.media.catalogue import COPY
from reelyard.media.filters import (
    black_source,
    grid_filters,
    input_filters,
    joined_audio_filters,
    silent_source,
)
from reelyard.media.overlaying import image_filters, overlay_filters
from reelyard.media.plan import AudioPlan, EncodePlan, VideoPlan

PICTURE, SOUND = "[picture]", "[sound]"
_BARE, _IMAGE = "[bare]", "[image]"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """ffmpeg's text of a graph, and which streams it makes; one that it doesn't make has a chain of its own.

    `opens` are the sources in the order in which they are given to ffmpeg, by their place in the plan; the overlay's
    image comes behind them.
    """

    text: str
    opens: tuple[int, ...]
    makes_video: bool
    makes_audio: bool


def graph_for(plan: EncodePlan) -> Graph | None:
    """The graph of a plan; None when chains do."""
    video = plan.video if plan.video and plan.video.encoder != COPY else None
    joined = len(plan.inputs) > 1
    if joined:
        lines, opens = _joined(plan, video, plan.audio)
    elif video and plan.overlay:
        (share,) = plan.inputs
        lines, opens = [f"[0:{share.video_index}]{input_filters(share, video)}{_BARE}"], (0,)
    else:
        return None
    if video and plan.overlay:
        lines += [
            f"[{len(opens)}:v]{image_filters(plan.overlay, video)}{_IMAGE}",
            f"{_BARE}{_IMAGE}{overlay_filters(plan.overlay, video)}{PICTURE}",
        ]
    return Graph(
        text=";".join(lines),
        opens=opens,
        makes_video=video is not None,
        makes_audio=joined and plan.audio is not None,
    )


def _joined(plan: EncodePlan, video: VideoPlan | None, audio: AudioPlan | None) -> tuple[list[str], tuple[int, ...]]:
    """Each input's chains, the filter that joins them and the chain behind it; and the sources to open for them."""
    lines: list[str] = []
    opens: list[int] = []
    pads = ""
    for number, share in enumerate(plan.inputs):
        if video:
            pictures = black_source(share, video)
            if share.video_index >= 0:
                pictures = f"[{len(opens)}:{share.video_index}]{input_filters(share, video)}"
                opens.append(number)
            lines.append(f"{pictures}[v{number}]")
            pads += f"[v{number}]"
        if audio:
            sound = silent_source(share, audio)
            if share.audio_index >= 0:
                sound = f"[{len(opens)}:{share.audio_index}]{joined_audio_filters(share, audio)}"
                opens.append(number)
            lines.append(f"{sound}[a{number}]")
            pads += f"[a{number}]"
    ends = ("[joined]" if video else "") + (SOUND if audio else "")
    lines.append(f"{pads}concat=n={len(plan.inputs)}:v={int(video is not None)}:a={int(audio is not None)}{ends}")
    if video:
        behind = grid_filters(video, has_sound=audio is not None)
        lines.append(f"[joined]{behind}{_BARE if plan.overlay else PICTURE}")
    return lines, tuple(opens)
