"""Builds a node out of its settings, and starts and stops it: the only place that knows all of its parts."""

import socket
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version

import dramatiq
import structlog

from encoder_node.attempt import Stage
from encoder_node.capabilities import check_programs, default_slots, has_gpu, working_encoders
from encoder_node.command import ENVIRONMENT
from encoder_node.cpus import quota_threads
from encoder_node.fetch.bounds import DownloadLimits
from encoder_node.ffmpeg import Tools
from encoder_node.gpu_metrics import GpuCollector
from encoder_node.heartbeat import Heartbeat, Identity
from encoder_node.lease import HeldTasks
from encoder_node.metrics import NodeMetrics, ScratchCollector
from encoder_node.one_task import OneTask
from encoder_node.process import Limits
from encoder_node.runner import Runner
from encoder_node.scratch import Scratch
from encoder_node.settings import NodeSettings
from encoder_node.stages.clean import CleanStage
from encoder_node.stages.distribute import DistributeStage
from encoder_node.stages.encode import EncodeStage
from encoder_node.stages.ingest import IngestStage
from encoder_node.stages.mail import MailStage
from encoder_node.stages.notify import NotifyStage
from encoder_node.stages.overlay import OverlayStage
from encoder_node.stages.store import StoreStage
from encoder_node.stop import StopReason
from encoder_node.transfer.reach import Reach, trusting
from reelyard.cluster.broker import (
    StageWorker,
    open_broker,
    register_runner,
    start_worker,
    stop_consuming,
    stop_worker,
)
from reelyard.cluster.drain import Drain, Drained
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import MetricsServer, Registry, build_info, new_registry, serve_metrics
from reelyard.cluster.node_client import NodeClient
from reelyard.cluster.objectstore.measured import MeasuredStore, StorageMetrics
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.outage import Outage
from reelyard.cluster.service_process import StartError
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.cluster.work import TaskKind
from reelyard.media.errors import ReelyardError

log = structlog.get_logger(__name__)

_MB = 1_000_000
_CONNECT_TIMEOUT_S = 10.0
#: Seconds for one answer of a mail server, which may look long at a mail before it takes it.
_MAIL_TIMEOUT_S = 60.0
#: Seconds for stopped tasks to end: a child's grace, and one call to hand the task back.
_HAND_BACK_S = 15.0
_WORKER_STOP_S = 5.0
#: Seconds between two looks whether the object store is there yet.
_STORE_RETRY_S = 1.0


def build(
    settings: NodeSettings,
    *,
    broker: dramatiq.Broker | None = None,
    registry: Registry | None = None,
    once: bool = False,
) -> "NodeService":
    """A node that is not started yet.

    A `broker` that is given is shared and not closed; a `registry` that is given is its caller's to serve. With `once`
    the node does one task over all its queues; `wait_over` tells when that is done.
    """
    return NodeService(settings, broker=broker, registry=registry, one_task=OneTask() if once else None)


