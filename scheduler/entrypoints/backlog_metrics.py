"""The installation's state as Prometheus gauges, read from the database whenever they are scraped."""

from collections.abc import Collection, Iterator, Mapping

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import DatabaseError

from reelyard.cluster.outage import Outage
from reelyard.cluster.slow_reading import SlowReading
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import UnavailableError
from scheduler.domain.job import JOB
from scheduler.domain.task import TASK, TaskState
from scheduler.store.database import Database
from scheduler.usecases.read_gauges import ACCELERATORS, NODE_STATES, Gauges, read_gauges

log = structlog.get_logger(__name__)

#: How long a scrape waits for the database, in seconds. Prometheus gives a scrape 10 by default, and the process's own
#: metrics must not be lost with the database's.
DATABASE_WAIT_S = 5.0

_MS = 1000
_DELAYED = "delayed"
_KINDS = {TaskKind.NOTIFY: "ping", TaskKind.MAIL: "mail"}
_DATABASE_UP = "reelyard_database_up"

#: Each gauge by name without the prefix: what it says, and its labels.
_GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "jobs": ("Jobs that have not ended.", ("state",)),
    "tasks": ("Tasks that have not ended; delayed ones wait for a set time.", ("queue", "state")),
    "queue_oldest_task_age_seconds": (
        "For how long the oldest task has been due that no node has claimed.",
        ("queue",),
    ),
    "queue_backlog_media_seconds": (
        "Seconds of media that a queue has still to go through: what is due or queued, and what is left of what runs.",
        ("queue",),
    ),
    "outbox_pending": ("Hints that are out and that no node has claimed.", ("topic",)),
    "outbox_oldest_age_seconds": ("How long ago the oldest unclaimed hint was sent.", ("topic",)),
    "webhook_pending": ("Notifications that are not delivered and not given up.", ("kind",)),
    "nodes": ("Nodes; lost ones are counted for an hour.", ("state", "accelerator")),
    "queue_nodes": ("Nodes that take tasks of the queue.", ("queue",)),
    "queue_slots": ("Tasks of the queue that those nodes can run at once.", ("queue",)),
    "queue_slots_in_use": ("Tasks of the queue that those nodes run.", ("queue",)),
    "pool_given_up": (
        "1 while a declared pool that did not come when it was waited for is given up, else 0.",
        ("queue",),
    ),
    "upkeep_overdue_seconds": ("For how long upkeep has been due that no scheduler does, or that fails.", ("name",)),
    "scheduler_leader": ("1 while this scheduler holds a turn at upkeep, else 0.", ()),
}
#: Each gauge by the name that Prometheus knows, with its labels; who asks for one is held against this.
GAUGES: Mapping[str, frozenset[str]] = {f"reelyard_{name}": frozenset(labels) for name, (_, labels) in _GAUGES.items()}


class BacklogCollector(Collector):
    """What the database knows of jobs, tasks, queues and nodes.

    Every scheduler of a cluster shows the same numbers, since they share the database: take the maximum, not the sum.
    While the database can't be reached they are absent, not zero, and `reelyard_database_up` is 0.

    Args:
        database: what is read.
        holder: names this scheduler in the turns that it takes at upkeep.
        pools: the queues whose pools of nodes may be at zero; no other is ever given up.
        wait_s: for how long a scrape waits for the database, in seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str = "",
        pools: Collection[str] = (),
        wait_s: float = DATABASE_WAIT_S,
    ) -> None:
        self._database = database
        self._holder = holder
        self._pools = pools
        self._wait_s = wait_s
        self._reading = SlowReading(self._read, name="gauges")
        self._outage = Outage(log, begins="gauges_not_read", ends="gauges_read_again")

    def describe(self) -> Iterator[Metric]:
        """See prometheus_client: what there is, without asking the database."""
        yield _up()
        yield from _families().values()

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        gauges = self._reading.get(self._wait_s)
        yield _up(0 if gauges is None else 1)
        if gauges is not None:
            families = _families()
            _fill(families, gauges)
            yield from families.values()

    def _read(self) -> Gauges | None:
        """What the database says now; None when it does not."""
        try:
            gauges = read_gauges(self._database, holder=self._holder, pools=self._pools)
        except UnavailableError as error:
            self._outage.failed(error.message)
        except DatabaseError as error:  # its tables are not there yet, or it took longer than a statement may
            self._outage.failed(type(error).__name__)
        else:
            self._outage.over()
            return gauges
        return None


def _up(*values: int) -> GaugeMetricFamily:
    family = GaugeMetricFamily(_DATABASE_UP, "1 when the database answered just now, else 0.")
    for value in values:
        family.add_metric((), value)
    return family


def _families() -> dict[str, GaugeMetricFamily]:
    return {
        name: GaugeMetricFamily(f"reelyard_{name}", help_text, labels=labels)
        for name, (help_text, labels) in _GAUGES.items()
    }


def _fill(families: Mapping[str, GaugeMetricFamily], gauges: Gauges) -> None:
    """Put the numbers in; what can be there at all is there, with 0 where there is nothing."""
    for state in JOB.active:
        families["jobs"].add_metric((state,), gauges.jobs.get(state, 0))
    _fill_tasks(families, gauges)
    for kind, name in _KINDS.items():
        families["webhook_pending"].add_metric((name,), gauges.notifications.get(kind, 0))
    for node_state in NODE_STATES:
        for accelerator in ACCELERATORS:
            count = gauges.nodes.get((node_state, accelerator), 0)
            families["nodes"].add_metric((node_state, accelerator), count)
    for queue, capacity in gauges.capacity.items():
        families["queue_nodes"].add_metric((queue,), capacity.nodes)
        families["queue_slots"].add_metric((queue,), capacity.slots)
        families["queue_slots_in_use"].add_metric((queue,), capacity.in_use)
    for queue, seconds in gauges.media_s.items():
        families["queue_backlog_media_seconds"].add_metric((queue,), seconds)
    for queue, is_given_up in gauges.given_up.items():
        families["pool_given_up"].add_metric((queue,), int(is_given_up))
    for name, overdue_ms in gauges.overdue_ms.items():
        families["upkeep_overdue_seconds"].add_metric((name,), overdue_ms / _MS)
    families["scheduler_leader"].add_metric((), int(gauges.holds_turn))


def _fill_tasks(families: Mapping[str, GaugeMetricFamily], gauges: Gauges) -> None:
    entries = {(entry.queue, entry.state): entry for entry in gauges.backlog}
    for queue in sorted({*Queue, *(entry.queue for entry in gauges.backlog)}):
        found = {state: entries[queue, state] for state in TASK.active if (queue, state) in entries}
        waiting, queued = found.get(TaskState.WAITING), found.get(TaskState.QUEUED)
        delayed = waiting.delayed if waiting else 0
        counts = {state: found[state].tasks if state in found else 0 for state in TASK.active}
        for state, count in (
            counts | {TaskState.WAITING: counts[TaskState.WAITING] - delayed, _DELAYED: delayed}
        ).items():
            families["tasks"].add_metric((queue, state), count)
        oldest_ms = max((entry.oldest_ms for entry in found.values()), default=0)
        families["queue_oldest_task_age_seconds"].add_metric((queue,), oldest_ms / _MS)
        families["outbox_pending"].add_metric((queue,), counts[TaskState.QUEUED])
        families["outbox_oldest_age_seconds"].add_metric((queue,), (queued.hint_ms if queued else 0) / _MS)
