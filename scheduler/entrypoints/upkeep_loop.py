"""The thread for slow work: media, answers, nodes and waits whose time is over, and files that no record points to."""

import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import structlog

from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.outage import Outage
from reelyard.media.errors import UnavailableError
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.usecases.answers import FORGOTTEN_AT_ONCE, forget_answers
from scheduler.usecases.expire_media import expire_media
from scheduler.usecases.give_up_codecs import give_up_codecs
from scheduler.usecases.remove_gone_nodes import REMOVED_AT_ONCE, remove_gone_nodes
from scheduler.usecases.sweep_orphans import sweep_orphans

_log = structlog.get_logger(__name__)

#: Seconds between two rounds. What a round does may be due more seldom.
INTERVAL_S = 60.0


class UpkeepLoop:
    """Runs all upkeep again and again in a thread. Several schedulers may do so on one database.

    Args:
        db: the database.
        dispatcher: woken when there is something to clean up.
        policy: how long things are kept, and pools are waited for.
        store: where they are kept.
        holder: names this scheduler in the turns that it takes.
        timer: measures each round.
    """

    def __init__(
        self,
        db: Database,
        dispatcher: Dispatcher,
        policy: Policy,
        store: ObjectStore,
        *,
        holder: str = "",
        timer: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._db = db
        self._dispatcher = dispatcher
        self._policy = policy
        self._store = store
        self._holder = holder or str(uuid.uuid4())
        self._timer = timer
        self._outage = Outage(_log, begins="upkeep_failed", ends="upkeep_works_again")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin with a first round."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the medium or the batch that it is at."""
        self._stopping.set()
        self._thread.join()

    def is_alive(self) -> bool:
        """Whether the thread runs; for readiness."""
        return self._thread.is_alive()

    def round(self) -> None:
        """Every concern once, whatever happens to the others."""
        answered = True
        for concern in (self._give_up, self._expire, self._forget, self._sweep):
            answered &= self._see_to(concern)
        if answered:
            self._outage.over()

    def _see_to(self, concern: Callable[[], None]) -> bool:
        try:
            concern()
        except (UnavailableError, StorageError) as error:
            self._outage.failed(error.message)
            return False
        except Exception:  # noqa: BLE001  # the thread must survive what nobody thought of, and says it loudly
            _log.exception("upkeep_crashed")
        return True

    def _give_up(self) -> None:
        if give_up_codecs(self._db, self._policy):
            self._dispatcher.wake()

    def _expire(self) -> None:
        if expire_media(self._db, self._policy, stopping=self._stopping.is_set):
            self._dispatcher.wake()

    def _forget(self) -> None:
        while forget_answers(self._db) == FORGOTTEN_AT_ONCE and not self._stopping.is_set():
            pass  # so many at once, until no old ones are left
        while remove_gone_nodes(self._db) == REMOVED_AT_ONCE and not self._stopping.is_set():
            pass

    def _sweep(self) -> None:
        sweep_orphans(self._db, self._store, self._policy, holder=self._holder, stopping=self._stopping.is_set)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._timer():
                self.round()
            self._stopping.wait(INTERVAL_S)
