"""Finding and stopping the processes of `make up`; what starts it all is tried in tests/e2e."""

import json
import os
import signal
import stat
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.cluster import (
    ClusterError,
    ClusterFolder,
    described,
    find,
    marker,
    stop_cluster,
    write_description,
)
from deploy.local.process import Launch, Process
from deploy.local.up import up

Start = Callable[..., Process]

# The processes of a cluster are found over the whole machine: tests that run beside these need other names.
MINE, OTHER = (f"{name}-{uuid.uuid4()}" for name in ("mine", "other"))


def until(look: Callable[[], bool]) -> None:
    while not look():
        time.sleep(0.01)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started = []

    def run(cluster_id: str, kind: str, script: str = "exec sleep 60") -> Process:
        launch = Launch(
            name=kind,
            command=("/bin/sh", "-c", script),
            env=marker(cluster_id, kind) | {"PATH": os.defpath},
            log=tmp_path / "log",
        )
        process = Process(launch)
        started.append(process)
        # Within `exec` the kernel shows no environment for a moment.
        process.wait_ready(lambda: process.pid in {found.pid for found in find(cluster_id)})
        return process

    yield run
    for process in started:
        process.kill()


def test_stop_ends_the_processes_of_this_cluster_and_no_others(start: Start) -> None:
    mine, other = start(MINE, "node"), start(OTHER, "node")

    stopped = stop_cluster(MINE, grace_s=60)

    assert stopped == 1
    assert (mine.running(), other.running()) == (False, True)


def test_an_id_that_begins_like_another_is_another_cluster(start: Start) -> None:
    longer = start(f"{MINE}-too", "node")

    stop_cluster(MINE, grace_s=60)

    assert longer.running()


def test_children_are_left_to_their_parents(start: Start, tmp_path: Path) -> None:
    # The parent ends when told to, and says then whether its child still lived.
    on_term = f"kill -0 $! && echo lived > {tmp_path}/child; kill $!; exit 0"
    script = f"sleep 60 & trap '{on_term}' TERM; echo > {tmp_path}/up; wait"
    parent = start(MINE, "node", script)
    parent.wait_ready((tmp_path / "up").exists)

    stop_cluster(MINE, grace_s=60)

    assert (tmp_path / "child").read_text() == "lived\n"
    assert find(MINE) == []


def test_those_that_use_others_stop_before_them(start: Start, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for kind in ("rabbitmq", "scheduler", "gateway", "node"):
        script = f"trap 'echo {kind} >> {order}; exit 0' TERM; echo > {tmp_path}/{kind}; while :; do sleep 0.05; done"
        start(MINE, kind, script).wait_ready((tmp_path / kind).exists)

    stop_cluster(MINE, grace_s=60)

    assert order.read_text().split() == ["gateway", "node", "scheduler", "rabbitmq"]


def test_one_that_does_not_listen_is_killed(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stubborn = start(MINE, "node", f"trap '' TERM; echo > {tmp_path}/up; while :; do sleep 0.05; done")
    stubborn.wait_ready((tmp_path / "up").exists)

    stop_cluster(MINE, grace_s=0.2)

    assert not stubborn.running()
    assert f"process {stubborn.pid}" in capsys.readouterr().out


def test_one_that_was_frozen_is_stopped_too(start: Start, tmp_path: Path) -> None:
    frozen = start(MINE, "node", f"trap 'echo > {tmp_path}/asked; exit 0' TERM; echo > {tmp_path}/up; sleep 60 & wait")
    frozen.wait_ready((tmp_path / "up").exists)
    os.kill(frozen.pid, signal.SIGSTOP)

    stop_cluster(MINE, grace_s=60)

    assert (tmp_path / "asked").exists()


def test_what_was_started_again_by_the_description_is_found(start: Start) -> None:
    first = start(MINE, "scheduler")
    entry = json.loads(json.dumps(described("scheduler", first)))
    first.kill()
    again = subprocess.Popen(entry["command"], env=entry["env"] | {"MORE": "1"})
    until(lambda: again.pid in {found.pid for found in find(MINE)})

    stopped = stop_cluster(MINE, grace_s=60)

    assert stopped == 1
    assert again.wait(60) == -signal.SIGTERM


def test_a_second_up_is_refused_while_a_cluster_runs(start: Start, tmp_path: Path) -> None:
    folder = ClusterFolder(tmp_path / "cluster")
    folder.make()
    start(folder.new_id(), "gateway")

    with pytest.raises(ClusterError, match="make down"):
        up(folder.path, {})


def test_up_and_down_do_not_run_at_the_same_time(tmp_path: Path) -> None:
    folder = ClusterFolder(tmp_path)

    with folder.locked(), pytest.raises(ClusterError, match="at work"), ClusterFolder(tmp_path).locked():
        pytest.fail("both have it")


def test_the_description_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = ClusterFolder(tmp_path)
    folder.description.write_text("old")
    folder.description.chmod(0o644)

    write_description(folder, {"url": "http://127.0.0.1:1"})

    assert stat.S_IMODE(folder.description.stat().st_mode) == 0o600
    assert json.loads(folder.description.read_text()) == {"url": "http://127.0.0.1:1"}


def test_a_secret_outlives_the_cluster(tmp_path: Path) -> None:
    folder = ClusterFolder(tmp_path)

    first = folder.secret("api_key", "one")
    folder.new_id()
    folder.forget()

    assert (first, folder.secret("api_key", "two"), folder.id()) == ("one", "one", None)
