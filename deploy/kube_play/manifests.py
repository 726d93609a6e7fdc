"""The rendered manifests: what runs, how often, with which settings, and where a Service leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.kube_play.errors import KubePlayError
from deploy.kustomize import RenderError, build

Manifest = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A Deployment or a Job: its name, its pod template, and how many pods it has at least."""

    kind: str
    name: str
    template: Manifest
    replicas: int

    @property
    def spec(self) -> Manifest:
        """The pod's."""
        spec: Manifest = self.template["spec"]
        return spec

    @property
    def container(self) -> Manifest:
        """Its only container."""
        (container,) = self.spec["containers"]
        found: Manifest = container
        return found

    @property
    def grace_s(self) -> int:
        """Seconds between SIGTERM and SIGKILL, preStop included; Kubernetes' default is 30."""
        return int(self.spec.get("terminationGracePeriodSeconds", 30))


class Manifests:
    """All objects of an overlay."""

    def __init__(self, objects: Sequence[Manifest]) -> None:
        self._objects = objects

    @classmethod
    def rendered(cls, overlay: Path) -> "Manifests":
        """What `kubectl kustomize` makes of a folder.

        Raises:
            KubePlayError: it does not build.
        """
        try:
            return cls(build(overlay))
        except RenderError as error:
            raise KubePlayError(str(error)) from error

    def workloads(self, kind: str) -> list[Workload]:
        """The Deployments or the Jobs, by name."""
        return [
            Workload(
                kind=kind,
                name=one["metadata"]["name"],
                template=one["spec"]["template"],
                replicas=self._replicas(one),
            )
            for one in self._of_kind(kind)
        ]

    def config(self, name: str) -> dict[str, str]:
        """The data of a ConfigMap.

        Raises:
            KubePlayError: there is none of this name.
        """
        found = [one for one in self._of_kind("ConfigMap") if one["metadata"]["name"] == name]
        if not found:
            raise KubePlayError(f"there is no ConfigMap {name}")
        data: dict[str, str] = found[0]["data"]
        return data

    def settings(self, workload: Workload) -> dict[str, str]:
        """The environment that the manifest itself gives a container; what comes from Secrets is not in it."""
        values: dict[str, str] = {}
        for source in workload.container.get("envFrom", []):
            values |= self.config(source["configMapRef"]["name"])
        own = workload.container.get("env", [])
        return values | {one["name"]: str(one["value"]) for one in own if "value" in one}

    def service_targets(self, name: str, port: int) -> tuple[list[Workload], int]:
        """Where a Service leads: the Deployments that its selector matches, and the port of their containers.

        Raises:
            KubePlayError: there is no such Service or port, it selects nothing, or no container has the port.
        """
        found = [one for one in self._of_kind("Service") if one["metadata"]["name"] == name]
        ports = [one for service in found for one in service["spec"]["ports"] if one["port"] == port]
        if not ports:
            raise KubePlayError(f"there is no Service {name} with the port {port}")
        selector: Mapping[str, str] = found[0]["spec"]["selector"]
        chosen = [
            workload
            for workload in self.workloads("Deployment")
            if selector.items() <= workload.template["metadata"]["labels"].items()
        ]
        if not chosen:
            raise KubePlayError(f"the Service {name} selects no pod")
        return chosen, container_port(chosen[0], ports[0].get("targetPort", port))

    def _of_kind(self, kind: str) -> list[Manifest]:
        return [one for one in self._objects if one["kind"] == kind]

    def _replicas(self, owner: Manifest) -> int:
        """What the manifest says, or the least that its autoscaler keeps; 1 without either."""
        if "replicas" in owner["spec"]:
            return int(owner["spec"]["replicas"])
        for kind, least in (("HorizontalPodAutoscaler", "minReplicas"), ("ScaledObject", "minReplicaCount")):
            for one in self._of_kind(kind):
                if one["spec"]["scaleTargetRef"]["name"] == owner["metadata"]["name"]:
                    return max(1, int(one["spec"].get(least, 1)))
        return 1


def container_port(workload: Workload, port: str | int) -> int:
    """The number of a container's port, which probes and Services may give by name.

    Raises:
        KubePlayError: the container has no such port.
    """
    for one in workload.container.get("ports", []):
        if port in (one.get("name"), one["containerPort"]):
            return int(one["containerPort"])
    raise KubePlayError(f"{workload.name} has no port {port!r}")
