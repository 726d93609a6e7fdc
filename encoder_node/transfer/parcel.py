"""What is delivered: an object of the store, read in pieces and never held whole."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from encoder_node.attempt import Attempt
from reelyard.cluster.objectstore.store import StorageError
from reelyard.cluster.work import StoredObject


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """An object on its way to a place outside. `mark` tells this attempt's temporary file from all others'."""

    attempt: Attempt
    object: StoredObject
    mark: str
    earlier_marks: tuple[str, ...] = ()

    @contextlib.contextmanager
    def pieces(self) -> Iterator[Iterator[bytes]]:
        """The object's bytes from the beginning. Progress is told as they are taken.

        Places outside tell no more than a file's size, so its bytes are held against their checksum on their way out,
        and the last of them is kept back when they are not those that were verified.

        Raises:
            StorageError: the store lost it, or gave less than was recorded, or other bytes.
            StoppedError: the task was stopped.
        """
        with self.attempt.store.open_range(self.object.key) as found:
            yield self._counted(found)

    def _counted(self, found: Iterator[bytes]) -> Iterator[bytes]:
        step = self.attempt.step(self.object.size_bytes, self._show)
        done, digest = 0, hashlib.sha256()
        for piece in found:
            step(done)  # what was taken before has gone out by now
            done += len(piece)
            digest.update(piece)
            if done == self.object.size_bytes and digest.hexdigest() != self.object.sha256:
                raise StorageError(f"The stored object '{self.object.key}' is damaged: its SHA-256 is another.")
            yield piece
        self.attempt.stop.check()
        if done != self.object.size_bytes:
            raise StorageError(f"The stored object '{self.object.key}' gave {done} of {self.object.size_bytes} bytes.")

    def _show(self, permille: int) -> None:
        self.attempt.held.report(permille=min(permille, 999))
