"""`reelyard node --once` and the drain of a node, as real processes with a real RabbitMQ and a real scheduler."""

import asyncio
import ipaddress
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import scheduler.wiring
from reelyard.cluster.broker import declare_queues, open_broker, ready_messages, send_hint
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.metrics import new_registry
from reelyard.cluster.views import CreateJobs, JobView
from reelyard.media.output import OutputRequest
from scheduler.service import SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.usecases.keys import hash_key
from tests.free_ports import free_port
from tests.integration.node_peers import Faulty, serve
from tests.secret_key import SECRET_KEY

KEY = "ry_" + "o" * 32
PATIENCE_S = 120.0
ENDED = {"completed", "failed", "cancelled"}


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


class Rig:
    """A scheduler of this process over a real RabbitMQ; nodes are processes."""

    def __init__(self, folder: Path, broker_url: str) -> None:
        self.folder = folder
        self.broker_url = broker_url
        self.settings = SchedulerSettings(
            database_url=f"sqlite:///{folder / 'reelyard.db'}",
            broker_url=broker_url,
            listen=f"127.0.0.1:{free_port()}",
            rpc_token="t",
            api_key=KEY,
            secret_key=(SECRET_KEY,),
            storage_url=(folder / "store").as_uri(),
            fetch_allow_cidrs=(ipaddress.ip_network("127.0.0.0/8"),),
            lease_seconds=60,
            heartbeat_seconds=0.2,
            retry_seconds=(3600.0,),
        )
        self.registry = new_registry()
        self.scheduler: SchedulerService = scheduler.wiring.build(self.settings, registry=self.registry)
        self.scheduler.start()
        self.broker = open_broker(broker_url)
        declare_queues(self.broker)

    def node(self, *arguments: str, slots: str, **changes: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "REELYARD_STORAGE_URL": self.settings.storage_url,
            "REELYARD_BROKER_URL": self.broker_url,
            "REELYARD_SCHEDULER_ADDRESS": self.settings.listen,
            "REELYARD_RPC_TOKEN": "t",
            "REELYARD_SCRATCH": str(self.folder / f"scratch-{uuid.uuid4()}"),
            "REELYARD_FETCH_ALLOW_CIDRS": "127.0.0.0/8",
            "REELYARD_LOG_FORMAT": "json",
            "REELYARD_SLOTS": slots,
            "REELYARD_ONCE_IDLE_SECONDS": "90",
        }
        with (self.folder / "nodes.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "encoder_node", *arguments],
                env=environment | changes,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def create(self, url: str, outputs: int = 1) -> list[int]:
        async def call() -> list[int]:
            async with GatewayClient([self.settings.listen], "t") as client:
                account = (await client.authenticate(hash_key(KEY))).account_id
                wanted = (OutputRequest(output_format_id=0, container="mp4"),) * outputs
                request = CreateJobs(account_id=account, request_id=str(uuid.uuid4()), source_url=url, outputs=wanted)
                return [job.job_id for job in (await client.create_jobs(request)).jobs]

        return asyncio.run(call())

    def job(self, job_id: int) -> JobView:
        async def call() -> JobView:
            async with GatewayClient([self.settings.listen], "t") as client:
                return await client.get_job((await client.authenticate(hash_key(KEY))).account_id, job_id)

        return asyncio.run(call())

    def statuses(self, job_ids: list[int]) -> list[str]:
        return [self.job(job_id).status for job_id in job_ids]

    def close(self) -> None:
        self.scheduler.stop()
        self.broker.flush_all()  # no hints for the tests that follow
        self.broker.close()


@pytest.fixture
def rig(tmp_path: Path, rabbitmq: Any) -> Iterator[Rig]:
    rig = Rig(tmp_path, rabbitmq.url)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Long enough to be caught in the middle of its encode."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    made = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=40", "-c:v", "libx264", "-preset", "ultrafast")
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *made, "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)],
        check=True,
    )
    return path.read_bytes()


def ended(process: subprocess.Popen[str]) -> int:
    out, _ = process.communicate(timeout=PATIENCE_S)
    del out
    return process.returncode


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert "reelyard node ready" in process.stdout.readline()


