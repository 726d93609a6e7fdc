"""The overlays as they are rendered: they are not changed, so once is enough."""

from collections.abc import Mapping

import pytest

from deploy.check.objects import Overlay
from deploy.check.render import OVERLAYS, render, render_all
from deploy.kustomize import RenderError


@pytest.fixture(scope="session")
def prod() -> Overlay:
    return render(OVERLAYS / "prod")


@pytest.fixture(scope="session")
def gpu() -> Overlay:
    return render(OVERLAYS / "prod-gpu")


@pytest.fixture(scope="session")
def everything() -> Mapping[str, Overlay | RenderError]:
    return render_all()
