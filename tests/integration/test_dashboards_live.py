"""A real Prometheus watches a real cluster while jobs succeed, fail, are retried, wait, and lose their node.

Then every panel of every dashboard has to show something, and some of them have to say what happened.
"""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from deploy.local.prometheus import Prometheus
from tests.conftest import needs
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Cluster
from tests.integration.dashboard_rig import (
    NAMESPACE,
    Asked,
    ask_everything,
    dashboards,
    filled,
    report,
    variable_values,
    watched,
)
from tests.integration.ftp_peer import ftp_server

#: Everything happens in the set-up of the first test; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "VideoCodecCode": "h264"}
ENCODING = 'reelyard_encoder_slots_in_use{queue="encode.cpu"} > 0'
SLOTS = "ingest:2,encode.cpu:1,store:2,distribute:2"

#: What this machine and this test can't have: a part of the expression, and why.
NOT_HERE = {
    r"keda_": "no KEDA",
    r"kube_": "no kube-state-metrics",
    r"DCGM_": "no DCGM exporter",
    r"reelyard_gpu_": "no GPU, so NVML tells nothing",
}

#: What may or may not have been seen.
BY_CHANCE: dict[str, str] = {}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Sources]:
    """A web server with a clip of 2 s, and one that takes a while to encode."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y"),
            *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(folder / "long.mp4")),
        ],
        check=True,
    )
    with Sources(folder) as server:
        yield server


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    needs("prometheus", Path("/usr/bin/prometheus").exists())
    # Long enough for a busy machine: one node is to be lost, and no other.
    with Cluster(
        tmp_path_factory.mktemp("watched"),
        metrics=True,
        REELYARD_SLOTS=SLOTS,
        REELYARD_LEASE_SECONDS="10",
        REELYARD_HEARTBEAT_SECONDS="0.5",
        REELYARD_DRAIN_SECONDS="0.1",
        REELYARD_RETRY_SECONDS="0.2,0.5",
        REELYARD_NOTIFY_RETRY_SECONDS="0.3,0.5",
        REELYARD_NODE_COST_PER_HOUR="0.5",
        REELYARD_NODE_COST_CURRENCY="EUR",
        REELYARD_NODE_CLASS="small",
        REELYARD_POOL_ENCODERS="encode.gpu:h264_nvenc",  # which never comes
        REELYARD_POOL_WAIT_SECONDS="1",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(cluster: Cluster) -> Iterator[Prometheus]:
    """Watches the cluster from before the first job, so that it sees each counter begin."""
    with watched(cluster) as running:
        wanted = len(cluster.metrics) + 1  # RabbitMQ's are at two paths
        until(lambda: sum(each["value"][1] == "1" for each in running.query("up")) == wanted, 60, "every scrape")
        yield running


@pytest.fixture(scope="module")
def eventful(
    cluster: Cluster, prometheus: Prometheus, sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, int]:
    """All that is to happen, happened; the IDs of the jobs by what became of them."""
    client = SeedClient(cluster.url, cluster.api_key)
    clip = f"{sources.url}/file/clip.mp4"
    jobs: dict[str, int] = {}
    with (
        Pings(fail_first=1) as late,
        Pings(fail_first=10**6) as never,
        ftp_server(tmp_path_factory.mktemp("ftp") / "root") as ftp,
    ):
        (jobs["notified"],) = client.created(clip, [MP4 | {"PingUrl": late.url}])
        (jobs["unheard"],) = client.created(clip, [MP4 | {"PingUrl": never.url}])
        ftp.faults.cut_stor_at = 1
        (jobs["delivered"],) = client.created(clip, [MP4 | {"DeliveryLocation": ftp.url("out/")}])
        (jobs["missing"],) = client.created(f"{sources.url}/status/404", [MP4])
        (jobs["refused"],) = client.created(clip, [MP4 | {"DeliveryLocation": ftp.url("out/", login="who:cares")}])
        wrong_requests(client)
        lose_a_node(cluster, prometheus, client, sources, jobs)
        drain_a_node(cluster, prometheus, client, sources, jobs)
        for name in ("second", "third", "fourth", "fifth"):  # one after another: a node that delivers again is seen to
            (jobs[name],) = client.created(clip, [MP4 | {"DeliveryLocation": ftp.url("out/")}])
            client.ended(jobs[name], 240)
        ends = {name: client.ended(job, 240)["Status"] for name, job in jobs.items()}
        until(lambda: len(late.accepted(jobs["notified"])) == 1, 60, "the webhook")
        until(lambda: value(prometheus, 'reelyard_webhook_deliveries_total{outcome="failed"}') > 0, 60, "giving up")
    assert {name for name, end in ends.items() if end != "Completed"} == {"missing", "refused"}
    waited = "sum(reelyard_jobs_finished_total)"
    until(lambda: value(prometheus, waited) == len(jobs), 30, "the last job to be scraped")
    # The cost of a time is summed minute by minute, by the clock: a quick run may lie between two of them.
    minutes = "sum_over_time(reelyard_node_cost_per_hour[10m:1m])"
    until(lambda: prometheus.query(minutes), 90, "a minute to begin")
    return jobs


def value(prometheus: Prometheus, expression: str) -> float:
    """The sum of what it gives; 0 without series."""
    return sum(float(each["value"][1]) for each in prometheus.query(expression))


def wrong_requests(client: SeedClient) -> None:
    """A wrong key, a job that there is not, and a source that can't be."""
    assert requests.get(f"{client.base}/api/v1/job/1?ApiKey=wrong", timeout=10).status_code == 401
    requests.get(client.url("job/99999999"), timeout=10)
    impossible = {"ApiKey": client.api_key, "SourceMediaURL": "gopher://x", "OutputJobs": [MP4]}
    requests.post(client.url("job/create"), json=impossible, timeout=10)


