"""What every object store can do, and the errors that it raises.

An object is written whole or not at all: `put_file` makes it visible in one step, after its last byte is safe.
Keys are relative paths of ASCII letters, digits and `._-`, such as `job/13/16/1/output.mp4`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reelyard.cluster.work import StoredObject
from reelyard.media.errors import ErrorCode, WorkError

# Bytes read or sent at a time; bounds what a transfer holds in memory.
CHUNK_BYTES = 1024 * 1024

# Called with the bytes that have been transferred so far; may raise to break the transfer off.
Progress = Callable[[int], None]

_KEY_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MAX_KEY = 900  # S3 allows 1024 bytes, of which a prefix may need some


@dataclass(frozen=True, kw_only=True)
class ObjectStat:
    """What the store says of an object; `modified_ms` is milliseconds since 1970 UTC."""

    size_bytes: int
    modified_ms: int


@dataclass(frozen=True, kw_only=True)
class ListedObject:
    """One object of a list; `modified_ms` is milliseconds since 1970 UTC."""

    key: str
    size_bytes: int
    modified_ms: int


class StorageError(WorkError):
    """The store refused, lost or broke off an operation."""

    def __init__(self, message: str, *, code: ErrorCode = ErrorCode.STORAGE_FAILED) -> None:
        super().__init__(code, message)


class ObjectMissingError(StorageError):
    """There is no object under that key."""


class ObjectStore(Protocol):
    """Keeps objects under keys. All methods may be called from several threads, and raise StorageError."""

    def put_file(
        self, key: str, path: Path, *, mime_type: str, move: bool = False, progress: Progress | None = None
    ) -> StoredObject:
        """Store a local file; size and SHA-256 are of the bytes that were sent.

        With `move` the local file is given up: it may be gone afterwards, even after an error.
        """
        ...

    def fetch(self, key: str, path: Path, *, progress: Progress | None = None) -> None:
        """Write an object to a local file that does not exist yet; after an error there is none.

        Raises:
            ObjectMissingError: no such object.
        """
        ...

    def open_range(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Read an object, or `length` bytes of it from `start`, in pieces; reading past the end yields less.

        Raises:
            ObjectMissingError: no such object; raised on entering the context.
        """
        ...

    def stat(self, key: str) -> ObjectStat:
        """Size and time of an object.

        Raises:
            ObjectMissingError: no such object.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; an absent one is fine."""
        ...

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Every key under a prefix that ends with a slash, in no set order."""
        ...

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """Every object under a prefix that ends with a slash, with its size and time, in no set order.

        Objects that come or go while the list is read may be in it or not.
        """
        ...

    def remove_abandoned(self, prefixes: tuple[str, ...], *, older_than_ms: int) -> int:
        """Remove what is left of uploads to keys below these prefixes that began longer ago than that and never ended.

        Returns how many they were.
        """
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object lies on this machine's disk, None for a store that is elsewhere."""
        ...

    def presigned_get(self, key: str, *, expires_s: int, filename: str, mime_type: str) -> str | None:
        """A URL that lets a client read the object itself for a while, None when clients cannot reach the store."""
        ...

    def check(self) -> None:
        """Find out whether the store answers and can be written to."""
        ...

    def close(self) -> None:
        """Release connections and files."""
        ...


def checked_key(key: str) -> str:
    """The key, if it is one; keys are ours, so a wrong one is a fault and never a client's doing.

    Raises:
        StorageError: the key has an empty, hidden or dot part, a character that is not allowed, or is too long.
    """
    if len(key) > _MAX_KEY or not all(_KEY_PART.fullmatch(part) for part in key.split("/")):
        raise StorageError(f"'{key[:200]}' is not an object key.", code=ErrorCode.INTERNAL_ERROR)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix, if it is a key with a slash at its end.

    Raises:
        StorageError: it is not; an empty prefix is none, so that nothing lists or deletes the whole store.
    """
    if not prefix.endswith("/"):
        raise StorageError(f"'{prefix[:200]}' is not a key prefix.", code=ErrorCode.INTERNAL_ERROR)
    checked_key(prefix[:-1])
    return prefix
