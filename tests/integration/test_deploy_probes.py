"""The probes of `make kube-play` against real servers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Workload
from deploy.kube_play.probes import Watch
from deploy.kube_play.transform import Pod
from deploy.local.ports import Ports
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import new_registry, serve_metrics

QUICK = {"periodSeconds": 0.05, "timeoutSeconds": 4, "failureThreshold": 2}
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def pod(port: int, **probes: dict[str, Any]) -> Pod:
    container = {"name": "reelyard", "ports": [{"name": "p", "containerPort": 7}]}
    container |= {f"{kind}Probe": QUICK | asked for kind, asked in probes.items()}
    template = {"spec": {"containers": [container]}}
    workload = Workload(kind="Deployment", name="w", template=template, replicas=1)
    return Pod(name="w-1", workload=workload, manifest={}, ports={7: port})


def http(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "p"}}


def rpc(service: str) -> dict[str, Any]:
    return {"grpc": {"port": 7, "service": service}}


def when(condition: Callable[[], bool], watch: Watch) -> None:
    """Wait for a change that the watch tells; a test that waits in vain is ended by its time limit."""
    with watch._changed:
        while not condition():
            watch._changed.wait(1)


@pytest.fixture
def free_port() -> Iterator[int]:
    ports = Ports()
    yield ports.draw()
    ports.release()


def test_a_pod_is_ready_when_it_started_and_says_that_it_is() -> None:
    server = serve_metrics(new_registry(), 0, readiness=Readiness({}), host="127.0.0.1")
    watch = Watch(pod(server.port, startup=http("/healthz"), liveness=http("/healthz"), readiness=http("/readyz")))
    try:
        watch.wait_ready(30, lambda: True)
        assert (watch.ready, watch.failure) == (True, "")
    finally:
        watch.stop()
        server.stop()


def test_a_pod_that_says_no_gets_no_requests_and_lives_on() -> None:
    readiness = Readiness({})
    server = serve_metrics(new_registry(), 0, readiness=readiness, host="127.0.0.1")
    watch = Watch(pod(server.port, liveness=http("/healthz"), readiness=http("/readyz")))
    try:
        watch.wait_ready(30, lambda: True)
        readiness.stop()
        when(lambda: not watch.ready, watch)
        assert watch.failure == ""
    finally:
        watch.stop()
        server.stop()


def test_a_server_that_has_gone_fails_its_liveness() -> None:
    server = serve_metrics(new_registry(), 0, readiness=Readiness({}), host="127.0.0.1")
    watch = Watch(pod(server.port, liveness=http("/healthz")))
    server.stop()
    when(lambda: bool(watch.failure), watch)
    watch.stop()

    assert watch.failure.startswith("liveness probe: /healthz")


def test_a_pod_that_never_starts_is_told_with_its_last_problem(free_port: int) -> None:
    watch = Watch(pod(free_port, startup=http("/healthz"), readiness=http("/readyz")))

    with pytest.raises(KubePlayError, match=r"w-1 did not become ready: startup probe: /healthz"):
        watch.wait_ready(30, lambda: True)
    watch.stop()


def test_a_pod_that_ended_is_not_waited_for(free_port: int) -> None:
    watch = Watch(pod(free_port, readiness=http("/readyz")))

    with pytest.raises(KubePlayError, match="w-1 ended before it was ready"):
        watch.wait_ready(30, lambda: False)
    watch.stop()


def test_grpc_is_asked_for_the_service_that_the_manifest_names() -> None:
    servicer = health.HealthServicer()
    servicer.set("liveness", SERVING)
    servicer.set("readiness", NOT_SERVING)
    server = grpc.server(ThreadPoolExecutor(4))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    watch = Watch(pod(port, startup=rpc("liveness"), liveness=rpc("liveness"), readiness=rpc("readiness")))
    try:
        assert not watch.ready
        servicer.set("readiness", SERVING)
        watch.wait_ready(30, lambda: True)
        servicer.set("liveness", NOT_SERVING)
        when(lambda: bool(watch.failure), watch)
        assert watch.failure == "liveness probe: health of 'liveness': not serving"
    finally:
        watch.stop()
        server.stop(None).wait()
