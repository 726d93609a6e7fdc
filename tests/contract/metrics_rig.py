"""A scheduler's use cases whose committed transitions are counted as in a running scheduler."""

from typing import Any

from prometheus_client import CollectorRegistry

from scheduler.entrypoints.event_metrics import EventMetrics
from scheduler.store.database import Database
from tests.contract.lifecycle_rig import Rig
from tests.secret_key import SEALER


class Counted(Rig):
    """A rig with the registry of the scheduler that does everything; several may be on one database.

    `account` names the account that it makes.
    """

    def __init__(self, url: str, account: str = "first") -> None:
        self.registry = CollectorRegistry()
        super().__init__(Database(url, SEALER, after_commit=EventMetrics(self.registry).record), account)

    def value(self, name: str, **labels: Any) -> float:
        """What the metric shows; 0 when it shows nothing under these labels."""
        return self.registry.get_sample_value(f"reelyard_{name}", labels) or 0

    def shown(self, name: str) -> dict[tuple[str, ...], float]:
        """Every sample of a metric that is not 0, by its labels in the order of their names."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == f"reelyard_{name}" and sample.value
        }

    def exemplars(self, name: str) -> list[dict[str, str]]:
        """The exemplars of a metric's samples."""
        return [
            dict(sample.exemplar.labels)
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == f"reelyard_{name}" and sample.exemplar
        ]
