"""A whole node with a real scheduler: it joins, works, drains, loses its scheduler and is cancelled."""

import asyncio
import ipaddress
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import dramatiq
import pytest

import encoder_node.wiring
import scheduler.wiring
from deploy.local.s3 import S3Server
from encoder_node.settings import NodeSettings
from encoder_node.wiring import NodeService
from reelyard.cluster.broker import open_broker
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.service_process import StartError
from reelyard.cluster.views import CreateJobs, JobView
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.service import SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.store.database import Database
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.keys import hash_key
from tests.free_ports import free_port
from tests.integration.node_peers import Faulty, serve
from tests.secret_key import SECRET_KEY

T = TypeVar("T")

KEY = "ry_" + "k" * 32
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
MP4 = OutputRequest(output_format_id=0, container="mp4")
ENDED = {"completed", "failed", "cancelled"}


@dataclass
class Rig:
    """A scheduler and the settings of its nodes, all over one in-process broker."""

    folder: Path
    broker: dramatiq.Broker
    settings: SchedulerSettings
    scheduler: SchedulerService

    def node(self, **changes: object) -> NodeService:
        settings = NodeSettings(
            storage_url=(self.folder / "store").as_uri(),
            broker_url="memory:",
            scheduler_address=(self.settings.listen,),
            rpc_token="t",
            scratch=self.folder / "scratch",
            fetch_allow_cidrs=LOOPBACK,
        )
        return encoder_node.wiring.build(replace(settings, **changes), broker=self.broker)

    def ask(self, question: Callable[[GatewayClient], Awaitable[T]]) -> T:
        async def call() -> T:
            async with GatewayClient([self.settings.listen], "t") as client:
                return await question(client)

        return asyncio.run(call())

    @property
    def account(self) -> int:
        return self.ask(lambda client: client.authenticate(hash_key(KEY))).account_id

    def create(self, url: str, output: OutputRequest = MP4) -> int:
        request = CreateJobs(account_id=self.account, request_id=str(uuid.uuid4()), source_url=url, outputs=(output,))
        return self.ask(lambda client: client.create_jobs(request)).jobs[0].job_id

    def job(self, job_id: int) -> JobView:
        account = self.account
        return self.ask(lambda client: client.get_job(account, job_id))

    def until(self, job_id: int, reached: Callable[[JobView], bool]) -> JobView:
        deadline = time.monotonic() + 120
        while not reached(job := self.job(job_id)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert reached(job), job
        return job

    def restart_scheduler(self) -> None:
        self.scheduler = scheduler.wiring.build(self.settings, broker=self.broker)
        self.scheduler.start()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    settings = SchedulerSettings(
        database_url=f"sqlite:///{tmp_path / 'reelyard.db'}",
        broker_url="memory:",
        listen=f"127.0.0.1:{free_port()}",
        rpc_token="t",
        api_key=KEY,
        secret_key=(SECRET_KEY,),
        storage_url=(tmp_path / "store").as_uri(),
        fetch_allow_cidrs=LOOPBACK,
        lease_seconds=10,
        heartbeat_seconds=0.2,
    )
    broker = open_broker("memory:")
    service = scheduler.wiring.build(settings, broker=broker)
    service.start()
    rig = Rig(tmp_path, broker, settings, service)
    yield rig
    rig.scheduler.stop()
    broker.close()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Twenty-four seconds: long enough to be caught in the middle of its encode."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=24"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path.read_bytes()


def is_encoding(job: JobView) -> bool:
    return job.status in ENDED or (job.status == "encoding" and job.encoding_progress > 0)


def has_ended(job: JobView) -> bool:
    return job.status in ENDED


def left_in_scratch(rig: Rig) -> list[str]:
    return [path.name for path in (rig.folder / "scratch").glob("*/*") if path.name != ".lock"]


def test_a_job_goes_all_the_way(rig: Rig, clip: Path) -> None:
    node = rig.node()
    node.start()
    try:
        assert node.wait_ready(30)
        with serve(Faulty(body=clip.read_bytes())) as source:
            job = rig.until(rig.create(source.url), has_ended)
    finally:
        node.stop()

    assert (job.status, job.error_message) == ("completed", "")
    assert list((rig.folder / "scratch").iterdir()) == [rig.folder / "scratch" / ".lock"]


def test_a_source_that_is_missing_fails_the_job_with_its_code(rig: Rig) -> None:
    node = rig.node()
    node.start()
    try:
        with serve(Faulty(status=404)) as source:
            job = rig.until(rig.create(source.url), has_ended)
    finally:
        node.stop()

    assert (job.status, job.error_code) == ("failed", "source_not_found")
    assert "404" in job.error_message


def test_a_drained_node_hands_its_encode_to_the_next(rig: Rig, long_clip: bytes) -> None:
    with serve(Faulty(body=long_clip)) as source:
        first = rig.node(drain_seconds=0.0, node_name="first")
        first.start()
        job_id = rig.create(source.url)
        assert rig.until(job_id, is_encoding).status == "encoding"
        first.stop()
        assert left_in_scratch(rig) == []

        # One actor a broker object: the second node of this process replaces the first one's.
        rig.broker.actors.clear()
        second = rig.node(node_name="second")
        second.start()
        try:
            job = rig.until(job_id, has_ended)
        finally:
            second.stop()

    assert job.status == "completed"


def test_an_encode_goes_on_without_the_scheduler_and_is_told_when_it_is_back(rig: Rig, long_clip: bytes) -> None:
    node = rig.node()
    node.start()
    try:
        with serve(Faulty(body=long_clip)) as source:
            job_id = rig.create(source.url)
            assert rig.until(job_id, is_encoding).status == "encoding"
            rig.scheduler.stop()
            rig.restart_scheduler()
            job = rig.until(job_id, has_ended)
    finally:
        node.stop()

    assert job.status == "completed"
    assert len(source.requests) == 1


def test_a_cancelled_encode_is_killed_and_what_it_wrote_goes(rig: Rig, long_clip: bytes) -> None:
    node = rig.node()
    node.start()
    database = Database(rig.settings.database_url)
    try:
        with serve(Faulty(body=long_clip)) as source:
            job_id = rig.create(source.url)
            assert rig.until(job_id, is_encoding).status == "encoding"
            cancel_job(database, rig.account, job_id, Policy())
            deadline = time.monotonic() + 60
            while left_in_scratch(rig) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert left_in_scratch(rig) == []
    finally:
        node.stop()
        database.close()

    assert rig.job(job_id).status == "cancelled"
    assert list(FolderStore(rig.folder / "store").list_keys(f"job/{job_id}/")) == []


def test_a_node_takes_no_task_before_its_store_is_there(rig: Rig) -> None:
    with S3Server() as server:
        server.kill()
        node = rig.node(
            storage_url=server.storage_url("bucket"),
            storage_access_key=server.access_key,
            storage_secret_key=server.secret_key,
        )
        node.start()
        try:
            early = node.wait_ready(1.0)
            server.start()

            assert not early
            assert node.wait_ready(60.0)
        finally:
            node.stop()


def test_a_missing_program_is_named_with_what_to_install(rig: Rig, tmp_path: Path) -> None:
    node = rig.node(tool_path=str(tmp_path))

    with pytest.raises(StartError, match=r"ffmpeg.*apt-get install ffmpeg util-linux"):
        node.start()
    node.stop()


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    values = {
        "PATH": os.environ["PATH"],
        "REELYARD_STORAGE_URL": (tmp_path / "store").as_uri(),
        "REELYARD_BROKER_URL": f"amqp://127.0.0.1:{free_port()}",
        "REELYARD_SCHEDULER_ADDRESS": f"127.0.0.1:{free_port()}",
        "REELYARD_SCRATCH": str(tmp_path / "scratch"),
        "REELYARD_LOG_FORMAT": "json",
    }
    return values | changes


def test_a_node_waits_for_its_scheduler_and_leaves_on_sigterm(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "encoder_node"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("heartbeat_failed" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, "")
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == [".lock"]


def test_wrong_settings_are_all_told_and_end_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "encoder_node"],
        env=environment(tmp_path, REELYARD_SLOTS="encode:1", REELYARD_STALL_SECONDS="soon", REELYARD_SCRATHC="x"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    for name in ("REELYARD_SLOTS", "REELYARD_STALL_SECONDS", "REELYARD_SCRATHC"):
        assert name in done.stderr


def test_a_scratch_folder_that_cannot_be_made_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "encoder_node"],
        env=environment(tmp_path, REELYARD_SCRATCH=str(tmp_path / "file" / "below")),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
