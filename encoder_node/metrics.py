"""What a node measures of its tasks, its slots and itself; `gpu_metrics` has the GPUs.

What an encode does is counted while it goes on, all else of an attempt when it has ended. Series are there with 0
before: those with few labels from the node's start, those of an encode from its own. Prometheus sees an increase only
between two values of a series, and would miss the first event otherwise.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from encoder_node.encode_labels import CPU, NVIDIA, EncodeLabels, accelerator_of, encode_labels, kinds_in, queue_of
from encoder_node.encode_meter import Done, EncodeMeter
from encoder_node.failures import SessionFailure
from encoder_node.measures import Measures, Stall, StepEnd, StepTaken
from encoder_node.stop import StopReason
from reelyard.cluster.metrics import exemplar
from reelyard.cluster.work import EncodeWork, TaskSpec
from reelyard.media.catalogue import gpu_encoders, probed_encoders
from reelyard.media.error_classes import ErrorClass, error_class

log = structlog.get_logger(__name__)

#: Seconds: a notification takes tenths, an encode may take hours.
_STAGE_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 36000)
_RATIO_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 50)
_SECOND_US = 1_000_000
_FAILURES = tuple(each for each in ErrorClass if each not in (ErrorClass.NONE, ErrorClass.CANCELLED))
#: The GPU that ffmpeg takes: it is not told one, and takes the first. A pod has one.
_FIRST_GPU = "0"


@dataclass(frozen=True)
class Ending:
    """How an attempt ended: `outcome` is the log's word for it, `code` that of a failure."""

    outcome: str
    code: str = ""


FINISHED = Ending("finished")
REFUSED = Ending("refused")  # another attempt has the task
UNANSWERED = Ending("unanswered")  # nobody knows

#: What each ending counts as. A failure's class is that of its code.
_COUNTS_AS: Mapping[str, tuple[StepEnd, ErrorClass]] = {
    FINISHED.outcome: (StepEnd.OK, ErrorClass.NONE),
    REFUSED.outcome: (StepEnd.STOPPED, ErrorClass.NODE),
    UNANSWERED.outcome: (StepEnd.STOPPED, ErrorClass.UNAVAILABLE),
    StopReason.CANCELLED: (StepEnd.STOPPED, ErrorClass.CANCELLED),
    StopReason.LEASE_LOST: (StepEnd.STOPPED, ErrorClass.NODE),
    StopReason.DRAIN: (StepEnd.STOPPED, ErrorClass.NONE),
}


def failed(code: str) -> Ending:
    """The ending of an attempt that failed."""
    return Ending("failed", code)


