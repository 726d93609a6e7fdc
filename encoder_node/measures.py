"""What one attempt measures while it works: plain data, which `metrics` counts when the attempt has ended.

What an encode does is counted as it goes (`encode_meter`); what became of it when it has ended.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from encoder_node.encode_meter import EncodeMeter
from encoder_node.failures import SessionFailure, out_of_memory, session_failure
from encoder_node.process import Ended, Outcome
from encoder_node.stop import StoppedError


class Step(StrEnum):
    """The kinds of steps that tasks are made of."""

    PROBE = "probe"  # look at a source: ffprobe, read it to its end, a picture of it
    FETCH = "fetch"  # bring a source here: from its server (ingest), or from the object store
    OVERLAY = "overlay"  # all that an overlay task does
    ENCODE = "encode"  # ffmpeg, all passes
    PACKAGE = "package"  # put what was encoded into what is handed out: the image of a disc
    VERIFY = "verify"  # hold what was made or stored against the plan
    UPLOAD = "upload"  # into the object store
    DELIVER = "deliver"  # to the job's delivery location
    NOTIFY = "notify"
    MAIL = "mail"
    CLEAN = "clean"


class StepEnd(StrEnum):
    """How a step, or a whole attempt, ended."""

    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"  # cancelled, drained, or another node has the task


class Stall(StrEnum):
    """Why an encode was ended that would not have ended well by itself."""

    NO_PROGRESS = "no_progress"
    TIMEOUT = "timeout"
    OOM = "oom"


@dataclass(frozen=True)
class StepTaken:
    """One step of an attempt."""

    step: Step
    end: StepEnd
    seconds: float


@dataclass
class EncodeRuns:
    """How ffmpeg's runs for one encode went wrong."""

    stalls: list[Stall] = field(default_factory=list)
    session_failures: list[SessionFailure] = field(default_factory=list)

    def saw(self, outcome: Outcome) -> None:
        """Take account of one run."""
        if outcome.ended is Ended.STALLED:
            self.stalls.append(Stall.NO_PROGRESS)
        elif outcome.ended is Ended.TIMED_OUT:
            self.stalls.append(Stall.TIMEOUT)
        elif outcome.ended is Ended.EXITED and not outcome.ok:
            self._saw_failure(outcome)

    def _saw_failure(self, outcome: Outcome) -> None:
        lines = outcome.errors.kept()
        of_session = session_failure(lines)
        if of_session is not None:  # says "Cannot allocate memory" too, and means the GPU's
            self.session_failures.append(of_session)
        elif out_of_memory(lines, outcome.exit_status):
            self.stalls.append(Stall.OOM)


@dataclass
class Measures:
    """What one attempt measured. Its threads may add to it at the same time."""

    steps: list[StepTaken] = field(default_factory=list)
    runs: EncodeRuns = field(default_factory=EncodeRuns)
    meter: EncodeMeter = field(default_factory=EncodeMeter)

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Measure the block as one step."""
        started, end = time.monotonic(), StepEnd.FAILED
        try:
            yield
            end = StepEnd.OK
        except StoppedError:
            end = StepEnd.STOPPED
            raise
        finally:
            self.steps.append(StepTaken(step, end, time.monotonic() - started))
