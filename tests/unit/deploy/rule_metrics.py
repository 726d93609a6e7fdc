"""The names that rules may use, with their labels: ours, and those of others that an operator has beside them."""

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

#: What Prometheus adds to every series, in Kubernetes or without.
SCRAPE_LABELS = frozenset({"namespace", "pod", "instance", "job", "container", "exported_pod"})

_H, _C, _G = "histogram", "counter", "gauge"
#: Ours, by what the metric is: name and labels. Gauges of `_DATABASE` are exported by every scheduler.
_OWN = {
    _H: """http_request_duration_seconds route method | grpc_server_handling_seconds grpc_service grpc_method |
        job_duration_seconds profile outcome | job_queue_wait_seconds queue | scheduler_loop_duration_seconds loop |
        webhook_delivery_lag_seconds kind | task_stage_duration_seconds stage accelerator outcome |
        encode_realtime_ratio codec accelerator resolution | drain_duration_seconds outcome |
        storage_request_duration_seconds op""",
    _C: """http_requests route method code | requests_rejected reason | jobs_submitted profile |
        grpc_server_handled grpc_service grpc_method grpc_code | jobs_finished outcome profile error_class |
        task_retries queue error_class | tasks_dead_lettered queue reason | task_leases_expired queue |
        tasks_interrupted queue reason | webhook_deliveries kind outcome | deliveries scheme outcome |
        task_attempts stage outcome error_class | encode_frames codec accelerator resolution |
        encode_media_seconds codec accelerator preset resolution | encode_stalls reason |
        encode_busy_seconds codec accelerator preset resolution | encode_cpu_seconds codec preset |
        encode_bytes direction codec | gpu_session_open_failures gpu reason | storage_requests op outcome |
        storage_transferred_bytes direction""",
    _G: """http_requests_in_flight | scheduler_leader | broker_up | database_up | encoder_slots queue accelerator |
        encoder_slots_in_use queue accelerator | gpu_encoder_sessions gpu | gpu_encoder_sessions_limit gpu |
        gpu_utilization_ratio gpu engine | capability_selftest accelerator codec | scratch_used_bytes |
        scratch_capacity_bytes | node_cost_per_hour currency node_class | build_info service version commit ffmpeg""",
}
_DATABASE = """jobs state | queue_oldest_task_age_seconds queue | tasks queue state |
    queue_backlog_media_seconds queue |
    upkeep_overdue_seconds name | outbox_pending topic | outbox_oldest_age_seconds topic | nodes state accelerator |
    queue_slots queue | queue_slots_in_use queue | queue_nodes queue | webhook_pending kind"""

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


def _listed(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    for entry in text.split("|"):
        name, *labels = entry.split()
        yield f"reelyard_{name}", frozenset(labels)


def own_metric_names() -> dict[str, frozenset[str]]:
    """Every metric of ours as Prometheus stores it, with its labels."""
    found = dict(_listed(_OWN[_G])) | dict(_listed(_DATABASE))
    for name, labels in _listed(_OWN[_C]):
        found[f"{name}_total"] = labels
    for name, labels in _listed(_OWN[_H]):
        found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
    return found


def database_gauges() -> frozenset[str]:
    """Those that every scheduler exports with the same value."""
    return frozenset(name for name, _ in _listed(_DATABASE))


def children(node: Any) -> list[Any]:
    """The nodes below a node of a PromQL expression."""
    if isinstance(node, promql.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql.Call):
        return list(node.args)
    if isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.SubqueryExpr | promql.UnaryExpr):
        return [node.expr]
    if isinstance(node, promql.MatrixSelector):
        return [node.vector_selector]
    return []


def nodes(node: Any) -> Iterator[Any]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from nodes(child)


def selectors(expression: str) -> list[Any]:
    """Every selector of series in an expression."""
    return [node for node in nodes(promql.parse(expression)) if isinstance(node, promql.VectorSelector)]
