"""A scheduler's use cases whose committed transitions are counted as in a running scheduler."""

from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from reelyard.cluster.work import Queue
from reelyard.media.output import OutputRequest
from scheduler.entrypoints.event_metrics import EventMetrics
from scheduler.store.database import Database
from tests.contract.lifecycle_rig import Rig
from tests.secret_key import SEALER

ALL = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
TOLD = OutputRequest(
    output_format_id=0, container="mp4", ping_url="https://hooks.example/x", notification_email="ops@example.com"
)
HOUR_MS = 3_600_000


class Counted(Rig):
    """A rig with the registry of the scheduler that does everything; several may be on one database.

    `account` names the account that it makes.
    """

    def __init__(self, url: str, account: str = "first") -> None:
        self.registry = CollectorRegistry()
        super().__init__(Database(url, SEALER, after_commit=EventMetrics(self.registry).record), account)

    def value(self, name: str, **labels: Any) -> float:
        """What the metric shows under these labels, all of its own.

        Raises:
            LookupError: it shows nothing under them, not even 0: a name or a label is wrong, or nothing began it.
        """
        found = self.registry.get_sample_value(f"reelyard_{name}", labels)
        if found is None:
            raise LookupError(f"no series reelyard_{name} with the labels {labels}")
        return found

    def shown(self, name: str) -> dict[tuple[str, ...], float]:
        """Every sample of a metric that is not 0, by its labels in the order of their names.

        Raises:
            LookupError: there is no such metric.
        """
        found = {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in self._samples(name)
        }
        return {labels: value for labels, value in found.items() if value}

    def exemplars(self, name: str) -> list[dict[str, str]]:
        """The exemplars of a metric's samples.

        Raises:
            LookupError: there is no such metric.
        """
        return [dict(sample.exemplar.labels) for sample in self._samples(name) if sample.exemplar]

    def _samples(self, name: str) -> list[Sample]:
        families = self.registry.collect()
        found = [sample for family in families for sample in family.samples if sample.name == f"reelyard_{name}"]
        if not found:
            raise LookupError(f"no series of reelyard_{name}")
        return found
