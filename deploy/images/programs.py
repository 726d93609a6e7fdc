"""Running the programs that build and run images, with errors that say what to do."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_TAIL_LINES = 40
#: Where each program comes from, for messages.
PACKAGES = {
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "podman": "podman",
    "runc": "runc",
    "conmon": "conmon",
    "catatonit": "catatonit",
}
_ALSO_IN = f"{os.defpath}:/usr/sbin:/sbin"


class ImagesError(RuntimeError):
    """Images cannot be built or run here; the message says what to do."""


def missing_programs(names: Iterable[str]) -> list[str]:
    """Those of the programs that this machine does not have, by name."""
    path = f"{os.environ.get('PATH', '')}:{_ALSO_IN}"
    return [name for name in names if shutil.which(name, path=path) is None]


def require(*names: str) -> None:
    """See to it that root asks and that the programs are there.

    Raises:
        ImagesError: not root, or a program is missing; with the command that installs it.
    """
    if os.geteuid() != 0:
        raise ImagesError(
            "this needs root: it makes root file systems and mounts them. With Docker, build deploy/docker/Dockerfile "
            "instead (docs/images.md)."
        )
    missing = [PACKAGES[name] for name in missing_programs(names)]
    if missing:
        raise ImagesError(f"missing: {' '.join(missing)}. apt-get install --no-install-recommends {' '.join(missing)}")


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: str = "",
    timeout_s: float | None = None,
) -> str:
    """Run a program to its end; what it printed.

    Args:
        command: the program and its arguments.
        env: the whole environment; None: ours.
        cwd: where it runs.
        log: a file to which all that it prints goes instead.
        stdin: its standard input.
        timeout_s: how long it may take, in seconds.

    Raises:
        ImagesError: it failed or took too long; with the last lines of what it printed.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=None if env is None else dict(env),
            cwd=cwd,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log is not None else subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ImagesError(f"{shlex.join(words)} did not end within {timeout_s:.0f} s") from error
    if log is not None:
        log.write_text(done.stdout)
    if done.returncode != 0:
        said = "\n".join((done.stdout + (done.stderr or "")).strip().splitlines()[-_TAIL_LINES:])
        raise ImagesError(f"{shlex.join(words)} failed with status {done.returncode}:\n{said}")
    return done.stdout
