"""The one place that starts programs.

Every child runs under `setpriv` (it dies with the thread that started it, and gains no privileges) and `prlimit`
(memory, file size, open files, no core dumps). They are command prefixes and not a `preexec_fn`: code between fork
and exec in a process full of threads and gRPC may deadlock. The child has its own session, no input, a folder of its
own and an environment without proxies and secrets.

One loop serves the child: it reads both pipes, watches the stop signal, the stall limit and the hard limit, and
sleeps in `select` otherwise, so nothing polls and a child that floods its pipes cannot block. The end is SIGTERM, a
short grace, SIGKILL to the whole group, and the child is always reaped, also when the caller raises.

"Dies with the thread" is exact: PR_SET_PDEATHSIG follows the thread and not the process. `run` keeps its thread
until the child is gone, so both end together.
"""

import contextlib
import errno
import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import structlog

from encoder_node.pipes import ErrorLines, LineSplitter
from encoder_node.stop import StopSignal
from encoder_node.task_trace import LABEL, task_label
from reelyard.cluster import tracing
from reelyard.cluster.redact import redact_text

log = structlog.get_logger(__name__)

#: Bytes of standard output that are kept for a caller without a reader (ffprobe's JSON of a file with
#: hundreds of streams is far below).
STDOUT_LIMIT_BYTES = 16 * 1024 * 1024
#: Seconds between SIGTERM and SIGKILL. ffmpeg ends 0.02 s after SIGTERM unless it is inside one endless frame.
GRACE_S = 2.0
_READ_BYTES = 65536
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_QUIET_PROGRAMS = frozenset({"ffprobe"})


class Ended(StrEnum):
    """How a child came to its end."""

    EXITED = "exited"  # by itself, whatever its exit status
    STOPPED = "stopped"  # the stop signal
    STALLED = "stalled"  # no progress for the stall limit
    TIMED_OUT = "timed_out"  # the hard time limit
    FLOODED = "flooded"  # more standard output than anybody reads


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one child may use; 0 is "no limit" for memory, file size and stall."""

    memory_bytes: int = 0
    file_bytes: int = 0
    open_files: int = 256
    stall_s: float = 0.0
    hard_s: float = 3600.0


@dataclass(frozen=True)
class Usage:
    """What a child has used: seconds since its start, and seconds of processor time in all of its threads."""

    seconds: float
    cpu_s: float


class LineReader(Protocol):
    """Somebody who reads a child's standard output line by line."""

    def feed(self, line: str) -> bool:
        """Take one line; True when the child got further (this is what the stall limit watches)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a child. A negative `exit_status` is the signal that killed it, as in `subprocess`.

    `cpu_s` is the processor time that it took, in all of its threads, as the kernel says when it is reaped.
    """

    argv: tuple[str, ...]
    ended: Ended
    exit_status: int
    stdout: bytes
    errors: ErrorLines
    seconds: float
    cpu_s: float = 0.0

    @property
    def ok(self) -> bool:
        """The child ended by itself and without a complaint in its exit status."""
        return self.ended is Ended.EXITED and self.exit_status == 0

    def evidence(self) -> str:
        """The command and the first and last lines of its complaints, for an attempt's log; URLs are redacted."""
        head = f"$ {shlex.join(self.argv)}\n{self.ended}, exit status {self.exit_status}, {self.seconds:.1f} s"
        return redact_text("\n".join([head, *self.errors.kept()]))


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    limits: Limits,
    stop: StopSignal,
    environment: Mapping[str, str],
    reader: LineReader | None = None,
    on_use: Callable[[Usage], None] | None = None,
) -> Outcome:
    """Run one program to its end and say how it ended; a failing program is not an exception.

    With a `reader` its standard output goes there, else into the outcome. `on_use` is told what the program has used
    whenever the reader was given something, and last of all, however it ended, exactly what it used in the end.

    Raises:
        StoppedError: the stop signal was set before the program was started.
        OSError: the machine could not start a process (no such folder, no memory, no `setpriv`), or nobody knows
            how it ended (SIGCHLD is ignored; `keep_exit_statuses` undoes that).
    """
    stop.check()
    started = time.monotonic()
    program, label = Path(argv[0]).name, task_label()
    # Looks of a moment, and what a node tries at its start, are too many to be told.
    tell = log.info if label and program not in _QUIET_PROGRAMS else log.debug
    if label:
        environment = {**environment, LABEL: label}
    with tracing.span(program) as span, _Child(_confined(argv, limits), cwd, environment) as child:
        tell("process_started", program=program, command=redact_text(shlex.join(argv)), pid=child.pid)
        watch = _Watch(child=child, limits=limits, reader=reader, on_use=on_use, started=started)
        ended = watch.until_exit(stop)
        exit_status = child.reap()
        span.set({"process.pid": child.pid, "process.exit.code": exit_status, "reelyard.ended": ended})
        if ended is not Ended.EXITED or exit_status:
            span.fail(f"{ended}, exit status {exit_status}")
    outcome = Outcome(
        argv=tuple(argv),
        ended=ended,
        exit_status=exit_status,
        stdout=bytes(watch.stdout),
        errors=watch.errors,
        seconds=time.monotonic() - started,
        cpu_s=child.cpu_s,
    )
    if on_use is not None:
        on_use(Usage(outcome.seconds, outcome.cpu_s))
    tell(
        "process_ended",
        program=program,
        pid=child.pid,
        ended=ended,
        exit_status=exit_status,
        seconds=round(outcome.seconds, 3),
        cpu_seconds=round(child.cpu_s, 3),
    )
    return outcome


