"""`reelyard standalone`: scheduler, node and gateway in one process, talking to each other as in a cluster.

The difference to a cluster is settings alone: SQLite and a folder for the database and the media, a broker inside
the process, the scheduler on a free loopback port that nobody without this process's random token may call.
"""

import dataclasses
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

import encoder_node.wiring
import gateway.wiring
import scheduler.wiring
from encoder_node.settings import NodeSettings
from gateway.service import GatewayService
from gateway.settings import GatewaySettings
from reelyard.cli.data_folder import DataFolder, DataSettings, choose_data_folder
from reelyard.cluster.broker import open_broker
from reelyard.cluster.health import Readiness
from reelyard.cluster.logs import configure_logs
from reelyard.cluster.metrics import Registry, new_registry, serve_metrics
from reelyard.cluster.service_process import FAILED, STOPPED, keep_exit_statuses, say, stop_requested
from reelyard.cluster.settings import SettingsError, read_settings
from reelyard.cluster.tracing import tracing
from reelyard.media.errors import UnavailableError
from scheduler.settings import SchedulerSettings
from scheduler.store.database import Database
from scheduler.store.sealed import new_secret_key
from scheduler.usecases.accounts import create_account
from scheduler.usecases.keys import FIRST_ACCOUNT, create_key, list_keys

log = structlog.get_logger(__name__)

T = TypeVar("T")

MEMORY_BROKER = "memory:"
_SECRET_KEY = "REELYARD_SECRET_KEY"  # noqa: S105  # the name of a setting
_LOOK_FOR_SIGNALS_S = 0.5
#: Seconds for the services to say whether they are ready; each of them waits two for what it asks.
_READY_TIMEOUT_S = 4.0


@dataclass(frozen=True, kw_only=True)
class StandaloneSettings:
    """The settings of all three services."""

    scheduler: SchedulerSettings
    node: NodeSettings
    gateway: GatewaySettings


def serve_standalone(environ: Mapping[str, str], *, data: Path | None, http_port: int | None) -> int:
    """Serve until SIGTERM or SIGINT; a second one of these ends the process at once. The exit status.

    Raises:
        SettingsError: settings are wrong; all of them are told.
        DataFolderError: the data folder cannot be used, or another process uses it.
        StartError: a part cannot start here.
    """
    folder, settings = read_standalone_settings(environ, data=data, http_port=http_port)
    configure_logs(service="standalone", level=settings.scheduler.log_level, fmt=settings.scheduler.log_format)
    os.umask(0o077)  # whatever is written, by SQLite or ffmpeg too, is for our user alone
    folder.make()
    keep_exit_statuses()
    own = settings.scheduler
    traces = tracing(service="standalone", url=own.traces_url, sample_ratio=own.traces_sample_ratio)
    with stop_requested() as stop, folder.locked(), traces:
        log.info("data_folder", path=str(folder.path))
        if not environ.get(_SECRET_KEY, "").strip():
            kept = dataclasses.replace(settings.scheduler, secret_key=folder.secret_keys())
            settings = dataclasses.replace(settings, scheduler=kept)
        with ExitStack() as running:
            started = _start(settings, running, stop)
            if started is not None and not stop.is_set():
                say(f"reelyard ready {started.url}")
                stop.wait()
            log.info("stopping")
    return FAILED if started is not None and started.failure is not None else STOPPED


def read_standalone_settings(
    environ: Mapping[str, str], *, data: Path | None, http_port: int | None
) -> tuple[DataFolder, StandaloneSettings]:
    """The data folder, and the settings of the services on it.

    What the environment says of database, store, broker and scratch folder wins over the data folder's own.

    Raises:
        SettingsError: with every problem of every service, each once.
    """
    problems: dict[str, None] = {}  # in order, each once: the services share settings

    def read(cls: type[T], values: Mapping[str, str], default: T | None = None) -> T | None:
        try:
            return read_settings(cls, values)
        except SettingsError as exc:
            problems.update(dict.fromkeys(exc.problems))
            return default

    own = read(DataSettings, environ, DataSettings())
    folder = choose_data_folder(data, own or DataSettings(), environ)
    values = _environment(environ, folder, http_port)
    scheduler_settings = read(SchedulerSettings, values)
    node_settings = read(NodeSettings, values)
    gateway_settings = read(GatewaySettings, values)
    if problems or scheduler_settings is None or node_settings is None or gateway_settings is None:
        raise SettingsError(problems)
    return folder, StandaloneSettings(scheduler=scheduler_settings, node=node_settings, gateway=gateway_settings)


