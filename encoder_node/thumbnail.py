"""The picture that stands for a video."""

from pathlib import Path

from encoder_node.attempt import Attempt
from encoder_node.command import thumbnail_argv
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo

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
    evidence = ""
    # From a tenth of the way, past titles and fades; from the beginning where there is nothing that far in; and of all
    # frames where no keyframe is shown.
    for at_us, every_frame in dict.fromkeys(((info.duration_us // 10, False), (0, False), (0, True))):
        argv = thumbnail_argv(path, target, video_index=info.video[0].index, at_us=at_us, every_frame=every_frame)
        outcome = tools.succeed(argv, folder=attempt.folder, stop=attempt.stop, phase=phase)
        if target.is_file() and target.stat().st_size > 0:
            return target
        evidence = outcome.evidence()
    code = ErrorCode.SOURCE_CORRUPT if phase is Phase.SOURCE else ErrorCode.ENCODE_FAILED
    raise WorkError(code, "No picture of the video could be decoded.", evidence=evidence)
