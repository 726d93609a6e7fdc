"""Ways to break one place of a rendered overlay, and what the checks say of it then."""

import copy
from collections.abc import Callable
from typing import Any

from deploy.check.__main__ import check_overlay
from deploy.check.objects import Object, Overlay

Documents = list[dict[str, Any]]
POD = ("spec", "template", "spec")
FIRST = (*POD, "containers", 0)


def one(documents: Documents, kind: str, name: str = "") -> dict[str, Any]:
    """The first object of a kind whose name has this in it."""
    return next(item for item in documents if item["kind"] == kind and name in item["metadata"]["name"])


def container(documents: Documents, name: str = "reelyard-gateway") -> dict[str, Any]:
    """The first container of a Deployment."""
    found: dict[str, Any] = one(documents, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]
    return found


def without(kind: str, name: str = "") -> Callable[[Documents], None]:
    """Removes an object."""
    return lambda documents: documents.remove(one(documents, kind, name))


def put(value: Any, *path: Any, kind: str = "Deployment", name: str | None = None) -> Callable[[Documents], None]:
    """Sets a member of an object: of the gateway's Deployment where none is named."""

    def change(documents: Documents) -> None:
        place: Any = one(documents, kind, "reelyard-gateway" if name is None and kind == "Deployment" else name or "")
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def pod_labels(documents: Documents, name: str) -> dict[str, str]:
    """The labels of a Deployment's pods."""
    labels: dict[str, str] = one(documents, "Deployment", name)["spec"]["template"]["metadata"]["labels"]
    return labels


def setting(documents: Documents, name: str, variable: str) -> dict[str, Any]:
    """The entry of a variable in the environment of a Deployment's container."""
    found: dict[str, Any] = next(each for each in container(documents, name)["env"] if each["name"] == variable)
    return found


def shared(documents: Documents, name: str, value: str) -> None:
    """Sets a setting that all pods share."""
    one(documents, "ConfigMap", "reelyard-settings")["data"][name] = value


def problems(overlay: Overlay, change: Callable[[Documents], None]) -> list[str]:
    """What the checks find in an overlay after a change."""
    documents = [copy.deepcopy(dict(item.data)) for item in overlay.objects]
    change(documents)
    changed = Overlay(overlay.name, tuple(Object(overlay.name, document) for document in documents))
    return [str(problem) for problem in check_overlay(changed)]
