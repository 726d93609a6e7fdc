import fcntl
from pathlib import Path

import pytest

from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.s3 import S3Store, part_bytes
from reelyard.cluster.objectstore.store import StorageError

MIB = 1024 * 1024


def test_files_of_a_writer_that_was_killed_are_removed_at_start_and_those_of_a_living_one_kept(tmp_path: Path) -> None:
    FolderStore(tmp_path)
    dead = tmp_path / ".partial" / "dead"
    living = tmp_path / ".partial" / "living"
    dead.write_bytes(b"half")
    with living.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        FolderStore(tmp_path)

        assert not dead.exists()
        assert living.exists()


def test_hidden_files_are_no_objects(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / "made").write_bytes(b"x")
    store.put_file("job/1/a", tmp_path / "made", mime_type="x/y")

    assert list(store.list_keys("job/")) == ["job/1/a"]
    assert list((tmp_path / ".partial").iterdir()) == []


def test_deleting_takes_folders_that_became_empty_along(tmp_path: Path) -> None:
    root = tmp_path / "root"
    store = FolderStore(root)
    (tmp_path / "made").write_bytes(b"x")
    store.put_file("job/1/2/a", tmp_path / "made", mime_type="x/y")
    store.put_file("job/2/b", tmp_path / "made", mime_type="x/y")

    store.delete("job/1/2/a")

    assert not (root / "job/1").exists()
    assert (root / "job/2/b").exists()
    store.delete("job/2/b")
    assert [path.name for path in root.iterdir()] == [".partial"]


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"could not open '.*/file/store'"):
        FolderStore(tmp_path / "file" / "store")


def test_parts_are_small_and_grow_only_where_a_file_would_have_too_many() -> None:
    assert part_bytes(0, least=8 * MIB) == 8 * MIB
    assert part_bytes(10 * 1024 * MIB, least=8 * MIB) == 8 * MIB
    for size in (100 * 1024 * MIB, 1024 * 1024 * MIB, 5 * 1024 * 1024 * MIB):
        assert size / part_bytes(size, least=8 * MIB) <= 9_000
        assert part_bytes(size, least=8 * MIB) <= 600 * MIB


def test_a_url_opens_its_store(tmp_path: Path) -> None:
    folder = open_store((tmp_path / "with space").as_uri())
    bucket = open_store(
        "s3://bucket/a/b/?endpoint=http://127.0.0.1:9000&region=eu-1",
        access_key="key",
        secret_key="secret",
        public_url="https://media.example/",
    )

    signed = bucket.presigned_get("job/1/x", expires_s=60, filename="x.mp4", mime_type="video/mp4")
    bucket.close()

    assert isinstance(folder, FolderStore)
    assert (tmp_path / "with space").is_dir()
    assert isinstance(bucket, S3Store)
    assert signed is not None
    assert signed.startswith("https://media.example/bucket/a/b/job/1/x?")
    assert "eu-1" in signed


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        ("http://x", "begins with file: or s3:"),
        ("file://host/x", "file:///absolute/folder"),
        ("file:x", "file:///absolute/folder"),
        ("s3://", "names a bucket"),
        ("s3://b", "3 to 63 lower-case"),
        ("s3://Bucket", "3 to 63 lower-case"),
        ("s3://bucket?regoin=x", "'regoin'"),
        ("s3://bucket?endpoint=localhost:9000", "http\\(s\\)://host"),
        ("s3://bucket?endpoint=http://h/path", "without a path"),
        ("s3://bucket/../c", "not a key prefix|not an object key"),
    ],
)
def test_a_wrong_url_is_refused_with_what_is_valid(url: str, valid: str) -> None:
    with pytest.raises((ValueError, StorageError), match=valid):
        open_store(url, access_key="k", secret_key="s")


def test_s3_without_keys_names_the_settings() -> None:
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_store("s3://bucket")