def long_job(
    cluster: Cluster, prometheus: Prometheus, client: SeedClient, sources: Sources, jobs: dict[str, int], name: str
) -> dict[str, Any]:
    """Create a job of this name that encodes for a while; the process that does.

    All others have ended before, and Prometheus has seen it: else it may name a node that encoded a second ago.
    """
    for job in jobs.values():
        client.ended(job, 240)
    until(lambda: not prometheus.query(ENCODING), 60, "the nodes to be idle")
    (jobs[name],) = client.created(f"{sources.url}/file/long.mp4", [MP4 | {"Title": name}])
    return node_that_encodes(cluster, prometheus)


def node_that_encodes(cluster: Cluster, prometheus: Prometheus) -> dict[str, Any]:
    """The process that a metric names, as an operator would find it."""
    found = until(lambda: prometheus.query(ENCODING), 60, "a node to encode")
    name = found[0]["metric"]["pod"].removeprefix("reelyard-")
    return next(each for each in cluster.processes if each["name"] == name)


def lose_a_node(
    cluster: Cluster, prometheus: Prometheus, client: SeedClient, sources: Sources, jobs: dict[str, int]
) -> None:
    cluster.kill(long_job(cluster, prometheus, client, sources, jobs, "orphaned"))
    lost = f'max(reelyard_nodes{{state="lost", namespace="{NAMESPACE}"}})'
    until(lambda: value(prometheus, lost) == 1, 60, "the node to be missed")


def drain_a_node(
    cluster: Cluster, prometheus: Prometheus, client: SeedClient, sources: Sources, jobs: dict[str, int]
) -> None:
    """A node is told to go while it encodes, and started again; what it had goes elsewhere."""
    drained = long_job(cluster, prometheus, client, sources, jobs, "moved")
    cluster.kill(drained, signal.SIGTERM)
    gone = f'reelyard_tasks_interrupted_total{{reason="drained", namespace="{NAMESPACE}"}}'
    until(lambda: value(prometheus, gone) > 0, 60, "the work to be handed back")
    cluster.restart(drained)


@pytest.fixture(scope="module")
def asked(eventful: dict[str, int], prometheus: Prometheus) -> list[Asked]:
    return ask_everything(prometheus)


