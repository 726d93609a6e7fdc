"""Where servers listen, by real sockets over IPv6 and IPv4, and on a kernel that has no IPv6."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.local.ports import Ports
from gateway.settings import GatewaySettings
from reelyard.cluster.liveness import alive
from reelyard.cluster.metrics import new_registry, serve_metrics
from reelyard.cluster.rpc_channel import grpc_target
from reelyard.cluster.service_process import StartError
from scheduler.service import SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.wiring import build as build_scheduler
from tests import no_ipv6
from tests.integration.gateway_rig import running_gateway, running_rig
from tests.secret_key import SECRET_KEY

IPV4, IPV6 = "127.0.0.1", "[::1]"


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
needs_filter = pytest.mark.skipif(not no_ipv6.POSSIBLE, reason="the system calls of this machine are not known")


def answering(port: int) -> list[str]:
    """The loopback addresses at which something answers /healthz on a port."""
    found = []
    for address in (IPV4, IPV6):
        try:
            answer = requests.get(f"http://{address}:{port}/healthz", timeout=20)
        except requests.ConnectionError:
            continue
        assert answer.status_code == 200
        found.append(address)
    return found


def gateway_settings(tmp_path: Path, host: str) -> GatewaySettings:
    return GatewaySettings(
        storage_url=f"file://{tmp_path}/store", scheduler_address=("127.0.0.1:1",), http_host=host, http_port=0
    )


@contextmanager
def running_scheduler(tmp_path: Path, listen: str) -> Iterator[SchedulerService]:
    service = build_scheduler(
        SchedulerSettings(
            database_url=f"sqlite:///{tmp_path / 'reelyard.db'}",
            broker_url="memory:",
            storage_url=(tmp_path / "store").as_uri(),
            secret_key=(SECRET_KEY,),
            rpc_token="t" * 20,
            listen=listen,
        )
    )
    try:
        service.start()
        yield service
    finally:
        service.stop()


def serves(target: str) -> bool:
    """Whether a scheduler says that it serves, as the kubelet's probe asks it."""
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=20)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "where"),
    [(None, [IPV4, IPV6]), ("::", [IPV4, IPV6]), ("0.0.0.0", [IPV4]), ("127.0.0.1", [IPV4]), ("::1", [IPV6])],
)
def test_metrics_and_probes_are_answered_at_every_address_or_the_one_that_was_named(
    host: str | None, where: list[str]
) -> None:
    server = serve_metrics(new_registry(), 0) if host is None else serve_metrics(new_registry(), 0, host=host)
    found = answering(server.port)
    server.stop()

    assert found == where


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "where"), [("::", [IPV4, IPV6]), ("0.0.0.0", [IPV4]), ("127.0.0.1", [IPV4]), ("::1", [IPV6])]
)
def test_a_gateway_listens_where_it_was_told_and_says_an_address_that_answers(
    tmp_path: Path, host: str, where: list[str]
) -> None:
    with running_gateway(gateway_settings(tmp_path, host)) as service:
        port = int(service.url.rpartition(":")[2])
        found = answering(port)
        at_its_url = requests.get(f"{service.url}/healthz", timeout=20).status_code
        alive_ = alive("gateway", {"REELYARD_HTTP_HOST": host, "REELYARD_HTTP_PORT": str(port)})

    assert (found, at_its_url, alive_) == (where, 200, "")


@needs_ipv6
def test_a_port_that_ipv4_has_taken_is_not_shared_by_a_server_of_both() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(StartError, match=r"REELYARD_METRICS_PORT.* in use"),
    ):
        serve_metrics(new_registry(), taken.getsockname()[1])


@needs_ipv6
def test_clients_over_ipv6_are_given_urls_that_they_can_use(tmp_path: Path) -> None:
    with running_rig(tmp_path, http_host="::") as rig:
        port = rig.url.rpartition(":")[2]
        over_ipv6 = replace(rig, url=f"http://[::1]:{port}")
        created = over_ipv6.post(
            "job/create",
            json={
                "SourceMediaURL": "http://source.example/clip.mov",
                "OutputJobs": [{"OutputFormatID": 0, "MediaContainerCode": "mp4"}],
            },
        )
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(b"an output")
        rig.publish(clip)
        listed = over_ipv6.get("media/output").text
        openapi = requests.get(f"{over_ipv6.url}/openapi.json", timeout=20).status_code

    assert (created.status_code, openapi) == (200, 200)
    assert f"http://[::1]:{port}/download/output/" in listed.replace("\\/", "/")


