"""Stored objects as local files: in place when the store is a folder here, else fetched; checked either way."""

from collections.abc import Callable
from pathlib import Path

from encoder_node.attempt import Attempt
from reelyard.cluster.objectstore.store import StorageError
from reelyard.cluster.work import StoredObject

#: Told how far a transfer is, in thousandths.
OnShare = Callable[[int], None]


def local_source(attempt: Attempt, stored: StoredObject, *, on_share: OnShare | None = None) -> Path:
    """A file with the object's content, for reading only. A folder store's own file is only measured, not read.

    Raises:
        StoppedError: the attempt was stopped.
        StorageError: the object is missing, or is not what was stored.
    """
    in_place = attempt.store.local_path(stored.key)
    if in_place is None:
        return local_verified(attempt, stored, on_share=on_share)
    check_size(attempt, stored)
    return in_place


def local_verified(attempt: Attempt, stored: StoredObject, *, on_share: OnShare | None = None) -> Path:
    """As `local_source`, and every byte is read back and held against the recorded SHA-256.

    Raises:
        StoppedError: the attempt was stopped.
        StorageError: the object is missing, or is not what was stored.
    """
    check_size(attempt, stored)
    path = attempt.store.local_path(stored.key)
    step = attempt.step(stored.size_bytes, on_share)
    if path is None:
        path = attempt.folder / stored.key.replace("/", "_")  # the sources of a join all end in "source"
        attempt.store.fetch(stored.key, path, progress=step)
    attempt.store.verify(stored, path, progress=step)
    return path


def check_size(attempt: Attempt, stored: StoredObject) -> None:
    """Ask the store for the object and hold its size against the record.

    Raises:
        StorageError: it is missing, or of another size.
    """
    found = attempt.store.stat(stored.key).size_bytes
    if found != stored.size_bytes:
        raise StorageError(f"The stored object '{stored.key}' has {found} bytes, not {stored.size_bytes}.")
