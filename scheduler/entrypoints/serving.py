"""When the scheduler may be asked: the gate before its start is over, and the health that it tells from then on."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

import grpc
import structlog
from grpc_health.v1 import health, health_pb2

from reelyard.cluster.health import Readiness
from reelyard.media.errors import UnavailableError

#: How often the health that clients and Kubernetes see is brought up to date, in seconds.
HEALTH_INTERVAL_S = 2.0

#: Names that Kubernetes' probes ask for, beside the services' own.
LIVENESS = "liveness"
READINESS = "readiness"

_OPEN_FROM_THE_START = ("/grpc.health.", "/grpc.reflection.")

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

log = structlog.get_logger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic for the type checker only


class StartGate(grpc.ServerInterceptor):
    """Answers "unavailable" to every call but those about health, until the schema is there.

    Clients try such a call again by themselves, at another scheduler if there is one.
    """

    def __init__(self) -> None:
        self._open = False

    def open(self) -> None:
        """Let calls in from now on."""
        self._open = True

    def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Handler | None]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """See grpc.ServerInterceptor."""
        if self._open or handler_call_details.method.startswith(_OPEN_FROM_THE_START):
            return continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(_not_yet)


def _not_yet(_request: object, _context: grpc.ServicerContext) -> NoReturn:
    raise UnavailableError("the scheduler is starting; try again in a few seconds")


class HealthMonitor:
    """Keeps the answer of the gRPC health service equal to what the readiness checks say.

    `liveness` is apart: it serves from the first moment on, and no longer once a loop's thread has ended. It asks
    nothing outside of the process. How long a loop takes does not count either: it may stand still for as long as the
    broker or the database does, and a restart would not help those.

    Args:
        servicer: the health service; told "not serving" at once and until `start`.
        services: the names that are asked for; "" (the whole server) and `readiness` are always among them.
        readiness: what decides.
        loops_run: whether every loop's thread is there; asked from `start` on.
    """

    def __init__(
        self,
        servicer: health.HealthServicer,
        services: Iterable[str],
        readiness: Readiness,
        loops_run: Callable[[], bool],
    ) -> None:
        self._servicer = servicer
        self._services = ("", READINESS, *services)
        self._readiness = readiness
        self._loops_run = loops_run
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="health", daemon=True)
        self._serving = False
        self._tell(_NOT_SERVING)
        servicer.set(LIVENESS, _SERVING)

    def start(self) -> None:
        """Ask for the first time, then again and again in a thread."""
        self._update()
        self._thread.start()

    def stop(self) -> None:
        """Say "not serving" for good and end the thread."""
        self._servicer.enter_graceful_shutdown()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(HEALTH_INTERVAL_S):
            self._update()

    def _update(self) -> None:
        self._servicer.set(LIVENESS, _SERVING if self._loops_run() else _NOT_SERVING)
        report = self._readiness.report()
        if report.ready == self._serving:
            return
        self._serving = report.ready
        log.info("health_changed", serving=report.ready, checks=dict(report.checks))
        self._tell(_SERVING if report.ready else _NOT_SERVING)

    def _tell(self, status: int) -> None:
        for service in self._services:
            self._servicer.set(service, status)
