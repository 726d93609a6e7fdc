"""Both object stores keep the same promises."""

import hashlib
import os
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from minio import Minio

from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.s3 import S3Store
from reelyard.cluster.objectstore.store import ObjectMissingError, ObjectStore, StorageError
from reelyard.media.errors import ErrorCode

MIB = 1024 * 1024


def _read(store: ObjectStore, key: str, *range_: int) -> bytes:
    with store.open_range(key, *range_) as pieces:
        return b"".join(pieces)


def test_what_was_put_can_be_fetched_and_its_size_and_checksum_are_told(
    store: ObjectStore, file: Path, tmp_path: Path
) -> None:
    stored = store.put_file("job/1/2/0/output.mp4", file, mime_type="video/mp4")
    store.fetch("job/1/2/0/output.mp4", tmp_path / "back")

    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    assert stored.key == "job/1/2/0/output.mp4"
    assert stored.size_bytes == 10_000
    assert stored.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stored.mime_type == "video/mp4"
    assert store.stat(stored.key).size_bytes == 10_000
    assert store.stat(stored.key).modified_ms > 1_600_000_000_000


def test_a_file_of_several_parts_arrives_whole(store: ObjectStore, tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    with big.open("wb") as sink:
        for number in range(20):
            sink.write(bytes([number]) * MIB + os.urandom(7))
    seen: list[int] = []

    stored = store.put_file("big", big, mime_type="x/y", progress=seen.append)
    store.fetch("big", tmp_path / "back")

    assert stored.size_bytes == big.stat().st_size == seen[-1]
    assert seen == sorted(seen)
    assert hashlib.sha256((tmp_path / "back").read_bytes()).hexdigest() == stored.sha256


def test_an_empty_file_is_an_object_too(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    stored = store.put_file("a/empty", tmp_path / "empty", mime_type="x/y")

    assert stored.size_bytes == 0
    assert stored.sha256 == hashlib.sha256(b"").hexdigest()
    assert _read(store, "a/empty") == b""


def test_a_moved_file_is_gone_here_and_there(store: ObjectStore, file: Path) -> None:
    content = file.read_bytes()

    stored = store.put_file("moved", file, mime_type="x/y", move=True)

    assert not file.exists()
    assert _read(store, "moved") == content
    assert stored.sha256 == hashlib.sha256(content).hexdigest()


def test_putting_again_replaces(store: ObjectStore, file: Path, tmp_path: Path) -> None:
    store.put_file("k", file, mime_type="x/y")
    (tmp_path / "second").write_bytes(b"second")

    store.put_file("k", tmp_path / "second", mime_type="x/y")

    assert _read(store, "k") == b"second"


def test_ranges_are_half_open_and_end_at_the_end(store: ObjectStore, file: Path) -> None:
    store.put_file("k", file, mime_type="x/y")

    assert _read(store, "k", 3, 4) == b"3456"
    assert _read(store, "k", 9_998, 50) == b"89"
    assert _read(store, "k", 9_995) == b"56789"
    assert _read(store, "k", 5, 0) == b""
    assert _read(store, "k", 10_000) == b""
    assert _read(store, "k", 99_999, 5) == b""


def test_a_reader_may_leave_early(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 5 * MIB)
    store.put_file("k", tmp_path / "big", mime_type="x/y")

    with store.open_range("k") as pieces:
        first = next(pieces)

    assert 0 < len(first) <= MIB
    assert _read(store, "k", 0, 3) == b"xxx"


def test_an_absent_object_is_missing(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError, match="'no/such'") as caught:
        store.fetch("no/such", tmp_path / "back")
    with pytest.raises(ObjectMissingError), store.open_range("no/such"):
        pass
    with pytest.raises(ObjectMissingError), store.open_range("no/such", 0, 0):
        pass
    with pytest.raises(ObjectMissingError):
        store.stat("no/such")

    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert not (tmp_path / "back").exists()


def test_a_folder_of_objects_is_no_object(store: ObjectStore, file: Path) -> None:
    store.put_file("job/1/a", file, mime_type="x/y")

    with pytest.raises(ObjectMissingError):
        store.stat("job/1")
    with pytest.raises(ObjectMissingError):
        store.stat("job/1/a/b")


def test_deleted_is_gone_and_deleting_again_is_fine(store: ObjectStore, file: Path) -> None:
    store.put_file("job/1/a", file, mime_type="x/y")
    store.put_file("job/1/b", file, mime_type="x/y")

    store.delete("job/1/a")
    store.delete("job/1/a")
    store.delete("never/was")

    with pytest.raises(ObjectMissingError):
        store.stat("job/1/a")
    assert store.stat("job/1/b").size_bytes == 10_000


def test_a_prefix_lists_what_is_below_it_and_nothing_else(store: ObjectStore, file: Path) -> None:
    keys = ["job/1/1/0/output.mp4", "job/1/2/0/thumbnail.jpg", "job/1/x", "job/10/y", "ingest/1/z"]
    for key in keys:
        store.put_file(key, file, mime_type="x/y")

    assert sorted(store.list_keys("job/1/")) == sorted(keys[:3])
    assert list(store.list_keys("job/2/")) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", ".partial/x", "a/.hid", "a\0b", "ä", "a b", "x" * 2000]
)
def test_what_is_no_key_is_refused(store: ObjectStore, file: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(StorageError, match="not an object key"):
        store.put_file(key, file, mime_type="x/y")
    with pytest.raises(StorageError, match="not an object key"):
        store.fetch(key, tmp_path / "back")
    with pytest.raises(StorageError, match="not an object key"):
        store.delete(key)


@pytest.mark.parametrize("prefix", ["", "/", "job", "../", "job/../"])
def test_what_is_no_prefix_is_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(StorageError, match="not a"):
        list(store.list_keys(prefix))


def test_an_upload_that_breaks_off_leaves_nothing(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 20 * MIB)
    threads = set(threading.enumerate())

    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        if done > 12 * MIB:
            raise StopError

    with pytest.raises(StopError):
        store.put_file("job/1/k", tmp_path / "big", mime_type="x/y", progress=stop)

    with pytest.raises(ObjectMissingError):
        store.stat("job/1/k")
    assert list(store.list_keys("job/1/")) == []
    assert set(threading.enumerate()) <= threads


def test_a_fetch_that_breaks_off_leaves_no_file(store: ObjectStore, file: Path, tmp_path: Path) -> None:
    store.put_file("k", file, mime_type="x/y")

    def stop(_done: int) -> None:
        raise InterruptedError

    with pytest.raises((InterruptedError, StorageError)):
        store.fetch("k", tmp_path / "back", progress=stop)

    assert not (tmp_path / "back").exists()


def test_a_fetch_overwrites_no_file(store: ObjectStore, file: Path, tmp_path: Path) -> None:
    store.put_file("k", file, mime_type="x/y")
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(StorageError):
        store.fetch("k", tmp_path / "mine")

    assert (tmp_path / "mine").read_text() == "mine"


def test_a_broken_upload_leaves_no_parts_on_the_server(s3: Any, tmp_path: Path) -> None:
    bucket = "bucket-parts"
    store = open_store(s3.storage_url(bucket), access_key=s3.access_key, secret_key=s3.secret_key)
    client = Minio(
        s3.endpoint.removeprefix("http://"),
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        secure=False,
        region="us-east-1",
    )
    (tmp_path / "big").write_bytes(b"x" * 20 * MIB)
    during: list[int] = []

    def stop(done: int) -> None:
        if done > 12 * MIB:
            during.append(len(client._list_multipart_uploads(bucket).uploads))
            raise InterruptedError

    with pytest.raises(StorageError):
        store.put_file("k", tmp_path / "big", mime_type="x/y", progress=stop)
    store.close()

    assert during == [1]
    assert client._list_multipart_uploads(bucket).uploads == []


def test_many_threads_put_and_delete_side_by_side(store: ObjectStore, tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            path = tmp_path / f"source{number}"
            for turn in range(5):
                path.write_bytes(bytes([number, turn]))
                key = f"shared/{turn}/{number}"
                store.put_file(key, path, mime_type="x/y", move=True)
                if _read(store, key) != bytes([number, turn]):
                    raise AssertionError(key)
                store.delete(key)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert list(store.list_keys("shared/")) == []


def test_a_store_that_answers_passes_its_check(store: ObjectStore, file: Path) -> None:
    store.check()
    store.check()

    assert store.put_file("k", file, mime_type="x/y").size_bytes == 10_000


def test_a_store_without_a_public_address_signs_no_urls(store: ObjectStore, file: Path) -> None:
    store.put_file("a/k", file, mime_type="x/y")

    assert store.presigned_get("a/k", expires_s=60, filename="f", mime_type="x/y") is None


def test_a_local_path_leads_to_the_object(store: ObjectStore, file: Path) -> None:
    store.put_file("a/k", file, mime_type="x/y")

    path = store.local_path("a/k")

    assert path is None if isinstance(store, S3Store) else path is not None
    assert path is None or path.read_bytes() == file.read_bytes()


def test_a_signed_url_serves_the_object_under_its_file_name(s3: Any, tmp_path: Path) -> None:
    store = open_store(
        s3.storage_url("bucket-signed"),
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        public_url=s3.endpoint,
    )
    (tmp_path / "f").write_bytes(b"content")
    store.put_file("job/1/f", tmp_path / "f", mime_type="video/mp4")

    url = store.presigned_get("job/1/f", expires_s=60, filename='Ä "1".mp4', mime_type="video/mp4")
    assert url is not None
    with urllib.request.urlopen(url) as answer:
        body, headers = answer.read(), answer.headers
    store.close()

    assert body == b"content"
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%84%20%221%22.mp4"
    assert s3.secret_key not in url


def test_a_server_that_is_down_is_a_storage_error_without_secrets(tmp_path: Path) -> None:
    store = open_store(
        "s3://bucket?endpoint=http://127.0.0.1:9", access_key="the-access-key", secret_key="the-secret-key"
    )
    (tmp_path / "f").write_bytes(b"content")

    with pytest.raises(StorageError) as caught:
        store.put_file("job/1/f", tmp_path / "f", mime_type="x/y")
    with pytest.raises(StorageError):
        store.check()
    store.close()

    assert not isinstance(caught.value, ObjectMissingError)
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert "could not write 'job/1/f'" in caught.value.message
    assert "the-" not in caught.value.message


def test_wrong_keys_are_told_as_a_refusal(s3: Any, tmp_path: Path) -> None:
    store = open_store(s3.storage_url("bucket-denied"), access_key=s3.access_key, secret_key="wrong-secret")
    (tmp_path / "f").write_bytes(b"content")

    with pytest.raises(StorageError, match="refused to write 'k'") as caught:
        store.put_file("k", tmp_path / "f", mime_type="x/y")
    store.close()

    assert "wrong-secret" not in caught.value.message
