"""Reads what may hang, for a scrape that must not: a database that is away, a driver that says nothing."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class SlowReading(Generic[T]):
    """One reading at a time, in a thread of its own: what waits for a dead server can't be told to give up.

    Args:
        read: brings what is wanted, None when there is nothing; may take any time.
        name: of the thread.
    """

    def __init__(self, read: Callable[[], T | None], *, name: str) -> None:
        self._read = read
        self._name = name
        self._lock = threading.Lock()
        self._begun: _Reading[T] | None = None

    def get(self, wait_s: float) -> T | None:
        """What a reading brings that ends within this time; None when it brings nothing, or takes longer.

        A reading that has begun and not ended is waited for; there is never a second one beside it.
        """
        with self._lock:
            if self._begun is None or self._begun.ended:
                self._begun = _Reading(self._read, self._name)
            begun = self._begun
        return begun.result(wait_s)


class _Reading(Generic[T]):
    def __init__(self, read: Callable[[], T | None], name: str) -> None:
        self._read = read
        self._result: T | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def result(self, wait_s: float) -> T | None:
        self._thread.join(wait_s)
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._read()
        except Exception:  # it ends a thread that nobody else hears of
            log.exception("reading_broke", reading=self._thread.name)
