"""A container store of our own: no configuration, image or container of the machine's own is read or changed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.images.programs import run as run_program

_MOUNTS = Path("/proc/self/mountinfo")

#: Where `make images` keeps its images, below the repository's root.
DEFAULT_FOLDER = Path(".images")

# Images come from a file system that was made here a moment ago; nobody signed them.
_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}\n'
_REGISTRIES = 'unqualified-search-registries = []\nshort-name-mode = "disabled"\n'
_STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{root}"
runroot = "{run}"
[storage.options]
additionalimagestores = [{others}]
"""
# Without systemd there is nobody who could be asked for cgroups; crun refuses machines with both of their versions.
# The limits are lower than podman's own, which exceed what some machines allow to root.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=10000:10000", "nproc=20000:20000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "{run}/tmp"
static_dir = "{root}/libpod"
volume_path = "{root}/volumes"
[network]
network_config_dir = "{run}/networks"
"""


@dataclass(frozen=True, kw_only=True)
class Store:
    """An opened store: `env` makes buildah and podman use it, and nothing else."""

    images: Path  # where images lie
    env: dict[str, str]
    policy: Path


def storage_driver() -> str:
    """`overlay`, unless IMAGES_STORAGE_DRIVER names another (`vfs` works on every file system, and is slow)."""
    return os.environ.get("IMAGES_STORAGE_DRIVER") or "overlay"


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The store of a folder that outlasts this process; what must not outlast it lies in a temporary folder."""
    images = folder.absolute() / "storage"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reelyard-images-") as run:
        try:
            yield _configured(images, Path(run), others=())
        finally:
            _unmount(images, Path(run))


@contextmanager
def opened_above(folder: Path) -> Iterator[Store]:
    """A store for containers that sees the images of another one; all of it is gone at the end."""
    below = folder.absolute() / "storage"
    with tempfile.TemporaryDirectory(prefix="reelyard-run-") as temporary:
        run = Path(temporary)
        root = run / "storage"
        root.mkdir()
        try:
            yield _configured(root, run, others=(below,))
        finally:
            _unmount(run)


def mounts_below(*folders: Path) -> list[Path]:
    """What is mounted in the folders, the innermost first."""
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in _MOUNTS.read_text().splitlines()]
    return [point for point in reversed(points) if any(point.is_relative_to(folder) for folder in folders)]


def _unmount(*folders: Path) -> None:
    """Undo what the storage drivers mount and leave: their own folder, bound to itself."""
    for point in mounts_below(*(folder.resolve() for folder in folders)):
        run_program(["umount", point])


def _configured(root: Path, run: Path, *, others: tuple[Path, ...]) -> Store:
    files = {
        "storage.conf": _STORAGE.format(
            driver=storage_driver(), root=root, run=run / "run", others=", ".join(f'"{other}"' for other in others)
        ),
        "containers.conf": _CONTAINERS.format(root=root, run=run),
        "registries.conf": _REGISTRIES,
        "policy.json": _POLICY,
        "auth.json": "{}\n",
    }
    for name, text in files.items():
        (run / name).write_text(text)
    own = {
        "CONTAINERS_STORAGE_CONF": str(run / "storage.conf"),
        "CONTAINERS_CONF": str(run / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(run / "registries.conf"),
        "REGISTRY_AUTH_FILE": str(run / "auth.json"),
        "TMPDIR": str(run),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTAINER", "PODMAN_"))}
    return Store(images=root, env=kept | own, policy=run / "policy.json")
