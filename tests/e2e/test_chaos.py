"""Processes of the cluster are killed while jobs run: nothing is lost, nothing happens twice, nothing is wrong."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.media_facts import facts
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Cluster

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "Width": 96}
JOBS = 30
KILLS = 8
LEASE_S = 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with short leases, so that what a killed node held comes back while the test looks."""
    with Cluster(
        tmp_path_factory.mktemp("chaos"),
        REELYARD_LEASE_SECONDS=str(LEASE_S),
        REELYARD_HEARTBEAT_SECONDS="0.5",
        REELYARD_NOTIFY_RETRY_SECONDS="0.5,1,2",
    ) as running:
        yield running


def test_thirty_jobs_survive_a_killer(cluster: Cluster, sources: Sources, tmp_path: Path) -> None:
    chance = random.Random(7)
    with Pings() as pings:
        client = SeedClient(cluster.url, cluster.api_key)
        jobs: list[int] = []
        killer = threading.Thread(target=_kill_often, args=(cluster, chance))
        killer.start()
        while len(jobs) < JOBS:
            try:
                jobs += client.created(f"{sources.url}/file/clip.mp4", [MP4 | {"PingUrl": pings.url}])
            except (
                OSError,
                AssertionError,
            ):  # the gateway or both schedulers are down for a moment: ask again
                time.sleep(0.2)
        killer.join()

        ends = {job: client.ended(job, 240) for job in jobs}

        assert {end["Status"] for end in ends.values()} == {"Completed"}, ends
        outputs = {end["OutputMediaID"] for end in ends.values()}
        assert len(outputs) == JOBS
        for job, end in ends.items():
            path = tmp_path / "got.mp4"
            path.write_bytes(_fetched(client, end))
            seen = facts(path)
            assert (seen.frames, seen.width, seen.decode_errors) == (50, 96, "")
            until(lambda job=job: pings.accepted(job), 60, f"the notification of job {job}")
        for job in jobs:
            assert len({ping.headers["Reelyard-Delivery"] for ping in pings.accepted(job)}) == 1


def _fetched(client: SeedClient, end: dict[str, Any]) -> bytes:
    """The output's file. While what was killed last starts, 503 asks to try again shortly; nothing else may come."""

    def asked(url: str) -> requests.Response | None:
        answer = requests.get(url, timeout=60)
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        assert answer.status_code == HTTPStatus.OK, answer.text
        return answer

    described = until(lambda: asked(client.url(f"media/output/{end['OutputMediaID']}")), 60, "the output")
    return until(lambda: asked(described.json()["asset"]["FileURL"]), 60, "the output's file").content


def _kill_often(cluster: Cluster, chance: random.Random) -> None:
    """SIGKILL a random process every second or two, and start it again as an orchestrator would; RabbitMQ once."""
    for turn in range(KILLS):
        time.sleep(chance.uniform(0.8, 2.0))
        kinds = ("rabbitmq",) if turn == KILLS // 2 else ("node", "scheduler", "gateway")
        victim = chance.choice(cluster.of_kind(*kinds))
        cluster.kill(victim)
        time.sleep(chance.uniform(0.1, 0.8))
        cluster.restart(victim)


def test_a_node_frozen_past_its_lease_changes_nothing(cluster: Cluster, sources: Sources, tmp_path: Path) -> None:
    client = SeedClient(cluster.url, cluster.api_key)
    jobs = [client.created(f"{sources.url}/file/clip.mp4", [MP4])[0] for _ in range(6)]
    node = cluster.of_kind("node")[0]
    cluster.kill(node, signal.SIGSTOP)

    ends = {job: client.ended(job, 120) for job in jobs}
    before = {job: client.download(client.output(end["OutputMediaID"])["FileURL"]) for job, end in ends.items()}
    cluster.kill(node, signal.SIGCONT)
    time.sleep(LEASE_S * 1.5)  # whatever the woken node would do, it has done

    assert {end["Status"] for end in ends.values()} == {"Completed"}
    for job, content in before.items():
        assert client.job(job)["Status"] == "Completed"
        assert client.download(client.output(ends[job]["OutputMediaID"])["FileURL"]) == content
    path = tmp_path / "after.mp4"
    job = client.created(f"{sources.url}/file/clip.mp4", [MP4])[0]
    path.write_bytes(client.download(client.output(client.ended(job)["OutputMediaID"])["FileURL"]))
    assert facts(path).frames == 50
