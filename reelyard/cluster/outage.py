"""Tells of an outage when it begins and when it ends, and not with each of the many tries in between."""

import threading

from structlog.typing import FilteringBoundLogger


class Outage:
    """The outages of one thing, one after the other. Safe between threads.

    Args:
        log: where they are told.
        begins: event of the warning that it does not work; told again only for a reason not yet given.
        ends: event of the line that it works again.
    """

    def __init__(self, log: FilteringBoundLogger, *, begins: str, ends: str) -> None:
        self._log = log
        self._begins = begins
        self._ends = ends
        self._lock = threading.Lock()
        self._reasons: set[str] = set()
        self._tries = 0

    def failed(self, reason: str) -> None:
        """A try failed; `reason` is for people and free of secrets."""
        with self._lock:
            self._tries += 1
            known = reason in self._reasons
            self._reasons.add(reason)
        if not known:
            self._log.warning(self._begins, error=reason)

    def over(self) -> None:
        """A try went through; says so when the one before it had failed."""
        with self._lock:
            tries, self._tries = self._tries, 0
            self._reasons.clear()
        if tries:
            self._log.info(self._ends, failed_tries=tries)
