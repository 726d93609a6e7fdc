"""Every metric of ours, with its labels: from the registries of the services themselves.

`own_metrics()` is what dashboards are held against.
"""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

from deploy.grafana.lint_expressions import Metric
from encoder_node.gpu_metrics import GpuCollector
from encoder_node.metrics import NodeMetrics, ScratchCollector
from gateway.request_scope import RequestMetrics
from reelyard.cluster.metrics import Registry, build_info
from reelyard.cluster.objectstore.measured import StorageMetrics
from reelyard.cluster.rpc_server import CallInterceptor
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.entrypoints.event_metrics import EventMetrics
from scheduler.entrypoints.loop_metrics import LoopMetrics


def registry() -> Registry:
    """All that the three services register, in one place. The database behind it is never asked: labels need none."""
    everything = Registry()
    build_info(everything, "test")
    StorageMetrics(everything)
    NodeMetrics(everything)
    everything.register(GpuCollector())
    RequestMetrics(everything)
    CallInterceptor(everything)
    everything.register(ScratchCollector(Path("/")))
    EventMetrics(everything)
    LoopMetrics(everything)
    everything.register(BacklogCollector(None))
    return everything


def registered() -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels of each metric, by its name as it is declared."""
    found = {}
    for collector in list(registry()._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            found[collector._name] = (collector._type, frozenset(collector._labelnames))
        else:
            found |= {each.name: (each.type, frozenset(each._labelnames)) for each in collector.describe()}
    return found


def buckets() -> dict[str, set[str]]:
    """What `le` is, letter for letter, in the buckets of each histogram."""
    return {
        f"{collector._name}_bucket": {floatToGoString(bound) for bound in collector._upper_bounds}
        for collector in registry()._collector_to_names
        if isinstance(collector, Histogram)
    }


def own_metrics() -> dict[str, Metric]:
    """Each name as Prometheus stores it: a histogram is three of them, a counter ends in `_total`."""
    return dict(pair for name, (kind, labels) in registered().items() for pair in _stored(name, kind, labels))


def _stored(name: str, kind: str, labels: frozenset[str]) -> Iterator[tuple[str, Metric]]:
    if kind == "histogram":
        yield f"{name}_bucket", Metric(labels | {"le"}, counts=True)
        yield f"{name}_sum", Metric(labels, counts=True)
        yield f"{name}_count", Metric(labels, counts=True)
    elif kind == "counter":
        yield f"{name}_total", Metric(labels, counts=True)
    else:
        yield name, Metric(labels, counts=False)
