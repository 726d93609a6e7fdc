"""Encode: one output of its sources, checked before it is handed on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from encoder_node.attempt import Attempt
from encoder_node.command import encode_argv
from encoder_node.dvd import build_image, image_info
from encoder_node.encode_meter import Done, RunMeter, frames_made, permille
from encoder_node.encoder_options import PassRun
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.measures import Step
from encoder_node.objects import local_source
from encoder_node.passes import ALL, FIRST_PASS, LOG_NAME, SECOND_PASS, Stretch, runs_twice
from encoder_node.process import Outcome
from encoder_node.progress import ProgressReader
from reelyard.cluster.tracing import traced
from reelyard.cluster.work import EncodedPart, EncodeResult, EncodeWork
from reelyard.media.catalogue import CONTAINERS, COPY, output_mime_type
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import queue_is_gpu
from reelyard.media.raw_pictures import timed
from reelyard.media.verify import check_output, frame_tolerance, frames_in_a_repeat


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
        measures = attempt.measures
        with measures.step(Step.FETCH):
            sources = [local_source(attempt, each.object) for each in work.sources]
            overlay = local_source(attempt, work.overlay) if work.overlay else None
        target = attempt.folder / ("output.mpg" if container.disc else f"output.{container.extension}")
        build = partial(encode_argv, work.plan, sources, target, overlay=overlay, threads=self._tools.threads)
        with measures.step(Step.ENCODE):
            reader, outcome = self._encode(attempt, work.plan, build)
        with measures.step(Step.VERIFY):
            info = self._tools.probe(target, folder=attempt.folder, stop=attempt.stop, phase=Phase.OUTPUT)
            if not container.disc:
                _check(work.plan, info, reader, outcome)
        if container.disc:
            with measures.step(Step.PACKAGE):
                image = attempt.folder / f"output.{container.extension}"
                build_image(self._tools, attempt, work.plan, target, image)
                target, info = image, image_info(info, work.plan, image)
                _check(work.plan, info, reader, outcome)
        info = timed(info, work.plan)
        made = Done(frames=frames_made(work.plan, reader), media_us=info.duration_us, bytes_in=_source_bytes(work))
        measures.meter.reach(made)
        stored = attempt.upload(
            target.name,
            target,
            mime_type=output_mime_type(work.plan.container, has_video=work.plan.video is not None),
        )
        measures.meter.reach(Done(bytes_out=stored.size_bytes))
        return EncodeResult(part=EncodedPart(object=stored, info=info))

    @traced("encode")
    def _encode(
        self, attempt: Attempt, plan: EncodePlan, build: Callable[..., list[str]]
    ) -> tuple[ProgressReader, Outcome]:
        """All passes; what the last one said is what the file is held against."""
        if not runs_twice(plan):
            return self._run_ffmpeg(attempt, plan, build(), ALL)
        log = attempt.folder / LOG_NAME
        first, second = (PassRun(number=number, log=log) for number in (1, 2))
        self._run_ffmpeg(attempt, plan, build(pass_run=first), FIRST_PASS)
        return self._run_ffmpeg(attempt, plan, build(pass_run=second), SECOND_PASS)

    def _run_ffmpeg(
        self, attempt: Attempt, plan: EncodePlan, argv: Sequence[str], stretch: Stretch
    ) -> tuple[ProgressReader, Outcome]:
        def on_block(reader: ProgressReader) -> None:
            attempt.held.report(permille=stretch.permille(permille(plan, reader)))

        limits = self._tools.limits
        if queue_is_gpu(plan):
            limits = replace(limits, memory_bytes=0)  # CUDA maps more address space than any sane limit
        reader = ProgressReader(on_block)
        measures = attempt.measures
        counts = RunMeter(measures.meter, reader, plan, stretch, _source_bytes(attempt.work(EncodeWork)))
        outcome = self._tools.succeed(
            argv,
            folder=attempt.folder,
            stop=attempt.stop,
            phase=Phase.ENCODE,
            reader=reader,
            limits=limits,
            watch=measures.runs.saw,
            on_use=counts,
        )
        if not reader.ended:
            # ffmpeg leaves a playable but shorter file when it is told to end from outside
            raise WorkError(
                ErrorCode.ENCODE_FAILED, "The encoder ended before it was done.", evidence=outcome.evidence()
            )
        return reader, outcome


def _source_bytes(work: EncodeWork) -> int:
    return sum(each.object.size_bytes for each in work.sources)


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
    if plan.video is None or plan.video.encoder == COPY:
        return
    expected, tolerance = info.video[0].frames, 0
    if frames_in_a_repeat(plan.video):
        # The file has no packets for repeated pictures, so what the encoder was fed is held against the plan.
        expected, tolerance = plan.video.frames, frame_tolerance(plan.video)
    if abs(expected - reader.frames) > tolerance:
        raise WorkError(
            ErrorCode.ENCODE_FAILED,
            f"The encoder wrote {reader.frames} frames and the file should hold {expected}.",
            evidence=outcome.evidence(),
        )