class NodeService:
    """One node process: `start`, `wait_ready`, `stop`; `wait_over` for one that does a single task."""

    def __init__(
        self,
        settings: NodeSettings,
        *,
        broker: dramatiq.Broker | None = None,
        registry: Registry | None = None,
        one_task: OneTask | None = None,
    ) -> None:
        self.name = settings.node_name or socket.gethostname()
        self.node_id = str(uuid.uuid4())
        self._settings = settings
        self._shared_broker = broker
        self._one_task = one_task
        self._stop_asked = threading.Event()
        self._running = ExitStack()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._workers: list[StageWorker] = []
        #: Told when the node leaves: it is gone before anybody could read it here.
        self._drained: Drain | None = None
        self._serves_metrics = registry is None
        #: Where it measures.
        self.registry = registry if registry is not None else new_registry()
        self._metrics_server: MetricsServer | None = None
        #: Whether it can be given tasks; None until it was started.
        self.readiness: Readiness | None = None

    def start(self) -> None:
        """Try the encoders, then join the cluster in the background: neither scheduler nor broker need be up yet.

        Raises:
            StartError: a program is missing, or the scratch folder or the object store cannot be used.
        """
        with ExitStack() as stack:
            try:
                self._start(stack)
            except (OSError, ValueError, ReelyardError) as error:
                raise StartError(f"The node cannot start: {error}") from error
            self._running = stack.pop_all()

    def wait_ready(self, timeout_s: float | None = None) -> bool:
        """Wait until a scheduler knows the node and it takes tasks; False when the time is over or it was stopped."""
        self._ready.wait(timeout_s)
        return self._ready.is_set() and not self._stopping.is_set()

    def wait_over(self, stop: threading.Event) -> None:
        """Wait until the single task has ended, none came in time, or `stop` is set, which also ends the linger."""
        if self._one_task is None:
            stop.wait()
            return
        over = self._one_task.over

        def pass_on() -> None:
            stop.wait()
            self._stop_asked.set()
            over.set()

        threading.Thread(target=pass_on, name="once-stop", daemon=True).start()
        over.wait()

    def stop(self) -> None:
        """Drain: take no more tasks, let the running ones end for a while, hand the others back, and leave."""
        self._stopping.set()
        self._running.close()
        self._ready.set()  # nobody waits for a node that is gone

    def _start(self, stack: ExitStack) -> None:
        """Build the parts in the order in which they need each other; `stack` stops them in the opposite one."""
        settings = self._settings
        check_programs(settings.tool_path)
        stack.callback(self._stop_metrics)  # last of all: what drains can be scraped
        stack.callback(self._linger)
        scratch = stack.enter_context(Scratch(settings.scratch, self.node_id))
        tools = _tools(settings)
        encoders = working_encoders(tools, scratch.folder)
        slots = self._slots(encoders)
        store = MeasuredStore(_open_store(settings), self.registry.once(StorageMetrics))
        stack.callback(store.close)
        client = stack.enter_context(NodeClient(settings.scheduler_address, settings.rpc_token))
        held = HeldTasks()
        heartbeat = Heartbeat(client, self._identity(encoders, slots), held)
        if self._one_task is not None:
            self._one_task.on_granted(partial(self._keep_to_one, heartbeat))
        metrics = NodeMetrics(self.registry)
        metrics.tried(encoders)
        metrics.serves(slots)
        self._describe(tools, scratch, metrics)
        runner = Runner(
            client=client,
            node_id=self.node_id,
            node_name=self.name,
            heartbeat=heartbeat,
            held=held,
            stages=_stages(settings, tools, stack),
            scratch=scratch,
            store=store,
            metrics=metrics,
            one_task=self._one_task,
        )
        self.readiness = readiness = Readiness({"scheduler": heartbeat.check, "storage": store.check})
        if settings.metrics_port is not None and self._serves_metrics:
            self._metrics_server = serve_metrics(self.registry, settings.metrics_port, readiness=readiness)
        stack.callback(self._leave, client, heartbeat)
        stack.callback(heartbeat.stop)
        self._join(stack, runner, heartbeat, store, slots)
        stack.callback(readiness.stop)

    def _slots(self, encoders: tuple[str, ...]) -> Mapping[str, int]:
        given = self._settings.slots
        slots = given if given is not None else default_slots(has_gpu(encoders))
        return slots if self._one_task is None else {queue: min(1, count) for queue, count in slots.items()}

    def _describe(self, tools: Tools, scratch: Scratch, metrics: NodeMetrics) -> None:
        """Put what is known of the machine into the metrics."""
        settings = self._settings
        build_info(self.registry, "node", ffmpeg=tools.version(scratch.folder))
        self.registry.register(ScratchCollector(settings.scratch))
        self.registry.register(GpuCollector())
        if settings.node_cost_per_hour is not None:
            metrics.costs(
                settings.node_cost_per_hour, currency=settings.node_cost_currency, node_class=settings.node_class
            )

    def _stop_metrics(self) -> None:
        if self._metrics_server is not None:
            self._metrics_server.stop()

    def _join(
        self, stack: ExitStack, runner: Runner, heartbeat: Heartbeat, store: ObjectStore, slots: Mapping[str, int]
    ) -> None:
        serving = threading.Thread(target=self._serve, args=(runner, heartbeat, store, slots), name="node-start")
        heartbeat.start()
        serving.start()
        stack.callback(self._stop_workers)
        stack.callback(self._drain, runner, heartbeat.held)
        stack.callback(serving.join)
        stack.callback(heartbeat.drain)  # first: the thread above may still wait for a scheduler

    def _identity(self, encoders: tuple[str, ...], slots: Mapping[str, int]) -> Identity:
        return Identity(
            node_id=self.node_id, name=self.name, version=version("reelyard"), encoders=encoders, slots=slots
        )

    def _serve(self, runner: Runner, heartbeat: Heartbeat, store: ObjectStore, slots: Mapping[str, int]) -> None:
        """Take hints once the store can be used and a scheduler knows the node: before that every task would fail."""
        if not (self._wait_for_store(store) and heartbeat.wait_registered()):
            return
        queues = [queue for queue, count in slots.items() if count > 0]
        if self._shared_broker is not None:
            register_runner(self._shared_broker, runner.run_task, queues)
        for queue in queues:
            broker = self._shared_broker
            if broker is None:
                # RabbitMQ: Dramatiq's worker consumes every queue of its broker object, so each stage has its own
                broker = open_broker(self._settings.broker_url)
                register_runner(broker, runner.run_task, [queue])
            self._workers.append(start_worker(broker, queue, slots[queue]))
        log.info("node_ready", node_id=self.node_id, name=self.name, slots=dict(slots))
        self._ready.set()
        if self._one_task is not None:
            self._one_task.open()
            self._end_idle(self._one_task)

    def _end_idle(self, one_task: OneTask) -> None:
        """Have the node end when no task comes in time."""
        timer = threading.Timer(self._settings.once_idle_seconds, one_task.end_time)
        timer.daemon = True
        timer.start()

    def _keep_to_one(self, heartbeat: Heartbeat) -> None:
        """The single task was granted: say that the node takes no other, and give back the hints that it holds.

        The worker of the task itself holds no second hint as long as it has not answered the first.
        """
        heartbeat.drain()
        for worker in self._workers:
            if not worker.is_mine():
                stop_consuming(worker)

    def _linger(self) -> None:
        """After a single task, keep the metrics port open for a last scrape; without one there is nothing to scrape."""
        if self._one_task is not None and self._one_task.granted:
            self._stop_asked.wait(self._settings.once_linger_seconds)

    def _wait_for_store(self, store: ObjectStore) -> bool:
        """Wait until the store can be used; False when the node was stopped before that."""
        outage = Outage(log, begins="storage_not_usable", ends="storage_usable")
        while not self._stopping.is_set():
            try:
                store.check()
            except StorageError as error:
                outage.failed(error.message)
                self._stopping.wait(_STORE_RETRY_S)
            else:
                outage.over()
                return True
        return False

    def _drain(self, runner: Runner, held: HeldTasks) -> None:
        began, ended = time.monotonic(), Drained.FINISHED
        runner.close()
        log.info("node_draining", node_id=self.node_id, held=len(held.all()))
        for worker in self._workers:
            stop_consuming(worker)
        if not runner.wait_idle(self._settings.drain_seconds):
            ended = Drained.HANDED_BACK
            held.stop_all(StopReason.DRAIN)
            if not runner.wait_idle(_HAND_BACK_S):
                log.error("tasks_not_ended", held=[task.task_id for task in held.all()])
        seconds = time.monotonic() - began
        if self._one_task is None or self._stop_asked.is_set():  # else it was told nothing: its one task has ended
            self._drained = Drain(outcome=ended, seconds=seconds)
        log.info("node_drained", node_id=self.node_id, outcome=ended, seconds=round(seconds, 3))

    def _stop_workers(self) -> None:
        if not self._workers:
            return
        with ThreadPoolExecutor(max_workers=len(self._workers), thread_name_prefix="worker-stop") as pool:
            list(pool.map(self._stop_worker, self._workers))  # the list brings their exceptions here

    def _stop_worker(self, worker: StageWorker) -> None:
        stop_worker(worker, timeout_s=_WORKER_STOP_S)
        if worker.broker is not self._shared_broker:
            worker.broker.close()

    def _leave(self, client: NodeClient, heartbeat: Heartbeat) -> None:
        if not heartbeat.registered:
            return
        try:
            client.leave(self.node_id, self._drained)
        except ReelyardError as error:
            log.warning("leave_not_heard", error=error.message)  # the missing beats say the same, later


