"""The tasks that this node holds, each under a lease with a deadline of the node's own.

The scheduler's database decides who holds a task. The deadline here is only the node's duty to stop in time: it is
counted from before the request that took or renewed the lease was sent, so it never lies later than the scheduler's.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from encoder_node.stop import StopReason, StopSignal
from reelyard.cluster.node_client import Progress, Stopped

log = structlog.get_logger(__name__)


def lease_clock() -> float:
    """Seconds on the clock that leases are counted by: it runs on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class HeldTask:
    """One task under a lease: its token, its progress and its stop signal.

    `log_fields` are what the log says of it where another thread than its own speaks of it.
    """

    def __init__(
        self, task_id: int, token: str, deadline: float, *, log_fields: Mapping[str, Any] | None = None
    ) -> None:
        self.task_id = task_id
        self.log_fields = {"task_id": task_id, **(log_fields or {})}
        self.token = token
        self.deadline = deadline
        self.stop = StopSignal()
        self._progress = Progress(task_id=task_id, token=token)
        self._lock = threading.Lock()

    @property
    def progress(self) -> Progress:
        """How far the task is."""
        return self._progress

    def report(
        self,
        *,
        permille: int = 0,
        storing_permille: int = 0,
        size_bytes: int = 0,
        mime_type: str = "",
    ) -> None:
        """Tell how far the task is (thousandths); the next heartbeat carries it. Progress never goes back."""
        with self._lock:
            old = self._progress
            self._progress = replace(
                old,
                permille=max(old.permille, min(permille, 1000)),
                storing_permille=max(old.storing_permille, min(storing_permille, 1000)),
                size_bytes=size_bytes or old.size_bytes,
                mime_type=mime_type or old.mime_type,
            )


class HeldTasks:
    """All tasks of the node. Safe between threads: workers add and remove, the heartbeat renews and stops."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: dict[str, HeldTask] = {}
        self._stopping: StopReason | None = None

    def add(self, task: HeldTask) -> None:
        """Take charge of a granted task; after `stop_all` it is stopped at once."""
        with self._changed:
            self._tasks[task.token] = task
            if self._stopping is not None:
                task.stop.set(self._stopping)
            self._changed.notify_all()

    def remove(self, task: HeldTask) -> None:
        """The task ended, well or not."""
        with self._changed:
            self._tasks.pop(task.token, None)
            self._changed.notify_all()

    def all(self) -> tuple[HeldTask, ...]:
        """The tasks held now."""
        with self._changed:
            return tuple(self._tasks.values())

    def renew(self, tasks: Iterable[HeldTask], deadline: float) -> None:
        """A heartbeat that carried these tasks was answered."""
        with self._changed:
            for task in tasks:
                task.deadline = max(task.deadline, deadline)
            self._changed.notify_all()

    def obey(self, orders: Iterable[Stopped]) -> None:
        """Stop what the scheduler said must stop; tokens that are no longer held are ignored."""
        with self._changed:
            for order in orders:
                task = self._tasks.get(order.token)
                if task is None:
                    continue
                known = order.reason in set(StopReason)
                log.info("task_stop_ordered", **task.log_fields, reason=order.reason)
                # A reason of a newer scheduler: whatever it means, the task is not ours to go on with.
                task.stop.set(StopReason(order.reason) if known else StopReason.LEASE_LOST)

    def stop_all(self, reason: StopReason) -> None:
        """Stop every task, now and to come."""
        with self._changed:
            self._stopping = reason
            for task in self._tasks.values():
                task.stop.set(reason)

    def stop_lapsed(self, now: float) -> float | None:
        """Stop the tasks whose deadline has passed; returns the next deadline, None when there is none."""
        with self._changed:
            running = [task for task in self._tasks.values() if task.stop.reason is None]
            for task in running:
                if task.deadline <= now:
                    log.warning("task_lease_lapsed", **task.log_fields)
                    task.stop.set(StopReason.LEASE_LOST)
            return min((task.deadline for task in running if task.deadline > now), default=None)

    def wait_change(self, timeout_s: float, *, unless: Callable[[], bool]) -> None:
        """Sleep until tasks come, go or are renewed, or somebody calls `wake`, or the time is over.

        `unless` is asked before, so that a `wake` that came just too early is not slept through.
        """
        with self._changed:
            if not unless():
                self._changed.wait(timeout_s)

    def wake(self) -> None:
        """Wake whoever sleeps in `wait_change`."""
        with self._changed:
            self._changed.notify_all()
