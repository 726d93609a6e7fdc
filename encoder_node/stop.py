"""One task's order to stop: who gave it does not matter, the first reason stays."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum


class StopReason(StrEnum):
    """Why a task is to stop before its end."""

    CANCELLED = "cancelled"  # somebody cancelled it: the scheduler knows, nothing is reported
    LEASE_LOST = "lease_lost"  # another node may have it by now: discard everything, report nothing
    DRAIN = "drain"  # this node goes away: hand the task back


class StoppedError(Exception):
    """The work broke off because its stop signal was set. Not a failure: the runner acts on the reason."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(f"stopped: {reason}")
        self.reason = reason


class StopSignal:
    """A stop that wakes whatever waits: a process loop, a socket read, a back-off. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._reason: StopReason | None = None
        self._callbacks: list[Callable[[], object]] = []

    @property
    def reason(self) -> StopReason | None:
        """Why, or None while the work may go on."""
        return self._reason

    def set(self, reason: StopReason) -> None:
        """Give the order and wake everything that waits; a later reason changes nothing."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            self._event.set()
            # Called under the lock, so that `calls` cannot return while its function still runs here.
            for callback in self._callbacks:
                callback()

    def check(self) -> None:
        """Go on or break off.

        Raises:
            StoppedError: the order was given.
        """
        if self._reason is not None:
            raise StoppedError(self._reason)

    def wait(self, timeout_s: float) -> bool:
        """Sleep until the order is given (True) or the time is over (False)."""
        return self._event.wait(timeout_s)

    @contextlib.contextmanager
    def calls(self, callback: Callable[[], object]) -> Iterator[None]:
        """Have `callback` called once when the order is given while the block runs; at once if it was given.

        The callback must be quick, must not raise and must not use this signal.
        """
        with self._lock:
            self._callbacks.append(callback)
            if self._reason is not None:
                callback()
        try:
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
