"""Processes of their own session, stopped by their PID and always reaped."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TAIL_BYTES = 4_000
_READY_POLL_S = 0.03


class LocalServerError(RuntimeError):
    """A server could not be started or did not become ready; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What it takes to start a process again exactly as it was."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)  # the whole environment; may hold passwords
    log: Path  # standard output and error are added to it


class Process:
    """A started process: own session (so own group), standard input closed, output to its log file."""

    def __init__(self, launch: Launch) -> None:
        """Start it.

        Raises:
            LocalServerError: the program does not exist or cannot be run.
        """
        self.launch = launch
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            try:
                self._popen = subprocess.Popen(
                    launch.command,
                    env=dict(launch.env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as exc:
                raise LocalServerError(f"{launch.name}: cannot start {launch.command[0]}: {exc}") from exc

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._popen.pid

    def running(self) -> bool:
        """Whether it has not exited yet."""
        return self._popen.poll() is None

    def stop(self, *, ask: signal.Signals = signal.SIGTERM, grace_s: float = 10.0) -> int:
        """Ask it to stop, kill its group when it has not within `grace_s` seconds, reap it; the exit status.

        Stopping what has stopped is fine.
        """
        if self._popen.returncode is None:
            signal_process(self.pid, ask)
            wait_for_exit(self.pid, grace_s)
        return self.kill()

    def kill(self) -> int:
        """Kill it and all of its group at once, reap it; the exit status, negative for a signal."""
        # A group outlives its leader; before the leader is reaped its number cannot be somebody else's.
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return self._popen.wait()

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float = 180.0) -> None:
        """Return when `ready()` is true.

        Raises:
            LocalServerError: it exited first, or was not ready in time; with the end of its log.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running():
                raise LocalServerError(
                    f"{self.launch.name} exited with status {self._popen.returncode} before it was ready. "
                    f"The end of {self.launch.log}:\n{tail(self.launch.log)}"
                )
            if time.monotonic() > deadline:
                raise LocalServerError(
                    f"{self.launch.name} was not ready within {timeout_s:.0f} s. "
                    f"The end of {self.launch.log}:\n{tail(self.launch.log)}"
                )
            time.sleep(_READY_POLL_S)


def run_once(launch: Launch, *, timeout_s: float = 60.0) -> None:
    """Run a program to its end.

    Raises:
        LocalServerError: it failed, or took longer than `timeout_s` seconds; with the end of its log.
    """
    process = Process(launch)
    try:
        ended = wait_for_exit(process.pid, timeout_s)
    finally:
        status = process.kill()
    if not ended or status != 0:
        why = f"failed with status {status}" if ended else f"did not end within {timeout_s:.0f} s"
        raise LocalServerError(f"{launch.name} {why}. The end of {launch.log}:\n{tail(launch.log)}")


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_for_exit(pid: int, timeout_s: float) -> bool:
    """Wait until any process, child or not, has exited; False when it still runs after `timeout_s` seconds.

    A child is left to be reaped by its parent.
    """
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))
    finally:
        os.close(handle)


def tail(path: Path) -> str:
    """The last few kilobytes of a log, or a note that there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _TAIL_BYTES))
            return log.read().decode(errors="replace").strip() or "(it is empty)"
    except OSError as exc:
        return f"(it cannot be read: {exc})"
