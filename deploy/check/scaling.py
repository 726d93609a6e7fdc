"""Scalers: what they ask Prometheus exists and is about the queues of the pods that they scale."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

from deploy.check.objects import Object, Overlay, Pod, dig
from deploy.check.problem import Problem
from deploy.check.settings import slots_of
from deploy.grafana.lint_expressions import selectors
from reelyard.cluster.work import Queue
from scheduler.entrypoints.backlog_metrics import GAUGES

#: What the scraping adds to each series.
_SCRAPE_LABELS = frozenset({"namespace", "pod", "container", "job", "instance"})
#: What `reelyard_tasks` says of a task.
_STATES = frozenset({"waiting", "delayed", "queued", "running"})
_PIECES = re.compile(r"[A-Za-z0-9_.]+")


def check(overlay: Overlay) -> Iterator[Problem]:
    """Queries that would never be answered, targets that they are not about, pools that nothing scales."""
    servers = set()
    for item in overlay.of("ScaledObject", "ScaledJob", "HorizontalPodAutoscaler"):
        pod = item.pod or _target(overlay, item)
        triggers = [one for one in item.get("spec", "triggers", default=()) if one.get("type") == "prometheus"]
        servers |= {dig(trigger, "metadata", "serverAddress") for trigger in triggers}
        found = [what for trigger in triggers for what in _trigger(overlay, item, pod, trigger["metadata"])]
        for what in (*found, *_numbers(item), *_autoscaler(pod, item)):
            yield Problem(where=item.where, what=what)
    if len(servers) > 1:
        yield Problem(where=overlay.name, what=f"scalers ask more than one Prometheus: {', '.join(sorted(servers))}")
    if servers:
        yield from _unscaled(overlay)
    yield from _promised(overlay)
    for item in overlay.of("ScaledJob"):
        if item.get("spec", "jobTargetRef", "backoffLimit") != 0:
            what = "backoffLimit is not 0: the scheduler gives a task out again, and Kubernetes must not"
            yield Problem(where=item.where, what=what)


def _promised(overlay: Overlay) -> Iterator[Problem]:
    """A pool of GPUs that may be at zero is known to the schedulers: else nothing would ever wait for it."""
    scheduler = overlay.find("Deployment", "reelyard-scheduler")
    env = scheduler.get("spec", "template", "spec", "containers", 0, "env", default=()) if scheduler is not None else ()
    promises = " ".join(str(one.get("value")) for one in env if one["name"] == "REELYARD_POOL_ENCODERS")
    for item in overlay.of("ScaledObject"):
        pod = _target(overlay, item)
        gpu = pod is not None and Queue.ENCODE_GPU in slots_of(overlay, pod)
        if gpu and item.get("spec", "minReplicaCount", default=0) == 0 and f"{Queue.ENCODE_GPU}:" not in promises:
            what = f"may be at zero, but REELYARD_POOL_ENCODERS of the schedulers does not name {Queue.ENCODE_GPU}"
            yield Problem(where=item.where, what=what)


def _numbers(item: Object) -> Iterator[str]:
    """Replicas: the least, those without an answer and the most must rise in this order; no answer must end nobody."""
    if item.kind == "HorizontalPodAutoscaler":
        least, most = item.get("spec", "minReplicas", default=1), item.get("spec", "maxReplicas", default=0)
    else:
        least = item.get("spec", "minReplicaCount", default=0)
        most = item.get("spec", "maxReplicaCount", default=100)
    if item.get("spec", "fallback", "replicas") == 0 and least == 0:
        # kedacore/keda, pkg/scaling/executor/scale_scaledobjects.go: an error is no activity, and 0 no fallback
        yield "0 without an answer: KEDA would end all pods after the cooldown when Prometheus is away; 1 keeps them"
    fallback = item.get("spec", "fallback", "replicas", default=least)
    if not least <= fallback <= most:
        yield f"at least {least}, {fallback} without an answer, at most {most}: these must rise"


def _target(overlay: Overlay, item: Object) -> Pod | None:
    target = item.get("spec", "scaleTargetRef", default={})
    found = overlay.find(target.get("kind", "Deployment"), target.get("name", ""))
    return found.pod if found is not None else None


def _trigger(overlay: Overlay, item: Object, pod: Pod | None, metadata: Mapping[str, Any]) -> Iterator[str]:
    query = str(metadata.get("query", ""))
    try:
        tree = promql.parse(query)
    except ValueError as error:
        yield f"{query}: no PromQL: {error}"
        return
    if "max by" not in query:
        yield f"{query}: every scheduler exports the same gauges: take the maximum"
    served = set(slots_of(overlay, pod)) if pod is not None else set()
    for selector in selectors(tree):
        labels = GAUGES.get(selector.name)
        if labels is None:
            yield f"{query}: no scheduler exports {selector.name}"
            continue
        for matcher in selector.matchers.matchers:
            yield from (f"{query}: {what}" for what in _matcher(item, matcher, labels, served))
    try:
        positive = float(metadata.get("threshold", "0")) > 0
    except ValueError:
        positive = False
    if not positive:
        yield f"threshold {metadata.get('threshold')} is not above 0"


def _matcher(item: Object, matcher: Any, labels: frozenset[str], served: set[str]) -> Iterator[str]:
    if matcher.name not in labels | _SCRAPE_LABELS:
        yield f"there is no label {matcher.name}"
    elif matcher.name == "namespace" and matcher.value != item.namespace:
        yield f"namespace {matcher.value} is not its own, {item.namespace}"
    elif matcher.name == "queue" and not set(_PIECES.findall(matcher.value)) <= served:
        yield f"queue {matcher.value} is not what its pods serve: {', '.join(sorted(served)) or 'nothing'}"
    elif matcher.name == "state" and not set(_PIECES.findall(matcher.value)) <= _STATES:
        yield f"state {matcher.value}: valid is {', '.join(sorted(_STATES))}"


def _autoscaler(pod: Pod | None, item: Object) -> Iterator[str]:
    if pod is None:
        return
    containers = {one["name"]: one for one in pod.containers(with_init=False)}
    for metric in item.get("spec", "metrics", default=()):
        source = metric.get("containerResource")
        if source is None:
            continue
        container = containers.get(source["container"])
        if container is None:
            yield f"its target has no container {source['container']}"
        elif not dig(container, "resources", "requests", source["name"]):
            yield f"container {source['container']} requests no {source['name']} that a share could be taken of"


def _unscaled(overlay: Overlay) -> Iterator[Problem]:
    scaled = {item.get("spec", "scaleTargetRef", "name") for item in overlay.of("ScaledObject")}
    scaled |= {item.get("spec", "scaleTargetRef", "name") for item in overlay.of("HorizontalPodAutoscaler")}
    for item in overlay.of("Deployment"):
        if item.get("spec", "replicas") is None and item.name not in scaled:
            yield Problem(where=item.where, what="has no replicas and no scaler, so it stays at one pod")
