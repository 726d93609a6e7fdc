"""What an operator brings: RabbitMQ, PostgreSQL and an S3 store, started outside, and the Secrets that lead to them."""

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.kube_play.manifests import Manifest
from deploy.local.postgresql import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.s3 import S3Server


@dataclass(frozen=True, kw_only=True)
class Backends:
    """The values of the Secrets by their names, and the settings that a patch of `settings.env` would set."""

    secrets: Mapping[str, Mapping[str, str]]
    settings: Mapping[str, str]
    api_key: str

    def secret_manifests(self) -> list[Manifest]:
        """The Secrets as objects."""
        return [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
            }
            for name, values in self.secrets.items()
        ]


@contextmanager
def running_backends() -> Iterator[Backends]:
    """Start the three servers; they and their data are gone at the end.

    Raises:
        LocalServerError: one did not start.
    """
    with ExitStack() as stack:
        servers = (RabbitMQ(), PostgreSQL(), S3Server())
        with ThreadPoolExecutor(len(servers)) as pool:
            for entered in [pool.submit(stack.enter_context, server) for server in servers]:
                entered.result()
        rabbitmq, postgresql, s3 = servers
        api_key = f"ry_{secrets.token_urlsafe(32)}"
        yield Backends(
            api_key=api_key,
            secrets={
                "reelyard-rpc": {"REELYARD_RPC_TOKEN": secrets.token_urlsafe(32)},
                "reelyard-keys": {
                    "REELYARD_SECRET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
                    "REELYARD_API_KEY": api_key,
                },
                "reelyard-database": {"REELYARD_DATABASE_URL": postgresql.create_database("reelyard")},
                "reelyard-broker": {"REELYARD_BROKER_URL": rabbitmq.url},
                "reelyard-storage": {
                    "AWS_ACCESS_KEY_ID": s3.access_key,
                    "AWS_SECRET_ACCESS_KEY": s3.secret_key,
                },
            },
            settings={
                "REELYARD_STORAGE_URL": s3.storage_url("reelyard"),
                "REELYARD_PUBLIC_URL": "",
                # The clip and the receiver of the notifications are on this machine.
                "REELYARD_FETCH_ALLOW_CIDRS": "127.0.0.0/8",
                "REELYARD_RATE_LIMIT": "0",
            },
        )
