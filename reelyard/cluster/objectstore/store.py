"""What every object store can do, and the errors that it raises.

An object is written whole or not at all: `put_file` makes it visible in one step, after its last byte is safe.
Keys are relative paths of ASCII letters, digits and `._-`, such as `job/13/16/1/output.mp4`.
"""

import errno
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
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


class Fault(StrEnum):
    """What kind of failure a StorageError tells, for the metrics."""

    REFUSED = "4xx"  # the store says that the request is wrong: no such object, not allowed
    FAILED = "5xx"  # the store could not do it: broken, busy, full
    TIMEOUT = "timeout"  # no answer, or none further, in time
    UNREACHABLE = "unreachable"  # no connection, or a broken one
    CHECKSUM = "checksum"  # the bytes are not those that were stored


class StorageError(WorkError):
    """The store refused, lost or broke off an operation."""

    def __init__(
        self, message: str, *, code: ErrorCode = ErrorCode.STORAGE_FAILED, fault: Fault = Fault.FAILED
    ) -> None:
        super().__init__(code, message)
        self.fault = fault


class ObjectMissingError(StorageError):
    """There is no object under that key."""

    def __init__(self, message: str) -> None:
        super().__init__(message, fault=Fault.REFUSED)


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

    def verify(self, stored: StoredObject, path: Path, *, progress: Progress | None = None) -> None:
        """Read a file that holds an object (fetched, or where it lies) and hold it against the recorded SHA-256.

        Raises:
            StorageError: with `Fault.CHECKSUM` when it is not what was stored; or it can't be read.
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
        raise StorageError(f"'{key[:200]}' is not an object key.", code=ErrorCode.INTERNAL_ERROR, fault=Fault.REFUSED)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix, if it is a key with a slash at its end.

    Raises:
        StorageError: it is not; an empty prefix is none, so that nothing lists or deletes the whole store.
    """
    if not prefix.endswith("/"):
        raise StorageError(f"'{prefix[:200]}' is not a key prefix.", code=ErrorCode.INTERNAL_ERROR, fault=Fault.REFUSED)
    checked_key(prefix[:-1])
    return prefix


#: What the operating system says where a store (a folder, which may be on the network) refuses, or can't be reached.
_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})
_NO_WAY = frozenset(
    {
        *(errno.ENOTCONN, errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.ESTALE, errno.EPIPE),
    }
)


def fault_of(error: OSError) -> Fault:
    """The kind of failure behind an error of the operating system."""
    if isinstance(error, TimeoutError):
        return Fault.TIMEOUT
    if error.errno in _REFUSALS:
        return Fault.REFUSED
    return Fault.UNREACHABLE if error.errno in _NO_WAY else Fault.FAILED


def verify_sha256(stored: StoredObject, path: Path, progress: Progress | None) -> None:
    """See `ObjectStore.verify`; every store does it alike."""
    digest, done = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                digest.update(piece)
                done += len(piece)
                if progress is not None:
                    progress(done)
    except OSError as error:
        message = f"The stored file '{path.name}' could not be read: {error.strerror}."
        raise StorageError(message, fault=fault_of(error)) from error
    if digest.hexdigest() != stored.sha256:
        raise StorageError(
            f"The stored object '{stored.key}' is damaged: its SHA-256 is {digest.hexdigest()}, "
            f"recorded is {stored.sha256}.",
            fault=Fault.CHECKSUM,
        )
