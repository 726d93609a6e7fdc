"""Where a node puts files while it works: one folder an attempt, always removed.

    root/.lock                 held while folders are made or taken away
    root/<node id>/.lock       held (flock) as long as the node's process lives
    root/<node id>/<task>-<attempt>-<token>/
    root/.new/                 a folder that has no lock yet; renamed when it has
    root/.removed-<node id>/   a folder that is being removed, and whose lock file may be gone

A killed process leaves its folder behind and the kernel drops its lock, so the next node that starts over the same
root finds it unlocked and removes it. What a process leaves that is killed while it makes or removes a folder has a
name of its own: whoever holds the root's lock knows that nobody is at it any more. Other folders without our lock file
are not ours and stay.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

_LOCK = ".lock"
_NEW = ".new"
_REMOVED = ".removed-"


class Scratch:
    """The scratch folder of one node process.

    Args:
        root: shared by all nodes of a machine; made when missing.
        node_id: of this process.

    Raises:
        OSError: the folder cannot be made or locked.
    """

    def __init__(self, root: Path, node_id: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self.folder = root / node_id
        with _locked(root / _LOCK):
            self._remove_leftovers()
            new = root / _NEW
            new.mkdir(exist_ok=True)  # one that was killed here left it as good as new
            self._lock = os.open(new / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.rename(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the node's folder and give up its lock; again is harmless."""
        if self._lock < 0:
            return
        with _locked(self._root / _LOCK):
            _remove(self.folder)
            os.close(self._lock)
        self._lock = -1

    @contextlib.contextmanager
    def attempt_folder(self, task_id: int, attempt: int, token: str) -> Iterator[Path]:
        """A new empty folder for one attempt, removed with all that is in it when the block is left."""
        path = self.folder / f"{task_id}-{attempt}-{token}"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, onerror=_log_left)

    def _remove_leftovers(self) -> None:
        for removed in self._root.glob(f"{_REMOVED}*"):
            shutil.rmtree(removed, onerror=_log_left)
        for lock in self._root.glob(f"[!.]*/{_LOCK}"):
            with lock.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its process lives
                log.info("scratch_leftover_removed", folder=str(lock.parent))
                _remove(lock.parent)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove(folder: Path) -> None:
    """Remove a node's folder, under the root's lock; what is left when this is broken off is found by its name."""
    removed = folder.with_name(_REMOVED + folder.name)
    try:
        folder.rename(removed)
    except OSError as error:
        _log_left(folder.rename, str(folder), error)
        return
    shutil.rmtree(removed, onerror=_log_left)


def _log_left(_function: object, path: str, error: object) -> None:
    # The next start tries again; a file that cannot be removed must not turn a finished task into a failed one.
    log.warning("scratch_not_removed", path=path, error=repr(error))
