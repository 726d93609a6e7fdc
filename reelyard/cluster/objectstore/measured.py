"""An object store that counts what is asked of it, how it ends, how long it takes and how many bytes pass."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter, Histogram

from reelyard.cluster.metrics import Registry
from reelyard.cluster.objectstore.store import Fault, ListedObject, ObjectStat, ObjectStore, Progress, StorageError
from reelyard.cluster.work import StoredObject

T = TypeVar("T")

#: Seconds: a look at an object takes milliseconds, a large file minutes.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_OK = "ok"
_IN, _OUT = "in", "out"


class Op(StrEnum):
    """What a store is asked for; paths on this machine and signed URLs are made without asking it."""

    PUT = "put"
    GET = "get"  # whole objects and ranges
    STAT = "stat"
    VERIFY = "verify"  # what was got is held against its checksum
    DELETE = "delete"
    LIST = "list"
    SWEEP = "sweep"  # uploads that never ended
    CHECK = "check"  # whether it can be used at all


class StorageMetrics:
    """What is measured of an object store. Get it with `registry.once(StorageMetrics)`.

    Every pair of operation and outcome is there from the start, so that the first failure is an increase.

    Args:
        registry: where it is read.
    """

    def __init__(self, registry: Registry) -> None:
        self._requests = Counter(
            "reelyard_storage_requests",
            "Operations on the object store, by how they ended.",
            ["op", "outcome"],
            registry=registry,
        )
        self._duration = Histogram(
            "reelyard_storage_request_duration_seconds",
            "How long operations on the object store took, without the time that its user took.",
            ["op"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._transferred = Counter(
            "reelyard_storage_transferred_bytes",
            "Bytes that were read from the object store (in) and written to it (out), as they pass.",
            ["direction"],
            registry=registry,
        )
        for op in Op:
            self._duration.labels(op)
            for outcome in (_OK, *Fault):
                self._requests.labels(op, outcome)
        for direction in (_IN, _OUT):
            self._transferred.labels(direction)

    def ended(self, op: Op, outcome: str, seconds: float) -> None:
        """Count one operation."""
        self._requests.labels(op, outcome).inc()
        self._duration.labels(op).observe(seconds)

    def counting(self, direction: str, progress: Progress | None) -> Progress:
        """A progress function that counts the bytes, each once, and tells `progress`."""
        transferred, before = self._transferred.labels(direction), 0

        def on_bytes(done: int) -> None:
            nonlocal before
            transferred.inc(max(0, done - before))
            before = max(before, done)
            if progress is not None:
                progress(done)

        return on_bytes


class MeasuredStore:
    """Any object store, measured.

    An operation that its own user broke off, as a stopped task does, is not counted: it says nothing of the store.

    Args:
        store: what does the work; closed with this one.
        metrics: where it is counted.
    """

    def __init__(self, store: ObjectStore, metrics: StorageMetrics) -> None:
        self._store = store
        self._metrics = metrics

    def put_file(
        self, key: str, path: Path, *, mime_type: str, move: bool = False, progress: Progress | None = None
    ) -> StoredObject:
        """See `ObjectStore.put_file`."""
        counting = self._metrics.counting(_OUT, progress)
        return self._asked(
            Op.PUT, lambda: self._store.put_file(key, path, mime_type=mime_type, move=move, progress=counting)
        )

    def fetch(self, key: str, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.fetch`."""
        counting = self._metrics.counting(_IN, progress)
        self._asked(Op.GET, lambda: self._store.fetch(key, path, progress=counting))

    @contextmanager
    def open_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[Iterator[bytes]]:
        """See `ObjectStore.open_range`. A reader that leaves early had what it wanted."""
        request = _Request(self._metrics, Op.GET)
        with ExitStack() as stack:
            with request.working():
                pieces = stack.enter_context(self._store.open_range(key, start, length))
            try:
                yield self._counted(request, pieces)
            finally:
                request.end()

    def stat(self, key: str) -> ObjectStat:
        """See `ObjectStore.stat`."""
        return self._asked(Op.STAT, lambda: self._store.stat(key))

    def verify(self, stored: StoredObject, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.verify`."""
        self._asked(Op.VERIFY, lambda: self._store.verify(stored, path, progress=progress))

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        self._asked(Op.DELETE, lambda: self._store.delete(key))

    def list_keys(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list_keys`."""
        return self._listed(self._store.list_keys(prefix))

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """See `ObjectStore.list_objects`."""
        return self._listed(self._store.list_objects(prefix))

    def remove_abandoned(self, prefixes: tuple[str, ...], *, older_than_ms: int) -> int:
        """See `ObjectStore.remove_abandoned`."""
        return self._asked(Op.SWEEP, lambda: self._store.remove_abandoned(prefixes, older_than_ms=older_than_ms))

    def local_path(self, key: str) -> Path | None:
        """See `ObjectStore.local_path`."""
        return self._store.local_path(key)

    def presigned_get(self, key: str, *, expires_s: int, filename: str, mime_type: str) -> str | None:
        """See `ObjectStore.presigned_get`."""
        return self._store.presigned_get(key, expires_s=expires_s, filename=filename, mime_type=mime_type)

    def check(self) -> None:
        """See `ObjectStore.check`."""
        self._asked(Op.CHECK, self._store.check)

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._store.close()

    def _asked(self, op: Op, call: Callable[[], T]) -> T:
        request = _Request(self._metrics, op)
        with request.working():
            answer = call()
        request.end()
        return answer

    def _listed(self, found: Iterator[T]) -> Iterator[T]:
        request = _Request(self._metrics, Op.LIST)
        try:
            yield from request.each(found)
        finally:
            request.end()

    def _counted(self, request: "_Request", pieces: Iterator[bytes]) -> Iterator[bytes]:
        counting, done = self._metrics.counting(_IN, None), 0
        for piece in request.each(pieces):
            done += len(piece)
            counting(done)
            yield piece


class _Request:
    """One operation, which may work at times only: an iterator waits for its reader between two pieces."""

    def __init__(self, metrics: StorageMetrics, op: Op) -> None:
        self._metrics = metrics
        self._op = op
        self._seconds = 0.0
        self._counted = False

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around what the store does; a failure of it ends the operation."""
        started = time.monotonic()
        try:
            yield
        except StorageError as error:
            self._seconds += time.monotonic() - started
            self._count(error.fault)
            raise
        self._seconds += time.monotonic() - started

    def each(self, items: Iterator[T]) -> Iterator[T]:
        """The items, with the time that the store takes for them."""
        while True:
            with self.working():
                item = next(items, None)
            if item is None:
                return
            yield item

    def end(self) -> None:
        """It went well, unless it has failed."""
        self._count(_OK)

    def _count(self, outcome: str) -> None:
        if not self._counted:
            self._counted = True
            self._metrics.ended(self._op, outcome, self._seconds)
