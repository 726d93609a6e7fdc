"""The backlog in seconds of media as a Prometheus metric, read from the database whenever it is scraped."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reelyard.media.errors import UnavailableError
from scheduler.store.database import Database
from scheduler.usecases.read_media_backlog import read_media_backlog

log = structlog.get_logger(__name__)


class MediaBacklogCollector(Collector):
    """What every queue has still to do, also where no node serves it: the number by which its pool is scaled.

    A queue without work shows 0, so that an autoscaler tells "nothing to do" from "not known": while the database
    can't be reached the metric is absent. Every scheduler shows the same numbers: take the maximum, not the sum.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        try:
            backlog = read_media_backlog(self._database)
        except UnavailableError as error:
            log.warning("media_backlog_not_measured", reason=error.message)
            return
        seconds = GaugeMetricFamily(
            "reelyard_queue_backlog_media_seconds",
            "Seconds of media that a queue has still to go through: due and queued tasks whole, what is left of "
            "running ones.",
            labels=("queue",),
        )
        for queue, value in backlog.items():
            seconds.add_metric((queue,), value)
        yield seconds
