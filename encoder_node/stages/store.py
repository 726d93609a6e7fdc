"""Store: prove that the encoded object is what was planned, and make it ready to be published.

An output of one part is not written again: its object is read back from the store, so what is proved is what clients
will get, and the record is pointed at it when the task is finished.
"""

from dataclasses import dataclass
from pathlib import Path

from encoder_node import thumbnail
from encoder_node.attempt import Attempt
from encoder_node.command import decode_check_argv
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.objects import local_verified
from encoder_node.process import Ended
from encoder_node.progress import ProgressReader
from reelyard.cluster.work import EncodedPart, StoreResult, StoreWork
from reelyard.media.catalogue import COPY
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan
from reelyard.media.verify import check_output

#: Progress (of 1000) at the end of each step.
_READ_BACK, _PROBED, _DECODED, _PICTURED = 400, 500, 800, 900


@dataclass(frozen=True)
class _Decoded:
    errors: int
    frames: int


class StoreStage:
    """Verifies an output and makes its thumbnail.

    Args:
        tools: ffmpeg and ffprobe.
        verify_decode_s: seconds of an output that are decoded; 0 decodes all of it.
    """

    def __init__(self, tools: Tools, verify_decode_s: float) -> None:
        self._tools = tools
        self._verify_us = int(verify_decode_s * 1_000_000)

    def run(self, attempt: Attempt) -> StoreResult:
        """Verify one output.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: storage_failed when the object is not what was stored, encode_failed when it is not what was
                planned, internal_error for more than one part.
        """
        work = attempt.work(StoreWork)
        part = _only_part(work)
        path = local_verified(
            attempt, part.object, on_share=lambda share: _report(attempt, share * _READ_BACK // 1000)
        )
        info = self._tools.probe(path, folder=attempt.folder, stop=attempt.stop, phase=Phase.OUTPUT)
        _report(attempt, _PROBED)
        decoded = self._decode(attempt, path, info)
        _report(attempt, _DECODED)
        check_output(work.plan, info, decode_errors=decoded.errors, decoded_frames=decoded.frames)
        picture = None
        if work.plan.video is not None:
            made = thumbnail.make_thumbnail(self._tools, attempt, path, info, phase=Phase.OUTPUT)
            _report(attempt, _PICTURED)
            picture = attempt.upload(thumbnail.NAME, made, mime_type=thumbnail.MIME_TYPE)
        return StoreResult(primary=part.object, thumbnail=picture, info=info)
