"""The overlays of deploy/k8s, built, and components in the company in which people would use them."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from deploy.check.objects import Object, Overlay
from deploy.kustomize import RenderError, build

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"
COMPONENTS = OVERLAYS.with_name("components")
COMBINATIONS = Path(__file__).with_name("combinations.yaml")
NAMESPACE = "reelyard"

#: Overlays that are applied on top of another, whose objects they may name.
BENEATH: Mapping[str, str] = MappingProxyType({"migrate-post": "prod"})


def overlay_names(folder: Path = OVERLAYS) -> list[str]:
    """The overlays that there are."""
    return sorted(path.parent.name for path in folder.glob("*/kustomization.yaml"))


def render(folder: Path) -> Overlay:
    """An overlay, built, with the one beneath it.

    Raises:
        RenderError: it doesn't build, or has no objects.
    """
    name = folder.name
    lower = render(OVERLAYS / BENEATH[name]).objects if name in BENEATH else ()
    return _overlay(name, folder, lower)


def render_all() -> Mapping[str, Overlay | RenderError]:
    """Every overlay and every combination by name, or why it doesn't build."""
    found: dict[str, Overlay | RenderError] = {}
    for name in overlay_names():
        try:
            found[name] = render(OVERLAYS / name)
        except RenderError as error:
            found[name] = error
    for name, parts in combinations().items():
        try:
            found[name] = render_combination(name, parts["overlay"], parts["components"])
        except RenderError as error:
            found[name] = error
    return found


def combinations() -> Mapping[str, Any]:
    """The combinations by name: an overlay and the components that are put on it."""
    read: Mapping[str, Any] = yaml.safe_load(COMBINATIONS.read_text("utf-8"))
    return read


def render_combination(name: str, overlay: str, components: Sequence[str]) -> Overlay:
    """An overlay with components on it, built as somebody would who writes an overlay of their own.

    Raises:
        RenderError: it doesn't build.
    """
    labels = yaml.safe_load((OVERLAYS / overlay / "kustomization.yaml").read_text("utf-8")).get("labels") or []
    with tempfile.TemporaryDirectory() as folder:
        above = Path(folder).resolve()
        document = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAMESPACE,  # without it kustomize takes a component's objects for those of another one
            "resources": [os.path.relpath(OVERLAYS / overlay, above)],
            "components": [os.path.relpath(COMPONENTS / each, above) for each in components],
            "labels": labels,
        }
        (above / "kustomization.yaml").write_text(yaml.safe_dump(document), "utf-8")
        return _overlay(name, above)


def _overlay(name: str, folder: Path, beneath: tuple[Object, ...] = ()) -> Overlay:
    return Overlay(name, tuple(Object(name, document) for document in build(folder)), beneath)
