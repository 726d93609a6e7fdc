"""Metrics: a registry that is passed to what measures, and the port that Prometheus and Kubernetes ask.

There is no global registry: `CollectorRegistry()` is made in a service's wiring.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from reelyard.cluster.health import Readiness

__all__ = ["CollectorRegistry", "MetricsServer", "new_registry", "serve_metrics"]

_OK = 200
_NOT_FOUND = 404
_NOT_READY = 503


def new_registry() -> CollectorRegistry:
    """A registry with the metrics that every process has: memory, CPU, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


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
    host: str = "0.0.0.0",  # noqa: S104  # scraped from other machines; it shows numbers only
) -> MetricsServer:
    """Serve the registry on a port, 0 for any free one; /readyz answers 503 while `readiness` says no.

    Raises:
        OSError: the port is taken.
    """

    class Handler(_Handler):
        """The handler with what this server shows."""

    Handler.registry, Handler.readiness = registry, readiness
    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return MetricsServer(server)


class _Handler(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    readiness: Readiness | None

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._send(_OK, generate_latest(self.registry), CONTENT_TYPE_LATEST)
        elif path == "/healthz":
            self._send(_OK, b"ok\n", "text/plain")
        elif path == "/readyz":
            report = self.readiness.report() if self.readiness is not None else None
            checks = dict(report.checks) if report is not None else {}
            ready = report is None or report.ready
            body = json.dumps({"ready": ready, "checks": checks}).encode()
            self._send(_OK if ready else _NOT_READY, body, "application/json")
        else:
            self._send(_NOT_FOUND, b"not found\n", "text/plain")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Probes come every few seconds: not worth a line."""
