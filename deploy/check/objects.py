"""Kubernetes objects as the checks see them: plain mappings with a few questions that several checks ask."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: Where the pod's description is in each kind that makes pods.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "ScaledJob": ("spec", "jobTargetRef", "template"),
}


@dataclass(frozen=True)
class Object:
    """One object of a rendered overlay."""

    overlay: str
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind: "Deployment"."""
        return str(self.data["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.data["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Its namespace, "" where it has none."""
        return str(self.data["metadata"].get("namespace", ""))

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.data["metadata"].get("labels") or {}

    @property
    def where(self) -> str:
        """How a problem names it."""
        return f"{self.overlay}: {self.kind}/{self.name}"

    def get(self, *path: str | int, default: Any = None) -> Any:
        """A member by its path, or the default where a step is missing."""
        return dig(self.data, *path, default=default)

    @cached_property
    def pod(self) -> "Pod | None":
        """The pod that it makes, if it makes pods."""
        path = _TEMPLATES.get(self.kind)
        if path is None:
            return None
        return Pod(self, self.get(*path, default={}) if path else self.data)


@dataclass(frozen=True)
class Pod:
    """The description of the pods that an object makes."""

    owner: Object
    template: Mapping[str, Any]

    @property
    def where(self) -> str:
        """How a problem names it."""
        return self.owner.where

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that its pods have."""
        return dig(self.template, "metadata", "labels", default={}) or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The pod's spec."""
        return dig(self.template, "spec", default={}) or {}

    def containers(self, *, with_init: bool = True) -> Iterator[Mapping[str, Any]]:
        """Its containers, those that run before the others too."""
        if with_init:
            yield from self.spec.get("initContainers") or ()
        yield from self.spec.get("containers") or ()

    def ports(self) -> Iterator[Mapping[str, Any]]:
        """The ports of its containers."""
        for container in self.containers():
            yield from container.get("ports") or ()


@dataclass(frozen=True)
class Overlay:
    """Everything that one overlay renders to; `beneath` is what is applied before it and may be named by it."""

    name: str
    objects: tuple[Object, ...]
    beneath: tuple[Object, ...] = ()

    def of(self, *kinds: str) -> Iterator[Object]:
        """The objects of these kinds."""
        return (item for item in self.objects if item.kind in kinds)

    def find(self, kind: str, name: str) -> Object | None:
        """The object of this kind and name."""
        known = (*self.objects, *self.beneath)
        return next((item for item in known if item.kind == kind and item.name == name), None)

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that its objects make."""
        return tuple(item.pod for item in self.objects if item.pod is not None)


def dig(data: Any, *path: str | int, default: Any = None) -> Any:
    """A member of nested mappings and lists by its path, or the default where a step is missing."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return default
    return data


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all (LabelSelector of the Kubernetes API)."""
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(rule, labels) for rule in selector.get("matchExpressions") or ())


def _meets(rule: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(rule["key"]), rule.get("values") or ()
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"no such operator: {rule['operator']}")


def mappings(data: Any) -> Iterable[Mapping[str, Any]]:
    """Every mapping anywhere inside."""
    if isinstance(data, Mapping):
        yield data
        for value in data.values():
            yield from mappings(value)
    elif isinstance(data, list):
        for value in data:
            yield from mappings(value)
