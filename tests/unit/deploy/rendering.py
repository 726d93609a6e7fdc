"""Renders the manifests of deploy/k8s, and says what their pods are given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deploy.kustomize import build

ROOT = Path(__file__).resolve().parents[3]
K8S = ROOT / "deploy/k8s"
OVERLAYS = tuple(sorted(path.parent.name for path in (K8S / "overlays").glob("*/kustomization.yaml")))

Manifest = dict[str, Any]


@cache
def rendered(folder: Path) -> tuple[Manifest, ...]:
    """What `kubectl kustomize` makes of a folder, once."""
    return build(folder)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A pod template, by whatever kind of object it is in."""

    kind: str
    name: str
    labels: Mapping[str, str]
    pod: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def container(self) -> Mapping[str, Any]:
        """Its only container."""
        (container,) = self.pod["containers"]
        return container  # type: ignore[no-any-return]

    @property
    def is_ours(self) -> bool:
        """Whether the image is one of ours, and not that of a back end."""
        return "reelyard/" in self.container["image"]

    def volume(self, name: str) -> Mapping[str, Any]:
        """One of its volumes."""
        (volume,) = (found for found in self.pod["volumes"] if found["name"] == name)
        return volume  # type: ignore[no-any-return]


def workloads(manifests: tuple[Manifest, ...]) -> Iterator[Workload]:
    """Every pod template among the manifests."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("jobTargetRef", spec).get("template")
        if template is not None:
            yield Workload(
                kind=manifest["kind"],
                name=manifest["metadata"]["name"],
                labels=template["metadata"]["labels"],
                pod=template["spec"],
            )


def our_workloads(manifests: tuple[Manifest, ...]) -> list[Workload]:
    """Those that run an image of ours."""
    return [workload for workload in workloads(manifests) if workload.is_ours]
