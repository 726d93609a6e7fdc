"""Encode: one output of one source, checked before it is handed on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from encoder_node.attempt import Attempt
from encoder_node.command import encode_argv
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.objects import local_source
from encoder_node.process import Outcome
from encoder_node.progress import ProgressReader
from reelyard.cluster.work import EncodedPart, EncodeResult, EncodeWork
from reelyard.media.catalogue import CONTAINERS, COPY, output_mime_type
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import queue_is_gpu
from reelyard.media.verify import check_output


class EncodeStage:
    """Runs ffmpeg for one plan.

    A GPU that fails is no special case here: the scheduler gives the task to the CPU, and its log says so.

    Args:
        tools: ffmpeg and ffprobe under the limits of an encode.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def run(self, attempt: Attempt) -> EncodeResult:
        """Do one encode.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: source_corrupt, incompatible_format, encode_failed, encode_timeout, storage_failed.
        """
        work = attempt.work(EncodeWork)
        container = CONTAINERS[work.plan.container]
        sources = [local_source(attempt, each.object) for each in work.sources]
        target = attempt.folder / f"output.{container.extension}"
        overlay = local_source(attempt, work.overlay) if work.overlay else None
        reader, outcome = self._run_ffmpeg(attempt, work.plan, sources, target, overlay)
        info = self._tools.probe(target, folder=attempt.folder, stop=attempt.stop, phase=Phase.OUTPUT)
        _check(work.plan, info, reader, outcome)
        stored = attempt.upload(
            target.name,
            target,
            mime_type=output_mime_type(work.plan.container, has_video=work.plan.video is not None),
        )
        return EncodeResult(part=EncodedPart(object=stored, info=info))

    def _run_ffmpeg(
        self, attempt: Attempt, plan: EncodePlan, sources: Sequence[Path], target: Path, overlay: Path | None
    ) -> tuple[ProgressReader, Outcome]:
        frames = plan.video.frames if plan.video else 0

        def on_block(reader: ProgressReader) -> None:
            attempt.held.report(permille=reader.permille(frames=frames, duration_us=plan.duration_us))

        limits = self._tools.limits
        if queue_is_gpu(plan):
            limits = replace(limits, memory_bytes=0)  # CUDA maps more address space than any sane limit
        reader = ProgressReader(on_block)
        outcome = self._tools.succeed(
            encode_argv(plan, sources, target, overlay=overlay),
            folder=attempt.folder,
            stop=attempt.stop,
            phase=Phase.ENCODE,
            reader=reader,
            limits=limits,
        )
        if not reader.ended:
            # ffmpeg leaves a playable but shorter file when it is told to end from outside
            raise WorkError(
                ErrorCode.ENCODE_FAILED, "The encoder ended before it was done.", evidence=outcome.evidence()
            )
        return reader, outcome


def _check(plan: EncodePlan, info: MediaInfo, reader: ProgressReader, outcome: Outcome) -> None:
    """Hold the file against the plan, and against what the encoder said that it wrote."""
    try:
        check_output(
            plan,
            info,
            decode_errors=0,  # the store stage decodes it
            decoded_frames=reader.frames,
            source_errors=outcome.errors.total,
        )
    except WorkError as error:
        raise WorkError(error.code, error.message, evidence=outcome.evidence()) from error
    if plan.video and plan.video.encoder != COPY and info.video[0].frames != reader.frames:
        raise WorkError(
            ErrorCode.ENCODE_FAILED,
            f"The encoder wrote {reader.frames} frames and the file holds {info.video[0].frames}.",
            evidence=outcome.evidence(),
        )
