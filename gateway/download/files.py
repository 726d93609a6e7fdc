"""Reads stored files in threads, for an event loop: the object stores block.

A thread can't be interrupted. So whoever gives up on a read waits for that one piece before the file is closed, and
nothing is ever closed under a thread that uses it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from typing import TypeVar

import structlog

from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.media.errors import UnavailableError

T = TypeVar("T")

#: Threads that read from the store: each is busy for one piece of a file at a time, not for a whole download.
THREADS = 32

#: Seconds that a URL to the store itself works; a client follows the redirect at once.
PRESIGNED_FOR_S = 3600

log = structlog.get_logger(__name__)


class StoredFiles:
    """The stored files, for an event loop to read; `close` it after the last reader is gone."""

    def __init__(self, store: ObjectStore, *, redirect: bool) -> None:
        self._store = store
        self._redirect = redirect
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="download")

    @asynccontextmanager
    async def open(self, key: str, start: int, length: int) -> AsyncIterator["FileReader"]:
        """Read `length` bytes of a file from `start`.

        Raises:
            UnavailableError: the store does not give the file.
        """
        reader = FileReader(self, self._store, key, start, length)
        try:
            await reader.open()
            yield reader
        finally:
            await reader.close()

    async def public_url(self, key: str, *, filename: str, mime_type: str) -> str | None:
        """A URL at which a client gets the file from the store itself; None where it must come through here.

        Raises:
            UnavailableError: the store can't make one.
        """
        if not self._redirect:
            return None
        return await self.in_thread(
            key,
            lambda: self._store.presigned_get(key, expires_s=PRESIGNED_FOR_S, filename=filename, mime_type=mime_type),
        )

    async def in_thread(self, key: str, work: Callable[[], T]) -> T:
        """What `work` returns, done in a thread; when it is given up, this waits until the thread is done with it.

        Raises:
            UnavailableError: the store failed.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(future)
        except StorageError as error:
            log.warning("stored_file_unreadable", key=key, error=error.message)
            raise UnavailableError("The file can't be read at the moment; try again shortly.") from error
        except asyncio.CancelledError:
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # looked at, so that asyncio does not report it as forgotten
            raise

    def close(self) -> None:
        """End the threads; waits for reads that run."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class FileReader:
    """One stored file while it is read, piece by piece."""

    def __init__(self, files: StoredFiles, store: ObjectStore, key: str, start: int, length: int) -> None:
        self._files = files
        self._store = store
        self._key = key
        self._start = start
        self._length = length
        self._held = ExitStack()
        self._pieces: Iterator[bytes] = iter(())
        # Given up twice (by the client, then by a stopping server) a close could meet the read that still runs.
        self._lock = threading.Lock()

    async def open(self) -> None:
        """Open the file."""
        await self._files.in_thread(self._key, self._open)

    async def read(self) -> bytes:
        """The next piece; b"" at the end."""
        return await self._files.in_thread(self._key, self._read)

    async def close(self) -> None:
        """Let go of the file, opened or not."""
        await self._files.in_thread(self._key, self._close)

    def _open(self) -> None:
        with self._lock:
            opened = self._store.open_range(self._key, self._start, self._length)
            self._pieces = self._held.enter_context(opened)

    def _read(self) -> bytes:
        with self._lock:
            return next(self._pieces, b"")

    def _close(self) -> None:
        with self._lock:
            self._held.close()
