"""docs/metrics.md tells every metric of every service, and no other."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

import gateway.wiring
import scheduler.wiring
from encoder_node.gpu_metrics import GpuCollector
from encoder_node.metrics import NodeMetrics, ScratchCollector
from gateway.settings import GatewaySettings
from reelyard.cluster.metrics import Registry, build_info, new_registry
from reelyard.cluster.objectstore.measured import StorageMetrics
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.settings import SchedulerSettings
from scheduler.store.database import Database
from tests.secret_key import SECRET_KEY

TABLE = Path(__file__).parents[2] / "docs" / "metrics.md"
PREFIX = "reelyard_"
TYPES = {"C": "counter", "G": "gauge", "H": "histogram"}
#: Gauges of the database that tell of the scheduler that is asked.
OF_ONE_SCHEDULER = {"reelyard_database_up", "reelyard_scheduler_leader"}

#: A metric's type and labels, by name.
Metrics = dict[str, tuple[str, frozenset[str]]]


def rows() -> dict[str, list[str]]:
    """The cells of the table's rows, by metric."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith(f"| `{PREFIX}")]
    assert len({row[0] for row in cells}) == len(cells) > 50, "a metric stands twice in the table, or few do"
    return {row[0].strip("`"): row[1:] for row in cells}


def told(service: str) -> Metrics:
    """What the table says that a service exports."""
    return {
        name: (TYPES[kind], frozenset(filter(None, labels.split(", "))))
        for name, (kind, labels, _unit, services, _max, _question) in rows().items()
        if service in services.split(", ")
    }


def measured(registry: Registry) -> Metrics:
    """What is registered, with or without a value."""
    found: Metrics = {}
    for collector in registry._collector_to_names:  # collect() tells no labels where there is no value
        if isinstance(collector, MetricWrapperBase):
            families = [(collector._name, collector._type, collector._labelnames)]
        else:
            described = collector.describe() if hasattr(collector, "describe") else collector.collect()
            families = [(each.name, each.type, getattr(each, "_labelnames", ())) for each in described]
        for name, kind, labels in families:
            shown = f"{name}_total" if kind == "counter" else name
            if shown.startswith(PREFIX):
                found[shown] = (kind, frozenset(labels))
    return found


def of_gateway(registry: Registry, folder: Path) -> None:
    settings = GatewaySettings(storage_url=(folder / "store").as_uri(), scheduler_address=("127.0.0.1:9",), http_port=0)
    service = gateway.wiring.build(settings, registry=registry)
    service.start()
    service.stop()


def of_scheduler(registry: Registry, folder: Path) -> None:
    settings = SchedulerSettings(
        database_url=f"sqlite:///{folder / 'reelyard.db'}",
        broker_url="memory:",
        listen="127.0.0.1:0",
        secret_key=(SECRET_KEY,),
        storage_url=(folder / "store").as_uri(),
    )
    scheduler.wiring.build(settings, registry=registry).stop()


def of_node(registry: Registry, folder: Path) -> None:
    NodeMetrics(registry)
    registry.register(ScratchCollector(folder))
    registry.register(GpuCollector())
    registry.once(StorageMetrics)
    build_info(registry, "node")


SERVICES: Mapping[str, Callable[[Registry, Path], None]] = {
    "gateway": of_gateway,
    "scheduler": of_scheduler,
    "node": of_node,
}


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_tells_what_a_service_exports(service: str, tmp_path: Path) -> None:
    registry = new_registry()

    SERVICES[service](registry, tmp_path)

    assert measured(registry) == told(service)


def test_every_row_is_of_some_service() -> None:
    for name, row in rows().items():
        assert set(row[3].split(", ")) <= set(SERVICES), name
        assert "?" in row[5], name


def test_the_gauges_that_every_scheduler_shows_alike_take_the_maximum() -> None:
    database = Database("postgresql://user:password@127.0.0.1:9/none")
    alike = {family.name for family in BacklogCollector(database).describe()} - OF_ONE_SCHEDULER
    database.close()

    assert alike <= {name for name, row in rows().items() if row[4] == "max"}
    assert {(row[0], row[3], row[4]) for row in rows().values() if row[4]} == {("G", "scheduler", "max")}


def test_no_label_holds_an_id() -> None:
    labels = {label for row in rows().values() for label in row[1].split(", ")}

    assert not [label for label in labels if re.search("(^|_)id$|account|tenant|url|job|user", label)]
