"""How a scheduler starts and stops as a process, and lives through the loss of what it depends on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.local.postgresql import PostgreSQL
from reelyard.cluster.node_client import NodeClient
from reelyard.media.errors import UnavailableError
from scheduler.settings import SchedulerSettings
from scheduler.wiring import build
from tests.secret_key import SECRET_KEY

PATIENCE_S = 60.0
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def settings_for(tmp_path: Path, **changes: Any) -> SchedulerSettings:
    usual: dict[str, Any] = {
        "database_url": f"sqlite:///{tmp_path / 'reelyard.db'}",
        "broker_url": "memory:",
        "storage_url": (tmp_path / "store").as_uri(),
        "secret_key": (SECRET_KEY,),
        "listen": "127.0.0.1:0",
    }
    return SchedulerSettings(**(usual | changes))


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def health_of(address: str, service: str = "") -> int:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest(service=service), wait_for_ready=True, timeout=20).status


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that the test may stop."""
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


class Process:
    """`python -m scheduler` with these settings."""

    def __init__(self, **environ: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("REELYARD_")}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "scheduler"],
            env=clean | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready_line(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """The exit status and what it said on standard error, after a signal if one is given."""
        if number is not None:
            self.popen.send_signal(number)
        _, errors = self.popen.communicate(timeout=PATIENCE_S)
        return self.popen.returncode, errors


@pytest.fixture
def start_process() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(**environ: str) -> Process:
        started.append(Process(**environ))
        return started[-1]

    yield start
    for process in started:
        process.popen.kill()
        process.popen.communicate()


def standalone_environ(tmp_path: Path, **changes: str) -> dict[str, str]:
    return {
        "REELYARD_DATABASE_URL": f"sqlite://{tmp_path / 'reelyard.db'}",
        "REELYARD_BROKER_URL": "memory:",
        "REELYARD_SCHEDULER_LISTEN": "127.0.0.1:0",
        "REELYARD_SECRET_KEY": SECRET_KEY,
        "REELYARD_STORAGE_URL": (tmp_path / "store").as_uri(),
    } | changes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_good_order(
    start_process: Callable[..., Process], tmp_path: Path, number: signal.Signals
) -> None:
    process = start_process(**standalone_environ(tmp_path))

    line = process.ready_line()

    assert line.startswith("reelyard scheduler ready 127.0.0.1:")
    assert health_of(line.rpartition(" ")[2]) == SERVING
    status, errors = process.end(number)
    assert status == 0
    assert "scheduler_stopped" in errors


def test_wrong_settings_are_told_all_at_once_without_secrets(start_process: Callable[..., Process]) -> None:
    process = start_process(REELYARD_DATABASE_URL="mysql://ann:s3cret@h/x", REELYARD_LEASES="1")

    status, errors = process.end()

    assert status == 2
    for name in ("REELYARD_DATABASE_URL", "REELYARD_BROKER_URL", "REELYARD_LEASES"):
        assert name in errors
    assert "s3cret" not in errors


def test_a_port_that_is_taken_is_told(start_process: Callable[..., Process], tmp_path: Path) -> None:
    first = start_process(**standalone_environ(tmp_path))
    address = first.ready_line().rpartition(" ")[2]

    status, errors = start_process(**standalone_environ(tmp_path, REELYARD_SCHEDULER_LISTEN=address)).end()

    assert status == 1
    assert f"can't listen on {address} (REELYARD_SCHEDULER_LISTEN)" in errors
    assert "Traceback" not in errors


def test_a_database_file_that_cannot_be_made_is_told(start_process: Callable[..., Process], tmp_path: Path) -> None:
    environ = standalone_environ(tmp_path, REELYARD_DATABASE_URL=f"sqlite://{tmp_path / 'missing' / 'reelyard.db'}")

    status, errors = start_process(**environ).end()

    assert status == 1
    assert "REELYARD_DATABASE_URL" in errors
    assert "Traceback" not in errors


def test_a_signal_ends_the_wait_for_a_database_that_is_not_there(
    start_process: Callable[..., Process], tmp_path: Path
) -> None:
    unreachable = "postgresql://ann:s3cret@127.0.0.1:9/x"
    process = start_process(**standalone_environ(tmp_path, REELYARD_DATABASE_URL=unreachable))
    assert process.popen.stderr is not None
    said = process.popen.stderr.readline()

    status, errors = process.end(signal.SIGTERM)

    assert '"start_waits"' in said
    assert '"database"' in said
    assert status == 0
    assert "s3cret" not in said + errors


def test_it_waits_for_its_database_and_says_that_it_does_not_serve(tmp_path: Path) -> None:
    server = PostgreSQL()
    server.start()
    url = server.url
    server.kill()
    service = build(settings_for(tmp_path, database_url=url))
    starting = threading.Thread(target=service.start)
    starting.start()
    eventually(lambda: not service.address.endswith(":0"))
    client = NodeClient([service.address])

    assert health_of(service.address) == NOT_SERVING
    assert health_of(service.address, "readiness") == NOT_SERVING
    assert health_of(service.address, "liveness") == SERVING
    with pytest.raises(UnavailableError, match="is starting"):
        client.leave("a-node")
    server.start()
    starting.join(PATIENCE_S)
    assert health_of(service.address) == SERVING
    client.leave("a-node")

    client.close()
    service.stop()
    server.stop()


def test_it_comes_back_by_itself_when_its_database_was_restarted(own_postgresql: PostgreSQL, tmp_path: Path) -> None:
    service = build(settings_for(tmp_path, database_url=own_postgresql.url))
    service.start()
    client = NodeClient([service.address])
    client.leave("a-node")

    own_postgresql.kill()
    eventually(lambda: health_of(service.address, "readiness") == NOT_SERVING)
    assert health_of(service.address) == NOT_SERVING
    assert health_of(service.address, "liveness") == SERVING
    with pytest.raises(UnavailableError):
        client.leave("a-node")
    own_postgresql.start()

    eventually(lambda: health_of(service.address) == SERVING)
    client.leave("a-node")
    client.close()
    service.stop()


def test_it_waits_for_its_broker(rabbitmq: Any, tmp_path: Path) -> None:
    unreachable = rabbitmq.url.replace(str(rabbitmq.port()), "9")
    give_up = threading.Event()

    waiting = build(settings_for(tmp_path, broker_url=unreachable))
    starting = threading.Thread(target=waiting.start, kwargs={"give_up": give_up})
    starting.start()
    eventually(lambda: not waiting.address.endswith(":0"))
    assert health_of(waiting.address) == NOT_SERVING
    give_up.set()
    starting.join(PATIENCE_S)
    waiting.stop()
    served = build(settings_for(tmp_path, broker_url=rabbitmq.url))
    served.start()

    assert health_of(served.address) == SERVING
    served.stop()
