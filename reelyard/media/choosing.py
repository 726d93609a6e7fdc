"""Which of several streams an output is made of."""

from collections.abc import Sequence
from typing import TypeVar

from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, VideoTrack

T = TypeVar("T", VideoTrack, AudioTrack)


def chosen(tracks: Sequence[T], kind: str, *, copied: bool) -> T:
    """The stream that the file marks as the one to play, else the first; only such as can be decoded, unless copied.

    `kind` is "video" or "audio", for the message; there is at least one track.

    Raises:
        WorkError: source_not_media, when none of them can be decoded.
    """
    usable = [track for track in tracks if copied or not track.undecodable]
    if not usable:
        codecs = ", ".join(track.codec or "an unknown codec" for track in tracks)
        raise WorkError(
            ErrorCode.SOURCE_NOT_MEDIA,
            f"The source's {kind} ({codecs}) can't be decoded: ask for the {kind} codec 'none', or 'copy' where the "
            "container can hold it.",
        )
    # Streams without a packet are announced by recorders that then had nothing to record.
    return min(usable, key=lambda track: (_is_empty(track), not track.is_default))


def _is_empty(track: VideoTrack | AudioTrack) -> bool:
    return isinstance(track, VideoTrack) and track.frames == 0
