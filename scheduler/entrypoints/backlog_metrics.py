"""The backlog as Prometheus metrics, read from the database whenever they are scraped."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reelyard.media.errors import UnavailableError
from scheduler.store.database import Database
from scheduler.usecases.read_backlog import read_backlog

log = structlog.get_logger(__name__)


class BacklogCollector(Collector):
    """Tasks by queue and state, and how long the oldest one has waited.

    Every scheduler of a cluster shows the same numbers, since they share the database: take the maximum, not the sum.
    While the database can't be reached the metrics are absent, not zero.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        try:
            backlog = read_backlog(self._database)
        except UnavailableError as error:
            log.warning("backlog_not_measured", reason=error.message)
            return
        tasks = GaugeMetricFamily(
            "reelyard_tasks", "Tasks that have not ended, by queue and state.", labels=("queue", "state")
        )
        oldest = GaugeMetricFamily(
            "reelyard_oldest_task_wait_seconds",
            "How long ago the oldest task that could run at once was created.",
            labels=("queue",),
        )
        ages: dict[str, int] = {}
        for entry in backlog:
            tasks.add_metric((entry.queue, entry.state), entry.tasks)
            ages[entry.queue] = max(ages.get(entry.queue, 0), entry.oldest_ms)
        for queue, age_ms in ages.items():
            oldest.add_metric((queue,), age_ms / 1000)
        yield tasks
        yield oldest
