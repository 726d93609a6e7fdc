"""Metrics as Prometheus gets them: of two nodes on one machine, of one that drains, and of all services in one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from structlog.testing import capture_logs

import scheduler.wiring
from reelyard.cluster.broker import open_broker
from reelyard.cluster.metrics import Registry, new_registry
from scheduler.settings import SchedulerSettings
from tests.e2e.peers import Sources
from tests.e2e.seed_client import SeedClient
from tests.e2e.services import Standalone
from tests.free_ports import free_port
from tests.integration.node_peers import Faulty, serve
from tests.integration.test_node_service import KEY, LOOPBACK, Rig, has_ended, is_encoding
from tests.secret_key import SECRET_KEY

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@dataclass(frozen=True)
class Scrape:
    """What one port shows."""

    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]
    jobs: set[str]  # the IDs in exemplars

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((f"reelyard_{name}", tuple(sorted(labels.items()))))


def scrape(port: int) -> Scrape:
    """Read a port as Prometheus does; a name or a series that is there twice is an error."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": OPENMETRICS})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read().decode()
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    jobs, names = set(), set()
    for family in text_string_to_metric_families(text):
        assert family.name not in names
        names.add(family.name)
        for sample in family.samples:
            series = sample.name, tuple(sorted(sample.labels.items()))
            assert series not in samples
            samples[series] = sample.value
            if sample.exemplar is not None:
                jobs.add(sample.exemplar.labels.get("job_id", ""))
    return Scrape(samples, jobs)


def ready(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def cluster(tmp_path: Path, rabbitmq: Any) -> Iterator[Rig]:
    """A scheduler whose nodes are processes of their own, over RabbitMQ."""
    settings = SchedulerSettings(
        database_url=f"sqlite:///{tmp_path / 'reelyard.db'}",
        broker_url=rabbitmq.url,
        listen=f"127.0.0.1:{free_port()}",
        rpc_token="t",
        api_key=KEY,
        secret_key=(SECRET_KEY,),
        storage_url=(tmp_path / "store").as_uri(),
        fetch_allow_cidrs=LOOPBACK,
        heartbeat_seconds=0.5,
    )
    service = scheduler.wiring.build(settings)
    service.start()
    rig = Rig(tmp_path, open_broker("memory:"), settings, service)
    yield rig
    rig.scheduler.stop()


def start_node(rig: Rig, running: ExitStack, **settings: str) -> subprocess.Popen[str]:
    """A node process that takes tasks."""
    environment = {
        "PATH": os.environ["PATH"],
        "REELYARD_STORAGE_URL": (rig.folder / "store").as_uri(),
        "REELYARD_BROKER_URL": rig.settings.broker_url,
        "REELYARD_SCHEDULER_ADDRESS": rig.settings.listen,
        "REELYARD_RPC_TOKEN": "t",
        "REELYARD_SCRATCH": str(rig.folder / "scratch"),
        "REELYARD_FETCH_ALLOW_CIDRS": "127.0.0.0/8",
        **settings,
    }
    with (rig.folder / f"{settings['REELYARD_NODE_NAME']}.log").open("w") as log:
        process = running.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "encoder_node"], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        )
    running.callback(process.send_signal, signal.SIGTERM)
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    return process


