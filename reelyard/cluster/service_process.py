"""What every process of ours does around its service: read settings, set up logs, wait for a signal, exit.

The first SIGTERM or SIGINT asks to stop; a second one ends the process at once, as it does by default.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, TypeVar

from reelyard.cluster.logs import configure_logs
from reelyard.cluster.settings import SettingsError, read_settings
from reelyard.cluster.tracing import tracing
from reelyard.media.errors import ReelyardError

#: Exit statuses: stopped by a signal; could not start, or broke down; a setting is wrong.
STOPPED = 0
FAILED = 1
WRONG_SETTINGS = 2

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StartError(ReelyardError):
    """A service can't start as it is set up; the message says what to change."""


class _HasOwnSettings(Protocol):
    @property
    def log_level(self) -> str: ...
    @property
    def log_format(self) -> str: ...
    @property
    def traces_url(self) -> str: ...
    @property
    def traces_sample_ratio(self) -> float: ...


S = TypeVar("S", bound=_HasOwnSettings)


def run_service(
    name: str, settings_class: type[S], environ: Mapping[str, str], serve: Callable[[S, threading.Event], int]
) -> int:
    """Run `serve` with the settings of the environment; the exit status of the process.

    Args:
        name: of the service, for its log and its complaints: "scheduler".
        settings_class: what it is told.
        environ: the environment.
        serve: starts, waits for the event, stops, and returns the exit status; may raise StartError.
    """
    keep_exit_statuses()
    try:
        settings = read_settings(settings_class, environ)
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return WRONG_SETTINGS
    configure_logs(service=name, level=settings.log_level, fmt=settings.log_format)
    traces = tracing(service=name, url=settings.traces_url, sample_ratio=settings.traces_sample_ratio)
    with stop_requested() as stop, traces:
        try:
            return serve(settings, stop)
        except StartError as error:
            sys.stderr.write(f"reelyard {name}: {error}\n")
            return FAILED


def keep_exit_statuses() -> None:
    """Have the kernel keep how our children end: whoever started us may ignore SIGCHLD, and that is inherited."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or SIGINT sets; after it these do what they do by default. For the main thread.

    Python runs its handlers in the main thread alone, and a main thread that waits for a lock is woken only by a signal
    of its own. The kernel gives a signal to another thread whenever the main one has another pending, such as SIGCHLD
    while a program is started, and then nobody would hear it. So a thread listens to what each signal writes at once
    (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd) and wakes the main one.
    """
    requested = threading.Event()
    before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.getsignal(number) for number in _STOP_SIGNALS
    }

    def next_one_ends_it(_number: int, _frame: FrameType | None) -> None:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    with _signals_heard(requested.set):
        for number in _STOP_SIGNALS:
            signal.signal(number, next_one_ends_it)
        try:
            yield requested
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _signals_heard(stop: Callable[[], None]) -> Iterator[None]:
    """Have `stop` called, in another thread, when one of the signals arrives, whichever thread gets it."""
    heard, told = os.pipe()
    os.set_blocking(told, False)

    def listen() -> None:
        while numbers := os.read(heard, 64):  # a byte for each signal; none when nobody can write any more
            if not set(numbers).isdisjoint(_STOP_SIGNALS):
                stop()

    thread = threading.Thread(target=listen, name="signals", daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(told)
        thread.join()
        os.close(heard)


def say(line: str) -> None:
    """Print one line on standard output, at once: whoever started the process reads it there."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
