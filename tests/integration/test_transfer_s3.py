"""Deliveries to and sources from a real S3 server."""

import contextlib
import hashlib
import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from minio import Minio

from encoder_node.stages.distribute import DistributeStage
from encoder_node.stop import StoppedError, StopReason
from encoder_node.transfer.reach import Reach
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.store import StorageError
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.media.errors import ErrorCode
from tests.integration.transfer_rig import BODY, LIMITS, LOOPBACK, NAME, Delivery, everything_logged, get, get_failing

#: More than one part.
LARGE = BODY * 2
_numbers = itertools.count(1)


@dataclass
class Bucket:
    """A bucket of its own."""

    client: Minio
    server: Any
    name: str

    def url(self, path: str, *, secret: str = "", bucket: str = "") -> str:
        secret = quote(secret or self.server.secret_key, safe="")
        host = self.server.endpoint.removeprefix("http://")
        return f"s3://{self.server.access_key}:{secret}@{host}/{bucket or self.name}/{path}?secure=false"

    def read(self, name: str) -> bytes:
        response = self.client.get_object(self.name, name)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def names(self) -> list[str]:
        return [str(found.object_name) for found in self.client.list_objects(self.name, recursive=True)]

    def unfinished(self) -> int:
        return len(self.client._list_multipart_uploads(self.name).uploads)


@pytest.fixture
def bucket(s3: Any) -> Iterator[Bucket]:
    client = Minio(
        s3.endpoint.removeprefix("http://"), access_key=s3.access_key, secret_key=s3.secret_key, secure=False
    )
    name = f"deliveries-{next(_numbers)}"
    client.make_bucket(name)
    yield Bucket(client, s3, name)
    client._http.clear()


def test_a_folder_gets_the_object_under_its_name(bucket: Bucket, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, body=LARGE)
    with everything_logged() as logged:
        attempt = delivery.run(bucket.url("in%20here/n%C3%A4chste/"))

    name = f"in here/nächste/{NAME}"
    assert bucket.names() == [name]
    assert bucket.read(name) == LARGE
    assert bucket.client.stat_object(bucket.name, name).content_type == "video/mp4"
    assert attempt.held.progress.permille > 0
    assert bucket.server.secret_key not in "\n".join(logged)


def test_an_object_that_is_there_is_replaced(bucket: Bucket, tmp_path: Path) -> None:
    Delivery(tmp_path / "old", body=b"old").run(bucket.url("x.mp4"))
    Delivery(tmp_path / "new").run(bucket.url("x.mp4"))

    assert bucket.read("x.mp4") == BODY


def test_a_wrong_secret_is_denied_and_repeated_by_nobody(bucket: Bucket, tmp_path: Path) -> None:
    with everything_logged() as logged:
        error = Delivery(tmp_path).failing(bucket.url("x.mp4", secret="wrong/hush"))

    assert error.code is ErrorCode.DELIVERY_DENIED
    assert f"/{bucket.name}/x.mp4" in error.message
    assert "SignatureDoesNotMatch" in error.message
    for secret in ("hush", "%2Fhush", bucket.server.secret_key):
        assert secret not in error.message + error.evidence + "\n".join(logged)


def test_a_missing_bucket_is_a_failure(bucket: Bucket, tmp_path: Path) -> None:
    error = Delivery(tmp_path).failing(bucket.url("x.mp4", bucket="nowhere-at-all"))

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert "NoSuchBucket" in error.message


def test_an_upload_that_is_stopped_leaves_neither_object_nor_parts(bucket: Bucket, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, body=LARGE * 2)
    attempt = delivery.attempt(bucket.url("x.mp4"))
    report = attempt.held.report

    def stop_in_the_middle(**values: Any) -> None:
        report(**values)
        if values.get("permille", 0) > 500:
            attempt.stop.set(StopReason.CANCELLED)

    attempt.held.report = stop_in_the_middle
    with pytest.raises(StoppedError):
        DistributeStage(delivery.reach).run(attempt)

    assert bucket.names() == []
    assert bucket.unfinished() == 0


def test_a_store_that_loses_the_object_is_not_the_locations_fault(bucket: Bucket, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, body=LARGE)

    class Losing(FolderStore):
        def open_range(self, key: str, start: int = 0, length: int | None = None) -> Any:
            return super().open_range(key, start, 100)

    delivery.store = Losing(tmp_path / "store")
    with pytest.raises(StorageError, match="100 of"):
        DistributeStage(delivery.reach).run(delivery.attempt(bucket.url("x.mp4")))

    assert bucket.names() == []