def _confined(argv: Sequence[str], limits: Limits) -> list[str]:
    rlimits = ["--core=0", f"--nofile={limits.open_files}"]
    if limits.memory_bytes:
        rlimits.append(f"--as={limits.memory_bytes}")
    if limits.file_bytes:
        rlimits.append(f"--fsize={limits.file_bytes}")
    return ["setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--", "prlimit", *rlimits, "--", *argv]


class _Child:
    """A started process group; leaving the block kills what is left of it and reaps it."""

    def __init__(self, command: list[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.pidfd = -1
        self.cpu_s = 0.0  # known once it is reaped

    def __enter__(self) -> Self:
        try:
            self.pidfd = os.pidfd_open(self.pid)
            for pipe in self.pipes:
                os.set_blocking(pipe, False)
        except OSError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.reap()
        finally:
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()
            if self.pidfd >= 0:
                os.close(self.pidfd)
                self.pidfd = -1

    @property
    def pipes(self) -> tuple[int, int]:
        """File descriptors of standard output and standard error."""
        stdout, stderr = self._process.stdout, self._process.stderr
        if stdout is None or stderr is None:
            raise ValueError("the child was started without pipes")
        return stdout.fileno(), stderr.fileno()

    def cpu_so_far(self) -> float:
        """Seconds of processor time until now, rounded down to the kernel's ticks; only before `reap`.

        They are the numbers that `reap` takes the exact ones of: of the child, and of its own children that have ended.
        """
        try:
            # The name, in parentheses, may hold anything; the times are the 12th to the 15th field after it.
            times = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()[11:15]
        except OSError:  # /proc is hidden from us: the end brings all of it
            return 0.0
        return sum(int(ticks) for ticks in times) / _TICKS_PER_S

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the whole group. Only before `reap`: until then the zombie keeps the group's number ours."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def reap(self) -> int:
        """Kill whatever still lives in the group and take the exit status; again is harmless.

        Raises:
            ChildProcessError: nobody can tell any more how it ended.
        """
        if self._process.returncode is None:
            self.signal_group(signal.SIGKILL)
            self._take_status()
        return self._process.wait()

    def _take_status(self) -> None:
        """Wait for the exit status and the processor time: the kernel gives both at once, and forgets them then.

        `Popen.wait` takes no account of the time, and finds the status that is left here.
        """
        try:
            _, status, used = os.wait4(self.pid, 0)
        except ChildProcessError as error:
            self._process.wait()  # calls it a success; at least nobody signals or waits for that number again
            msg = f"somebody else took the exit status of process {self.pid}: nobody knows whether it succeeded"
            raise ChildProcessError(errno.ECHILD, msg) from error
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = used.ru_utime + used.ru_stime


@dataclass(kw_only=True)
class _Watch:
    """Serves one child until it ends: pipes, stop signal, limits."""

    child: _Child
    limits: Limits
    reader: LineReader | None
    on_use: Callable[[Usage], None] | None
    started: float
    stdout: bytearray = field(default_factory=bytearray)
    errors: ErrorLines = field(default_factory=ErrorLines)
    ending: Ended | None = None  # why we told it to end
    kill_at: float = 0.0
    last_change: float = field(default_factory=time.monotonic)
    out_lines: LineSplitter = field(default_factory=LineSplitter)
    error_lines: LineSplitter = field(default_factory=LineSplitter)

    def until_exit(self, stop: StopSignal) -> Ended:
        """Serve the child until its first process is gone, then read what is left in the pipes."""
        out, err = self.child.pipes
        with selectors.DefaultSelector() as selector, _wakes_on(stop) as wake:
            for descriptor in (self.child.pidfd, wake, out, err):
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(self._timeout())}
                for descriptor in ready & {out, err}:
                    if not self._read(descriptor, out):
                        selector.unregister(descriptor)
                if self.child.pidfd in ready:
                    break
                if wake in ready:
                    os.eventfd_read(wake)
                    self._end(Ended.STOPPED)
                self._check_limits()
        # Children of the child may hold the pipes open, so they go first.
        self.child.signal_group(signal.SIGKILL)
        for descriptor in (out, err):
            while self._read(descriptor, out) and _has_more(descriptor):
                pass
        self._take_lines(self.out_lines.rest(), self.error_lines.rest())
        return self.ending or Ended.EXITED

    def _timeout(self) -> float:
        if self.ending is not None:
            return max(0.0, self.kill_at - time.monotonic())
        deadlines = [self.started + self.limits.hard_s]
        if self.limits.stall_s:
            deadlines.append(self.last_change + self.limits.stall_s)
        return max(0.0, min(deadlines) - time.monotonic())

    def _check_limits(self) -> None:
        now = time.monotonic()
        if self.ending is not None:
            if now >= self.kill_at:
                self.child.signal_group(signal.SIGKILL)
                self.kill_at = now + GRACE_S
        elif now >= self.started + self.limits.hard_s:
            self._end(Ended.TIMED_OUT)
        elif self.limits.stall_s and now >= self.last_change + self.limits.stall_s:
            self._end(Ended.STALLED)

    def _end(self, why: Ended) -> None:
        if self.ending is None:
            self.ending = why
            self.kill_at = time.monotonic() + GRACE_S
            self.child.signal_group(signal.SIGTERM)
            log.info("process_told_to_end", pid=self.child.pid, why=why)

    def _read(self, descriptor: int, out: int) -> bool:
        """Take what one pipe holds; False at its end."""
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return True
        if descriptor != out:
            self._take_lines([], self.error_lines.split(data))
        elif self.reader is not None:
            self._take_lines(self.out_lines.split(data), [])
            if data and self.on_use is not None:
                self.on_use(Usage(time.monotonic() - self.started, self.child.cpu_so_far()))
        elif len(self.stdout) + len(data) > STDOUT_LIMIT_BYTES:
            self._end(Ended.FLOODED)
        else:
            self.stdout += data
        return bool(data)

    def _take_lines(self, out: list[str], errors: list[str]) -> None:
        for line in errors:
            self.errors.add(line)
        for line in out:
            if self.reader is not None and self.reader.feed(line):
                self.last_change = time.monotonic()


def _has_more(descriptor: int) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))


@contextlib.contextmanager
def _wakes_on(stop: StopSignal) -> Iterator[int]:
    """A descriptor that becomes readable when the stop signal is set."""
    wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    try:
        with stop.calls(lambda: os.eventfd_write(wake, 1)):
            yield wake
    finally:
        os.close(wake)
