import json
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client import Counter

from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import new_registry, serve_metrics


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_and_probes_are_served_until_stopped() -> None:
    registry = new_registry()
    Counter("sample", "A sample.", registry=registry).inc(3)
    readiness = Readiness({"a": lambda: None})
    threads = threading.active_count()
    server = serve_metrics(registry, 0, readiness=readiness, host="127.0.0.1")

    metrics = _get(server.port, "/metrics")
    health = _get(server.port, "/healthz")
    ready = _get(server.port, "/readyz")
    other = _get(server.port, "/other")
    readiness.stop()
    stopping = _get(server.port, "/readyz")
    server.stop()

    assert metrics[0] == 200
    assert "sample_total 3.0" in metrics[1]
    assert "process_resident_memory_bytes" in metrics[1]
    assert health[0] == 200
    assert (ready[0], json.loads(ready[1])) == (200, {"ready": True, "checks": {"a": "ok"}})
    assert other[0] == 404
    assert stopping[0] == 503
    assert threading.active_count() <= threads + 1
    with pytest.raises(urllib.error.URLError):
        _get(server.port, "/healthz")


def test_a_port_that_is_taken_is_told() -> None:
    server = serve_metrics(new_registry(), 0, host="127.0.0.1")

    with pytest.raises(OSError, match="in use"):
        serve_metrics(new_registry(), server.port, host="127.0.0.1")
    server.stop()