def answer(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_it_does_one_task_over_all_its_queues_and_ends(rig: Rig, clip: Path) -> None:
    with serve(Faulty(body=clip.read_bytes())) as source:
        job_ids = rig.create(source.url, outputs=2)
        assert ended(rig.node("--once", slots="ingest:2,encode.cpu:2")) == 0
        assert rig.statuses(job_ids) == ["encoding", "encoding"], "the source was fetched, and nothing was encoded"
        assert ended(rig.node("--once", slots="ingest:2,encode.cpu:2")) == 0
        assert sorted(rig.statuses(job_ids)) == ["encoding", "storing"]
        assert ended(rig.node("--once", slots="encode.cpu:4")) == 0
        assert rig.statuses(job_ids) == ["storing", "storing"]


def test_a_task_that_failed_is_no_failure_of_the_node(rig: Rig) -> None:
    with serve(Faulty(status=404)) as source:
        job_ids = rig.create(source.url)
        status = ended(rig.node("--once", slots="ingest:1"))

    assert status == 0
    assert rig.statuses(job_ids) == ["failed"]


def test_without_a_task_it_ends_after_its_idle_time(rig: Rig) -> None:
    """And does not linger: there is nothing of a task to scrape."""
    process = rig.node("--once", slots="store:1", REELYARD_ONCE_IDLE_SECONDS="0.5", REELYARD_ONCE_LINGER_SECONDS="600")

    assert ended(process) == 0


def test_while_its_task_runs_it_holds_no_other_hint(rig: Rig, clip: Path) -> None:
    with serve(Faulty(body=clip.read_bytes(), stall_at=1000)) as source:
        rig.create(source.url)
        process = rig.node("--once", slots="ingest:1,encode.gpu:1")
        assert source.reached.wait(PATIENCE_S)
        send_hint(rig.broker, "ingest", 2**40, 1)
        send_hint(rig.broker, "encode.gpu", 2**40, 1)  # of the other queue, which it would have served
        wait_until(lambda: ready_messages(rig.broker, "encode.gpu") == 1)
        wait_until(lambda: ready_messages(rig.broker, "ingest") >= 1)
        process.terminate()
        assert ended(process) == 0
        wait_until(lambda: ready_messages(rig.broker, "encode.gpu") == 1)


def test_its_metrics_can_be_read_after_the_task_and_a_signal_ends_that(rig: Rig, clip: Path) -> None:
    port = free_port()
    with serve(Faulty(body=clip.read_bytes())) as source:
        job_ids = rig.create(source.url)
        process = rig.node(
            "--once", slots="ingest:1", REELYARD_METRICS_PORT=str(port), REELYARD_ONCE_LINGER_SECONDS="600"
        )
        wait_until(lambda: rig.statuses(job_ids) == ["encoding"])
        wait_until(lambda: answer(port, "/readyz") == 503)
        assert answer(port, "/metrics") == 200
        process.terminate()

        assert ended(process) == 0


def test_a_node_that_is_told_to_stop_hands_its_encode_to_the_next_at_once(rig: Rig, long_clip: bytes) -> None:
    with serve(Faulty(body=long_clip)) as source:
        (job_id,) = rig.create(source.url)
        first = rig.node(slots="ingest:1,encode.cpu:1", REELYARD_DRAIN_SECONDS="0")
        wait_until(lambda: rig.job(job_id).encoding_progress > 0)
        first.terminate()
        assert ended(first) == 0

        second = rig.node("--once", slots="encode.cpu:1")
        assert ended(second) == 0

    assert rig.job(job_id).status == "storing", "the lease lasts a minute and the retry an hour: it was handed back"
    ended_drains = {
        outcome: rig.registry.get_sample_value("reelyard_drain_duration_seconds_count", {"outcome": outcome})
        for outcome in ("finished", "handed_back")
    }
    assert ended_drains == {"finished": 0, "handed_back": 1}, "nobody told the second one to stop"


def test_hints_that_arrive_while_a_node_drains_stay_with_the_broker(rig: Rig, long_clip: bytes) -> None:
    with serve(Faulty(body=long_clip)) as source:
        (job_id,) = rig.create(source.url)
        node = rig.node(slots="ingest:1,encode.cpu:2", REELYARD_DRAIN_SECONDS="300")
        wait_until(lambda: rig.job(job_id).encoding_progress > 0)
        node.terminate()
        # Before it has heard of that, it would still ask for the tasks of these.
        wait_until(lambda: '"node_draining"' in (rig.folder / "nodes.log").read_text())
        for number in range(5):
            send_hint(rig.broker, "encode.cpu", 2**40 + number, 1)
        assert ended(node) == 0

    assert rig.job(job_id).status == "storing", "it had time to finish"
    wait_until(lambda: ready_messages(rig.broker, "encode.cpu") >= 5)


@pytest.mark.parametrize("arguments", [(), ("--once",)])
def test_a_signal_before_a_scheduler_knows_it_ends_a_node_with_0(rig: Rig, arguments: tuple[str, ...]) -> None:
    process = rig.node(*arguments, slots="store:1", REELYARD_SCHEDULER_ADDRESS=f"127.0.0.1:{free_port()}")
    wait_until(lambda: "heartbeat_failed" in (rig.folder / "nodes.log").read_text())
    process.send_signal(signal.SIGTERM)

    assert ended(process) == 0
