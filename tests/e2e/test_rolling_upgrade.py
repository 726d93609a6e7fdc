"""An installation goes from this version to a later one, and back, while jobs run: none is lost, none runs twice."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from scheduler.store.migrate import script_directory
from tests.e2e.media_facts import facts
from tests.e2e.next_version import SUFFIX, make_next_version
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import REELYARD, Cluster

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "Width": 96}
FRAMES = 50
AT_ONCE = 4


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of a later version."""
    folder = tmp_path_factory.mktemp("later")
    head = script_directory().get_current_head()
    assert head is not None
    return make_next_version(folder, head=head)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path / "cluster", REELYARD_NOTIFY_RETRY_SECONDS="0.5,1,2") as running:
        yield running


class Stream:
    """Jobs that are asked for one after the other until the stream is closed, a few at the same time.

    The slower the machine, the longer each step takes: without that limit, the more jobs it would have to do meanwhile.
    """

    def __init__(self, client: SeedClient, source: str, ping_url: str) -> None:
        self.jobs: list[int] = []
        self.refused: list[str] = []
        self._client = client
        self._output = MP4 | {"PingUrl": ping_url}
        self._source = source
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(0.3):
            try:
                if len(self.jobs) >= AT_ONCE:
                    self._client.ended(self.jobs[-AT_ONCE])
                self.jobs += self._client.created(self._source, [self._output])
            except (OSError, AssertionError) as error:  # the only gateway is being replaced
                self.refused.append(str(error))

    def more(self, count: int) -> None:
        """Wait until so many more were accepted."""
        goal = len(self.jobs) + count
        until(lambda: len(self.jobs) >= goal, 120, f"{count} more jobs; refused: {self.refused[-3:]}")


def replace(cluster: Cluster, process: dict[str, Any], packages: Path | None) -> None:
    """Stop one process as Kubernetes does and start it in another version; None: this one."""
    cluster.kill(process, signal.SIGTERM)
    process["env"].pop("PYTHONPATH", None)
    if packages is not None:
        process["env"]["PYTHONPATH"] = str(packages)
    cluster.restart(process)


def is_later(process: dict[str, Any]) -> bool:
    """Whether the process has logged as the later version does."""
    return f'"{process["kind"]}{SUFFIX}"' in Path(process["log"]).read_text()


def migrate(cluster: Cluster, packages: Path) -> str:
    """What the migration job of the later version prints."""
    settings = cluster.of_kind("scheduler")[0]["env"]
    done = subprocess.run(
        [REELYARD, "migrate"],
        env=settings | {"PYTHONPATH": str(packages)},
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.stdout


@pytest.mark.timeout(900)  # nine processes are replaced, one after the other
def test_jobs_go_on_through_an_upgrade_and_a_way_back(
    cluster: Cluster, later: Path, sources: Sources, tmp_path: Path
) -> None:
    with Pings() as pings:
        client = SeedClient(cluster.url, cluster.api_key)
        with Stream(client, f"{sources.url}/file/clip.mp4", pings.url) as stream:
            stream.more(1)
            assert "9990" in migrate(cluster, later)
            stream.more(1)  # this version on the later schema
            for kind in ("scheduler", "gateway", "node"):
                for process in cluster.of_kind(kind):
                    replace(cluster, process, later)
                    stream.more(1)  # both versions beside each other, at every step
                    until(lambda process=process: is_later(process), 60, f"{process['name']} to be the later one")
            for kind in ("node", "gateway", "scheduler"):
                replace(cluster, cluster.of_kind(kind)[0], None)
                stream.more(1)

        ends = {job: client.ended(job, 180) for job in stream.jobs}

        assert {end["Status"] for end in ends.values()} == {"Completed"}, ends
        assert len({end["OutputMediaID"] for end in ends.values()}) == len(ends)
        last = max(ends)
        path = tmp_path / "got.mp4"
        path.write_bytes(client.download(client.output(ends[last]["OutputMediaID"])["FileURL"]))
        assert (facts(path).frames, facts(path).decode_errors) == (FRAMES, "")
        for job in ends:
            until(lambda job=job: pings.accepted(job), 60, f"the notification of job {job}")


def test_a_node_that_is_too_old_is_refused_and_says_what_to_do(cluster: Cluster, tmp_path: Path) -> None:
    outdated = tmp_path / "outdated"
    head = script_directory().get_current_head()
    assert head is not None
    make_next_version(outdated, head=head)
    protocol = outdated / "reelyard/cluster/rpc_protocol.py"
    protocol.write_text(protocol.read_text().replace("\nPROTOCOL = 3", "\nPROTOCOL = 1"))
    node = cluster.of_kind("node")[0]

    replace(cluster, node, outdated)

    wanted = "upgrade that gateway or node to the schedulers' version"
    until(lambda: wanted in Path(node["log"]).read_text(), 60, "the node to say that it is too old")
    schedulers = [Path(process["log"]) for process in cluster.of_kind("scheduler")]
    until(lambda: any("caller_outdated" in log.read_text() for log in schedulers), 60, "a scheduler to say so")
