"""Builds manifests with `kubectl kustomize`, which is what `kubectl apply -k` does first."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

KUBECTL = Path(sys.executable).with_name("kubectl")
#: Much more than any overlay takes, on a busy machine too.
_TIMEOUT_S = 300


class RenderError(Exception):
    """A folder doesn't build; the message is kustomize's own."""


def build(folder: Path) -> tuple[dict[str, Any], ...]:
    """The objects that a folder's kustomization makes.

    What kustomize warns of (members that are going away, labels without effect) is refused as well.

    Raises:
        RenderError: it doesn't build, or makes nothing.
    """
    command = [str(KUBECTL), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode != 0 or done.stderr:
        raise RenderError(f"kubectl kustomize {folder}: {done.stderr.strip()}")
    documents = tuple(document for document in yaml.load_all(done.stdout, _loader()) if document)
    if not documents:
        raise RenderError(f"{folder} renders to nothing")
    return documents


def _loader() -> type[yaml.SafeLoader]:
    """The loader in C where it is there: ten times as quick."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
