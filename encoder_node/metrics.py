"""What a node measures."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Seconds: a notification takes tenths, an encode may take hours.
_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 10800, 36000)


class NodeMetrics:
    """Counters of one node process.

    Args:
        registry: where they are read.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.running = Gauge(
            "reelyard_node_running_tasks", "Tasks that the node works on.", ["kind"], registry=registry
        )
        self.ended = Counter(
            "reelyard_node_tasks", "Tasks that ended on the node.", ["kind", "outcome"], registry=registry
        )
        self.seconds = Histogram(
            "reelyard_node_task_seconds", "How long tasks took.", ["kind"], buckets=_BUCKETS, registry=registry
        )
