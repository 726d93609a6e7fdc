"""Tells the scheduler that the node lives: registers it, renews all its leases with one beat, obeys what comes back.

Two threads that do nothing else, so that no encode can starve them: one beats, the other watches the deadlines. The
watch is apart because a beat may hang in the network for seconds while a lease lapses.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from encoder_node.lease import HeldTasks, lease_clock
from reelyard.cluster.node_client import NodeClient
from reelyard.media.errors import ReelyardError, UnavailableError

log = structlog.get_logger(__name__)

#: Seconds between tries to register while no scheduler answers.
REGISTER_RETRY_S = 0.5
#: The watch looks at the clock at least this often: its sleep does not count while the machine is suspended.
_WATCH_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the node is. The ID is new for every process, the name stays over restarts."""

    node_id: str
    name: str
    version: str
    encoders: tuple[str, ...]
    slots: Mapping[str, int]


class Heartbeat:
    """The node's membership in the cluster, from `start` to `stop`."""

    def __init__(self, client: NodeClient, identity: Identity, held: HeldTasks) -> None:
        self._client = client
        self._identity = identity
        self.held = held
        self._registering = threading.Lock()
        self._interval_s = REGISTER_RETRY_S
        self._lease_s = 0.0
        self._registered = threading.Event()
        self._registered_or_leaving = threading.Event()
        self._stopping = threading.Event()
        self._beat_now = threading.Event()
        self._draining = False
        self._silent = False  # the last beat was not answered
        self._threads = [
            threading.Thread(target=self._beat_until_stopped, name="heartbeat", daemon=True),
            threading.Thread(target=self._watch_until_stopped, name="lease-watch", daemon=True),
        ]

    @property
    def lease_s(self) -> float:
        """How long a lease lasts without a beat, as the scheduler said; 0 before the first registration."""
        return self._lease_s

    @property
    def registered(self) -> bool:
        """Whether a scheduler was told of the node."""
        return self._registered.is_set()

    def start(self) -> None:
        """Begin to register and beat."""
        for thread in self._threads:
            thread.start()

    def wait_registered(self) -> bool:
        """Wait until a scheduler knows the node; False when `drain` or `stop` came first."""
        self._registered_or_leaving.wait()
        return self._registered.is_set() and not self._draining

    def check(self) -> None:
        """Readiness: whether the last beat was answered.

        Raises:
            UnavailableError: it was not, or the node is not registered yet.
        """
        if self._silent or not self._registered.is_set():
            raise UnavailableError("No scheduler has answered the node's last heartbeat.")

    def drain(self) -> None:
        """Say with the next beat, which is sent at once, that the node takes no more tasks."""
        self._draining = True
        self._registered_or_leaving.set()
        self._beat_now.set()

    def stop(self) -> None:
        """End both threads and wait for them; a call that is under way ends by its deadline."""
        self._stopping.set()
        self._registered_or_leaving.set()
        self._beat_now.set()
        self.held.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def register(self) -> None:
        """Tell a scheduler who the node is.

        Raises:
            ReelyardError: it was refused, or no scheduler answered (`UnavailableError`).
        """
        me = self._identity
        with self._registering:
            beat_ms, lease_ms = self._client.register(me.node_id, me.name, me.version, me.encoders, me.slots)
            self._interval_s, self._lease_s = beat_ms / 1000, lease_ms / 1000
        log.info("node_registered", node_id=me.node_id, name=me.name, lease_s=self._lease_s)
        self._registered.set()
        self._registered_or_leaving.set()

    def _beat_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._registered.is_set():
                    self._beat()
                else:
                    self.register()
                self._heard()
            except ReelyardError as error:
                self._unheard(error)
            except Exception:  # without this thread the node would claim tasks and keep none of them
                self._silent = True
                log.exception("heartbeat_crashed")
            self._beat_now.wait(self._interval_s)
            self._beat_now.clear()

    def _beat(self) -> None:
        sent_at = lease_clock()
        tasks = self.held.all()
        beat = self._client.heartbeat(
            self._identity.node_id, [task.progress for task in tasks], draining=self._draining
        )
        self.held.obey(beat.stop)
        if beat.known:
            lost = {order.token for order in beat.stop}
            self.held.renew([task for task in tasks if task.token not in lost], sent_at + self._lease_s)
        else:
            log.info("node_unknown_to_scheduler", node_id=self._identity.node_id)
            self.register()

    def _heard(self) -> None:
        if self._silent:
            self._silent = False
            log.info("scheduler_answers_again")

    def _unheard(self, error: ReelyardError) -> None:
        if not self._silent or not isinstance(error, UnavailableError):
            log.warning("heartbeat_failed", error=error.message, code=error.code)
        self._silent = True

    def _watch_until_stopped(self) -> None:
        while not self._stopping.is_set():
            now = lease_clock()
            next_deadline = self.held.stop_lapsed(now)
            sleep_s = _WATCH_S if next_deadline is None else min(_WATCH_S, next_deadline - now)
            self.held.wait_change(sleep_s, unless=self._stopping.is_set)
