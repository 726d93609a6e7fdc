"""The metrics of others that the dashboards may ask for, with the labels that they may use of each."""

from collections.abc import Mapping

_QUEUE = frozenset({"queue", "vhost"})
_HPA = frozenset({"horizontalpodautoscaler"})
_KEDA = frozenset({"scaledObject", "scaledResource", "scaler", "metric", "triggerName", "type"})
_GPU = frozenset({"gpu", "Hostname", "modelName", "UUID"})

#: Labels that Prometheus or the monitors put on everything that they scrape.
SCRAPE_LABELS = frozenset({"namespace", "pod", "instance", "job", "container", "service", "node", "endpoint"})

THIRD_PARTY: Mapping[str, frozenset[str]] = {
    # RabbitMQ's own plug-in, /metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count and /metrics
    "rabbitmq_detailed_queue_messages_ready": _QUEUE,
    "rabbitmq_detailed_queue_messages_unacked": _QUEUE,
    "rabbitmq_detailed_queue_consumers": _QUEUE,
    "rabbitmq_alarms_memory_used_watermark": frozenset(),
    "rabbitmq_alarms_free_disk_space_watermark": frozenset(),
    "rabbitmq_alarms_file_descriptor_limit": frozenset(),
    "rabbitmq_channel_messages_unroutable_dropped_total": frozenset(),
    "rabbitmq_channel_messages_unroutable_returned_total": frozenset(),
    # KEDA's operator
    "keda_scaler_active": _KEDA,
    "keda_scaler_metrics_value": _KEDA,
    "keda_scaler_detail_errors_total": _KEDA,
    "keda_scaled_object_errors_total": frozenset({"scaledObject"}),
    # kube-state-metrics
    "kube_horizontalpodautoscaler_spec_max_replicas": _HPA,
    "kube_horizontalpodautoscaler_status_current_replicas": _HPA,
    "kube_horizontalpodautoscaler_status_desired_replicas": _HPA,
    "kube_deployment_status_replicas_available": frozenset({"deployment"}),
    "kube_deployment_status_replicas_unavailable": frozenset({"deployment"}),
    "kube_pod_status_phase": frozenset({"phase"}),
    # Prometheus itself, and the client library in each of our processes
    "up": frozenset(),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    "process_open_fds": frozenset(),
    "process_max_fds": frozenset(),
    # NVIDIA's DCGM exporter
    "DCGM_FI_DEV_XID_ERRORS": _GPU,
    "DCGM_FI_DEV_GPU_UTIL": _GPU,
    "DCGM_FI_DEV_ENC_UTIL": _GPU,
    "DCGM_FI_DEV_DEC_UTIL": _GPU,
    "DCGM_FI_DEV_FB_USED": _GPU,
}

#: Of these the namespace is where the exporter runs, not where Reelyard does.
ELSEWHERE = ("rabbitmq_", "keda_", "DCGM_")