def _open_store(settings: NodeSettings) -> ObjectStore:
    return open_store(
        settings.storage_url,
        access_key=settings.storage_access_key,
        secret_key=settings.storage_secret_key,
        public_url=settings.storage_public_url,
    )


def _tools(settings: NodeSettings) -> Tools:
    limits = Limits(
        memory_bytes=settings.task_memory_mb * _MB,
        file_bytes=settings.max_output_mb * _MB,
        stall_s=settings.stall_seconds,
        hard_s=settings.task_seconds,
    )
    # Nothing else of our environment: no proxies, no keys. UTF-8, since file names and tags may be anything.
    environment = {"PATH": settings.tool_path, "LC_ALL": "C.UTF-8", **ENVIRONMENT}
    return Tools(environment=environment, limits=limits, threads=quota_threads())


def _stages(settings: NodeSettings, tools: Tools, stack: ExitStack) -> dict[TaskKind, Stage]:
    policy = FetchPolicy(settings.fetch_allow_cidrs)
    tls = trusting(settings.ca_file)
    stall_s = settings.fetch_stall_seconds
    sources = guarded_http(policy, connect_timeout_s=_CONNECT_TIMEOUT_S, read_timeout_s=stall_s, tls=tls)
    stack.callback(sources.clear)
    timeout_s = settings.notify_timeout_seconds
    receivers = guarded_http(policy, connect_timeout_s=timeout_s, read_timeout_s=timeout_s, tls=tls)
    stack.callback(receivers.clear)
    limits = DownloadLimits(
        stall_s=stall_s,
        max_bytes=settings.max_source_mb * _MB,
        hard_s=settings.task_seconds,
        connections=settings.fetch_connections,
        piece_bytes=settings.fetch_piece_mb * _MB,
        parallel_bytes=settings.fetch_parallel_mb * _MB,
    )
    reach = Reach(policy=policy, tls=tls, connect_s=_CONNECT_TIMEOUT_S, stall_s=settings.delivery_stall_seconds)
    return {
        TaskKind.INGEST: IngestStage(sources, tools, limits, reach),
        TaskKind.ENCODE: EncodeStage(tools),
        TaskKind.STORE: StoreStage(tools, settings.verify_decode_seconds),
        TaskKind.DISTRIBUTE: DistributeStage(reach),
        TaskKind.NOTIFY: NotifyStage(receivers),
        TaskKind.MAIL: MailStage(settings.smtp_url, settings.mail_from, _MAIL_TIMEOUT_S),
        TaskKind.CLEAN: CleanStage(),
        TaskKind.OVERLAY: OverlayStage(sources, tools, limits),
    }
