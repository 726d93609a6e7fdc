"""What a job leaves behind: every line of its logs and one trace, from the REST call to the notification."""

import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.conftest import QUICK
from tests.e2e.otlp_receiver import Collector, Received
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Cluster, Standalone

MP4 = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "VideoCodecCode": "h264", "AudioCodecCode": "aac"}
SECRET = "s3cr3t-of-the-request"
#: The kinds of the tasks that this job is made of, in their order.
STAGES = ("ingest", "encode", "store", "distribute", "notify")


@dataclass
class Trail:
    """One job that was asked for with a request ID and a trace of the client's own."""

    job_id: int
    ingest_id: int
    request_id: str
    trace_id: str
    client_span: str
    service: Standalone | Cluster
    spans: list[Received]
    collector: Collector

    def span(self, name: str, **attributes: Any) -> Received:
        """The one span of that name and those attributes."""
        wanted = {f"reelyard.{key}": value for key, value in attributes.items()}
        (found,) = [s for s in self.spans if s.name == name and wanted.items() <= s.attributes.items()]
        return found

    def ancestors(self, span: Received) -> list[str]:
        """The names of the spans above a span, up to the client's."""
        by_id = {each.span_id: each for each in self.spans}
        names = []
        while span.parent_id in by_id:
            span = by_id[span.parent_id]
            names.append(span.name)
        assert span.parent_id == self.client_span, names
        return names


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module", params=["standalone", "cluster"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Standalone | Cluster]:
    folder = tmp_path_factory.mktemp(f"trail-{request.param}")
    settings = {**QUICK, "REELYARD_TRACES_URL": collector.url, "REELYARD_LOG_FORMAT": "json"}
    form = Standalone(folder / "data", **settings) if request.param == "standalone" else Cluster(folder, **settings)
    with form as running:
        yield running


@pytest.fixture(scope="module")
def trail(service: Standalone | Cluster, sources: Sources, collector: Collector) -> Trail:
    client = SeedClient(service.url, service.api_key)
    request_id, trace_id, client_span = f"trail-{secrets.token_hex(4)}", secrets.token_hex(16), secrets.token_hex(8)
    with Pings() as pings:
        ping_url = f"{pings.url.replace('://', f'://user:{SECRET}@')}/done?key={SECRET}"
        answer = requests.post(
            client.url("job/create"),
            json={
                "SourceMediaURL": f"{sources.url}/file/clip.mp4?signature={SECRET}",
                "OutputJobs": [MP4 | {"PingUrl": ping_url}],
            },
            headers={"X-Request-ID": request_id, "traceparent": f"00-{trace_id}-{client_span}-01"},
            timeout=30,
        )
        assert answer.headers["X-Request-ID"] == request_id
        created = answer.json()
        job_id = created["OutputJobs"][0]["JobID"]
        assert client.ended(job_id)["Status"] == "Completed"
        until(lambda: pings.accepted(job_id), 20, "the notification")
        assert not {"x-request-id", "traceparent"} & {name.lower() for name in pings.accepted(job_id)[0].headers}

    def spans() -> list[Received]:
        found = collector.of_trace(trace_id)
        wanted = {f"{kind} {what}" for kind in STAGES for what in ("task", "wait")}
        known = {client_span, *(each.span_id for each in found)}
        finishes = [each for each in found if each.name.endswith("/Finish")]
        # Each process sends its own, so the last of them is not the last that arrives.
        whole = (
            wanted <= {each.name for each in found}
            and {each.parent_id for each in found} <= known
            and len(finishes) >= 2 * len(STAGES)
        )
        return found if whole else []

    return Trail(
        job_id=job_id,
        ingest_id=created["IngestJobID"],
        request_id=request_id,
        trace_id=trace_id,
        client_span=client_span,
        service=service,
        spans=until(spans, 30, "every span"),
        collector=collector,
    )


