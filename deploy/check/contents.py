"""What each overlay must hold, so that a component that was dropped is missed; and that Prometheus finds every pod."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from deploy.check.objects import Overlay, selects
from deploy.check.problem import Problem
from deploy.check.render import combinations

_SERVICES = (
    "Namespace/reelyard",
    "PriorityClass/reelyard-control",
    "PriorityClass/reelyard-batch",
    "Deployment/reelyard-gateway",
    "Deployment/reelyard-scheduler",
    "Deployment/reelyard-ingest",
    "Deployment/reelyard-encoder-cpu",
    "Deployment/reelyard-deliver",
    "Job/reelyard-migrate",
    "PodDisruptionBudget/reelyard-gateway",
    "PodDisruptionBudget/reelyard-scheduler",
    "PodDisruptionBudget/reelyard-ingest",
    "PodDisruptionBudget/reelyard-encoder-cpu",
    "PodDisruptionBudget/reelyard-deliver",
)
_DASHBOARDS = tuple(
    f"ConfigMap/reelyard-dashboard-{name}" for name in ("overview", "queues", "nodes", "gpu", "api", "storage", "cost")
)
_PROD = (
    *_SERVICES,
    *_DASHBOARDS,
    "ScaledObject/reelyard-ingest",
    "ScaledObject/reelyard-encoder-cpu",
    "ScaledObject/reelyard-deliver",
    "HorizontalPodAutoscaler/reelyard-gateway",
    "PodMonitor/reelyard",
    "PrometheusRule/reelyard",
    "NetworkPolicy/default-deny",
)
_GPU = (
    "Deployment/reelyard-encoder-gpu",
    "ScaledObject/reelyard-encoder-gpu",
    "PodDisruptionBudget/reelyard-encoder-gpu",
)
#: By overlay: "Kind/name".
REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "dev": (*_SERVICES, "StatefulSet/postgresql", "StatefulSet/rabbitmq", "StatefulSet/minio"),
        "prod": (*_PROD, "Ingress/reelyard-gateway"),
        "prod-gpu": (*_PROD, *_GPU, "Ingress/reelyard-gateway"),
        "migrate-post": ("Job/reelyard-migrate-post",),
    }
)
#: What a Job that migrates is told, by its name.
_MIGRATIONS: Mapping[str, list[str]] = MappingProxyType(
    {"reelyard-migrate": ["migrate"], "reelyard-migrate-post": ["migrate", "--post"]}
)
#: A broker must wait for the answer to a hint as long as a task may take (REELYARD_TASK_SECONDS); milliseconds there.
_TASK_MS = 86_400_000
_CONSUMER_TIMEOUT = re.compile(r"^\s*consumer_timeout *= *(\d+)$", re.MULTILINE)
_OPERATOR = "monitoring.coreos.com/"


def check(overlay: Overlay) -> Iterator[Problem]:
    """What is missing, and which pods no Prometheus would scrape, or scrape twice."""
    for wanted in _required(overlay.name):
        kind, _, name = wanted.partition("/")
        if not any(item.name == name for item in overlay.of(kind)):
            yield Problem(where=overlay.name, what=f"{wanted} is not there")
    yield from _scrapes(overlay)
    yield from _brokers(overlay)
    for job in overlay.of("Job"):
        told = job.get("spec", "template", "spec", "containers", 0, "args")
        if told != _MIGRATIONS.get(job.name, told):
            yield Problem(where=job.where, what=f"its args are {told}, not {_MIGRATIONS[job.name]}")


def _brokers(overlay: Overlay) -> Iterator[Problem]:
    configs = [
        *(
            (item, item.get("spec", "rabbitmq", "additionalConfig", default=""))
            for item in overlay.of("RabbitmqCluster")
        ),
        *(
            (item, "\n".join((item.get("data", default={}) or {}).values()))
            for item in overlay.of("ConfigMap")
            if item.name.startswith("rabbitmq-conf")
        ),
    ]
    for item, text in configs:
        found = _CONSUMER_TIMEOUT.search(text)
        if found is None or int(found[1]) < _TASK_MS:
            what = f"consumer_timeout is {found[1] if found else 'not set'}; encodes may take {_TASK_MS} ms"
            yield Problem(where=item.where, what=what)


def _required(name: str) -> tuple[str, ...]:
    if name in REQUIRED:
        return REQUIRED[name]
    # A combination has what the overlay beneath it has; one that takes a back end away from dev has another for it.
    beneath = combinations()[name]["overlay"] if name in combinations() else ""
    return tuple(one for one in REQUIRED.get(beneath, ()) if one != "StatefulSet/minio")


def _scrapes(overlay: Overlay) -> Iterator[Problem]:
    monitors = [item for item in overlay.of("PodMonitor", "ServiceMonitor") if item.kind == "PodMonitor"]
    for pod in overlay.pods if monitors else ():
        if pod.labels.get("app.kubernetes.io/name") != "reelyard" or not _has_metrics(pod.ports()):
            continue
        takers = [one.name for one in monitors if selects(one.get("spec", "selector"), pod.labels)]
        if len(takers) != 1:
            said = "no PodMonitor takes its pods" if not takers else f"its pods are scraped by {', '.join(takers)}"
            yield Problem(where=pod.where, what=said)
    releases = {
        item.where: item.labels.get("release", "")
        for item in overlay.objects
        if str(item.get("apiVersion")).startswith(_OPERATOR)
    }
    if len(set(releases.values())) > 1:
        for where, release in releases.items():
            what = f"label release is {release or 'not there'}; all monitors and rules must have the same"
            yield Problem(where=where, what=what)


def _has_metrics(ports: Iterator[Mapping[str, object]]) -> bool:
    return any(port.get("name") == "metrics" for port in ports)
