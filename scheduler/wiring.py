"""Builds one scheduler out of its settings: the only place that knows all of its parts."""

import uuid
from collections.abc import Mapping
from functools import partial

import dramatiq
from sqlalchemy import text

from reelyard.cluster.broker import declare_queues, open_broker
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import Registry, build_info, new_registry
from reelyard.cluster.objectstore.measured import MeasuredStore, StorageMetrics
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.rpc_server import build_server
from reelyard.cluster.service_process import StartError
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.media.errors import UnavailableError
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import DAY_MS, HOUR_MS, Policy
from scheduler.domain.retry import RetryWaits
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.entrypoints.dispatch_loop import DispatchLoop
from scheduler.entrypoints.event_metrics import EventMetrics
from scheduler.entrypoints.gateway_service import GatewayServicer
from scheduler.entrypoints.loop_metrics import LoopMetrics
from scheduler.entrypoints.node_service import NodeServicer
from scheduler.entrypoints.rpc import SERVICES, add_services
from scheduler.entrypoints.serving import HealthMonitor, StartGate
from scheduler.entrypoints.sweep_loop import SweepLoop
from scheduler.entrypoints.upkeep_loop import UpkeepLoop
from scheduler.service import Loop, Parts, SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.store.database import POOL_SIZE, Database
from scheduler.store.sealed import Sealer

#: Calls that run at once. Each may hold a database connection; the pool has one more for each of the three loops,
#: for the health check and for the metrics.
RPC_THREADS = POOL_SIZE - 5


def build(
    settings: SchedulerSettings, *, broker: dramatiq.Broker | None = None, registry: Registry | None = None
) -> SchedulerService:
    """A scheduler, not yet started.

    Args:
        settings: what it was told.
        broker: the broker to send hints to, which stays the caller's; None: one for `settings.broker_url`.
        registry: where it measures, which the caller serves on the port for metrics; None: one of its own.

    Raises:
        StartError: the object store can't be opened.
    """
    own_registry = registry is None
    registry = registry if registry is not None else new_registry()
    build_info(registry, "scheduler")
    store = _open_store(settings, registry)
    events, loop_metrics = EventMetrics(registry), LoopMetrics(registry)
    database = Database(settings.database_url, Sealer(settings.secret_key), after_commit=events.record)
    hints = broker if broker is not None else open_broker(settings.broker_url)
    declare_queues(hints)
    policy, holder = _policy(settings), str(uuid.uuid4())
    dispatcher = Dispatcher(database, hints, broker_seen=loop_metrics.broker_seen)
    registry.register(BacklogCollector(database, holder=holder, pools=policy.pool_encoders))
    gate = StartGate()
    server = build_server(token=settings.rpc_token, registry=registry, threads=RPC_THREADS, interceptors=[gate])
    gateways, nodes = _gateways(settings, database, dispatcher, policy), NodeServicer(database, dispatcher, policy)
    health = add_services(server, gateways, nodes)
    timer = loop_metrics.timer
    loops: dict[str, Loop] = {
        "dispatch": DispatchLoop(dispatcher, timer=timer("dispatch")),
        "sweep": SweepLoop(database, dispatcher, policy, timer=timer("sweep")),
        "upkeep": UpkeepLoop(database, dispatcher, policy, store, holder=holder, timer=timer("upkeep")),
    }
    readiness = _readiness(database, loops)
    return SchedulerService(
        Parts(
            settings=settings,
            policy=policy,
            database=database,
            server=server,
            gate=gate,
            health=HealthMonitor(health, SERVICES, readiness, partial(_all_run, tuple(loops.values()))),
            readiness=readiness,
            loops=tuple(loops.values()),
            registry=registry,
            serves_metrics=own_registry,
            store=store,
            close_broker=hints.close if broker is None else _leave_open,
        )
    )


def _open_store(settings: SchedulerSettings, registry: Registry) -> ObjectStore:
    try:
        store = open_store(
            settings.storage_url, access_key=settings.storage_access_key, secret_key=settings.storage_secret_key
        )
    except (ValueError, StorageError) as error:
        raise StartError(f"can't open the object store (REELYARD_STORAGE_URL): {error}") from error
    return MeasuredStore(store, registry.once(StorageMetrics))


def _gateways(
    settings: SchedulerSettings, database: Database, dispatcher: Dispatcher, policy: Policy
) -> GatewayServicer:
    """What answers gateways."""
    return GatewayServicer(
        database,
        wake=dispatcher.wake,
        policy=policy,
        fetch=FetchPolicy(settings.fetch_allow_cidrs),
        public_url=settings.public_url,
        sends_mail=bool(settings.mail_from),
        rate_limit=settings.rate_limit,
    )


def _readiness(database: Database, loops: Mapping[str, Loop]) -> Readiness:
    """The broker is not among the checks: while it is down, jobs are accepted and finished; hints follow later."""
    checks = {name: partial(_check_runs, name, loop) for name, loop in loops.items()}
    return Readiness({"database": partial(_check_database, database), **checks})


def _policy(settings: SchedulerSettings) -> Policy:
    """The times and limits of the use cases."""
    return Policy(
        heartbeat_ms=round(settings.heartbeat_seconds * 1000),
        lease_ms=round(settings.lease_seconds * 1000),
        keep_failed_ms=settings.keep_failed_hours * HOUR_MS,
        input_keep_ms=round(settings.input_days * DAY_MS),
        output_keep_ms=round(settings.output_days * DAY_MS),
        orphan_age_ms=round(settings.orphan_hours * HOUR_MS),
        orphan_sweep_ms=round(settings.orphan_sweep_seconds * 1000),
        pool_encoders=settings.pool_encoders or {},
        pool_wait_ms=round(settings.pool_wait_seconds * 1000),
        retry_waits=RetryWaits(task_s=settings.retry_seconds, patient_s=settings.notify_retry_seconds),
    )


def _check_database(database: Database) -> None:
    """Ask the database one question."""
    with database.read() as conn:
        conn.execute(text("SELECT 1"))


def _check_runs(name: str, loop: Loop) -> None:
    """See whether a loop's thread is there."""
    if not loop.is_alive():
        raise UnavailableError(f"the {name} loop does not run")


def _all_run(loops: tuple[Loop, ...]) -> bool:
    """Whether every loop's thread is there; for liveness, which asks nothing else."""
    return all(loop.is_alive() for loop in loops)


def _leave_open() -> None:
    """The broker is the caller's to close."""