class NodeMetrics:
    """The numbers of one node process.

    Args:
        registry: where they are read.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        gauge = partial(Gauge, registry=registry)
        of_queue = ["queue", "accelerator"]
        self._slots = gauge("reelyard_encoder_slots", "Tasks of a queue that the node takes at once.", of_queue)
        self._in_use = gauge("reelyard_encoder_slots_in_use", "Tasks of a queue that the node works on.", of_queue)
        self._selftest = gauge(
            "reelyard_capability_selftest",
            "Whether an encoder of ffmpeg passed a real encode when the node started; 0: it is not offered.",
            ["accelerator", "codec"],
        )
        self._cost = gauge(
            "reelyard_node_cost_per_hour",
            "What this node costs an hour, as its operator says.",
            ["currency", "node_class"],
        )
        self._tasks = _TaskMetrics(registry)
        self._encodes = _EncodeMetrics(registry)

    def serves(self, slots: Mapping[str, int]) -> None:
        """The node takes so many tasks of each queue at once."""
        for queue, count in slots.items():
            self._slots.labels(queue, accelerator_of(queue)).set(count)
            self._in_use.labels(queue, accelerator_of(queue)).set(0)
            if count > 0:
                self._tasks.serves(queue)
                self._encodes.serves(queue)

    def tried(self, working: Collection[str]) -> None:
        """The encoders of the catalogue were tried, and these work."""
        for name in probed_encoders():
            accelerator = NVIDIA if name in gpu_encoders() else CPU
            self._selftest.labels(accelerator, name).set(int(name in working))

    def costs(self, per_hour: float, *, currency: str, node_class: str) -> None:
        """The node costs so much an hour."""
        self._cost.labels(currency, node_class).set(per_hour)

    @contextmanager
    def working(self, task: TaskSpec) -> Iterator[Measures]:
        """Around the work on a task, which takes a slot; what it measures goes into what this gives."""
        queue = queue_of(task)
        in_use = self._in_use.labels(queue, accelerator_of(queue))
        measures = Measures()
        if isinstance(task.work, EncodeWork):
            counts = self._encodes.begin(encode_labels(task.work.plan), exemplar(job_id=task.job_id))
            measures = Measures(meter=EncodeMeter(counts))
        with in_use.track_inprogress():
            yield measures

    def ended(self, task: TaskSpec, ending: Ending, measures: Measures) -> None:
        """Count how an attempt ended; what it encoded, and what that took, was counted on the way."""
        shown = exemplar(job_id=task.job_id)
        self._tasks.ended(task, ending, measures.steps, shown)
        if isinstance(task.work, EncodeWork):
            self._encodes.ended(encode_labels(task.work.plan), measures, shown, finished=ending == FINISHED)


class _TaskMetrics:
    """The numbers of tasks of all kinds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._stages = Histogram(
            "reelyard_task_stage_duration_seconds",
            "How long the steps of tasks took.",
            ["stage", "accelerator", "outcome"],
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self._attempts = Counter(
            "reelyard_task_attempts",
            "Attempts at tasks that ended on this node; stage is the task's kind.",
            ["stage", "outcome", "error_class"],
            registry=registry,
        )

    def serves(self, queue: str) -> None:
        """The node takes tasks of the queue: where they count when they go well or fail is there."""
        for kind in kinds_in(queue):
            self._attempts.labels(kind, StepEnd.OK, ErrorClass.NONE)
            for failure in _FAILURES:
                self._attempts.labels(kind, StepEnd.FAILED, failure)

    def ended(self, task: TaskSpec, ending: Ending, steps: Sequence[StepTaken], shown: dict[str, str] | None) -> None:
        """An attempt ended."""
        outcome, of_class = _COUNTS_AS.get(ending.outcome, (StepEnd.FAILED, error_class(ending.code)))
        self._attempts.labels(task.kind, outcome, of_class).inc(exemplar=shown)
        accelerator = accelerator_of(queue_of(task))
        for taken in steps:
            self._stages.labels(taken.step, accelerator, taken.end).observe(taken.seconds, exemplar=shown)


class _EncodeMetrics:
    """The numbers of encodes alone."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        short, full = ["codec", "accelerator", "resolution"], ["codec", "accelerator", "preset", "resolution"]
        self._frames = counter("reelyard_encode_frames", "Frames that encoders wrote, as they go.", short)
        self._media = counter("reelyard_encode_media_seconds", "Duration of what was encoded, as it goes.", full)
        self._discarded = counter(
            "reelyard_encode_discarded_media_seconds",
            "Duration of what was encoded in attempts that came to nothing.",
            full,
        )
        self._busy = counter("reelyard_encode_busy_seconds", "Time in which ffmpeg ran for encodes, as it goes.", full)
        self._ratio = Histogram(
            "reelyard_encode_realtime_ratio",
            "Duration of what a finished encode made over the time in which ffmpeg ran for it.",
            short,
            buckets=_RATIO_BUCKETS,
            registry=registry,
        )
        self._cpu = counter(
            "reelyard_encode_cpu_seconds",
            "Processor time of the ffmpeg processes of encodes, as it goes.",
            ["codec", "preset"],
        )
        self._bytes = counter(
            "reelyard_encode_bytes",
            "Bytes of the sources (in), in proportion to the progress, and of what was written (out), as it goes.",
            ["direction", "codec"],
        )
        self._stalls = counter(
            "reelyard_encode_stalls",
            "Runs of ffmpeg for encodes that stood still, took too long, or were out of memory or killed.",
            ["reason"],
        )
        for stall in Stall:
            self._stalls.labels(stall)
        self._sessions = counter(
            "reelyard_gpu_session_open_failures",
            "Encodes that could not open an encoder of the GPU.",
            ["gpu", "reason"],
        )

    def serves(self, queue: str) -> None:
        """The node takes tasks of the queue: with those for the GPU, where refused sessions count is there."""
        if accelerator_of(queue) == NVIDIA:
            for reason in SessionFailure:
                self._sessions.labels(_FIRST_GPU, reason)

    def begin(self, labels: EncodeLabels, shown: dict[str, str] | None) -> Callable[[Done], None]:
        """An encode starts: what it will count into is there. What is returned counts what it does."""
        short = (labels.codec, labels.accelerator, labels.resolution)
        full = (labels.codec, labels.accelerator, labels.preset, labels.resolution)
        self._ratio.labels(*short)
        self._discarded.labels(*full)
        frames, media, busy = self._frames.labels(*short), self._media.labels(*full), self._busy.labels(*full)
        cpu = self._cpu.labels(labels.codec, labels.preset)
        bytes_in, bytes_out = (self._bytes.labels(direction, labels.codec) for direction in ("in", "out"))

        def count(grown: Done) -> None:
            frames.inc(grown.frames, exemplar=shown)
            media.inc(grown.media_us / _SECOND_US, exemplar=shown)
            busy.inc(grown.busy_s, exemplar=shown)
            cpu.inc(grown.cpu_s, exemplar=shown)
            bytes_in.inc(grown.bytes_in, exemplar=shown)
            bytes_out.inc(grown.bytes_out, exemplar=shown)

        return count

    def ended(self, labels: EncodeLabels, measures: Measures, shown: dict[str, str] | None, *, finished: bool) -> None:
        """An encode ended, and what it made is used if it was `finished`."""
        for stall in measures.runs.stalls:
            self._stalls.labels(stall).inc(exemplar=shown)
        for reason in measures.runs.session_failures:
            self._sessions.labels(_FIRST_GPU, reason).inc(exemplar=shown)
        done = measures.meter.done
        media_s = done.media_us / _SECOND_US
        if not finished:
            full = (labels.codec, labels.accelerator, labels.preset, labels.resolution)
            self._discarded.labels(*full).inc(media_s, exemplar=shown)
        elif done.busy_s > 0:
            short = (labels.codec, labels.accelerator, labels.resolution)
            self._ratio.labels(*short).observe(media_s / done.busy_s, exemplar=shown)


class ScratchCollector(Collector):
    """How full the disk of the scratch folder is, asked at each scrape.

    Whoever uses the disk counts: when it is full the node's tasks fail, whoever filled it. Room that only root may use
    is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> list[GaugeMetricFamily]:
        """The names, without values."""
        return [
            GaugeMetricFamily("reelyard_scratch_used_bytes", "Bytes in use on the disk of the scratch folder."),
            GaugeMetricFamily("reelyard_scratch_capacity_bytes", "Bytes that the disk of the scratch folder can hold."),
        ]

    def collect(self) -> list[GaugeMetricFamily]:
        """The values; none while the folder can't be asked."""
        used, capacity = self.describe()
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            log.warning("scratch_not_measured", error=str(error))
            return [used, capacity]
        taken = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        used.add_metric([], taken)
        capacity.add_metric([], taken + disk.f_bavail * disk.f_frsize)
        return [used, capacity]
