"""A real scheduler on SQLite and a real gateway in front of it, both in this process; no node: nothing is encoded."""

import hashlib
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import insert, select

from gateway import wiring
from gateway.service import GatewayService
from gateway.settings import GatewaySettings
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.wire import to_dict
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from scheduler import wiring as scheduler_wiring
from scheduler.service import SchedulerService
from scheduler.settings import SchedulerSettings
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.tables import accounts, media, media_files
from scheduler.usecases.accounts import create_account
from scheduler.usecases.keys import FIRST_ACCOUNT, create_key
from tests.secret_key import SEALER, SECRET_KEY

KEY = "ry_integration-tests-of-the-gateway-0123"
TOKEN = "an-unguessable-token"
INFO = MediaInfo(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    duration_us=2_000_000,
    bitrate_bps=500_000,
    video=(VideoTrack(index=0, codec="h264", width=160, height=120, frame_rate="25/1"),),
    audio=(AudioTrack(index=1, codec="aac", sample_rate_hz=48000, channels=2, bitrate_bps=96_000),),
)


@dataclass
class Rig:
    """What a test works with."""

    url: str
    service: GatewayService
    scheduler: SchedulerService
    settings: GatewaySettings
    database: Database

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """GET a call of the API with the key."""
        return requests.get(f"{self.url}/api/v1/{path}", params={"ApiKey": KEY}, timeout=30, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """POST to a call of the API with the key."""
        return requests.post(f"{self.url}/api/v1/{path}", params={"ApiKey": KEY}, timeout=30, **kwargs)

    def new_key(self, name: str) -> str:
        """The key of a new account."""
        account = create_account(self.database, name)
        return create_key(self.database, account.account_id, "test").secret

    def publish(self, path: Path, *, filename: str = "9-clip.mp4", state: str = "available") -> str:
        """Store a file as an output medium of the first account; the path of its download URL."""
        store = open_store(
            self.settings.storage_url,
            access_key=self.settings.storage_access_key,
            secret_key=self.settings.storage_secret_key,
        )
        key = f"job/1/2/{secrets.randbelow(10**9) + 1}/output.mp4"
        kept = store.put_file(key, path, mime_type="video/mp4")
        store.close()
        with self.database.write() as conn:
            account_id = conn.execute(select(accounts.c.id).where(accounts.c.name == FIRST_ACCOUNT)).scalar_one()
            media_id = new_id(conn, "media")
            conn.execute(
                insert(media).values(
                    id=media_id,
                    account_id=account_id,
                    kind="output",
                    state=state,
                    token=TOKEN,
                    filename=filename,
                    info=to_dict(INFO),
                    created_ms=1_329_597_731_000,
                    updated_ms=1_329_597_731_000,
                )
            )
            row = {"name": filename, "role": "primary", "key": key, "mime_type": kept.mime_type}
            conn.execute(
                insert(media_files).values(media_id=media_id, size_bytes=kept.size_bytes, sha256=kept.sha256, **row)
            )
        return f"/download/output/{media_id}/{TOKEN}/{filename}"


@contextmanager
def running_gateway(settings: GatewaySettings) -> Iterator[GatewayService]:
    """A gateway on a free port."""
    service = wiring.build(settings)
    service.start()
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def running_rig(folder: Path, **changes: Any) -> Iterator[Rig]:
    """A scheduler and a gateway over a folder; `changes` are of the gateway's settings."""
    token = secrets.token_urlsafe(16)
    scheduler = scheduler_wiring.build(
        SchedulerSettings(
            database_url=f"sqlite:////{folder}/reelyard.db",
            broker_url="memory:",
            listen="127.0.0.1:0",
            rpc_token=token,
            api_key=KEY,
            secret_key=(SECRET_KEY,),
            storage_url=f"file://{folder}/store",
        )
    )
    scheduler.start()
    database = Database(f"sqlite:////{folder}/reelyard.db", SEALER)
    try:
        settings = replace(
            GatewaySettings(
                storage_url=f"file://{folder}/store",
                scheduler_address=(scheduler.address,),
                rpc_token=token,
                http_port=0,
                http_stop_seconds=5,
            ),
            **changes,
        )
        with running_gateway(settings) as service:
            yield Rig(service.url, service, scheduler, settings, database)
    finally:
        database.close()
        scheduler.stop()


def raw_request(url: str, path: str) -> socket.socket:
    """A connection on which a GET was sent and nothing was read yet, with a small buffer for what comes."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    return connection


def sha256(content: bytes) -> str:
    """The checksum of a file's bytes."""
    return hashlib.sha256(content).hexdigest()