def test_two_nodes_on_one_machine_tell_each_its_own_truth(cluster: Rig, clip: Path) -> None:
    mover, encoder = free_port(), free_port()
    with ExitStack() as running, serve(Faulty(body=clip.read_bytes())) as source:
        first = start_node(
            cluster,
            running,
            REELYARD_NODE_NAME="mover",
            REELYARD_METRICS_PORT=str(mover),
            REELYARD_SLOTS="ingest:2,store:1,distribute:1",
        )
        second = start_node(
            cluster,
            running,
            REELYARD_NODE_NAME="encoder",
            REELYARD_METRICS_PORT=str(encoder),
            REELYARD_SLOTS="encode.cpu:1",
            REELYARD_NODE_COST_PER_HOUR="0.40",
            REELYARD_NODE_CLASS="spot",
        )
        job_id = cluster.create(source.url)
        assert cluster.until(job_id, has_ended).status == "completed"
        of_mover, of_encoder = scrape(mover), scrape(encoder)

    assert first.pid != second.pid
    done = {"outcome": "ok", "error_class": "none"}
    assert of_mover.value("task_attempts_total", stage="ingest", **done) == 1
    assert of_mover.value("task_attempts_total", stage="store", **done) == 1
    assert of_mover.value("task_attempts_total", stage="encode", **done) is None
    assert of_encoder.value("task_attempts_total", stage="encode", **done) == 1
    assert of_encoder.value("task_attempts_total", stage="ingest", **done) is None

    frames = {"codec": "h264", "accelerator": "cpu", "resolution": "sd"}
    assert of_encoder.value("encode_frames_total", **frames) == 50
    assert of_mover.value("encode_frames_total", **frames) is None
    cpu = of_encoder.value("encode_cpu_seconds_total", codec="h264", preset="medium")
    assert cpu is not None
    assert cpu > 0
    assert of_encoder.jobs == {str(job_id)}

    assert of_mover.value("encoder_slots", queue="ingest", accelerator="cpu") == 2
    assert of_encoder.value("encoder_slots", queue="ingest", accelerator="cpu") is None
    assert of_encoder.value("encoder_slots", queue="encode.cpu", accelerator="cpu") == 1
    assert of_encoder.value("encoder_slots_in_use", queue="encode.cpu", accelerator="cpu") == 0
    assert of_encoder.value("node_cost_per_hour", currency="USD", node_class="spot") == 0.4
    assert of_mover.value("node_cost_per_hour", currency="USD", node_class="spot") is None
    for shown in (of_mover, of_encoder):
        assert shown.value("capability_selftest", accelerator="cpu", codec="libx264") == 1
        (build,) = (dict(labels) for name, labels in shown.samples if name == "reelyard_build_info")
        assert build["service"] == "node"
        assert build["ffmpeg"][0].isdigit()
        used, capacity = (shown.value(f"scratch_{what}_bytes") for what in ("used", "capacity"))
        assert used is not None
        assert capacity is not None
        assert 0 < used <= capacity


def test_a_node_that_drains_is_scraped_to_the_end_while_ffmpeg_has_all_processors(
    cluster: Rig, long_clip: bytes
) -> None:
    port = free_port()
    with ExitStack() as running, serve(Faulty(body=long_clip)) as source:
        node = start_node(
            cluster,
            running,
            REELYARD_NODE_NAME="only",
            REELYARD_METRICS_PORT=str(port),
            REELYARD_DRAIN_SECONDS="600",
            REELYARD_SLOTS="ingest:1,encode.cpu:1",
        )
        job_id = cluster.create(source.url)
        assert cluster.until(job_id, is_encoding).status == "encoding"
        while_busy = scrape(port)
        assert ready(port)[0] == 200

        node.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while (answer := ready(port))[0] == 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        draining = scrape(port)
        node.send_signal(signal.SIGTERM)  # the second one ends it at once
        node.wait(60)

    in_use = {"queue": "encode.cpu", "accelerator": "cpu"}
    assert while_busy.value("encoder_slots_in_use", **in_use) == 1
    assert answer == (503, {"ready": False, "checks": {"shutdown": "stopping"}})
    assert draining.value("encoder_slots_in_use", **in_use) == 1


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A minute: long enough to be caught in the middle of its encode."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=60"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path.read_bytes()


