"""A real Prometheus sees the first event of each kind after a start as an increase, where alerts and panels ask for it.

Only one thing could hide it: a series that begins with that event. So a scheduler's, a gateway's and a node's
measurements are scraped before anything happens, and asked after each thing happened once.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import update

from deploy.local.prometheus import Prometheus, Target
from encoder_node.measures import Measures, Stall
from encoder_node.metrics import NodeMetrics, failed
from gateway.request_scope import RequestMetrics
from reelyard.cluster.drain import Drain, Drained
from reelyard.cluster.metrics import Registry, serve_metrics
from reelyard.cluster.objectstore.measured import Op, StorageMetrics
from reelyard.cluster.objectstore.store import Fault
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ErrorCode
from scheduler.store.tables import nodes, tasks
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.release_task import release_task
from scheduler.usecases.watch_nodes import lose_nodes
from tests.conftest import needs
from tests.contract.lifecycle_rig import POLICY
from tests.contract.metrics_rig import ALL, HOUR_MS, TOLD, Counted
from tests.e2e.seed_client import until
from tests.unit.encoder_node.test_node_metrics import ENCODE

SUBMIT = 'route="/api/v1/job/create",method="POST"'
#: What alerts, objectives and panels ask `increase` or `rate` of.
FIRST = (
    'reelyard_jobs_finished_total{outcome="failed",error_class="encode"}',
    "reelyard_jobs_submitted_total",
    'reelyard_job_queue_wait_seconds_count{queue="encode.cpu"}',
    'reelyard_task_retries_total{queue="encode.cpu",error_class="encode"}',
    'reelyard_tasks_dead_lettered_total{queue="encode.cpu",reason="encode_failed"}',
    'reelyard_tasks_interrupted_total{queue="ingest",reason="drained"}',
    'reelyard_webhook_deliveries_total{kind="ping",outcome="failed"}',
    'reelyard_webhook_delivery_lag_seconds_count{kind="mail"}',
    'reelyard_deliveries_total{outcome="delivered"}',
    'reelyard_nodes_ended_total{outcome="left"}',
    'reelyard_nodes_ended_total{outcome="lost"}',
    'reelyard_drain_duration_seconds_count{outcome="handed_back"}',
    f'reelyard_http_requests_total{{{SUBMIT},code="503"}}',
    f"reelyard_http_request_duration_seconds_count{{{SUBMIT}}}",
    'reelyard_http_requests_total{route="/api/v1/job/{id}",code="500"}',
    'reelyard_requests_rejected_total{reason="unavailable"}',
    'reelyard_storage_requests_total{op="put",outcome="unreachable"}',
    'reelyard_task_attempts_total{stage="encode",outcome="failed",error_class="encode"}',
    'reelyard_encode_stalls_total{reason="no_progress"}',
)


class Started:
    """What a scheduler, a gateway and a node measure when they have just started."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry()
        self.scheduler = Counted(f"sqlite:///{folder / 'reelyard.db'}")
        self.gateway = RequestMetrics(self.registry)
        self.gateway.expect("/api/v1/job/create", "POST")
        self.node = NodeMetrics(self.registry)
        self.node.serves({"encode.cpu": 1})
        self.storage = self.registry.once(StorageMetrics)
        # A route that was asked for before has the series of its errors.
        self.gateway.observe(route="/api/v1/job/{id}", method="GET", status=200, seconds=0.1)

    def happen(self) -> None:
        """Everything, once."""
        self.gateway.observe(
            route="/api/v1/job/create", method="POST", status=503, seconds=2.0, rejection="unavailable"
        )
        self.gateway.observe(route="/api/v1/job/{id}", method="GET", status=500, seconds=0.1)
        self.storage.ended(Op.PUT, Fault.UNREACHABLE, 1.0)
        measures = Measures()
        measures.runs.stalls.append(Stall.NO_PROGRESS)
        self.node.ended(ENCODE, failed(ErrorCode.ENCODE_TIMEOUT), measures)
        self._jobs()
        self._nodes()

    def _jobs(self) -> None:
        """One is done and its receivers told, one fails, one is handed back."""
        rig = self.scheduler
        node = rig.node("alpha")
        rig.create(TOLD)
        rig.through(node, *ALL)
        rig.fail(rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY), ErrorCode.DELIVERY_DENIED)
        rig.do(node, Queue.DISTRIBUTE, TaskKind.MAIL)
        rig.create()
        rig.do(node, Queue.INGEST)
        for _ in range(2):
            rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED)
        rig.change(update(tasks).where(tasks.c.state == "waiting").values(due_ms=2**62))
        rig.create()
        held = rig.take(node, Queue.INGEST)
        release_task(rig.db, held.node_id, held.spec.task_id, held.token)

    def _nodes(self) -> None:
        rig = self.scheduler
        left, silent = rig.node("left"), rig.node("silent")
        leave_node(rig.db, left, Drain(outcome=Drained.HANDED_BACK, seconds=30))
        rig.change(update(nodes).where(nodes.c.id == silent).values(seen_ms=nodes.c.seen_ms - HOUR_MS))
        lose_nodes(rig.db, POLICY)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that scraped them before and after."""
    needs("prometheus", Path("/usr/bin/prometheus").exists())
    started = Started(tmp_path_factory.mktemp("started"))
    with ExitStack() as stack:
        ports = []
        for registry in (started.registry, started.scheduler.registry):
            server = serve_metrics(registry, 0, host="127.0.0.1")
            stack.callback(server.stop)
            ports.append(server.port)
        prometheus = stack.enter_context(Prometheus([Target(f"127.0.0.1:{port}") for port in ports]))
        until(lambda: len(prometheus.query("up == 1")) == len(ports), 60, "the first scrapes")
        started.happen()
        for last in ("reelyard_nodes_ended_total", "reelyard_encode_stalls_total"):
            until(lambda name=last: prometheus.query(f"sum({name}) > 0"), 60, "a scrape of what happened")
        yield prometheus


@pytest.mark.parametrize("counter", FIRST)
def test_the_first_event_after_a_start_is_an_increase(watched: Prometheus, counter: str) -> None:
    assert watched.query(f"sum(increase({counter}[5m])) > 0"), watched.query(counter)
