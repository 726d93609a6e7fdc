"""Builds the three images from deploy/docker/Dockerfile."""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.images.base import BASE_IMAGE, SUITE, make_base
from deploy.images.machine import this_machines_way
from deploy.images.programs import ImagesError, require, run
from deploy.images.store import Store, opened
from deploy.images.wheels import MOUNTED, PIP_ARGUMENTS, fetch_wheels

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = Path("deploy/docker/Dockerfile")
TARGETS = ("gateway", "scheduler", "encoder")

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to build.

    `base` is an image's name, or "" for one made here by mmdebstrap. `archives` is a folder for archives that `docker
    load`, `podman load` and `ctr images import` read; None: none. `fresh` uses nothing of builds before. `source` is
    the URL of the code, for the images' labels.
    """

    store: Path
    base: str = ""
    archives: Path | None = None
    fresh: bool = False
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image: its name with tag, ID, and size in bytes, its base included."""

    name: str
    image_id: str
    size: int


def version() -> str:
    """The version of pyproject.toml, which is the images' tag."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def image_name(target: str) -> str:
    """The name of a target's image, with its tag."""
    return f"reelyard/{target}:{version()}"


def revision() -> str:
    """The commit of what is built, with "-changed" where files differ from it; "unknown" outside a repository."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return "unknown"
    commit = run(["git", "rev-parse", "HEAD"], cwd=ROOT).strip()
    changed = run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT).strip()
    return f"{commit}-changed" if changed else commit


def build_images(request: Request, say: Say) -> list[Built]:
    """Build all of them.

    Raises:
        ImagesError: this machine cannot, or a program failed; the message says which.
    """
    require("buildah", *(() if request.base else ("mmdebstrap",)))
    with opened(request.store) as store, tempfile.TemporaryDirectory(prefix="reelyard-build-") as temporary:
        work = Path(temporary)
        archive = this_machines_way(store.env, SUITE)
        if not request.base and (request.fresh or not _has(store, BASE_IMAGE)):
            say(f"making the base {BASE_IMAGE} with mmdebstrap")
            make_base(store, work / "base", archive)
        say("fetching the Python packages")
        fetch_wheels(work / "wheels", ROOT / "requirements")
        mounts = archive.write_mounts(work / "apt", SUITE)
        mounts += ["--volume", f"{work / 'wheels'}:{MOUNTED}:ro"]
        built = []
        for target in TARGETS:
            say(f"building {image_name(target)}")
            built.append(_build(request, store, target, mounts, log=work / f"{target}.log"))
        if request.fresh:  # what builds before have left would only grow
            prune(store)
        if request.archives is not None:
            _archive(store, built, request.archives, say)
        return built


def _build(request: Request, store: Store, target: str, mounts: list[str], *, log: Path) -> Built:
    name = image_name(target)
    arguments = {
        "BASE": request.base or BASE_IMAGE,
        "PIP_ARGUMENTS": PIP_ARGUMENTS,
        "VERSION": version(),
        "REVISION": revision(),
        "SOURCE": request.source,
    }
    run(
        [
            # The docker format alone knows health checks.
            *("buildah", "build", "--isolation", "chroot", "--format", "docker", "--layers"),
            *("--signature-policy", store.policy, "--pull-never" if not request.base else "--pull"),
            *("--ignorefile", f"{DOCKERFILE}.dockerignore", "--file", DOCKERFILE, "--target", target, "--tag", name),
            *(("--no-cache",) if request.fresh and target == TARGETS[0] else ()),
            *(word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")),
            *mounts,
            ".",
        ],
        env=store.env,
        cwd=ROOT,
        log=log,
    )
    return inspect(store, name)


def inspect(store: Store, name: str) -> Built:
    """An image of the store.

    Raises:
        ImagesError: it is not there.
    """
    listed: list[dict[str, Any]] = json.loads(run(["buildah", "images", "--json"], env=store.env) or "null") or []
    for image in listed:
        if f"localhost/{name}" in (image.get("names") or ()) or name in (image.get("names") or ()):
            details: dict[str, Any] = json.loads(run(["buildah", "inspect", "--type", "image", name], env=store.env))
            return Built(name=name, image_id=str(details["FromImageID"]), size=_bytes(str(image["size"])))
    raise ImagesError(f"there is no image {name} in the store; `make images` builds it")


def prune(store: Store) -> None:
    """Remove what has no name: images that were replaced, and the steps kept for the next build."""
    run(["buildah", "rmi", "--prune", "--force"], env=store.env)


def _bytes(size: str) -> int:
    """Bytes of what buildah prints: "412 MB"."""
    number, _, unit = size.partition(" ")
    return round(float(number) * {"B": 1, "KB": 1e3, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit])


def _has(store: Store, name: str) -> bool:
    try:
        inspect(store, name)
    except ImagesError:
        return False
    return True


def _archive(store: Store, built: list[Built], folder: Path, say: Say) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for image in built:
        path = folder.absolute() / f"{image.name.replace('/', '-').replace(':', '-')}.tar"
        path.unlink(missing_ok=True)  # an archive is added to otherwise
        to = f"docker-archive:{path}:{image.name}"
        run(["buildah", "push", "--signature-policy", store.policy, image.name, to], env=store.env)
        say(f"wrote {path}")