class TestDrain:
    """In one process, where the numbers can be read after the port is closed."""

    @pytest.fixture
    def registry(self) -> Registry:
        """Of the scheduler, whom nodes tell: they are gone before a scrape."""
        return new_registry()

    @pytest.fixture
    def rig(self, tmp_path: Path, registry: Registry) -> Iterator[Rig]:
        settings = SchedulerSettings(
            database_url=f"sqlite:///{tmp_path / 'reelyard.db'}",
            broker_url="memory:",
            listen=f"127.0.0.1:{free_port()}",
            rpc_token="t",
            api_key=KEY,
            secret_key=(SECRET_KEY,),
            storage_url=(tmp_path / "store").as_uri(),
            fetch_allow_cidrs=LOOPBACK,
            heartbeat_seconds=0.2,
        )
        broker = open_broker("memory:")
        service = scheduler.wiring.build(settings, broker=broker, registry=registry)
        service.start()
        rig = Rig(tmp_path, broker, settings, service)
        yield rig
        rig.scheduler.stop()
        broker.close()

    def test_an_idle_node_finishes_its_drain(self, rig: Rig, registry: Registry) -> None:
        node = rig.node()
        node.start()
        assert node.wait_ready(60)
        with capture_logs() as logs:
            node.stop()

        count = registry.get_sample_value
        assert [line["outcome"] for line in logs if line["event"] == "node_drained"] == ["finished"]
        assert count("reelyard_drain_duration_seconds_count", {"outcome": "finished"}) == 1
        assert count("reelyard_drain_duration_seconds_count", {"outcome": "handed_back"}) == 0
        assert node.registry.get_sample_value("reelyard_drain_duration_seconds_count", {"outcome": "finished"}) is None

    def test_a_node_that_may_not_wait_hands_its_encode_back(
        self, rig: Rig, registry: Registry, long_clip: bytes
    ) -> None:
        node = rig.node(drain_seconds=0.0)
        node.start()
        with serve(Faulty(body=long_clip)) as source:
            assert rig.until(rig.create(source.url), is_encoding).status == "encoding"
            node.stop()

        count = registry.get_sample_value
        assert count("reelyard_drain_duration_seconds_count", {"outcome": "handed_back"}) == 1
        assert count("reelyard_nodes_ended_total", {"outcome": "left"}) == 1
        stopped = {"stage": "encode", "outcome": "stopped", "error_class": "none"}
        assert node.registry.get_sample_value("reelyard_task_attempts_total", stopped) == 1


def test_standalone_shows_all_three_services_once_on_its_port(tmp_path: Path, clip: Path) -> None:
    port = free_port()
    with Sources(clip.parent) as sources, Standalone(tmp_path / "data", REELYARD_METRICS_PORT=str(port)) as service:
        client = SeedClient(service.url, service.api_key)
        (job_id,) = client.created(
            f"{sources.url}/file/{clip.name}", [{"OutputFormatID": 0, "MediaContainerCode": "mp4"}]
        )
        assert client.ended(job_id)["Status"] == "Completed"
        shown = scrape(port)
        state = ready(port)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{service.url}/metrics", timeout=30)

    services = {dict(labels)["service"] for name, labels in shown.samples if name == "reelyard_build_info"}
    assert services == {"gateway", "scheduler", "node"}
    assert state == (200, {"ready": True, "checks": {"scheduler": "ok", "node": "ok", "gateway": "ok"}})
    names = {name for name, _ in shown.samples}
    assert {
        "process_cpu_seconds_total",
        "reelyard_http_requests_total",
        "reelyard_encode_frames_total",
        "reelyard_storage_requests_total",
    } <= names
    assert any(name.startswith(("reelyard_tasks", "reelyard_rpc", "reelyard_grpc")) for name in names)
    assert str(job_id) in shown.jobs


def test_standalone_without_a_port_shows_them_on_the_gateways(tmp_path: Path) -> None:
    with (
        Standalone(tmp_path / "data") as service,
        urllib.request.urlopen(f"{service.url}/metrics", timeout=30) as answer,
    ):
        text = answer.read().decode()

    assert text.count("# TYPE process_cpu_seconds_total ") == 1
    for service_name in ("gateway", "scheduler", "node"):
        assert f'service="{service_name}"' in text


def test_a_taken_port_for_metrics_ends_standalone_with_the_reason(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        service = Standalone(tmp_path / "data", REELYARD_METRICS_PORT=str(taken.getsockname()[1]))
        with pytest.raises(AssertionError, match="REELYARD_METRICS_PORT"):
            service.start()
        assert service.stop() == 1
