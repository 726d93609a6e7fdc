"""Sends task hints to the broker: chosen and committed in the database first, published after.

`entrypoints.dispatch_loop` runs it in a thread; `wake` is called by whoever made work runnable.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dramatiq
import structlog

from reelyard.cluster.broker import BrokerDownError, ready_messages, send_hint
from reelyard.cluster.work import Queue
from scheduler.store.database import Database
from scheduler.store.dispatch_queries import Outlook
from scheduler.usecases.put_back import put_back
from scheduler.usecases.renew_hints import renew_hints
from scheduler.usecases.select_tasks import Hint, look_ahead, select_tasks

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Keeps the broker's queues just deep enough for the nodes that are there.

    Args:
        db: the backlog.
        broker: where hints go.
        broker_seen: told whether the broker answered, whenever it was asked.
    """

    def __init__(
        self, db: Database, broker: dramatiq.Broker, *, broker_seen: Callable[[bool], None] = lambda _answered: None
    ) -> None:
        self._db = db
        self._broker = broker
        self._broker_seen = broker_seen
        self._woken = threading.Event()

    def wake(self) -> None:
        """Look at the backlog now; returns at once. Call it after the transaction that made work runnable."""
        self._woken.set()

    def wait(self, timeout_s: float) -> None:
        """Sleep until `wake` is called or the time is over. A call during the last round counts."""
        self._woken.wait(timeout_s)
        self._woken.clear()

    def dispatch(self, *, at_most: int | None = None) -> Outlook:
        """Send the hints that there is room for, in each queue no more than `at_most`; then look ahead.

        Raises:
            BrokerDownError: the broker does not take them; what was not sent is back in the backlog.
            UnavailableError: the database does not answer.
        """
        for queue in look_ahead(self._db).due:
            self._send(select_tasks(self._db, queue, at_most=at_most))
        return look_ahead(self._db)

    def resend_lost_hints(self, *, older_than_ms: int) -> int:
        """Send hints again that nobody claimed, in queues where the broker has none left; how many.

        Raises:
            BrokerDownError: the broker does not answer.
            UnavailableError: the database does not answer.
        """
        sent = 0
        for queue in Queue:
            with self._seeing_broker():
                ready = ready_messages(self._broker, queue)
            if ready == 0:
                hints = renew_hints(self._db, queue, older_than_ms=older_than_ms)
                self._send(hints)
                sent += len(hints)
        if sent:
            _log.warning("hints_sent_again", count=sent)
        return sent

    def _send(self, hints: Sequence[Hint]) -> None:
        for position, hint in enumerate(hints):
            try:
                with self._seeing_broker():
                    send_hint(self._broker, hint.queue, hint.task_id, hint.attempt)
            except BrokerDownError:
                put_back(self._db, hints[position:])
                raise

    @contextmanager
    def _seeing_broker(self) -> Iterator[None]:
        try:
            yield
        except BrokerDownError:
            self._broker_seen(False)
            raise
        self._broker_seen(True)
