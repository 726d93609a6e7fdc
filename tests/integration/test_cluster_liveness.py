"""The health check of the images against real servers: an answer is enough, whatever its process depends on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from deploy.local.ports import Ports
from gateway.settings import GatewaySettings
from reelyard.cluster import liveness
from reelyard.cluster.health import Readiness
from reelyard.cluster.liveness import alive
from reelyard.cluster.metrics import new_registry, serve_metrics
from scheduler.settings import SchedulerSettings


def failing() -> None:
    raise OSError("the database is away")


def test_a_node_that_is_not_ready_is_alive() -> None:
    server = serve_metrics(new_registry(), 0, readiness=Readiness({"database": failing}), host="127.0.0.1")
    try:
        said = alive("node", {"REELYARD_METRICS_PORT": str(server.port)})
    finally:
        server.stop()

    assert said == ""


def test_a_gateway_is_asked_on_its_own_port() -> None:
    server = serve_metrics(new_registry(), 0, host="127.0.0.1")
    try:
        said = alive("gateway", {"REELYARD_HTTP_PORT": str(server.port), "REELYARD_METRICS_PORT": "1"})
    finally:
        server.stop()

    assert said == ""


def of_a_scheduler(status: int) -> str:
    """What is said of a scheduler whose health is that."""
    servicer = health.HealthServicer()
    servicer.set("", status)
    server = grpc.server(ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        return alive("scheduler", {"REELYARD_SCHEDULER_LISTEN": f"0.0.0.0:{port}"})
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("status", [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING])
def test_a_scheduler_that_answers_is_alive_whether_it_serves_or_not(status: int) -> None:
    assert of_a_scheduler(status) == ""


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the way out, as clusters have it: asked for this machine it would answer for a scheduler that is well."""
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert of_a_scheduler(health_pb2.HealthCheckResponse.SERVING) == ""


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("node", "REELYARD_METRICS_PORT", "{}"),
        ("gateway", "REELYARD_HTTP_PORT", "{}"),
        ("scheduler", "REELYARD_SCHEDULER_LISTEN", "127.0.0.1:{}"),
    ],
)
def test_where_nothing_listens_nothing_is_alive(service: str, name: str, value: str) -> None:
    ports = Ports()
    port = ports.draw()

    assert f"port {port} does not answer" in alive(service, {name: value.format(port)})
    ports.release()


def test_an_answer_that_is_an_error_is_not_life() -> None:
    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_address[1]
        said = alive("node", {"REELYARD_METRICS_PORT": str(port)})
        server.shutdown()
        thread.join()

    assert said == f"/healthz on port {port} answered with status 500"


def test_a_node_without_a_port_says_what_is_missing() -> None:
    assert "REELYARD_METRICS_PORT" in alive("node", {})


def test_the_addresses_that_are_asked_are_those_of_the_settings() -> None:
    """They are said twice, since what all services share knows no service."""
    (http_port,) = (each.default for each in fields(GatewaySettings) if each.name == "http_port")
    (http_host,) = (each.default for each in fields(GatewaySettings) if each.name == "http_host")
    (listen,) = (each.default for each in fields(SchedulerSettings) if each.name == "listen")

    assert (http_host, str(http_port)) == (liveness._GATEWAY_HOST, liveness._GATEWAY_PORT)
    assert listen == liveness._SCHEDULER_LISTEN
