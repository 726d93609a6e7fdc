"""A node that does one task and ends, whatever number of queues it serves: `reelyard node --once`."""

import threading
from collections.abc import Callable


class OneTask:
    """Lets one claim try at a time, from `open` on, and no other once a task was granted.

    `over` is set when the task has ended, or when none came in time. A hint that is not let in goes back to the broker.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._on_granted: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        self._open = False
        self._claiming = False
        self._closed = False
        self._granted = False
        self._time_is_over = False

    def on_granted(self, call: Callable[[], None]) -> None:
        """Call this as soon as a task is granted, in the thread that will do it."""
        self._on_granted = call

    @property
    def granted(self) -> bool:
        """Whether there was a task."""
        with self._changed:
            return self._granted

    def open(self) -> None:
        """Let claims in: all that must be stopped when one of them is granted has been started."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def begin_claim(self) -> bool:
        """Wait for the turn to claim; False when there is nothing more to claim. `end_claim` must follow a True."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._open and not self._claiming))
            if self._closed:
                return False
            self._claiming = True
            return True

    def end_claim(self, *, granted: bool) -> None:
        """End the turn: with the one task, or without."""
        with self._changed:
            self._claiming = False
            self._granted = self._granted or granted
            gives_up = not granted and self._time_is_over
            self._closed = self._closed or granted or gives_up
            self._changed.notify_all()
        if granted:
            self._on_granted()
        elif gives_up:
            self.over.set()

    def end_time(self) -> None:
        """No task came in time: claim none any more. A claim that is under way may still bring one."""
        with self._changed:
            self._time_is_over = True
            if self._claiming or self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self.over.set()

    def close(self) -> None:
        """Claim nothing any more: the node is told to stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
