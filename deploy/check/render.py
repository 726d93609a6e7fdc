"""Builds overlays with `kubectl kustomize`, which is what `kubectl apply -k` does first."""

import subprocess
import sys
from pathlib import Path

import yaml

from deploy.check.objects import Object, Overlay

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"
KUBECTL = Path(sys.executable).with_name("kubectl")


class RenderError(Exception):
    """An overlay doesn't build; the message is kustomize's own."""


def overlay_names(folder: Path = OVERLAYS) -> list[str]:
    """The overlays that there are."""
    return sorted(path.parent.name for path in folder.glob("*/kustomization.yaml"))


def render_text(folder: Path) -> str:
    """What `kubectl kustomize` prints for a folder.

    Raises:
        RenderError: it doesn't build.
    """
    command = [str(KUBECTL), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise RenderError(f"kubectl kustomize {folder}: {done.stderr.strip()}")
    return done.stdout


def render(folder: Path) -> Overlay:
    """An overlay, built.

    Raises:
        RenderError: it doesn't build, or has no objects.
    """
    documents = [document for document in yaml.safe_load_all(render_text(folder)) if document]
    if not documents:
        raise RenderError(f"{folder} renders to nothing")
    return Overlay(folder.name, tuple(Object(folder.name, document) for document in documents))
