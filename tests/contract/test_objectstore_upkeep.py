"""What the upkeep asks of both object stores: lists with sizes and times, and no trace of uploads that never ended."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from minio import Minio

from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore

MIB = 1024 * 1024


def test_a_list_tells_sizes_and_times(store: ObjectStore, file: Path) -> None:
    for key in ("job/1/1/0/output.mp4", "job/2/x", "ingest/1/z", "jobs/3/y"):
        store.put_file(key, file, mime_type="x/y")

    listed = {found.key: found for found in store.list_objects("job/")}

    assert sorted(listed) == ["job/1/1/0/output.mp4", "job/2/x"]
    for found in listed.values():
        assert found.size_bytes == 10_000
        # S3 tells whole seconds in a list
        assert abs(found.modified_ms - store.stat(found.key).modified_ms) < 1000
    assert list(store.list_objects("other/")) == []


def test_a_long_list_is_whole(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    keys = {f"job/{number}/1/0/output.mp4" for number in range(1050)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put_file(key, tmp_path / "empty", mime_type="x/y"), keys))

    assert {found.key for found in store.list_objects("job/")} == keys


def test_a_finished_upload_is_not_abandoned(store: ObjectStore, file: Path) -> None:
    store.put_file("job/1/k", file, mime_type="x/y")

    assert store.remove_abandoned(("job/",), older_than_ms=0) == 0
    assert store.stat("job/1/k").size_bytes == 10_000


def test_an_upload_whose_process_died_is_removed_when_it_is_old_enough(s3: Any, tmp_path: Path) -> None:
    url = s3.storage_url("bucket-abandoned").replace("?", "/ours?")
    store = open_store(url, access_key=s3.access_key, secret_key=s3.secret_key)
    store.check()
    client = Minio(
        s3.endpoint.removeprefix("http://"),
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        secure=False,
        region="us-east-1",
    )
    for name in ("ours/job/1/2/1/output.mp4", "ours/ingest/1/2/1/source", "theirs/job/1/2/1/output.mp4", "ours/other"):
        client._create_multipart_upload("bucket-abandoned", name, {})

    assert store.remove_abandoned(("job/",), older_than_ms=86_400_000) == 0
    assert store.remove_abandoned(("job/", "ingest/"), older_than_ms=-60_000) == 2

    left = client._list_multipart_uploads("bucket-abandoned").uploads
    assert [upload.object_name for upload in left] == ["ours/other", "theirs/job/1/2/1/output.mp4"]
    store.close()


def test_a_hidden_file_whose_writer_died_is_removed_when_it_is_old_enough(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri())
    left = tmp_path / "store" / ".partial" / "0123"
    left.write_bytes(b"half")

    assert store.remove_abandoned(("job/",), older_than_ms=3_600_000) == 0
    assert left.exists()
    assert store.remove_abandoned(("job/",), older_than_ms=0) == 1
    assert not left.exists()


def test_a_file_that_is_being_written_is_not_abandoned(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 20 * MIB)
    removed: list[int] = []

    def sweep(done: int) -> None:
        if done == 4 * MIB:
            removed.append(store.remove_abandoned(("job/",), older_than_ms=3_600_000))

    store.put_file("job/1/k", tmp_path / "big", mime_type="x/y", progress=sweep)

    assert removed == [0]
    assert store.stat("job/1/k").size_bytes == 20 * MIB