def test_every_panel_shows_something(asked: list[Asked]) -> None:
    empty = report(asked, NOT_HERE | BY_CHANCE)

    assert not empty, "\n".join(empty)


def test_what_is_excused_is_really_not_here(asked: list[Asked]) -> None:
    """A list of excuses that nobody needs any more would hide the next empty panel."""
    empty = [each.expression for each in asked if not each.has_data]

    assert [pattern for pattern in NOT_HERE if not any(re.search(pattern, each) for each in empty)] == []


def shown(asked: list[Asked], uid: str, title: str, **labels: str) -> float:
    """What a panel shows of the series with these labels, summed."""
    return sum(
        float(series["value"][1])
        for each in asked
        if (each.uid, each.title) == (uid, title)
        for series in each.series
        if labels.items() <= series["metric"].items()
    )


def test_the_panels_say_what_happened(asked: list[Asked]) -> None:
    overview, nodes, storage, api = "reelyard-overview", "reelyard-nodes", "reelyard-storage", "reelyard-api"

    assert shown(asked, overview, "Leases that expired") >= 1
    assert shown(asked, overview, "Interrupted") >= 2  # one by the lost node, one by the drained one
    assert shown(asked, overview, "Retries") >= 1
    assert shown(asked, overview, "Tasks given up") >= 3  # a source, a delivery, a webhook
    assert shown(asked, overview, "Failed jobs by class", error_class="user_input") == pytest.approx(1, abs=0.2)
    assert shown(asked, overview, "Failed jobs by class", error_class="receiver") == pytest.approx(1, abs=0.2)
    assert shown(asked, overview, "Nodes by state", state="lost") == 1
    assert shown(asked, overview, "Versions", service="node") == 2
    assert shown(asked, overview, "SLO: Jobs succeed") == 1  # neither failure was ours
    assert shown(asked, "reelyard-queues", "Pools given up", queue="encode.gpu") == 1
    assert shown(asked, nodes, "Interrupted work", reason="drained") >= 1
    assert shown(asked, nodes, "Interrupted work", reason="node_lost") >= 1
    assert shown(asked, storage, "Notifications by outcome", kind="ping", outcome="delivered") >= 1
    assert shown(asked, storage, "Notifications by outcome", kind="ping", outcome="retried") >= 1
    assert shown(asked, storage, "Notifications by outcome", kind="ping", outcome="failed") >= 1
    assert shown(asked, storage, "Deliveries by place and outcome", scheme="ftp", outcome="delivered") >= 1
    assert shown(asked, storage, "Deliveries by place and outcome", scheme="ftp", outcome="failed") >= 1
    assert shown(asked, api, "Refused in the shown time", reason="auth") >= 1
    assert shown(asked, "reelyard-cost", "An hour, now", currency="EUR") == pytest.approx(1.0)  # two nodes are left


def test_the_variables_offer_what_there_is(eventful: dict[str, int], prometheus: Prometheus) -> None:
    values = variable_values(prometheus)

    assert all(offered["namespace"] == [NAMESPACE] for offered in values.values())
    assert {"ingest", "encode.cpu", "store", "distribute"} <= set(values["reelyard-queues"]["queue"])
    assert "cpu" in values["reelyard-nodes"]["accelerator"]


def test_a_point_of_a_histogram_leads_to_its_job(eventful: dict[str, int], prometheus: Prometheus) -> None:
    panel = next(
        each
        for board in dashboards()
        if board["uid"] == "reelyard-queues"
        for each in board["panels"]
        if each["title"] == "Duration of jobs, p50 and p95"
    )
    now = float(prometheus.query("vector(time())")[0]["value"][1])

    found = prometheus.get("query_exemplars", query=filled(panel["targets"][0]["expr"]), start=now - 600, end=now)

    jobs = {exemplar["labels"]["job_id"] for each in found for exemplar in each["exemplars"]}
    assert jobs <= {str(job) for job in eventful.values()}
    assert jobs
