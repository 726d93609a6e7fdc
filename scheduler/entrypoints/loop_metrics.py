"""Measures the scheduler's threads, and notes whether the broker answered when it was last asked."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Gauge, Histogram

#: A sweep over a dead store's leases or a full orphan sweep takes minutes; a round with nothing to do, milliseconds.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)

LOOPS = ("dispatch", "sweep", "upkeep")


class LoopMetrics:
    """How long the rounds of each loop take, and the broker as it was last seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            "reelyard_scheduler_loop_duration_seconds",
            "Time that one round of a loop took.",
            ["loop"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._broker = Gauge(
            "reelyard_broker_up", "1 when the broker answered when it was last asked, else 0.", registry=registry
        )
        for name in LOOPS:
            self._duration.labels(name)

    def timer(self, loop: str) -> Callable[[], AbstractContextManager[object]]:
        """What measures a round of one of LOOPS, when it is called for a `with` block."""
        return self._duration.labels(loop).time

    def broker_seen(self, answered: bool) -> None:  # noqa: FBT001  # the one thing that is said
        """Note whether the broker answered just now."""
        self._broker.set(1 if answered else 0)
