"""One running scheduler: the order in which its parts start and stop."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc
import structlog
from sqlalchemy.exc import DatabaseError

from reelyard.cluster.health import Readiness
from reelyard.cluster.listen_address import host_and_port, loopback_of
from reelyard.cluster.listening import existing_wildcard
from reelyard.cluster.metrics import CollectorRegistry, MetricsServer, serve_metrics
from reelyard.cluster.objectstore.store import ObjectStore
from reelyard.cluster.service_process import StartError
from reelyard.cluster.settings_parsers import host_port
from reelyard.media.errors import UnavailableError
from scheduler.domain.policy import Policy
from scheduler.entrypoints.serving import HealthMonitor, StartGate
from scheduler.settings import SchedulerSettings
from scheduler.startup import ask_broker, driver_words, prepare_database, until_it_answers
from scheduler.store.database import Database
from scheduler.usecases.forget_nodes import forget_nodes

#: How long calls may go on after the stop began, in seconds; every call's deadline is below 15.
STOP_GRACE_S = 5.0

log = structlog.get_logger(__name__)


class Loop(Protocol):
    """Something that works in a thread of its own."""

    def start(self) -> None:
        """Start the thread."""

    def stop(self) -> None:
        """End the thread and wait for it."""

    def is_alive(self) -> bool:
        """Whether the thread runs."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `scheduler.wiring` built."""

    settings: SchedulerSettings
    policy: Policy
    database: Database
    server: grpc.Server
    gate: StartGate
    health: HealthMonitor
    readiness: Readiness
    loops: Sequence[Loop]
    registry: CollectorRegistry
    serves_metrics: bool  # whether the registry is its own to serve
    store: ObjectStore
    close_broker: Callable[[], None]


class SchedulerService:
    """A scheduler that can be started once and stopped once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._port = 0
        self._metrics: MetricsServer | None = None
        self._stopped = False

    @property
    def readiness(self) -> Readiness:
        """Whether it can be called."""
        return self._parts.readiness

    @property
    def address(self) -> str:
        """`host:port` under which this machine reaches it, once it was started."""
        host, _ = host_port(self._parts.settings.listen)
        return host_and_port(loopback_of(host), self._port)

    def start(self, *, give_up: threading.Event | None = None) -> None:
        """Serve. Returns when the database and the broker have answered; the health service says so from then on.

        Until the database is ready every other call is answered with "unavailable".

        Args:
            give_up: ends the wait for database and broker; who sets it calls `stop` next.

        Raises:
            StartError: a port is taken, or the database can't be used as it is set up.
        """
        stop = give_up or threading.Event()
        self._listen()
        if not self._prepare_database(stop):
            return
        self._parts.gate.open()
        for loop in self._parts.loops:
            loop.start()
        if self._wait_for_broker(stop):
            self._parts.health.start()
            log.info("scheduler_ready", address=self.address)

    def stop(self) -> None:
        """Say "not serving", finish the calls that run, end every thread, close every connection. Again is fine."""
        if self._stopped:
            return
        self._stopped = True
        parts = self._parts
        parts.readiness.stop()
        parts.health.stop()
        parts.server.stop(STOP_GRACE_S).wait()
        for loop in reversed(parts.loops):
            if loop.is_alive():
                loop.stop()
        parts.close_broker()
        parts.store.close()
        if self._metrics is not None:
            self._metrics.stop()
        parts.database.close()
        log.info("scheduler_stopped")

    def _listen(self) -> None:
        settings, server = self._parts.settings, self._parts.server
        host, port = host_port(settings.listen)
        try:
            # gRPC does without IPv6 where there is none, and says nothing: asked here, the log does
            self._port = server.add_insecure_port(host_and_port(existing_wildcard(host, port), port))
        except RuntimeError as error:
            raise StartError(f"can't listen on {settings.listen} (REELYARD_SCHEDULER_LISTEN): {error}") from error
        server.start()
        if settings.metrics_port is not None and self._parts.serves_metrics:
            self._metrics = serve_metrics(self._parts.registry, settings.metrics_port, readiness=self._parts.readiness)

    def _prepare_database(self, stop: threading.Event) -> bool:
        settings, database = self._parts.settings, self._parts.database

        def prepare() -> None:
            prepare_database(database, settings.api_key, self._parts.policy)
            if self._broker_is_inside:
                forget_nodes(database)

        try:
            if database.dialect != "sqlite":
                return until_it_answers("database", prepare, stop)
            prepare()  # a file that can't be opened now can't be opened later: no use to wait
        except (UnavailableError, DatabaseError) as error:
            raise StartError(f"can't use the database (REELYARD_DATABASE_URL): {driver_words(error)}") from error
        return True

    def _wait_for_broker(self, stop: threading.Event) -> bool:
        if self._broker_is_inside:
            return True
        return until_it_answers("broker", lambda: ask_broker(self._parts.settings.broker_url), stop)

    @property
    def _broker_is_inside(self) -> bool:
        """Whether the broker, and so every node, lives in this process."""
        return self._parts.settings.broker_url.startswith("memory:")
