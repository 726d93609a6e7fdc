"""What we ask of our own pods beyond what Kubernetes asks: probes, resources, drains, images, budgets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.check.objects import Object, Overlay, Pod, dig, selects
from deploy.check.problem import Problem

#: Back ends of the dev overlay are small on purpose, and pods that end by themselves are not probed.
_ENDS_BY_ITSELF = frozenset({"Job", "CronJob", "ScaledJob"})
_QUANTITY = re.compile(r"^([0-9.]+)([a-zA-Z]*)$")
_UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
#: Seconds that a node needs after its drain to hand tasks back and to leave (encoder_node.wiring).
HAND_BACK_S = 20


def check(overlay: Overlay) -> Iterator[Problem]:
    """Where our own conventions are not kept."""
    for pod in overlay.pods:
        for what in (*_images(pod), *_resources(pod), *_volumes(pod)):
            yield Problem(where=pod.where, what=what)
        if pod.labels.get("app.kubernetes.io/name") == "reelyard" and pod.owner.kind not in _ENDS_BY_ITSELF:
            for what in (*_probes(pod), *_drain(pod)):
                yield Problem(where=pod.where, what=what)
    for item in overlay.of("PodDisruptionBudget"):
        for what in _budget(overlay, item):
            yield Problem(where=item.where, what=what)
    for item in overlay.of("Secret"):
        if not item.get("metadata", "annotations", "reelyard.io/for-development-only"):
            yield Problem(where=item.where, what="Secrets are used by name and are not in the tree")


def quantity(text: str | float) -> float:
    """A Kubernetes quantity as a number: "500m" is 0.5, "1Gi" is 2**30.

    Raises:
        ValueError: it is none.
    """
    found = _QUANTITY.match(str(text))
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"no quantity: {text}")
    return float(found[1]) * _UNITS[found[2]]


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


def _probes(pod: Pod) -> Iterator[str]:
    for container in pod.containers(with_init=False):
        for probe in ("livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"container {container['name']}: no {probe}"
        liveness, readiness = container.get("livenessProbe") or {}, container.get("readinessProbe") or {}
        if _asks(liveness) == _asks(readiness):
            yield f"container {container['name']}: liveness asks what readiness asks, so a dependency can kill it"


def _asks(probe: Mapping[str, Any]) -> object:
    return dig(probe, "httpGet", "path") or dig(probe, "grpc", "service") or dig(probe, "exec")


def _drain(pod: Pod) -> Iterator[str]:
    grace = pod.spec.get("terminationGracePeriodSeconds")
    if grace is None:
        yield "no terminationGracePeriodSeconds"
        return
    for container in pod.containers(with_init=False):
        values = {one["name"]: one.get("value") for one in container.get("env") or ()}
        drain = values.get("REELYARD_DRAIN_SECONDS")
        if drain is not None and float(drain) + HAND_BACK_S > grace:
            yield f"REELYARD_DRAIN_SECONDS {drain} and {HAND_BACK_S} s to hand back exceed the grace of {grace} s"


def _budget(overlay: Overlay, item: Object) -> Iterator[str]:
    if item.get("spec", "maxUnavailable") in {0, "0", "0%"}:
        yield "maxUnavailable 0 keeps every machine from being drained"
    for owner in overlay.of("Deployment", "StatefulSet"):
        if owner.pod is not None and selects(item.get("spec", "selector"), owner.pod.labels):
            least, replicas = item.get("spec", "minAvailable"), owner.get("spec", "replicas")
            if isinstance(least, int) and isinstance(replicas, int) and least >= replicas:
                yield f"minAvailable {least} of {replicas} keeps every machine from being drained"
