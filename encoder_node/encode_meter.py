"""What an attempt at an encode has done so far, counted while ffmpeg works.

An encode of hours would otherwise be nothing in every rate, and then a peak. Who counts is told of each growth once,
so all that was counted of an attempt is what it did, however it ended.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from encoder_node.passes import Stretch
from encoder_node.process import Usage
from encoder_node.progress import ProgressReader
from reelyard.media.catalogue import COPY
from reelyard.media.plan import EncodePlan

#: Thousandths of the planned duration that ffmpeg's own word counts for, at most. A counter cannot go back, so the
#: rest waits for the duration that was found in the output.
_TRUSTED = 990
_WHOLE = 1000


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done of an encode; each number only grows.

    `bytes_in` is the part of the sources that corresponds to the progress: ffmpeg does not tell how far it has read.
    `busy_s` and `cpu_s` are of ffmpeg's processes. All but those two count over both passes once: the first pass does
    its stretch of the whole.
    """

    frames: int = 0
    media_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    busy_s: float = 0.0
    cpu_s: float = 0.0

    def at_least(self, other: "Done") -> "Done":
        """The higher of each number."""
        names = [each.name for each in fields(self)]
        return replace(self, **{name: max(getattr(self, name), getattr(other, name)) for name in names})

    def since(self, before: "Done") -> "Done":
        """What came to it since then."""
        return Done(**{each.name: getattr(self, each.name) - getattr(before, each.name) for each in fields(self)})


def _nobody(_growth: Done) -> None:
    """What is no encode is counted by nobody."""


class EncodeMeter:
    """How much one attempt has done, told on as it grows.

    Args:
        count: told what came to it, never the same twice.
    """

    def __init__(self, count: Callable[[Done], None] = _nobody) -> None:
        self.done = Done()
        self._count = count

    def reach(self, done: Done) -> None:
        """So much is done by now; what is less than before is no news."""
        before, self.done = self.done, self.done.at_least(done)
        self._count(self.done.since(before))


class RunMeter:
    """Brings one run of ffmpeg into the meter of its attempt: `process.run` tells it what the run has used.

    Args:
        meter: of the attempt.
        reader: of the run's progress.
        plan: what is encoded.
        stretch: of the whole that this run does; the last one writes the output.
        source_bytes: of all sources.
    """

    def __init__(
        self, meter: EncodeMeter, reader: ProgressReader, plan: EncodePlan, stretch: Stretch, source_bytes: int
    ) -> None:
        self._meter = meter
        self._before = meter.done
        self._reader = reader
        self._plan = plan
        self._stretch = stretch
        self._source_bytes = source_bytes

    def __call__(self, usage: Usage) -> None:
        """Count how far the run is, and what it has used until now: both at the same moment, so that they compare."""
        before, reader, stretch = self._before, self._reader, self._stretch
        media_us = reader.out_time_us
        if self._plan.duration_us > 0:
            media_us = min(media_us, self._plan.duration_us * _TRUSTED // _WHOLE)
        done = Done(
            frames=before.frames + stretch.of(frames_made(self._plan, reader)),
            media_us=before.media_us + stretch.of(media_us),
            bytes_in=self._source_bytes * stretch.permille(permille(self._plan, reader)) // _WHOLE,
            bytes_out=reader.total_bytes if stretch.end == _WHOLE else 0,
            busy_s=before.busy_s + usage.seconds,
            cpu_s=before.cpu_s + usage.cpu_s,
        )
        self._meter.reach(done)


def permille(plan: EncodePlan, reader: ProgressReader) -> int:
    """How far a run is, of 1000."""
    return reader.permille(frames=plan.video.frames if plan.video else 0, duration_us=plan.duration_us)


def frames_made(plan: EncodePlan, reader: ProgressReader) -> int:
    """The frames that the encoder has written; none where the picture is copied."""
    copied = plan.video is not None and plan.video.encoder == COPY
    return 0 if copied else reader.frames
