"""One attempt at one task, as a stage sees it: what to do, where to work, how to report, and when to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from encoder_node.lease import HeldTask
from encoder_node.measures import Measures, Step
from encoder_node.stop import StopSignal
from reelyard.cluster.objectstore.store import ObjectStore
from reelyard.cluster.work import Result, StoredObject, TaskSpec, Work
from reelyard.media.errors import ErrorCode, WorkError

log = structlog.get_logger(__name__)

W = TypeVar("W", bound=Work)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one attempt works with. `folder` is its own and removed afterwards."""

    task: TaskSpec
    held: HeldTask
    folder: Path
    store: ObjectStore
    measures: Measures = field(default_factory=Measures)
    _uploaded: list[str] = field(default_factory=list)

    @property
    def stop(self) -> StopSignal:
        """Set when the attempt must break off."""
        return self.held.stop

    def work(self, kind: type[W]) -> W:
        """The task's work, which must be of the stage's kind.

        Raises:
            WorkError: internal_error, when the scheduler sent a work that does not belong to the task's kind.
        """
        if not isinstance(self.task.work, kind):
            raise WorkError(
                ErrorCode.INTERNAL_ERROR,
                f"Task {self.task.task_id} is of kind {self.task.kind} and carries {type(self.task.work).__name__}.",
            )
        return self.task.work

    def upload(
        self, name: str, path: Path, *, mime_type: str, on_share: Callable[[int], None] | None = None
    ) -> StoredObject:
        """Put a file of the attempt's folder into the store under the attempt's prefix; the local file is given up.

        Args:
            name: last part of the key: fixed, plain ASCII.
            path: the file.
            mime_type: of its content.
            on_share: told how far it is, in thousandths.

        Raises:
            StoppedError: the attempt was stopped.
            StorageError: the store refused it.
        """
        key = self.task.output_prefix + name
        size = path.stat().st_size
        self._uploaded.append(key)  # before the first byte: whatever becomes of it can be discarded
        with self.measures.step(Step.UPLOAD):
            return self.store.put_file(key, path, mime_type=mime_type, move=True, progress=self.step(size, on_share))

    def step(self, total_bytes: int, on_share: Callable[[int], None] | None = None) -> Callable[[int], None]:
        """A progress function for the store that breaks the transfer off when the attempt was stopped."""

        def on_bytes(done: int) -> None:
            self.stop.check()
            if on_share is not None and total_bytes > 0:
                on_share(done * 1000 // total_bytes)

        return on_bytes

    def discard(self) -> None:
        """Delete what this attempt put into the store, because it did not win; the clean task gets the rest."""
        while self._uploaded:
            key = self._uploaded.pop()
            try:
                self.store.delete(key)
            except WorkError as error:
                log.warning("upload_not_discarded", key=key, error=error.message)


class Stage(Protocol):
    """Does the tasks of one kind."""

    def run(self, attempt: Attempt) -> Result:
        """Do it, or raise WorkError (it failed) or StoppedError (it was told to stop)."""
        ...