def _environment(environ: Mapping[str, str], folder: DataFolder, http_port: int | None) -> dict[str, str]:
    own = {
        "REELYARD_DATABASE_URL": folder.database_url,
        "REELYARD_STORAGE_URL": folder.storage_url,
        "REELYARD_BROKER_URL": MEMORY_BROKER,
        "REELYARD_SCRATCH": str(folder.scratch),
        # Stands in for the one in the data folder, which is not touched before all settings are known to be right.
        _SECRET_KEY: new_secret_key(),
    }
    given = {name: value for name, value in environ.items() if value.strip()}
    fixed = {
        "REELYARD_SCHEDULER_LISTEN": "127.0.0.1:0",
        "REELYARD_RPC_TOKEN": secrets.token_urlsafe(32),
    }
    if http_port is not None:
        fixed["REELYARD_HTTP_PORT"] = str(http_port)
    return own | given | fixed


def _start(settings: StandaloneSettings, running: ExitStack, stop: threading.Event) -> GatewayService | None:
    """Start the services, those that are called before their callers; `running` stops them the other way round.

    Returns the gateway, or None when `stop` was set meanwhile.
    """
    in_process = settings.scheduler.broker_url.startswith(MEMORY_BROKER)
    broker = open_broker(MEMORY_BROKER) if in_process else None
    registry = new_registry()
    ready: dict[str, Readiness] = {}
    scheduler_service = scheduler.wiring.build(settings.scheduler, broker=broker, registry=registry)
    running.callback(scheduler_service.stop)
    _serve_metrics(settings.scheduler.metrics_port, registry, ready, running)
    ready["scheduler"] = scheduler_service.readiness
    scheduler_service.start(give_up=stop)
    if stop.is_set():
        return None
    if not settings.scheduler.api_key:
        _show_first_key(settings.scheduler.database_url)
    address = (scheduler_service.address,)
    node_settings = dataclasses.replace(settings.node, scheduler_address=address)
    node = encoder_node.wiring.build(node_settings, broker=broker, registry=registry)
    running.callback(node.stop)
    node.start()
    while not node.wait_ready(_LOOK_FOR_SIGNALS_S):
        if stop.is_set():
            return None
    if node.readiness is not None:
        ready["node"] = node.readiness
    gateway_settings = dataclasses.replace(settings.gateway, scheduler_address=address)
    gateway_service = gateway.wiring.build(gateway_settings, registry=registry)
    ready["gateway"] = gateway_service.readiness
    running.callback(gateway_service.stop)
    gateway_service.start(on_end=stop.set)
    return gateway_service


def _serve_metrics(port: int | None, registry: Registry, ready: Mapping[str, Readiness], running: ExitStack) -> None:
    """Serve what all three services measure, and whether all are ready, as soon as there is anything to see.

    Without a port the gateway shows all of it on its own. `ready` is filled as the services start.

    Raises:
        StartError: the port is taken.
    """
    if port is None:
        return
    checks = {name: partial(_check_ready, ready, name) for name in ("scheduler", "node", "gateway")}
    readiness = Readiness(checks, timeout_s=_READY_TIMEOUT_S)
    running.callback(serve_metrics(registry, port, readiness=readiness).stop)
    running.callback(readiness.stop)


def _check_ready(ready: Mapping[str, Readiness], name: str) -> None:
    if name not in ready:
        raise UnavailableError("it starts")
    report = ready[name].report()
    if not report.ready:
        raise UnavailableError("; ".join(f"{part}: {said}" for part, said in report.checks.items()))


def _show_first_key(database_url: str) -> None:
    """Make a key and print it when the installation has none yet: nobody could use it."""
    database = Database(database_url)
    try:
        if list_keys(database).keys:
            return
        account = create_account(database, FIRST_ACCOUNT)
        created = create_key(database, account.account_id, "first start")
    finally:
        database.close()
    say(f"api key (shown once): {created.secret}")
