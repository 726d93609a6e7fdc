"""The Python packages of the images, fetched before the build by this machine's pip, as it is set up here.

So no index, proxy or certificate of the machine is needed inside the build, and none can stay in an image.
"""

import platform
import sys
from pathlib import Path

from deploy.images.programs import run

#: Debian bookworm's Python, and the oldest C libraries that wheels for it are made for.
_PYTHON = "3.11"
_PLATFORMS = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux2014")
#: What to give to the Dockerfile's PIP_ARGUMENTS, and where the folder is seen from there.
MOUNTED = "/mnt"  # exists in every base, so that no empty folder stays behind in an image
PIP_ARGUMENTS = f"--no-index --find-links={MOUNTED}"


def fetch_wheels(folder: Path, requirements: Path) -> None:
    """Fetch the wheels of build.txt and run.txt, each held by its hash.

    Raises:
        ImagesError: pip failed; with what it said.
    """
    folder.mkdir(parents=True)
    machine = platform.machine()
    command: list[str | Path] = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary", ":all:", "--require-hashes", "--python-version", _PYTHON, "--implementation", "cp"),
        *(word for name in (*_PLATFORMS, "manylinux_2_17") for word in ("--platform", f"{name}_{machine}")),
        *("--dest", folder, "-r", requirements / "build.txt", "-r", requirements / "run.txt"),
    ]
    run(command, log=folder.parent / "pip.log")
