"""An object store in a folder.

An object is a file of the key's path below the root. It is written under a hidden name in `.partial`, flushed to
disk and renamed, so a reader sees all of it or nothing, also after a power failure. Keys cannot begin a part with
a dot, so nothing hidden is ever listed, read or overwritten.
"""

import fcntl
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reelyard.cluster.objectstore.store import (
    CHUNK_BYTES,
    ListedObject,
    ObjectMissingError,
    ObjectStat,
    Progress,
    StorageError,
    checked_key,
    checked_prefix,
    fault_of,
    verify_sha256,
)
from reelyard.cluster.work import StoredObject

_PARTIAL = ".partial"
# A delete that prunes empty folders can take one away between a put's mkdir and its rename.
_PLACE_ATTEMPTS = 10


class FolderStore:
    """Keeps objects below `root`, which is created when it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / _PARTIAL
        with _translated("open", str(root)):
            self._partial.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()

    def put_file(
        self, key: str, path: Path, *, mime_type: str, move: bool = False, progress: Progress | None = None
    ) -> StoredObject:
        """See `ObjectStore.put_file`. A move within one file system copies nothing."""
        target = self._path(key)
        with _translated("write", key):
            if move and path.stat().st_dev == self._partial.stat().st_dev:
                size, digest = _hash_and_sync(path, progress)
                self._place(path, target)
            else:
                with self._partial_file() as (temp, sink):
                    with path.open("rb") as source:
                        size, digest = _copy(source, sink, progress)
                    self._place(temp, target)
                if move:
                    path.unlink()
        return StoredObject(key=key, size_bytes=size, sha256=digest, mime_type=mime_type)

    def fetch(self, key: str, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.fetch`."""
        with _translated("read", key), self._open(key) as source, path.open("xb") as sink:
            try:
                _copy(source, sink, progress, durable=False)
            except BaseException:
                path.unlink()
                raise

    @contextmanager
    def open_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[Iterator[bytes]]:
        """See `ObjectStore.open_range`."""
        with self._open(key) as source:
            yield _read_range(source, key, start, length)

    def stat(self, key: str) -> ObjectStat:
        """See `ObjectStore.stat`."""
        with self._open(key) as source:
            found = os.fstat(source.fileno())
        return ObjectStat(size_bytes=found.st_size, modified_ms=found.st_mtime_ns // 1_000_000)

    def verify(self, stored: StoredObject, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.verify`."""
        verify_sha256(stored, path, progress)

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`. Folders that became empty go too."""
        path = self._path(key)
        with _translated("delete", key):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            _sync_folder(path.parent)
            with suppress(OSError):  # not empty, or somebody else was quicker
                for parent in path.parents:
                    if parent == self._root:
                        break
                    parent.rmdir()

    def list_keys(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list_keys`."""
        for listed in self.list_objects(prefix):
            yield listed.key

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """See `ObjectStore.list_objects`."""
        base = self._root / checked_prefix(prefix)
        for folder, _, names in os.walk(base):
            for name in names:
                path = Path(folder) / name
                with suppress(FileNotFoundError), _translated("list", prefix):  # deleted a moment ago
                    found = path.stat()
                    yield ListedObject(
                        key=path.relative_to(self._root).as_posix(),
                        size_bytes=found.st_size,
                        modified_ms=found.st_mtime_ns // 1_000_000,
                    )

    def remove_abandoned(self, prefixes: tuple[str, ...], *, older_than_ms: int) -> int:  # noqa: ARG002
        """See `ObjectStore.remove_abandoned`: unfinished files lie in a folder of our own, whatever their key was."""
        with _translated("clean", _PARTIAL):
            return self._remove_leftovers(older_than_ms)

    def local_path(self, key: str) -> Path | None:
        """See `ObjectStore.local_path`."""
        return self._path(key)

    def presigned_get(self, key: str, *, expires_s: int, filename: str, mime_type: str) -> str | None:  # noqa: ARG002
        """Clients cannot reach a folder: always None."""
        return None

    def check(self) -> None:
        """See `ObjectStore.check`: writes a small file and removes it."""
        with _translated("write", _PARTIAL), self._partial_file() as (_, sink):
            sink.write(b"check")
            sink.flush()
            os.fsync(sink.fileno())

    def close(self) -> None:
        """See `ObjectStore.close`: nothing is held open between calls."""

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    @contextmanager
    def _open(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        try:
            file = path.open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissingError(f"The object store has no object '{key}'.") from None
        except OSError as error:
            raise _failed("read", key, error) from error
        with file:
            yield file

    @contextmanager
    def _partial_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A hidden file for writing, locked as long as its writer lives, removed unless it was renamed."""
        while True:
            path = self._partial / uuid.uuid4().hex
            with path.open("xb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file.fileno()).st_nlink == 0:
                    continue  # taken for a leftover in the moment before it was locked
                try:
                    yield path, file
                finally:
                    path.unlink(missing_ok=True)
                return

    def _remove_leftovers(self, older_than_ms: int = 0) -> int:
        """Remove hidden files whose writer was killed; those of living writers, here or elsewhere, are locked."""
        removed = 0
        before = time.time() - older_than_ms / 1000
        for path in self._partial.iterdir():
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_mtime <= before:
                    path.unlink()
                    removed += 1
        return removed

    def _place(self, source: Path, target: Path) -> None:
        for attempt in range(1, _PLACE_ATTEMPTS + 1):
            try:
                _make_folders(target.parent, self._root)
                source.replace(target)
                _sync_folder(target.parent)
            # A folder that went between "it is there" and a look at it is said to exist.
            except (FileNotFoundError, FileExistsError):
                if attempt == _PLACE_ATTEMPTS or not source.exists():
                    raise
            else:
                return


def _make_folders(folder: Path, root: Path) -> None:
    """Create a folder below the root, and make the new entries durable."""
    if folder == root or folder.is_dir():
        return
    _make_folders(folder.parent, root)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk; one that is gone has none."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(source: BinaryIO, sink: BinaryIO, progress: Progress | None, *, durable: bool = True) -> tuple[int, str]:
    """Copy in pieces; returns size and SHA-256 of what was written."""
    digest = hashlib.sha256()
    size = 0
    while piece := source.read(CHUNK_BYTES):
        sink.write(piece)
        digest.update(piece)
        size += len(piece)
        if progress is not None:
            progress(size)
    sink.flush()
    if durable:
        os.fsync(sink.fileno())
    return size, digest.hexdigest()


def _hash_and_sync(path: Path, progress: Progress | None) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
            if progress is not None:
                progress(size)
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _read_range(source: BinaryIO, key: str, start: int, length: int | None) -> Iterator[bytes]:
    with _translated("read", key):
        source.seek(start)
        left = length
        while left is None or left > 0:
            piece = source.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


@contextmanager
def _translated(verb: str, key: str) -> Iterator[None]:
    """The operating system's errors as ours."""
    try:
        yield
    except OSError as error:
        raise _failed(verb, key, error) from error


def _failed(verb: str, key: str, error: OSError) -> StorageError:
    message = f"The object store could not {verb} '{key}': {error.strerror or type(error).__name__}."
    return StorageError(message, fault=fault_of(error))
