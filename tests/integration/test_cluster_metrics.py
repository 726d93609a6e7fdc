import gzip
import http.client
import json
import socket
import struct
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client import Counter, Histogram, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from structlog.testing import capture_logs

from reelyard.cluster.health import Readiness
from reelyard.cluster.logs import bound
from reelyard.cluster.metrics import Registry, build_info, exemplar, new_registry, serve_metrics
from reelyard.cluster.objectstore.measured import StorageMetrics
from reelyard.cluster.service_process import StartError

#: What Prometheus 2.42 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


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
    threads = set(threading.enumerate())
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
    assert len(set(threading.enumerate()) - threads) <= 1
    with pytest.raises(urllib.error.URLError):
        _get(server.port, "/healthz")


def test_a_scraper_that_leaves_early_is_no_stack_trace_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    gone, asked = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        asked.set()
        gone.wait(10)

    readiness = Readiness({"a": wait_for_it})
    server = serve_metrics(new_registry(), 0, readiness=readiness, host="127.0.0.1")
    scraper = socket.create_connection(("127.0.0.1", server.port))
    scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
    scraper.sendall(b"GET /readyz HTTP/1.0\r\n\r\n" * 2)
    assert asked.wait(10)
    scraper.close()
    gone.set()
    answered = _get(server.port, "/healthz")
    server.stop()

    assert answered[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_port_that_is_taken_is_told() -> None:
    server = serve_metrics(new_registry(), 0, host="127.0.0.1")

    with pytest.raises(StartError, match=f"port {server.port} .REELYARD_METRICS_PORT.: .* in use"):
        serve_metrics(new_registry(), server.port, host="127.0.0.1")
    server.stop()


def test_what_breaks_a_scrape_is_told_in_the_log_and_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(Collector):
        def describe(self) -> list[Metric]:
            return []

        def collect(self) -> list[Metric]:
            raise KeyError("a bug")

    registry = new_registry()
    registry.register(Broken())
    server = serve_metrics(registry, 0, host="127.0.0.1")
    with capture_logs() as logs, pytest.raises((OSError, http.client.HTTPException)):
        _get(server.port, "/metrics")
    server.stop()

    assert [(line["event"], str(line["exc_info"])) for line in logs] == [("metrics_request_failed", "'a bug'")]
    assert capfd.readouterr().err == ""


def _ask(port: int, **headers: str) -> tuple[str, str, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.headers.get("Content-Encoding", ""), answer.read()


def test_openmetrics_is_sent_to_who_asks_for_it_and_it_alone_has_exemplars() -> None:
    registry = new_registry()
    Histogram("took_seconds", "Time.", registry=registry).observe(0.2, exemplar=exemplar(job_id=7))
    server = serve_metrics(registry, 0, host="127.0.0.1")

    of_prometheus = _ask(server.port, Accept=PROMETHEUS)
    of_person = _ask(server.port)
    packed = _ask(server.port, Accept=PROMETHEUS, **{"Accept-Encoding": "gzip, br"})
    server.stop()

    assert of_prometheus[0] == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
    took = next(f for f in text_string_to_metric_families(of_prometheus[2].decode()) if f.name == "took_seconds")
    assert [s.exemplar.labels for s in took.samples if s.exemplar is not None] == [{"job_id": "7"}]
    assert of_person[:2] == ("text/plain; version=0.0.4; charset=utf-8", "")
    assert b"took_seconds_bucket" in of_person[2]
    assert b"job_id" not in of_person[2]
    assert packed[1] == "gzip"
    assert b"took_seconds_bucket" in gzip.decompress(packed[2])


def test_counters_have_no_second_series_for_when_they_began() -> None:
    registry = new_registry()
    Counter("sample", "A sample.", registry=registry).inc()

    assert registry.get_sample_value("sample_total") == 1
    assert registry.get_sample_value("sample_created") is None


def test_an_exemplar_is_the_job_that_is_given_or_that_the_log_has() -> None:
    assert exemplar() is None
    with bound(job_id=5, attempt=1):
        assert exemplar() == {"job_id": "5"}
        assert exemplar(job_id=6) == {"job_id": "6"}
    with bound(job_id=0):
        assert exemplar() is None


def test_services_of_one_process_share_what_all_of_them_measure() -> None:
    registry = new_registry()
    build_info(registry, "gateway")
    build_info(registry, "node", ffmpeg="5.1.6")
    shared = registry.once(StorageMetrics)

    assert registry.once(StorageMetrics) is shared
    assert Registry().once(StorageMetrics) is not shared
    (family,) = (f for f in registry.collect() if f.name == "reelyard_build_info")
    assert {s.labels["service"]: s.labels["ffmpeg"] for s in family.samples} == {"gateway": "", "node": "5.1.6"}
    for sample in family.samples:
        assert sample.value == 1
        assert sample.labels["version"]
        assert sample.labels["commit"]
