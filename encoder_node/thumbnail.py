"""The picture that stands for a video."""

from pathlib import Path

import structlog

from encoder_node.attempt import Attempt
from encoder_node.command import thumbnail_argv
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo

log = structlog.get_logger(__name__)

#: Object name and MIME type of every thumbnail.
NAME = "thumbnail.jpg"
MIME_TYPE = "image/jpeg"


def make_thumbnail(tools: Tools, attempt: Attempt, path: Path, info: MediaInfo, *, phase: Phase) -> Path:
    """Make a JPEG of the first video stream, in the attempt's folder.

    Raises:
        StoppedError: the attempt was stopped.
        WorkError: no picture could be decoded.
    """
    target = attempt.folder / NAME
    outcome = tools.succeed(
        thumbnail_argv(path, target, info), folder=attempt.folder, stop=attempt.stop, phase=phase
    )
    if not target.is_file() or target.stat().st_size == 0:
        code = ErrorCode.SOURCE_CORRUPT if phase is Phase.SOURCE else ErrorCode.ENCODE_FAILED
        raise WorkError(code, "No picture of the video could be decoded.", evidence=outcome.evidence())
    return target
