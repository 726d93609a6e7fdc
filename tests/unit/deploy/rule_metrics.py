"""The names that rules may use, with their labels: ours, and those of others that an operator has beside them."""

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

from deploy.grafana.lint_expressions import children
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from tests.unit.deploy.own_metrics import own_metrics

#: What Prometheus adds to every series, in Kubernetes or without.
SCRAPE_LABELS = frozenset({"namespace", "pod", "instance", "job", "container", "exported_pod"})

_HPA = frozenset({"horizontalpodautoscaler"})
_XID = frozenset({"gpu", "Hostname", "UUID", "modelName"})
OTHERS: Mapping[str, frozenset[str]] = {
    "up": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    "rabbitmq_alarms_memory_used_watermark": frozenset(),
    "rabbitmq_alarms_free_disk_space_watermark": frozenset(),
    "rabbitmq_channel_messages_unroutable_dropped_total": frozenset(),
    "rabbitmq_channel_messages_unroutable_returned_total": frozenset(),
    "rabbitmq_detailed_queue_consumers": frozenset({"queue", "vhost"}),
    "keda_scaler_detail_errors_total": frozenset({"scaledObject", "scaler", "metric", "type"}),
    "keda_scaled_object_errors_total": frozenset({"scaledObject"}),
    "kube_horizontalpodautoscaler_status_current_replicas": _HPA,
    "kube_horizontalpodautoscaler_spec_max_replicas": _HPA,
    "kube_pod_status_phase": frozenset({"phase"}),
    "container_cpu_cfs_throttled_periods_total": frozenset(),
    "DCGM_FI_DEV_XID_ERRORS": _XID,
}


def own_metric_names() -> dict[str, frozenset[str]]:
    """Every metric of ours as Prometheus stores it, with its labels: what the services' registries have."""
    return {name: metric.labels for name, metric in own_metrics().items()}


def database_gauges() -> frozenset[str]:
    """Those that every scheduler reads from the database, and exports with the same value."""
    per_process = {"reelyard_database_up", "reelyard_scheduler_leader"}
    return frozenset(family.name for family in BacklogCollector(None).describe()) - per_process


def nodes(node: Any) -> Iterator[Any]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from nodes(child)


def selectors(expression: str) -> list[Any]:
    """Every selector of series in an expression."""
    return [node for node in nodes(promql.parse(expression)) if isinstance(node, promql.VectorSelector)]
