"""Metrics: a registry that is passed to what measures, and the port that Prometheus and Kubernetes ask.

There is no global registry: `new_registry()` is called in a service's wiring. Where several services share a process
they share one registry too, and with it whatever they all measure (`Registry.once`).
"""

import gzip
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from reelyard.cluster.health import Readiness
from reelyard.cluster.listen_address import EVERY_ADDRESS
from reelyard.cluster.listening import listening_socket
from reelyard.cluster.service_process import StartError
from reelyard.cluster.tracing import recorded_trace_id

__all__ = [
    "CollectorRegistry",
    "Exposition",
    "MetricsServer",
    "Registry",
    "build_info",
    "exemplar",
    "expose",
    "new_registry",
    "serve_metrics",
]

log = structlog.get_logger(__name__)

T = TypeVar("T")

_OK = 200
_NOT_FOUND = 404
_NOT_READY = 503
#: Seconds after which a connection that asks nothing is closed; each has a thread.
_CONNECTION_S = 30.0
_BACKLOG = 128
#: Written when an image is built (`git rev-parse HEAD`), since there is no repository in it.
_COMMIT_FILE = Path(__file__).parent.parent / "_commit.txt"
_UNKNOWN = "unknown"
_TEXT = {"Content-Type": "text/plain"}


class Registry(CollectorRegistry):
    """A registry whose users can share what several of them measure."""

    def __init__(self) -> None:
        super().__init__()
        self._shared: dict[Callable[[Registry], Any], Any] = {}
        self._sharing = threading.Lock()

    def once(self, make: Callable[["Registry"], T]) -> T:
        """What `make(self)` made when it was first asked for here: two services of a process count into one."""
        with self._sharing:
            if make not in self._shared:
                self._shared[make] = make(self)
            made: T = self._shared[make]
            return made


def new_registry() -> Registry:
    """A registry with the metrics that every process has: memory, CPU, open files, garbage collection.

    The times at which counters began are left out: they would be a second series for each.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = Registry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def build_info(registry: Registry, service: str, *, ffmpeg: str = "") -> None:
    """Say in the metrics what runs: gateway, scheduler or node, its version and commit, and the ffmpeg of a node."""
    registry.once(_build_gauge).labels(service, _version(), _commit(), ffmpeg).set(1)


def _build_gauge(registry: Registry) -> Gauge:
    return Gauge(
        "reelyard_build_info",
        "What runs: always 1.",
        ["service", "version", "commit", "ffmpeg"],
        registry=registry,
    )


def _version() -> str:
    try:
        return version("reelyard")
    except PackageNotFoundError:
        return _UNKNOWN


@cache
def _commit() -> str:
    """The commit that the package was built from; "unknown" in a checkout, which says it itself."""
    try:
        return _COMMIT_FILE.read_text(encoding="ascii").strip() or _UNKNOWN
    except (OSError, UnicodeDecodeError):
        return _UNKNOWN


def exemplar(*, job_id: int = 0) -> dict[str, str] | None:
    """What leads on from a measurement: the job, which is that of the log here unless it is given, and the trace.

    Goes as `exemplar` to a counter's `inc` and a histogram's `observe`; only OpenMetrics shows it. A trace that is not
    recorded is left out: it leads nowhere.
    """
    logged = structlog.contextvars.get_contextvars()
    found = {"job_id": job_id or logged.get("job_id"), "trace_id": recorded_trace_id()}
    return {name: str(value) for name, value in found.items() if value} or None


@dataclass(frozen=True, kw_only=True)
class Exposition:
    """The answer to a scrape."""

    body: bytes
    headers: Mapping[str, str]


def expose(registry: CollectorRegistry, *, accept: str = "", accept_encoding: str = "") -> Exposition:
    """Everything that a registry measures, in the format and encoding that a request's headers ask for.

    OpenMetrics is sent to those who ask for it, as Prometheus does; it alone has exemplars. Blocks while collectors
    ask a database or a driver.
    """
    encode, content_type = choose_encoder(accept)
    body, headers = encode(registry), {"Content-Type": content_type}
    if gzip_accepted(accept_encoding):
        body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=6), "gzip"
    return Exposition(body=body, headers=headers)


class MetricsServer:
    """Serves /metrics, /healthz and /readyz until `stop`; `port` is the one that was taken."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.port: int = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(
    registry: CollectorRegistry,
    port: int,
    *,
    readiness: Readiness | None = None,
    host: str = EVERY_ADDRESS,  # scraped from other machines, over IPv6 or IPv4; it shows numbers only
) -> MetricsServer:
    """Serve the registry on a port, 0 for any free one; /readyz answers 503 while `readiness` says no.

    Raises:
        StartError: the port is taken.
    """

    class Handler(_Handler):
        """The handler with what this server shows."""

    Handler.registry, Handler.readiness = registry, readiness
    try:
        listening = listening_socket(host, port, backlog=_BACKLOG)
    except OSError as error:
        raise StartError(f"can't serve metrics on port {port} (REELYARD_METRICS_PORT): {error}") from error
    return MetricsServer(_Server(listening, Handler))


class _Server(ThreadingHTTPServer):
    """Serves on a socket that listens already: the base class would make one of IPv4 alone."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: type["_Handler"]) -> None:
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the base class's signature
        """Tell the log of what the base class would print, past the log, on standard error."""
        error = sys.exception()
        if isinstance(error, ConnectionError):
            log.debug("metrics_asker_left")  # a scraper has a time-out of its own
        else:
            log.error("metrics_request_failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    readiness: Readiness | None
    timeout = _CONNECTION_S

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            asked = {name: ",".join(self.headers.get_all(name, [])) for name in ("Accept", "Accept-Encoding")}
            shown = expose(self.registry, accept=asked["Accept"], accept_encoding=asked["Accept-Encoding"])
            self._send(_OK, shown.body, shown.headers)
        elif path == "/healthz":
            self._send(_OK, b"ok\n", _TEXT)
        elif path == "/readyz":
            report = self.readiness.report() if self.readiness is not None else None
            checks = dict(report.checks) if report is not None else {}
            ready = report is None or report.ready
            body = json.dumps({"ready": ready, "checks": checks}).encode()
            self._send(_OK if ready else _NOT_READY, body, {"Content-Type": "application/json"})
        else:
            self._send(_NOT_FOUND, b"not found\n", _TEXT)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Probes come every few seconds: not worth a line."""
