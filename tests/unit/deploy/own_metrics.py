"""Every metric of ours, with its labels: from the registries of the services themselves.

`own_metrics()` is what dashboards are held against. A metric that no registry below has yet stands in NOT_YET; what a
registry has must not (`test_what_exists_is_not_expected_any_more`).
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from deploy.grafana.lint_expressions import Metric
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.entrypoints.event_metrics import EventMetrics
from scheduler.entrypoints.loop_metrics import LoopMetrics


def registry() -> CollectorRegistry:
    """All that the three services register, in one place. The database behind it is never asked: labels need none."""
    everything = CollectorRegistry()
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


def own_metrics() -> dict[str, Metric]:
    """Each name as Prometheus stores it: a histogram is three of them, a counter ends in `_total`."""
    return dict(
        pair for name, (kind, labels) in (NOT_YET | registered()).items() for pair in _stored(name, kind, labels)
    )


def _stored(name: str, kind: str, labels: frozenset[str]) -> Iterator[tuple[str, Metric]]:
    if kind == "histogram":
        yield f"{name}_bucket", Metric(labels | {"le"}, counts=True)
        yield f"{name}_sum", Metric(labels, counts=True)
        yield f"{name}_count", Metric(labels, counts=True)
    elif kind == "counter":
        yield f"{name}_total", Metric(labels, counts=True)
    else:
        yield name, Metric(labels, counts=False)


def _expected(kind: str, lines: str) -> dict[str, tuple[str, frozenset[str]]]:
    found = {}
    for line in lines.split():
        name, _, labels = line.partition("{")
        found[f"reelyard_{name}"] = (kind, frozenset(filter(None, labels.rstrip("}").split(","))))
    return found


NOT_YET = (
    _expected(
        "counter",
        """
        http_requests{route,method,code} requests_rejected{reason}
        grpc_server_handled{grpc_service,grpc_method,grpc_code}
        task_attempts{stage,outcome,error_class} encode_frames{codec,accelerator,resolution}
        encode_media_seconds{codec,accelerator,preset,resolution}
        encode_busy_seconds{codec,accelerator,preset,resolution} encode_cpu_seconds{codec,preset}
        encode_bytes{direction,codec} encode_stalls{reason} gpu_session_open_failures{gpu,reason}
        storage_requests{op,outcome} storage_transferred_bytes{direction}
        """,
    )
    | _expected(
        "histogram",
        """
        http_request_duration_seconds{route,method} grpc_server_handling_seconds{grpc_service,grpc_method}
        task_stage_duration_seconds{stage,accelerator,outcome} encode_realtime_ratio{codec,accelerator,resolution}
        drain_duration_seconds{outcome} storage_request_duration_seconds{op}
        """,
    )
    | _expected(
        "gauge",
        """
        http_requests_in_flight queue_backlog_media_seconds{queue} encoder_slots{queue,accelerator}
        encoder_slots_in_use{queue,accelerator} gpu_encoder_sessions{gpu} gpu_encoder_sessions_limit{gpu}
        gpu_utilization_ratio{gpu,engine} capability_selftest{accelerator,codec} scratch_used_bytes
        scratch_capacity_bytes node_cost_per_hour{currency,node_class} build_info{service,version,commit,ffmpeg}
        """,
    )
)
