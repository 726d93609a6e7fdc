import contextlib
import io
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import psycopg
import pytest
from minio import Minio

from deploy.local import postgresql, rabbitmq
from deploy.local.ports import Ports
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import Launch, LocalServerError, Process, run_once, wait_for_exit
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.s3 import S3Server
from deploy.local.server import Server

SERVERS = [PostgreSQL, S3Server, RabbitMQ]


def write(server: Server) -> None:
    if isinstance(server, PostgreSQL):
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (value text)")
            connection.execute("INSERT INTO kept VALUES ('kept')")
    elif isinstance(server, S3Server):
        client = s3_client(server)
        client.make_bucket(bucket_name="bucket")
        client.put_object(bucket_name="bucket", object_name="a/b", data=io.BytesIO(b"kept"), length=4)
    elif isinstance(server, RabbitMQ):
        with contextlib.closing(pika.BlockingConnection(pika.URLParameters(server.url))) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("queue", durable=True)
            persistent = pika.BasicProperties(delivery_mode=2)
            channel.basic_publish("", "queue", b"kept", persistent, mandatory=True)


def read(server: Server) -> bytes:
    if isinstance(server, PostgreSQL):
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT value FROM kept").fetchone()
            return row[0].encode()
    if isinstance(server, S3Server):
        answer = s3_client(server).get_object(bucket_name="bucket", object_name="a/b")
        with contextlib.closing(answer):
            return answer.read()
    assert isinstance(server, RabbitMQ)
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(server.url))) as connection:
        _, _, body = connection.channel().basic_get("queue")
        return body


def s3_client(server: S3Server) -> Minio:
    host = server.endpoint.removeprefix("http://")
    return Minio(
        endpoint=host,
        access_key=server.access_key,
        secret_key=server.secret_key,
        region="us-east-1",
        secure=False,
    )


def processes_that_mention(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if str(folder).encode() in command + (entry / "environ").read_bytes():
                found.append(f"{entry.name} {command.decode(errors='replace')}")
    return found


def listening_addresses(pids: list[int]) -> set[str]:
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                addresses.add(fields[1].split(":")[0])
    return addresses


@pytest.fixture(params=SERVERS, ids=lambda cls: cls.kind)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param() as running:
        yield running


def test_server_survives_sigkill_and_comes_back_by_its_own_command_and_environment(server: Server) -> None:
    write(server)
    launch = server.process.launch

    os.kill(server.pid, signal.SIGKILL)
    assert wait_for_exit(server.pid, 10)
    server.kill()
    again = Process(launch)
    try:
        again.wait_ready(lambda: answers(lambda: read(server)), timeout_s=60)
    finally:
        again.stop(ask=signal.SIGINT if isinstance(server, PostgreSQL) else signal.SIGTERM)

    assert launch.log.exists()


def answers(ask: Callable[[], bytes]) -> bool:
    try:
        return ask() == b"kept"
    except Exception:
        return False


@pytest.mark.parametrize("kind", [cls.kind for cls in SERVERS])
def test_server_listens_on_the_loopback_address_only(request: pytest.FixtureRequest, kind: str) -> None:
    server = request.getfixturevalue(kind)  # those of the whole session: nothing is done to them
    addresses = listening_addresses([server.pid, *(helper.pid for helper in server.helpers())])

    assert addresses <= {"0100007F", "0" * 24 + "01000000"}  # 127.0.0.1 and ::1
    assert "0100007F" in addresses


def test_stop_leaves_neither_processes_nor_a_temporary_folder(server: Server) -> None:
    folder = server.folder

    server.stop()

    assert not folder.exists()
    assert processes_that_mention(folder) == []


@pytest.mark.parametrize("cls", SERVERS, ids=lambda cls: cls.kind)
def test_data_in_a_given_folder_are_there_for_the_next_server(cls: type[Server], tmp_path: Path) -> None:
    closed_to_others = tmp_path / "closed"
    closed_to_others.mkdir(mode=0o700)
    with cls(closed_to_others / "server") as first:
        write(first)
    with cls(closed_to_others / "server") as second:
        found = read(second)

    assert found == b"kept"


def test_a_missing_rabbitmq_names_its_package_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rabbitmq, "_SERVER", tmp_path / "absent")
    server = RabbitMQ()

    with pytest.raises(LocalServerError, match="Debian package rabbitmq-server"):
        server.start()

    assert server.helpers() == []


def test_a_missing_postgresql_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgresql, "_INSTALLED", tmp_path)

    with pytest.raises(LocalServerError, match="Debian package postgresql"):
        PostgreSQL().start()


def test_a_held_port_is_given_to_nobody_else() -> None:
    mine, other = Ports(), Ports()
    try:
        port = mine.draw()
        refused = other.hold(port)
        mine.release()
        accepted = other.hold(port)
    finally:
        mine.release()
        other.release()

    assert (refused, accepted) == (False, True)


def test_a_process_that_exits_before_it_is_ready_shows_the_end_of_its_log(tmp_path: Path) -> None:
    launch = Launch(
        name="broken",
        command=("/bin/sh", "-c", "echo why it broke; exit 3"),
        env={},
        log=tmp_path / "log",
    )
    process = Process(launch)

    with pytest.raises(LocalServerError, match=r"(?s)broken exited with status 3.*why it broke"):
        process.wait_ready(lambda: False)


def test_a_process_that_ignores_the_request_to_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"trap '' TERM; sh -c \"trap '' TERM; echo \\$\\$ > {child}; while :; do sleep 1; done\" & wait; wait"
    launch = Launch(name="stubborn", command=("/bin/sh", "-c", script), env={}, log=tmp_path / "log")
    process = Process(launch)
    process.wait_ready(lambda: child.exists() and child.read_text().endswith("\n"))

    status = process.stop(grace_s=0.2)

    assert status == -signal.SIGKILL
    assert wait_for_exit(int(child.read_text()), 10)


def test_run_once_reports_a_failure_with_its_output(tmp_path: Path) -> None:
    launch = Launch(name="once", command=("/bin/sh", "-c", "echo no space; exit 1"), env={}, log=tmp_path / "log")

    with pytest.raises(LocalServerError, match=r"(?s)once failed with status 1.*no space"):
        run_once(launch)


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    launch = Launch(name="absent", command=("/no/such/program",), env={}, log=tmp_path / "log")

    with pytest.raises(LocalServerError, match="absent: cannot start /no/such/program"):
        Process(launch)


def test_stopping_twice_is_fine(tmp_path: Path) -> None:
    launch = Launch(name="sleep", command=("/bin/sleep", "60"), env={}, log=tmp_path / "log")
    process = Process(launch)

    statuses = (process.stop(), process.stop())

    assert statuses == (-signal.SIGTERM, -signal.SIGTERM)
    assert subprocess.run(["/bin/kill", "-0", str(process.pid)], check=False, capture_output=True).returncode != 0
