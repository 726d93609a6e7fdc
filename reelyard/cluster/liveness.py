"""Whether a service on this machine is alive: the images' health check, `python -m reelyard.cluster.liveness NAME`.

It asks the process and nothing that the process depends on: a restart mends no database. Exit status 0: it answers.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from typing import Any

from reelyard.cluster.listen_address import EVERY_ADDRESS, host_and_port, loopback_of

_TIMEOUT_S = 4.0
_OK = 200
_SCHEDULER_LISTEN = "[::]:50051"
_GATEWAY_HOST = "127.0.0.1"
_GATEWAY_PORT = "8080"


def alive(service: str, environ: Mapping[str, str]) -> str:
    """Ask a service that runs with these settings; what is wrong, or "" when it is alive.

    Args:
        service: "gateway", "scheduler" or "node".
        environ: REELYARD_METRICS_PORT, REELYARD_HTTP_HOST, REELYARD_HTTP_PORT and REELYARD_SCHEDULER_LISTEN are read.
    """
    if service == "scheduler":
        host, _, port = (environ.get("REELYARD_SCHEDULER_LISTEN") or _SCHEDULER_LISTEN).rpartition(":")
        return _grpc_answers(loopback_of(host.strip("[]")), int(port))
    if service == "gateway":
        host = environ.get("REELYARD_HTTP_HOST") or _GATEWAY_HOST
        return _http_answers(loopback_of(host), int(environ.get("REELYARD_HTTP_PORT") or _GATEWAY_PORT))
    metrics_port = environ.get("REELYARD_METRICS_PORT", "")
    if not metrics_port:
        return "without REELYARD_METRICS_PORT a node has no port that could be asked"
    return _http_answers(loopback_of(EVERY_ADDRESS), int(metrics_port))


def _http_answers(host: str, port: int) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"/healthz on port {port} does not answer: {error}"
    finally:
        connection.close()
    return "" if status == _OK else f"/healthz on port {port} answered with status {status}"


def _grpc_answers(host: str, port: int) -> str:
    import grpc  # noqa: PLC0415  # a tenth of a second, which only the scheduler's check needs
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    # Not through the proxy that the environment names for the way out: that is no answer of this process.
    with grpc.insecure_channel(host_and_port(host, port), options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            # Serving or not, an answer is an answer: a scheduler that waits for its database is alive.
            stub: Any = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return f"the gRPC server on port {port} does not answer: {error.details()}"
    return ""


def main() -> int:
    """Ask the service that the command line names; the exit status."""
    problem = alive(sys.argv[1], os.environ)
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
