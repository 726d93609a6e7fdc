"""What we ask of our own pods beyond what Kubernetes asks: probes, resources, drains, images, budgets."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.check.objects import Object, Overlay, Pod, dig, selects
from deploy.check.problem import Problem
from deploy.check.quantities import quantity

#: Back ends of the dev overlay are small on purpose, and pods that end by themselves are not probed.
_ENDS_BY_ITSELF = frozenset({"Job", "CronJob", "ScaledJob"})
#: Seconds that a node needs after its drain: to hand tasks back, to stop its workers (encoder_node.wiring), and for the
#: last calls to the scheduler. A test holds this against the node.
HAND_BACK_S = 15 + 5 + 25
#: Seconds that a gateway needs to cut what still runs (gateway.service.CUT_S).
CUT_S = 15
#: What each probe asks: of the HTTP ports, or of the scheduler's gRPC (scheduler/entrypoints/serving.py).
_ALIVE, _READY = ("/healthz", "liveness"), ("/readyz", "readiness")
_ASKED: Mapping[str, tuple[str, str]] = {"startupProbe": _ALIVE, "livenessProbe": _ALIVE, "readinessProbe": _READY}
#: What all annotations of an object may hold together; `kubectl apply` keeps the whole object in one of them.
_LARGEST = 262_144
_AUTOSCALER = "cluster-autoscaler.kubernetes.io"


def check(overlay: Overlay) -> Iterator[Problem]:
    """Where our own conventions are not kept."""
    for pod in overlay.pods:
        for what in _pod(pod):
            yield Problem(where=pod.where, what=what)
    for item in overlay.of("PodDisruptionBudget"):
        for what in _budget(overlay, item):
            yield Problem(where=item.where, what=what)
    for item in overlay.objects:
        for what in _any_object(item):
            yield Problem(where=item.where, what=what)


def _pod(pod: Pod) -> Iterator[str]:
    yield from (*_images(pod), *_resources(pod), *_volumes(pod), *_spread(pod))
    if pod.labels.get("app.kubernetes.io/name") == "reelyard":
        yield from (*_drain(pod), *_evictable(pod))
        if pod.owner.kind not in _ENDS_BY_ITSELF:
            yield from _probes(pod)


def _any_object(item: Object) -> Iterator[str]:
    size = len(json.dumps(item.data, separators=(",", ":"), ensure_ascii=False).encode())
    if size >= _LARGEST:
        yield f"{size} bytes: kubectl apply can't keep it in an annotation (less than {_LARGEST})"
    if item.kind == "Secret" and not item.get("metadata", "annotations", "reelyard.io/for-development-only"):
        yield "Secrets are used by name and are not in the tree"


def _images(pod: Pod) -> Iterator[str]:
    for container in pod.containers():
        image = str(container.get("image", ""))
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            yield f"container {container['name']}: image {image or '(none)'} has no fixed tag"


def _resources(pod: Pod) -> Iterator[str]:
    for container in pod.containers():
        name, resources = container["name"], container.get("resources") or {}
        for resource in ("cpu", "memory", "ephemeral-storage"):
            if not dig(resources, "requests", resource):
                yield f"container {name}: no request of {resource}"
        for resource in ("memory", "ephemeral-storage"):
            if not dig(resources, "limits", resource):
                yield f"container {name}: no limit of {resource}"
        asked, limit = dig(resources, "requests", "memory"), dig(resources, "limits", "memory")
        if asked and limit and quantity(asked) != quantity(limit):
            yield f"container {name}: memory request {asked} is not its limit {limit}: it may be evicted first"


def _volumes(pod: Pod) -> Iterator[str]:
    for volume in pod.spec.get("volumes") or ():
        if "emptyDir" in volume and not dig(volume, "emptyDir", "sizeLimit"):
            yield f"volume {volume['name']}: emptyDir without sizeLimit can fill the machine's disk"


def _evictable(pod: Pod) -> Iterator[str]:
    """Volumes on a machine's disk, for which cluster-autoscaler keeps the machine for ever unless it is told."""
    told = dig(pod.template, "metadata", "annotations", default={}) or {}
    if told.get(f"{_AUTOSCALER}/safe-to-evict") is not None:
        return
    free = str(told.get(f"{_AUTOSCALER}/safe-to-evict-local-volumes", "")).split(",")
    for volume in pod.spec.get("volumes") or ():
        on_disk = "emptyDir" in volume and dig(volume, "emptyDir", "medium") != "Memory"
        if on_disk and volume["name"] not in free:
            yield f"volume {volume['name']}: cluster-autoscaler keeps an idle machine: no safe-to-evict-local-volumes"


def _probes(pod: Pod) -> Iterator[str]:
    for container in pod.containers(with_init=False):
        for probe in ("livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"container {container['name']}: no {probe}"
        for probe, wanted in _ASKED.items():
            asks = _asks(container.get(probe) or {})
            if probe in container and asks not in wanted:
                yield f"container {container['name']}: {probe} asks {asks}, not {' or '.join(wanted)}"
        liveness, readiness = container.get("livenessProbe") or {}, container.get("readinessProbe") or {}
        if _asks(liveness) == _asks(readiness):
            yield f"container {container['name']}: liveness asks what readiness asks, so a dependency can kill it"


def _asks(probe: Mapping[str, Any]) -> object:
    return dig(probe, "httpGet", "path") or dig(probe, "grpc", "service") or dig(probe, "exec")


def _drain(pod: Pod) -> Iterator[str]:
    grace = pod.spec.get("terminationGracePeriodSeconds")
    if not isinstance(grace, int):
        yield "no terminationGracePeriodSeconds"
        return
    for container in pod.containers(with_init=False):
        values = {one["name"]: one.get("value") for one in container.get("env") or ()}
        drain = values.get("REELYARD_DRAIN_SECONDS")
        if drain is not None and float(drain) + HAND_BACK_S > grace:
            yield f"REELYARD_DRAIN_SECONDS {drain} and {HAND_BACK_S} s to hand back exceed the grace of {grace} s"
        if "node" in container.get("args", ()) and drain is None:
            yield f"no REELYARD_DRAIN_SECONDS for its grace of {grace} s"
        stop = values.get("REELYARD_HTTP_STOP_SECONDS")
        pause = dig(container, "lifecycle", "preStop", "sleep", "seconds", default=0)
        if stop is not None and pause + float(stop) + CUT_S >= grace:
            needed = f"preStop {pause} s, REELYARD_HTTP_STOP_SECONDS {stop} and {CUT_S} s to cut"
            yield f"{needed} exceed the grace of {grace} s"


def _spread(pod: Pod) -> Iterator[str]:
    for one in pod.spec.get("topologySpreadConstraints") or ():
        if not selects(one.get("labelSelector"), pod.labels):
            yield f"topologySpreadConstraints over {one.get('topologyKey')}: its selector does not take its own pods"


def _budget(overlay: Overlay, item: Object) -> Iterator[str]:
    if item.get("spec", "maxUnavailable") in {0, "0", "0%"}:
        yield "maxUnavailable 0 keeps every machine from being drained"
    for owner in overlay.of("Deployment", "StatefulSet"):
        if owner.pod is not None and selects(item.get("spec", "selector"), owner.pod.labels):
            least, replicas = item.get("spec", "minAvailable"), owner.get("spec", "replicas")
            if isinstance(least, int) and isinstance(replicas, int) and least >= replicas:
                yield f"minAvailable {least} of {replicas} keeps every machine from being drained"
