"""Which pieces of a file are fetched, by how many workers. Safe between threads."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Piece:
    """The bytes from `start` up to `end`, not included; `at` is the next one to fetch."""

    start: int
    end: int
    at: int
    done: bool = False


class PieceList:
    """Hands out pieces in their order, takes them back, and tells when each is done.

    Args:
        total: bytes of the file, at least one.
        piece_bytes: bytes of each piece but the last.
        workers: how many take pieces; each leaves once, by `take` that finds nothing or by `retire`.
    """

    def __init__(self, total: int, piece_bytes: int, workers: int) -> None:
        self._pieces = [Piece(start, min(start + piece_bytes, total), start) for start in range(0, total, piece_bytes)]
        self._free = list(reversed(self._pieces))
        self._workers = workers
        self._proven = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    @property
    def failed(self) -> bool:
        """Whether the whole is given up."""
        return self._failure is not None

    def take(self) -> Piece | None:
        """The first free piece; None, and the worker has left, when there is none or the whole was given up."""
        with self._changed:
            if self._free and self._failure is None:
                return self._free.pop()
            self._workers -= 1
            self._changed.notify_all()
            return None

    def take_at(self, start: int) -> Piece | None:
        """The piece that begins there, if no other worker sees to it.

        Who asks has a connection that could go on. It is not given up for one that may yet be refused: as long as no
        other worker has brought a byte, this waits until one has, or until they have left and given back what they had.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._proven or self._failure is not None or self._workers == 1 or self._is_next(start)
            )
            if self._failure is not None or not self._is_next(start):
                return None
            return self._free.pop()

    def prove(self) -> None:
        """A worker got bytes for a range: the server does send several at once."""
        with self._changed:
            if not self._proven:
                self._proven = True
                self._changed.notify_all()

    def retire(self, piece: Piece) -> bool:
        """Leave, giving an unfinished piece back for the other workers; False when there is no other to do it."""
        with self._changed:
            if self._workers == 1:
                return False
            self._workers -= 1
            self._free.append(piece)
            self._free.sort(key=lambda free: -free.start)
            self._changed.notify_all()
            return True

    def finish(self, piece: Piece) -> None:
        """All of the piece is in the file."""
        with self._changed:
            piece.done = True
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Give the whole up; the first error stays."""
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _is_next(self, start: int) -> bool:
        return bool(self._free) and self._free[-1].start == start

    def in_order(self) -> Iterator[Piece]:
        """Each piece once it and all before it are done.

        Raises:
            BaseException: what `fail` was told.
        """
        for piece in self._pieces:
            with self._changed:
                self._changed.wait_for(lambda piece=piece: piece.done or self._failure is not None)  # type: ignore[misc]
                if self._failure is not None:
                    raise self._failure
            yield piece
