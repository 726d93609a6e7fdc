"""Runs ffmpeg and ffprobe for a task, and turns how they ended into errors with a code."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from encoder_node import process
from encoder_node.command import probe_argv
from encoder_node.failures import Phase, classify, is_the_machines
from encoder_node.probe import parse_probe
from encoder_node.process import Ended, Limits, LineReader, Outcome, Usage
from encoder_node.stop import StoppedError, StopReason, StopSignal
from reelyard.cluster.tracing import traced
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo

#: Seconds for one look at a whole file; ffprobe reads about 200 MB/s, so this admits files of over 500 GB.
PROBE_HARD_S = 3600.0
#: Seconds for ffmpeg to say its version.
VERSION_HARD_S = 15.0

_VERSION = re.compile(r"ffmpeg version (\S{1,60})")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """ffmpeg and ffprobe under one set of limits.

    Args:
        environment: all that the programs see of one; `PATH` at least.
        limits: for one run; a run may shorten or lift some.
        threads: of each part of an encode, and of a check's decoders; 0: as many as ffmpeg thinks best.
    """

    environment: Mapping[str, str]
    limits: Limits
    threads: int = 0

    def run(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        stop: StopSignal,
        reader: LineReader | None = None,
        limits: Limits | None = None,
        watch: Callable[[Outcome], None] | None = None,
        on_use: Callable[[Usage], None] | None = None,
    ) -> Outcome:
        """Run to the program's own end, good or bad; `watch` is told however it ended, before anything is raised.

        `on_use` is told what it uses, as by `process.run`.

        Raises:
            StoppedError: the stop signal ended it.
            WorkError: encode_timeout, when it stood still or took too long.
        """
        limits = limits or self.limits
        outcome = process.run(
            argv, cwd=folder, limits=limits, stop=stop, environment=self.environment, reader=reader, on_use=on_use
        )
        if watch is not None:
            watch(outcome)
        if outcome.ended is Ended.STOPPED:
            raise StoppedError(stop.reason or StopReason.DRAIN)
        if outcome.ended is Ended.STALLED:
            raise WorkError(
                ErrorCode.ENCODE_TIMEOUT,
                f"The work made no progress for {limits.stall_s:.0f} seconds and was ended.",
                evidence=outcome.evidence(),
            )
        if outcome.ended is Ended.TIMED_OUT:
            raise WorkError(
                ErrorCode.ENCODE_TIMEOUT,
                f"The work was not done after {limits.hard_s:.0f} seconds, which is the limit, and was ended.",
                evidence=outcome.evidence(),
            )
        return outcome

    def succeed(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        stop: StopSignal,
        phase: Phase,
        reader: LineReader | None = None,
        limits: Limits | None = None,
        watch: Callable[[Outcome], None] | None = None,
        on_use: Callable[[Usage], None] | None = None,
    ) -> Outcome:
        """Run and insist on success; `watch` and `on_use` as in `run`.

        Raises:
            StoppedError: the stop signal ended it.
            WorkError: it failed, the code says why; or encode_timeout.
        """
        outcome = self.run(argv, folder=folder, stop=stop, reader=reader, limits=limits, watch=watch, on_use=on_use)
        raise_unless_ok(outcome, phase)
        return outcome

    def version(self, folder: Path) -> str:
        """What ffmpeg calls its version, as in "5.1.6-0+deb12u1"; "" when it says none."""
        limits = replace(self.limits, stall_s=0.0, hard_s=VERSION_HARD_S)
        said = self.run(["ffmpeg", "-version"], folder=folder, stop=StopSignal(), limits=limits).stdout
        found = _VERSION.match(said.decode("utf-8", errors="replace"))
        return found[1] if found else ""

    @traced("probe")
    def probe(self, path: Path, *, folder: Path, stop: StopSignal, phase: Phase) -> MediaInfo:
        """What ffprobe finds in a file, its packets counted.

        Raises:
            StoppedError: the stop signal ended it.
            WorkError: source_not_media and others for a source; encode_failed for an output; encode_timeout.
        """
        limits = replace(self.limits, stall_s=0.0, hard_s=min(PROBE_HARD_S, self.limits.hard_s))
        outcome = self.succeed(probe_argv(path), folder=folder, stop=stop, phase=phase, limits=limits)
        return parse_probe(outcome.stdout)


def raise_unless_ok(outcome: Outcome, phase: Phase) -> None:
    """Raise what a bad end means.

    Raises:
        WorkError: the program complained or was killed.
    """
    if not outcome.ok:
        failure = classify(outcome.errors.kept(), outcome.exit_status, phase=phase)
        raise WorkError(failure.code, failure.message, evidence=outcome.evidence())


def raise_if_the_machine_failed(outcome: Outcome, phase: Phase) -> None:
    """Raise what a bad end means where no file is to blame for it; then nothing that was read says anything of one.

    Raises:
        WorkError: encode_failed; the program was killed, or had no memory.
    """
    if not outcome.ok and is_the_machines(outcome.errors.kept(), outcome.exit_status):
        raise_unless_ok(outcome, phase)
