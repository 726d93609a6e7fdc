"""The thread that dispatches: pushed by `Dispatcher.wake`, by the next task's time, and once a second for safety."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import structlog

from reelyard.cluster.outage import Outage
from reelyard.media.errors import UnavailableError
from scheduler.dispatcher import Dispatcher
from scheduler.store.dispatch_queries import Outlook

_log = structlog.get_logger(__name__)

#: Seconds after which the backlog is looked at when nobody said anything: work of another scheduler's calls.
TICK_S = 1.0
#: Seconds before the first new try when the broker or the database is down, doubled each time up to the second.
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 5.0


class DispatchLoop:
    """Runs a dispatcher in a thread until it is stopped; `timer` measures its rounds."""

    def __init__(
        self, dispatcher: Dispatcher, *, timer: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._dispatcher = dispatcher
        self._timer = timer
        self._outage = Outage(_log, begins="dispatch_failed", ends="dispatch_works_again")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Begin to dispatch."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its present round; tasks stay where they are."""
        self._stopping.set()
        self._dispatcher.wake()
        self._thread.join()

    def is_alive(self) -> bool:
        """Whether the thread runs; for readiness."""
        return self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                # While the broker is down one task a queue finds out whether it is back: each try moves it there
                # and back, and there is no need to do that with the whole window.
                with self._timer():
                    outlook = self._dispatcher.dispatch(at_most=1 if failures else None)
            except UnavailableError as error:
                failures += 1
                self._outage.failed(error.message)
            except Exception:  # noqa: BLE001  # the thread must survive what nobody thought of, and says it loudly
                failures += 1
                _log.exception("dispatch_crashed", failures=failures)
            else:
                self._outage.over()
                self._dispatcher.wait(0 if failures else _time_to_next(outlook))
                failures = 0
                continue
            self._stopping.wait(min(FIRST_BACKOFF_S * 2 ** min(failures - 1, 10), LONGEST_BACKOFF_S))


def _time_to_next(outlook: Outlook) -> float:
    """Seconds to sleep when nobody wakes us."""
    if outlook.next_due_ms is None:
        return TICK_S
    return min(TICK_S, max(0.0, (outlook.next_due_ms - outlook.now_ms) / 1000))