@needs_ipv6
@pytest.mark.parametrize(
    ("listen", "hosts"),
    [("[::]:0", [IPV4, IPV6, "localhost"]), ("0.0.0.0:0", [IPV4, IPV6]), ("[::1]:0", [IPV6]), ("127.0.0.1:0", [IPV4])],
)
def test_a_scheduler_is_called_and_probed_at_what_it_listens_on(tmp_path: Path, listen: str, hosts: list[str]) -> None:
    """For gRPC both words for every address are the same, which the setting says."""
    with running_scheduler(tmp_path, listen) as service:
        port = service.address.rpartition(":")[2]
        probed = [serves(grpc_target([f"{host}:{port}"])) for host in hosts]
        alive_ = alive("scheduler", {"REELYARD_SCHEDULER_LISTEN": listen.replace(":0", f":{port}")})
        own = serves(service.address)

    assert (probed, own, alive_) == ([True] * len(hosts), True, "")


@needs_ipv6
def test_of_several_addresses_the_one_of_the_family_that_leads_there_is_called(tmp_path: Path) -> None:
    """As a name of both families gives them, with a scheduler that listens on one."""
    with running_scheduler(tmp_path, "[::1]:0") as service:
        port = service.address.rpartition(":")[2]
        assert serves(grpc_target([f"127.0.0.1:{port}", f"[::1]:{port}"]))


def _said(process: "subprocess.Popen[str]", event: str) -> list[dict[str, object]]:
    """The lines of a process's log up to the one with an event."""
    lines = []
    for line in process.stderr or ():
        lines.append(json.loads(line))
        if lines[-1]["event"] == event:
            return lines
    raise AssertionError(f"it ended without {event}: {lines}")


@contextmanager
def without_ipv6(service: str, **settings: str) -> "Iterator[subprocess.Popen[str]]":
    """A service as a process to which the kernel gives no socket of IPv6."""
    environ = {"PATH": os.environ["PATH"], "REELYARD_LOG_FORMAT": "json", **settings}
    command = [sys.executable, "-m", "tests.no_ipv6", sys.executable, "-m", service]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


@needs_filter
def test_without_ipv6_a_gateway_serves_ipv4_and_the_log_says_so(tmp_path: Path) -> None:
    ports = Ports()
    http, metrics = ports.draw(), ports.draw()
    settings = {
        "REELYARD_STORAGE_URL": f"file://{tmp_path}/store",
        "REELYARD_HTTP_HOST": "::",
        "REELYARD_HTTP_PORT": str(http),
        "REELYARD_METRICS_PORT": str(metrics),
    }
    with without_ipv6("gateway", **settings) as process:
        told = _said(process, "gateway_serving")
        found = (answering(http), answering(metrics))
    ports.release()

    warned = [(line["level"], line["listens_on"], line["port"]) for line in told if line["event"] == "ipv6_unavailable"]
    assert sorted(warned) == sorted([("warning", "0.0.0.0", http), ("warning", "0.0.0.0", metrics)])
    assert "http://127.0.0.1:" in str(told[-1]["url"])
    assert found == ([IPV4], [IPV4])


@needs_filter
def test_without_ipv6_a_scheduler_serves_ipv4_and_the_log_says_so(tmp_path: Path) -> None:
    ports = Ports()
    port = ports.draw()
    settings = {
        "REELYARD_DATABASE_URL": f"sqlite:///{tmp_path / 'reelyard.db'}",
        "REELYARD_BROKER_URL": "memory:",
        "REELYARD_STORAGE_URL": f"file://{tmp_path}/store",
        "REELYARD_SECRET_KEY": SECRET_KEY,
        "REELYARD_RPC_TOKEN": "t" * 20,
        "REELYARD_SCHEDULER_LISTEN": f"[::]:{port}",
    }
    with without_ipv6("scheduler", **settings) as process:
        told = _said(process, "scheduler_ready")
        served = serves(f"{IPV4}:{port}")
    ports.release()

    assert [line["port"] for line in told if line["event"] == "ipv6_unavailable"] == [port]
    assert served


@needs_filter
def test_without_ipv6_an_address_of_ipv6_is_refused_and_nothing_else_listened_on(tmp_path: Path) -> None:
    settings = {"REELYARD_STORAGE_URL": f"file://{tmp_path}/store", "REELYARD_HTTP_HOST": "::1"}
    with without_ipv6("gateway", **settings) as process:
        said = process.communicate(timeout=60)[1]

    assert process.returncode == 1
    assert "can't listen on ::1, port 8080" in said
    assert "gateway_serving" not in said
