"""The thread that repairs: lapsed leases, lost hints, silent nodes, tasks stranded without a GPU."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import structlog

from reelyard.cluster.outage import Outage
from reelyard.media.errors import UnavailableError
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.usecases.expire_leases import expire_leases
from scheduler.usecases.fall_back import rescue_gpu_tasks
from scheduler.usecases.watch_nodes import end_set_aside, lose_nodes

_log = structlog.get_logger(__name__)

#: Seconds between two sweeps, and how many of them at least fall into one lease.
LONGEST_INTERVAL_S = 1.0
SWEEPS_A_LEASE = 4


class SweepLoop:
    """Runs every sweep again and again in a thread. Several schedulers may do so on one database.

    Args:
        db: the database.
        dispatcher: sends lost hints again; woken when a sweep made work runnable.
        policy: after what times something is lost.
        timer: measures each sweep.
    """

    def __init__(
        self,
        db: Database,
        dispatcher: Dispatcher,
        policy: Policy,
        *,
        timer: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._db = db
        self._dispatcher = dispatcher
        self._policy = policy
        self._timer = timer
        self._interval_s = min(LONGEST_INTERVAL_S, policy.lease_ms / 1000 / SWEEPS_A_LEASE)
        # The hints of an in-process broker died with the process, so the first sweep does not wait for their age.
        # On a broker that lives on it may send a hint twice, which a claim refuses.
        self._hint_age_ms = 0
        self._outage = Outage(_log, begins="sweep_failed", ends="sweep_works_again")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its present sweep."""
        self._stopping.set()
        self._thread.join()

    def is_alive(self) -> bool:
        """Whether the thread runs; for readiness."""
        return self._thread.is_alive()

    def sweep(self) -> bool:
        """Every concern once, whatever happens to the others; True when work became runnable."""
        runnable, answered = False, True
        for concern in self._concerns():
            try:
                runnable |= bool(concern())
            except UnavailableError as error:
                answered = False
                self._outage.failed(error.message)
            except Exception:  # noqa: BLE001  # the thread must survive what nobody thought of, and says it loudly
                _log.exception("sweep_crashed")
        if answered:
            self._outage.over()
        return runnable

    def _concerns(self) -> tuple[Callable[[], object], ...]:
        return (
            lambda: expire_leases(self._db, self._policy),
            lambda: lose_nodes(self._db, self._policy),
            lambda: end_set_aside(self._db),
            lambda: rescue_gpu_tasks(self._db),
            self._resend,
        )

    def _resend(self) -> int:
        sent = self._dispatcher.resend_lost_hints(older_than_ms=self._hint_age_ms)
        self._hint_age_ms = self._policy.hint_age_ms
        return sent

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._timer():
                runnable = self.sweep()
            if runnable:
                self._dispatcher.wake()
            self._stopping.wait(self._interval_s)
