"""What is counted of an object store, whichever it is, and of the ways in which a real S3 server fails."""

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.local.s3 import S3Server
from reelyard.cluster.metrics import Registry
from reelyard.cluster.objectstore import s3 as s3_module
from reelyard.cluster.objectstore.measured import MeasuredStore, Op, StorageMetrics
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import CHUNK_BYTES, Fault, ObjectMissingError, ObjectStore, StorageError
from reelyard.cluster.work import StoredObject


class Measured:
    """A store with its numbers."""

    def __init__(self, store: ObjectStore) -> None:
        self.registry = Registry()
        self.store = MeasuredStore(store, self.registry.once(StorageMetrics))

    def count(self, op: str, outcome: str = "ok") -> float | None:
        labels = {"op": op, "outcome": outcome}
        return self.registry.get_sample_value("reelyard_storage_requests_total", labels)

    def timed(self, op: str) -> float | None:
        return self.registry.get_sample_value("reelyard_storage_request_duration_seconds_count", {"op": op})

    def moved(self, direction: str) -> float | None:
        return self.registry.get_sample_value("reelyard_storage_transferred_bytes_total", {"direction": direction})


@pytest.fixture
def measured(store: ObjectStore) -> Measured:
    return Measured(store)


@pytest.fixture
def stored(measured: Measured, file: Path) -> StoredObject:
    return measured.store.put_file("job/1/2/3/made.bin", file, mime_type="x/y")


def test_every_operation_and_outcome_is_there_before_the_first_request(measured: Measured) -> None:
    for op in Op:
        assert measured.timed(op) == 0
        for outcome in ("ok", *Fault):
            assert measured.count(op, outcome) == 0
    assert (measured.moved("in"), measured.moved("out")) == (0, 0)


def test_operations_are_counted_with_the_bytes_that_pass(
    measured: Measured, stored: StoredObject, file: Path, tmp_path: Path
) -> None:
    store, key = measured.store, stored.key
    store.fetch(key, tmp_path / "copy")
    with store.open_range(key, 100, 50) as pieces:
        assert b"".join(pieces) == file.read_bytes()[100:150]
    store.stat(key)
    store.verify(stored, tmp_path / "copy")
    assert list(store.list_keys("job/1/")) == [key]
    store.delete(key)
    store.check()

    counted = {op: measured.count(op) for op in Op}
    assert counted == {"put": 1, "get": 2, "stat": 1, "verify": 1, "list": 1, "delete": 1, "check": 1, "sweep": 0}
    assert {op: measured.timed(op) for op in Op} == counted
    assert (measured.moved("out"), measured.moved("in")) == (10_000, 10_050)


def test_a_missing_object_is_a_4xx(measured: Measured, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError):
        measured.store.fetch("job/1/none", tmp_path / "copy")
    with pytest.raises(ObjectMissingError), measured.store.open_range("job/1/none"):
        pass
    with pytest.raises(ObjectMissingError):
        measured.store.stat("job/1/none")

    assert (measured.count("get", "4xx"), measured.count("stat", "4xx")) == (2, 1)
    assert (measured.count("get"), measured.count("stat")) == (0, 0)


def test_bytes_that_are_not_those_that_were_stored_are_a_checksum(
    measured: Measured, stored: StoredObject, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    measured.store.fetch(stored.key, copy)
    recorded = replace(stored, sha256=hashlib.sha256(b"other").hexdigest())

    with pytest.raises(StorageError, match="damaged") as caught:
        measured.store.verify(recorded, copy)

    assert caught.value.fault is Fault.CHECKSUM
    assert measured.count("verify", "checksum") == 1


def test_a_transfer_that_its_user_breaks_off_is_no_outcome_of_the_store(
    measured: Measured, stored: StoredObject, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(_done: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        measured.store.fetch(stored.key, tmp_path / "copy", progress=stop)
    assert [measured.count("get", outcome) for outcome in ("ok", *Fault)] == [0] * 6

    with measured.store.open_range(stored.key) as pieces:  # a client that leaves had what it wanted
        next(pieces)
    assert measured.count("get") == 1


def test_a_full_or_forbidden_folder_is_told_by_what_the_system_says(tmp_path: Path, file: Path) -> None:
    folder = open_store((tmp_path / "store").as_uri())
    measured = Measured(folder)
    (tmp_path / "store" / "job").write_bytes(b"a file where a folder should be")
    with pytest.raises(StorageError):
        measured.store.put_file("job/1/a", file, mime_type="x/y")

    assert sum(measured.count("put", outcome) or 0 for outcome in Fault) == 1
    assert measured.count("put") == 0


def s3_store(url: str, **keys: str) -> Measured:
    return Measured(open_store(url, **({"access_key": "key-of-tests", "secret_key": "secret-of-tests"} | keys)))


def test_a_wrong_secret_is_a_4xx(s3: S3Server) -> None:
    measured = s3_store(s3.storage_url("bucket-denied"), access_key=s3.access_key, secret_key="wrong-secret")
    with pytest.raises(StorageError):
        measured.store.stat("job/1/a")

    assert measured.count("stat", "4xx") == 1


def test_a_server_that_is_away_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "_BACKOFF_S", 0.0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        measured = s3_store(f"s3://bucket?endpoint=http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(StorageError):
            measured.store.stat("job/1/a")

    assert measured.count("stat", "unreachable") == 1


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """An HTTP server that answers everything so; its storage URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_HEAD(self) -> None:
            answer(self)

        def log_message(self, *_args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    yield f"s3://bucket?endpoint=http://127.0.0.1:{listening.server_address[1]}"
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_is_broken_or_busy_is_a_5xx(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(s3_module, "_BACKOFF_S", 0.0)

    def fail(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with server(fail) as url:
        measured = s3_store(url)
        with pytest.raises(StorageError):
            measured.store.stat("job/1/a")
        with pytest.raises(StorageError), measured.store.open_range("job/1/a"):
            pass

    assert (measured.count("stat", "5xx"), measured.count("get", "5xx")) == (1, 1)


def test_a_server_that_says_nothing_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "_READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr(s3_module, "_BACKOFF_S", 0.0)
    over = threading.Event()
    with server(lambda _handler: over.wait(60)) as url:
        measured = s3_store(url)
        with pytest.raises(StorageError):
            measured.store.stat("job/1/a")
        over.set()

    assert measured.count("stat", "timeout") == 1


def test_a_body_that_ends_early_is_unreachable_and_the_bytes_that_came_count() -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in (("Content-Length", str(3 * CHUNK_BYTES)), ("ETag", '"x"')):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(os.urandom(2 * CHUNK_BYTES))

    with server(half) as url:
        measured = s3_store(url)
        with pytest.raises(StorageError), measured.store.open_range("job/1/a") as pieces:
            list(pieces)

    assert measured.count("get", "unreachable") == 1
    assert measured.moved("in") == 2 * CHUNK_BYTES
