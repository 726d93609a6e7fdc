"""Builds a gateway from its settings; nothing else builds anything."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.authentication import Authenticator
from gateway.download.files import StoredFiles
from gateway.parts import Parts
from gateway.service import GatewayService
from gateway.settings import GatewaySettings
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import CollectorRegistry, Registry, build_info, new_registry, serve_metrics
from reelyard.cluster.objectstore.measured import MeasuredStore, StorageMetrics
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.rpc_health import SchedulerHealth
from reelyard.cluster.service_process import StartError


def build(settings: GatewaySettings, *, registry: Registry | None = None) -> GatewayService:
    """A gateway that is not started yet.

    Args:
        settings: what it was told.
        registry: where it measures, which the caller serves on the port for metrics; None: one of its own.

    Raises:
        StartError: the object store can't be opened, or the port for metrics is taken.
    """
    with ExitStack() as building:
        measured = registry if registry is not None else new_registry()
        build_info(measured, "gateway")
        store = MeasuredStore(_open_store(settings), measured.once(StorageMetrics))
        building.callback(store.close)
        files = StoredFiles(store, redirect=settings.download_redirect)
        building.callback(files.close)
        scheduler = SchedulerHealth(settings.scheduler_address)
        building.callback(scheduler.close)
        readiness = Readiness({"scheduler": scheduler.check, "store": store.check})
        if settings.metrics_port is not None and registry is None:
            building.callback(serve_metrics(measured, settings.metrics_port, readiness=readiness).stop)
        return GatewayService(
            address=(settings.http_host, settings.http_port),
            stop_s=settings.http_stop_seconds,
            readiness=readiness,
            open_app=lambda: _open_app(settings, files, readiness, measured),
            resources=building.pop_all(),
        )


def _open_store(settings: GatewaySettings) -> ObjectStore:
    try:
        return open_store(
            settings.storage_url,
            access_key=settings.storage_access_key,
            secret_key=settings.storage_secret_key,
            public_url=settings.storage_public_url,
        )
    except (ValueError, StorageError) as error:
        raise StartError(f"can't open the object store (REELYARD_STORAGE_URL): {error}") from error


@asynccontextmanager
async def _open_app(
    settings: GatewaySettings, files: StoredFiles, readiness: Readiness, registry: CollectorRegistry
) -> AsyncIterator[ASGIApp]:
    """The application; the client's connections belong to the event loop that it is made in."""
    async with GatewayClient(settings.scheduler_address, settings.rpc_token) as client:
        parts = Parts(
            client=client,
            authenticator=Authenticator(client),
            files=files,
            readiness=readiness,
            registry=registry,
            public_url=settings.public_url,
            max_request_bytes=settings.max_request_bytes,
        )
        # With a port of its own for them, the numbers are nobody's business on the port that clients use.
        yield create_app(parts, with_metrics=settings.metrics_port is None)
