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
from reelyard.cluster.metrics import CollectorRegistry, new_registry, serve_metrics
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.rpc_health import SchedulerHealth


def build(settings: GatewaySettings) -> GatewayService:
    """A gateway that is not started yet.

    Raises:
        ValueError: the storage settings name no object store.
        StorageError: the object store can't be opened.
        OSError: the port for metrics is taken.
    """
    with ExitStack() as building:
        store = open_store(
            settings.storage_url,
            access_key=settings.storage_access_key,
            secret_key=settings.storage_secret_key,
            public_url=settings.storage_public_url,
        )
        building.callback(store.close)
        files = StoredFiles(store, redirect=settings.download_redirect)
        building.callback(files.close)
        scheduler = SchedulerHealth(settings.scheduler_address)
        building.callback(scheduler.close)
        readiness = Readiness({"scheduler": scheduler.check, "store": store.check})
        registry = new_registry()
        if settings.metrics_port is not None:
            building.callback(serve_metrics(registry, settings.metrics_port, readiness=readiness).stop)
        return GatewayService(
            address=(settings.http_host, settings.http_port),
            stop_s=settings.http_stop_seconds,
            readiness=readiness,
            open_app=lambda: _open_app(settings, files, readiness, registry),
            resources=building.pop_all(),
        )


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
