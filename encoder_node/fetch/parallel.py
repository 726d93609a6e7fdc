"""Fetches a large source in several ranges at once.

The first answer, which has no range, serves the pieces from the beginning on as long as the next one is free; other
connections ask for the pieces behind. Each piece is resumed by itself where its connection broke. Every range carries
`If-Range`, and its answer is held against the size and the version of the first, so that all are of one file.

A server that does not want so many connections refuses some, or lets them stand: their workers leave, and the rest go
on. Only when the last one gets nowhere the download fails.
"""

import contextvars
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import urllib3

from encoder_node.fetch.answers import (
    OK,
    PARTIAL,
    RANGE_REFUSED,
    ask,
    content_range,
    interrupt,
    is_encoded,
    is_other_version,
    refusal,
)
from encoder_node.fetch.piece_list import Piece, PieceList
from encoder_node.fetch.reading import pieces
from encoder_node.fetch.transfer import BrokenError, ChangedError, NoRangesError, Transfer

log = structlog.get_logger(__name__)

_HASH_BYTES = 1024 * 1024


def fetch_in_parallel(pool: urllib3.PoolManager, transfer: Transfer, first: urllib3.BaseHTTPResponse) -> None:
    """Fetch the whole source; its bytes, their number and their checksum are in the transfer afterwards.

    Args:
        pool: of `guarded_http`.
        transfer: knows the size and a strong validator.
        first: the answer to the request for the whole, of which nothing was read yet; it is closed.

    Raises:
        ChangedError: the source is another one by now.
        NoRangesError: the server has no ranges after all.
        StoppedError: the stop signal was set.
        WorkError: source_unreachable, source_denied, source_not_found, source_truncated, source_too_large.
    """
    _ParallelFetch(pool, transfer).run(first)


class _ParallelFetch:
    def __init__(self, pool: urllib3.PoolManager, transfer: Transfer) -> None:
        self._pool = pool
        self._transfer = transfer
        piece_bytes = transfer.limits.piece_bytes
        self._workers = min(transfer.connections, -(-transfer.total // piece_bytes))
        self._list = PieceList(transfer.total, piece_bytes, self._workers)
        self._lock = threading.Lock()
        self._open: set[urllib3.BaseHTTPResponse] = set()
        transfer.sink.flush()
        self._file = transfer.sink.fileno()

    def run(self, first: urllib3.BaseHTTPResponse) -> None:
        """See `fetch_in_parallel`."""
        log.info("download_parallel", total=self._transfer.total, connections=self._workers)
        threads = [self._thread(first if number == 0 else None) for number in range(self._workers)]
        try:
            with self._transfer.stop.calls(self._interrupt_all):
                for thread in threads:
                    thread.start()
                self._hash()
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _thread(self, first: urllib3.BaseHTTPResponse | None) -> threading.Thread:
        # the copy brings the task's ID into what the thread logs
        return threading.Thread(
            target=contextvars.copy_context().run, args=(self._work, first), name="fetch", daemon=True
        )

    def _hash(self) -> None:
        """Hash what is there in its order, while the rest still comes: it is in the system's cache."""
        for piece in self._list.in_order():
            at = piece.start
            while at < piece.end:
                data = os.pread(self._file, min(_HASH_BYTES, piece.end - at), at)
                self._transfer.digest.update(data)
                at += len(data)

    def _work(self, first: urllib3.BaseHTTPResponse | None) -> None:
        try:
            if first is not None and not self._stream(first):
                return
            while (piece := self._list.take()) is not None:
                if not self._fetch(piece):
                    return
        except BaseException as error:  # noqa: BLE001  # told in the thread that waits for all of them
            self._give_up(error)

    def _stream(self, first: urllib3.BaseHTTPResponse) -> bool:
        """Read pieces from the first answer; False when the worker has left."""
        piece = self._list.take_at(0)
        try:
            with self._opened(first):
                for data in pieces(first, self._transfer):
                    piece = self._distribute(data, piece)
                    if piece is None:
                        return True
            raise self._transfer.truncated()
        except BrokenError as broken:
            # Another connection tries the rest of this piece, and decides whether there is hope.
            log.info("download_stream_broke", why=broken.error.message)
            if piece is None or self._list.failed:
                return True
            self._transfer.prepare_resume(broken, idle=0)
            return self._fetch(piece)

    def _distribute(self, data: bytes, piece: Piece | None) -> Piece | None:
        """Write what came into a piece, and what is behind its end into the next ones; None when another has that."""
        view = memoryview(data)
        while piece is not None and view:
            room = piece.end - piece.at
            self._write(piece, view[:room])
            view = view[room:]
            if piece.at == piece.end:
                self._list.finish(piece)
                piece = self._list.take_at(piece.end)
        return piece

    def _fetch(self, piece: Piece) -> bool:
        """Fetch a piece, resumed as often as is allowed; False when the worker has left and others go on."""
        idle = 0
        while piece.at < piece.end:
            before = piece.at
            try:
                self._fetch_once(piece)
            except BrokenError as broken:
                self._transfer.stop.check()
                if self._list.failed:
                    return False
                idle = 0 if piece.at > before else idle + 1
                if idle and self._list.retire(piece):
                    log.info("download_connection_given_up", why=broken.error.message)
                    return False
                self._transfer.prepare_resume(broken, idle=idle)
        self._list.finish(piece)
        return True

    def _fetch_once(self, piece: Piece) -> None:
        """One request for the rest of a piece. A server may send less of it than was asked for, never more."""
        response, _ = ask(self._pool, self._transfer, first=piece.at, last=piece.end - 1)
        with self._opened(response):
            end = self._check(response, piece)
            for data in pieces(response, self._transfer):
                if len(data) > end - piece.at:
                    raise self._transfer.wrong("sent more than its Content-Range says")
                self._write(piece, memoryview(data))
                self._list.prove()
            if piece.at < piece.end:
                raise self._transfer.truncated()

    def _check(self, response: urllib3.BaseHTTPResponse, piece: Piece) -> int:
        """Hold an answer against what was asked for; the byte before which it ends."""
        transfer = self._transfer
        if response.status == OK:
            raise ChangedError if is_other_version(response, transfer) else NoRangesError
        if response.status == RANGE_REFUSED:
            raise ChangedError
        if response.status != PARTIAL:
            raise BrokenError(refusal(response.status, transfer), refused=True)
        part = content_range(response)
        if is_other_version(response, transfer) or (part is not None and part.total not in {0, transfer.total}):
            raise ChangedError
        if part is None or part.first != piece.at or part.last >= piece.end or is_encoded(response.headers):
            raise transfer.wrong("answered with another part than was asked for")
        return part.last + 1

    def _write(self, piece: Piece, data: memoryview) -> None:
        count = len(data)
        while data:
            written = os.pwrite(self._file, data, piece.at)
            piece.at += written
            data = data[written:]
        self._transfer.add(count)

    @contextmanager
    def _opened(self, response: urllib3.BaseHTTPResponse) -> Iterator[None]:
        """Keep an answer where it is interrupted when the whole is given up, and close it in the end."""
        with self._lock:
            self._open.add(response)
            if self._list.failed or self._transfer.stop.reason is not None:
                interrupt(response)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(response)
            response.close()

    def _give_up(self, error: BaseException) -> None:
        self._list.fail(error)
        self._interrupt_all()

    def _interrupt_all(self) -> None:
        with self._lock:
            for response in self._open:
                interrupt(response)