def test_a_forbidden_address_is_never_connected_to(bucket: Bucket, tmp_path: Path) -> None:
    reach = Reach(policy=FetchPolicy(), connect_s=5, stall_s=5)
    error = Delivery(tmp_path, reach=reach).failing(bucket.url("x.mp4"))

    assert error.code is ErrorCode.DELIVERY_DENIED
    assert "may not be reached" in error.message
    assert bucket.names() == []


def test_a_source_arrives_whole(bucket: Bucket, tmp_path: Path) -> None:
    Delivery(tmp_path).run(bucket.url("%C3%B6/clip%201%25.mp4"))
    got = get(bucket.url("%C3%B6/clip%201%25.mp4"), tmp_path / "source")

    assert (tmp_path / "source").read_bytes() == BODY
    assert (got.size_bytes, got.sha256) == (len(BODY), hashlib.sha256(BODY).hexdigest())
    assert got.mime_type == "video/mp4"


@dataclass
class Wire:
    """A wire to the server that breaks once, after so many bytes in one of its directions."""

    port: int = 0
    cut_answer_at: int = 0
    cut_request_at: int = 0
    silent: bool = False  # the server's answers get lost
    connections: int = 0


@contextmanager
def wire_to(port: int, wire: Wire) -> Iterator[Wire]:
    def pump(source: socket.socket, target: socket.socket, cut: str) -> None:
        done = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                done += len(piece)
                limit = getattr(wire, cut)
                if limit and done > limit:
                    setattr(wire, cut, 0)
                    break
                if not (wire.silent and cut == "cut_answer_at"):
                    target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                wire.connections += 1
                far = socket.create_connection(("127.0.0.1", port))
                ends.extend((near, far))
                threading.Thread(target=pump, args=(near, far, "cut_request_at"), daemon=True).start()
                threading.Thread(target=pump, args=(far, near, "cut_answer_at"), daemon=True).start()

    ends: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for end in ends:
        end.close()


def over(wire: Wire, url: str, bucket: Bucket) -> str:
    return url.replace(bucket.server.endpoint.removeprefix("http://"), f"127.0.0.1:{wire.port}")


def test_a_source_is_resumed_where_the_connection_broke_off(bucket: Bucket, tmp_path: Path) -> None:
    Delivery(tmp_path).run(bucket.url("clip.mp4"))
    with wire_to(bucket.server.port(), Wire(cut_answer_at=1_000_000)) as wire:
        got = get(over(wire, bucket.url("clip.mp4"), bucket), tmp_path / "source")

    assert wire.cut_answer_at == 0
    assert wire.connections > 1
    assert (tmp_path / "source").read_bytes() == BODY
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()


def test_a_cut_upload_fails_leaves_nothing_and_the_next_attempt_delivers(bucket: Bucket, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, body=LARGE)
    with wire_to(bucket.server.port(), Wire(cut_request_at=2_000_000)) as wire:
        error = delivery.failing(over(wire, bucket.url("x.mp4"), bucket))
        assert (bucket.names(), bucket.unfinished()) == ([], 0)
        delivery.run(over(wire, bucket.url("x.mp4"), bucket), number=2)

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert bucket.read("x.mp4") == LARGE


def test_a_server_that_does_not_answer_fails_after_the_stall_limit(bucket: Bucket, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=2))
    with wire_to(bucket.server.port(), Wire(silent=True)) as wire:
        error = delivery.failing(over(wire, bucket.url("x.mp4"), bucket))

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert "did not answer in time" in error.message


def test_each_trouble_of_a_source_has_its_code(bucket: Bucket, tmp_path: Path) -> None:
    Delivery(tmp_path).run(bucket.url("clip.mp4"))
    denied = get_failing(bucket.url("clip.mp4", secret="wrong"), tmp_path / "1")
    missing = get_failing(bucket.url("none.mp4"), tmp_path / "2")
    large = get_failing(bucket.url("clip.mp4"), tmp_path / "3", limits=replace(LIMITS, max_bytes=1000))
    forbidden = get_failing(bucket.url("clip.mp4"), tmp_path / "4", reach=Reach(policy=FetchPolicy()))
    unreachable = get_failing("s3://k:s@127.0.0.1:1/bucket/clip.mp4?secure=false", tmp_path / "5")

    assert denied.code is ErrorCode.SOURCE_DENIED
    assert missing.code is ErrorCode.SOURCE_NOT_FOUND
    assert large.code is ErrorCode.SOURCE_TOO_LARGE
    assert forbidden.code is ErrorCode.INVALID_INPUT_URL
    assert unreachable.code is ErrorCode.SOURCE_UNREACHABLE