def logs(service: Standalone | Cluster) -> list[dict[str, Any]]:
    """Every line of every process of ours."""
    if isinstance(service, Standalone):
        files = [service.log]
    else:
        files = [Path(each["log"]) for each in service.of_kind("gateway", "scheduler", "node")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def of_service(service: Standalone | Cluster, *names: str) -> set[str]:
    return {"standalone"} if isinstance(service, Standalone) else set(names)


def test_a_job_id_finds_the_lines_of_every_service(trail: Trail) -> None:
    lines = [line for line in logs(trail.service) if line.get("job_id") == trail.job_id]

    assert {line["service"] for line in lines} == of_service(trail.service, "gateway", "scheduler", "node")
    events = {line["event"] for line in lines}
    assert {
        *("request_answered", "job_accepted", "task_claimed", "task_started", "process_started", "process_ended"),
        *("task_left", "task_finished", "notification_posted"),
    } <= events
    accepted = [line for line in lines if line["event"] == "job_accepted"]
    assert {line["ingest_id"] for line in accepted} == {trail.ingest_id}
    assert {line["request_id"] for line in accepted} == {trail.request_id}


def test_a_request_id_finds_the_whole_job_and_every_program(trail: Trail) -> None:
    lines = [line for line in logs(trail.service) if line.get("request_id") == trail.request_id]

    assert {line["service"] for line in lines} == of_service(trail.service, "gateway", "scheduler", "node")
    for event in ("task_claimed", "task_started", "task_left", "task_finished"):
        assert set(STAGES) <= {line["kind"] for line in lines if line["event"] == event}, event
    programs = [line for line in lines if line["event"] == "process_started"]
    assert {line["program"] for line in programs} == {"ffmpeg"}
    assert {line["kind"] for line in programs} == {"ingest", "encode", "store"}
    ended = {(line["node"], line["pid"]): line for line in lines if line["event"] == "process_ended"}
    assert {ended[line["node"], line["pid"]]["exit_status"] for line in programs} == {0}


def test_every_line_about_a_task_says_whose_it_is(trail: Trail) -> None:
    lines = [
        line
        for line in logs(trail.service)
        if line.get("request_id") == trail.request_id and "task_id" in line and line["event"] != "claim_refused"
    ]

    assert len(lines) > 5 * len(STAGES)
    for line in lines:
        owner = {"ingest_id": trail.ingest_id} if line["kind"] == "ingest" else {"job_id": trail.job_id}
        assert owner.items() <= line.items(), line
        assert line["attempt"] == 1
        assert line["node"]


def test_what_belongs_to_a_trace_says_so_in_the_log(trail: Trail) -> None:
    lines = [line for line in logs(trail.service) if line.get("trace_id") == trail.trace_id]

    known = {span.span_id for span in trail.spans}
    assert {"request_answered", "job_accepted", "process_started", "notification_posted"} <= {
        line["event"] for line in lines
    }
    assert {line["span_id"] for line in lines} <= known
    assert {line["request_id"] for line in lines} == {trail.request_id}


def test_no_secret_of_the_request_is_in_a_log_or_a_span(trail: Trail) -> None:
    text = json.dumps(logs(trail.service))

    assert SECRET not in text
    assert trail.service.api_key not in text
    assert SECRET.encode() not in trail.collector.raw
    assert trail.service.api_key.encode() not in trail.collector.raw


def test_one_trace_leads_from_the_call_to_the_notification(trail: Trail) -> None:
    created = "reelyard.rpc.v1.GatewayService/CreateJobs"
    above_tasks = ["create jobs", created, created, "POST /api/v1/job/create"]

    for kind in STAGES:
        task = trail.span(f"{kind} task", kind=kind)
        assert trail.ancestors(task) == above_tasks
        assert trail.ancestors(trail.span(f"{kind} wait", kind=kind)) == above_tasks
        assert task.service == f"reelyard-{of_service(trail.service, 'node').pop()}"
        assert task.attributes["reelyard.request_id"] == trail.request_id
        assert task.attributes["reelyard.outcome"] == "finished"
    for name, kind in (
        *(("fetch", "ingest"), ("upload", "encode"), ("encode", "encode"), ("verify", "store"), ("notify", "notify")),
        ("claim", "encode"),
    ):
        task = trail.span(f"{kind} task", kind=kind)
        assert any(span.name == name and span.parent_id == task.span_id for span in trail.spans), (name, kind)
    encode = next(span for span in trail.spans if span.name == "encode")
    ffmpeg = next(span for span in trail.spans if span.name == "ffmpeg" and span.parent_id == encode.span_id)
    assert ffmpeg.attributes["process.exit.code"] == 0
    assert not [span for span in trail.spans if span.failed]


def test_the_end_of_a_task_is_told_inside_its_span(trail: Trail) -> None:
    finish = "reelyard.rpc.v1.NodeService/Finish"
    servers = [s for s in trail.spans if s.name == finish and s.parent_id in {c.span_id for c in trail.spans}]
    parents = {trail.ancestors(span)[0] for span in servers}

    assert {f"{kind} task" for kind in STAGES} <= parents
    assert finish in parents  # the scheduler's, below the node's
    root = trail.span("POST /api/v1/job/create")
    assert (root.attributes["http.route"], root.attributes["http.response.status_code"]) == ("/api/v1/job/create", 200)
    assert root.attributes["reelyard.job_id"] == trail.job_id


def test_a_wait_ends_where_the_work_begins(trail: Trail) -> None:
    for kind in STAGES:
        wait, task = trail.span(f"{kind} wait", kind=kind), trail.span(f"{kind} task", kind=kind)
        assert wait.start_ns <= wait.end_ns <= task.end_ns
        assert wait.attributes["reelyard.queue"]


def test_a_trace_shows_where_and_why_a_job_failed(
    service: Standalone | Cluster, sources: Sources, collector: Collector
) -> None:
    client, trace_id = SeedClient(service.url, service.api_key), secrets.token_hex(16)
    answer = requests.post(
        client.url("job/create"),
        json={"SourceMediaURL": f"{sources.url}/status/404?signature={SECRET}", "OutputJobs": [MP4]},
        headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"},
        timeout=30,
    )
    assert client.ended(answer.json()["OutputJobs"][0]["JobID"])["Status"] == "Failed"

    names = {"POST /api/v1/job/create", "ingest wait", "ingest task"}
    until(lambda: names <= {span.name for span in collector.of_trace(trace_id)}, 30, "the task's span")
    failed = {(s.name, s.failed) for s in collector.of_trace(trace_id) if s.failed}
    assert failed == {("fetch", "source_not_found"), ("ingest task", "failed")}
    assert SECRET.encode() not in collector.raw


def test_what_a_service_does_by_itself_makes_no_trace(trail: Trail) -> None:
    names = {span.name for span in trail.collector.all()}

    assert "reelyard.rpc.v1.NodeService/Heartbeat" not in names
    assert "reelyard.rpc.v1.NodeService/Register" not in names
    assert "ffprobe" in names


def test_a_collector_that_is_away_costs_one_line_and_nothing_else(tmp_path: Path, sources: Sources) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        service = Standalone(tmp_path / "data", **QUICK, REELYARD_TRACES_URL=url, REELYARD_LOG_FORMAT="json")

        def told() -> list[dict[str, Any]]:
            return [line for line in logs(service) if line["event"].startswith("traces_")]

        with service:
            client = SeedClient(service.url, service.api_key)
            for _ in range(2):
                (job_id,) = client.created(f"{sources.url}/file/clip.mp4", [MP4])
                assert client.ended(job_id)["Status"] == "Completed"
                until(told, 30, "the line about the collector")
            status = service.stop()

        assert status == 0
        assert [line["event"] for line in told()] == ["traces_not_exported"]
        assert url.removeprefix("http://") in told()[0]["error"]
