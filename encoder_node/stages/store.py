"""Store: prove that the encoded object is what was planned, and make it ready to be published.

An output of one part is not written again: its object is read back from the store, so what is proved is what clients
will get, and the record is pointed at it when the task is finished.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from encoder_node import thumbnail
from encoder_node.attempt import Attempt
from encoder_node.command import decode_check_argv
from encoder_node.dvd import read_title
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools, raise_if_the_machine_failed
from encoder_node.measures import Step
from encoder_node.objects import local_verified
from encoder_node.progress import ProgressReader
from reelyard.cluster.logs import carried
from reelyard.cluster.tracing import traced
from reelyard.cluster.work import EncodedPart, StoredObject, StoreResult, StoreWork
from reelyard.media.catalogue import CONTAINERS
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan
from reelyard.media.verify import RAW_PICTURES, Window, check_output, decode_windows

#: Progress (of 1000) at the end of each step.
_READ_BACK, _DECODED = 400, 900
#: A run that ended badly counts as more errors than any number of frames tolerates.
_FAILED_RUN_ERRORS = 10**9


@dataclass(frozen=True, kw_only=True)
class _Decoded:
    errors: int
    frames: int
    whole: bool
    evidence: str


class StoreStage:
    """Verifies an output and makes its thumbnail.

    Args:
        tools: ffmpeg and ffprobe.
        verify_decode_s: seconds of an output that are decoded; 0 decodes all of it.
    """

    def __init__(self, tools: Tools, verify_decode_s: int) -> None:
        self._tools = tools
        self._verify_decode_s = verify_decode_s

    def run(self, attempt: Attempt) -> StoreResult:
        """Verify one output.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: storage_failed when the object is not what was stored, encode_failed when it is not what was
                planned, internal_error for more than one part.
        """
        work = attempt.work(StoreWork)
        part = _only_part(work)
        with attempt.measures.step(Step.FETCH):
            path = local_verified(
                attempt,
                part.object,
                on_share=lambda share: attempt.held.report(permille=share * _READ_BACK // 1000),
            )
        with attempt.measures.step(Step.VERIFY):
            return self._verify(attempt, work.plan, part, path)

    def _verify(self, attempt: Attempt, plan: EncodePlan, part: EncodedPart, path: Path) -> StoreResult:
        """Decode what was read back, and take the picture at the same time."""
        if CONTAINERS[plan.container].disc:
            image, path = path, attempt.folder / "title.mpg"
            read_title(image, path, attempt.stop)
        # These are, to the bit, the bytes that the encode stage probed: the checksum has just said so.
        info = part.info
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="thumbnail") as pool:
            picture = pool.submit(carried(self._picture), attempt, path, info)
            decoded = self._decode(attempt, path, info)
            _check(plan, info, decoded)
            attempt.held.report(permille=_DECODED)
            return StoreResult(primary=part.object, thumbnail=picture.result(), info=info)

    @traced("verify")
    def _decode(self, attempt: Attempt, path: Path, info: MediaInfo) -> _Decoded:
        raw = info.container.partition(",")[0] in RAW_PICTURES
        windows = decode_windows(info.duration_us, 0 if raw else self._verify_decode_s)
        errors = frames = 0
        evidence = []
        for done, window in enumerate(windows, start=1):
            reader = ProgressReader()
            argv = decode_check_argv(
                path, start_us=window.start_us, length_us=window.length_us, threads=self._tools.threads
            )
            # Not `succeed`: a bad exit status is one of the things that the check weighs.
            outcome = self._tools.run(argv, folder=attempt.folder, stop=attempt.stop, reader=reader)
            raise_if_the_machine_failed(outcome, Phase.OUTPUT)
            errors += outcome.errors.total + (0 if outcome.ok else _FAILED_RUN_ERRORS)
            frames += reader.frames
            evidence.append(outcome.evidence())
            attempt.held.report(permille=_READ_BACK + done * (_DECODED - _READ_BACK) // len(windows))
        whole = windows == (Window(0, 0),)
        return _Decoded(errors=errors, frames=frames, whole=whole, evidence="\n".join(evidence))

    def _picture(self, attempt: Attempt, path: Path, info: MediaInfo) -> StoredObject | None:
        if not info.video:
            return None
        made = thumbnail.make_thumbnail(self._tools, attempt, path, info, phase=Phase.OUTPUT)
        return attempt.upload(thumbnail.NAME, made, mime_type=thumbnail.MIME_TYPE)


def _check(plan: EncodePlan, info: MediaInfo, decoded: _Decoded) -> None:
    try:
        check_output(
            plan,
            info,
            decode_errors=decoded.errors,
            decoded_frames=decoded.frames,
            decoded_whole=decoded.whole,
        )
    except WorkError as error:
        raise WorkError(error.code, error.message, evidence=decoded.evidence) from error


def _only_part(work: StoreWork) -> EncodedPart:
    """The one part of the output. Joining several is not part of this version: nobody plans them."""
    if len(work.parts) != 1:
        raise WorkError(
            ErrorCode.INTERNAL_ERROR,
            f"The output {work.output_media_id} has {len(work.parts)} parts; this node can store outputs of one part.",
        )
    return work.parts[0]
