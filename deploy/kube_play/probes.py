"""Kubelet's probes, read from the manifest: startup first, then liveness and readiness at their own periods."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Manifest, container_port
from deploy.kube_play.transform import LOOPBACK, Pod

_LOOK_EVERY_S = 1.0
_FIRST_BAD_STATUS = 400  # Kubernetes takes 200 to 399 for success


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One probe of a pod, with Kubernetes' defaults for what the manifest leaves out; times in seconds."""

    kind: str
    ask: Callable[[float], str]  # what is wrong, or ""; is given the time-out
    period_s: float = 10.0
    timeout_s: float = 1.0
    failures: int = 3

    def problem(self) -> str:
        """Ask once; what is wrong, or ""."""
        return self.ask(self.timeout_s)


def probe_of(pod: Pod, kind: str, patience: int = 1) -> Probe | None:
    """A probe of the pod's container: "startup", "liveness" or "readiness"; None when it has none.

    Time-outs and allowed failures are multiplied by `patience`: a machine that does other things too is slower than the
    cluster's that the manifest was written for.

    Raises:
        KubePlayError: it asks for a port that the container has not, or in a way that is not known here.
    """
    said: Manifest | None = pod.workload.container.get(f"{kind}Probe")
    if said is None:
        return None
    return Probe(
        kind=kind,
        ask=_asker(pod, said),
        period_s=float(said.get("periodSeconds", 10)),
        timeout_s=float(said.get("timeoutSeconds", 1)) * patience,
        failures=int(said.get("failureThreshold", 3)) * patience,
    )


def _asker(pod: Pod, said: Manifest) -> Callable[[float], str]:
    if "httpGet" in said:
        port = pod.ports[container_port(pod.workload, said["httpGet"]["port"])]
        path = str(said["httpGet"]["path"])
        return lambda timeout_s: _http_problem(port, path, timeout_s)
    if "grpc" in said:
        port = pod.ports[container_port(pod.workload, int(said["grpc"]["port"]))]  # Kubernetes takes no name here
        service = str(said["grpc"].get("service", ""))
        return lambda timeout_s: _grpc_problem(port, service, timeout_s)
    raise KubePlayError(f"{pod.workload.name}: a probe that asks neither by HTTP nor by gRPC")


def _http_problem(port: int, path: str, timeout_s: float) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error}"
    finally:
        connection.close()
    return "" if status < _FIRST_BAD_STATUS else f"{path} answered with status {status}"


def _grpc_problem(port: int, service: str, timeout_s: float) -> str:
    request = health_pb2.HealthCheckRequest(service=service)
    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(request, timeout=timeout_s)  # type: ignore[attr-defined]
        except grpc.RpcError as error:
            return f"health of {service!r}: {error.code().name}"
    serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    return "" if serving else f"health of {service!r}: not serving"


class Watch:
    """Probes one pod in a thread, as its kubelet would, from its start until `stop`.

    `ready` says whether it gets requests now, `failure` why the kubelet would have ended its container.
    """

    def __init__(self, pod: Pod, patience: int = 1) -> None:
        self._pod = pod
        self._startup = probe_of(pod, "startup", patience)
        asked = (probe_of(pod, kind, patience) for kind in ("liveness", "readiness"))
        self._repeated = [probe for probe in asked if probe is not None]
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._failed = dict.fromkeys((probe.kind for probe in self._repeated), 0)
        self.ready = False
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name=f"probes-{pod.name}", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout_s: float, runs: Callable[[], bool]) -> None:
        """Return when it is ready.

        Raises:
            KubePlayError: a probe failed too often before that, it no longer `runs`, or it took too long.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._changed.wait_for(lambda: self.ready or bool(self.failure), _LOOK_EVERY_S):
                if not runs():
                    raise KubePlayError(f"{self._pod.name} ended before it was ready")
                if time.monotonic() > deadline:
                    raise KubePlayError(f"{self._pod.name} was not ready within {timeout_s:.0f} s")
        if self.failure:
            raise KubePlayError(f"{self._pod.name} did not become ready: {self.failure}")

    def stop(self) -> None:
        """Probe no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        if not self._started():
            return
        due = dict.fromkeys((probe.kind for probe in self._repeated), time.monotonic())
        while due and not self._stop.is_set() and not self.failure:
            probe = min(self._repeated, key=lambda one: due[one.kind])
            if self._stop.wait(max(0.0, due[probe.kind] - time.monotonic())):
                return
            due[probe.kind] += probe.period_s
            self._note(probe, probe.problem())

    def _started(self) -> bool:
        """Whether the startup probe passed, or there is none."""
        if self._startup is None:
            return True
        problem = "it was never asked"
        for _ in range(self._startup.failures):
            problem = self._startup.problem()
            if not problem:
                return True
            if self._stop.wait(self._startup.period_s):
                return False
        self._change(failure=f"startup probe: {problem}")
        return False

    def _note(self, probe: Probe, problem: str) -> None:
        self._failed[probe.kind] = self._failed[probe.kind] + 1 if problem else 0
        too_often = self._failed[probe.kind] >= probe.failures
        if probe.kind == "liveness" and too_often:
            self._change(failure=f"liveness probe: {problem}")
        elif probe.kind == "readiness" and (not problem or too_often):
            self._change(ready=not problem)

    def _change(self, *, ready: bool = False, failure: str = "") -> None:
        with self._changed:
            self.ready, self.failure = ready, failure or self.failure
            self._changed.notify_all()
