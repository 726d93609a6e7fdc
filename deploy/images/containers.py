"""Containers of podman, run as Kubernetes runs a restricted pod: no rights, a root that cannot be written."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.images.programs import ImagesError, run
from deploy.images.store import Store

USER = "10001:10001"
#: What Pod Security's `restricted` asks for, and the read-only root that we ask for on top. podman would have systemd
#: call the health check; there is none here, and whoever runs the container calls it.
RESTRICTED = (
    *("--user", USER, "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:size=64m,mode=1777"),  # noqa: S108
    *("--cap-drop", "all", "--security-opt", "no-new-privileges", "--network", "host", "--no-healthcheck"),
)
_LOOK_EVERY_S = 0.1


class Container:
    """A container that runs, or has ended; `remove` leaves nothing of it."""

    def __init__(self, store: Store, container_id: str, name: str) -> None:
        self._store = store
        self._id = container_id
        self.name = name

    @classmethod
    def start(
        cls, store: Store, image: str, arguments: Sequence[str], *, settings: Mapping[str, str], name: str
    ) -> "Container":
        """Start an image with its own command, or with `arguments` for it, on the network of this machine.

        Raises:
            ImagesError: podman could not; with what it said.
        """
        values = [word for key, value in settings.items() for word in ("--env", f"{key}={value}")]
        command = ["podman", "run", "--detach", *RESTRICTED, "--volume", "/scratch", *values, "--name", name, image]
        said = run([*command, *arguments], env=store.env)
        return cls(store, said.strip().splitlines()[-1], name)

    def wait_for(self, seen: Callable[[], bool], *, what: str, timeout_s: float = 60.0) -> None:
        """Return when `seen()` is true.

        Raises:
            ImagesError: the container ended first, or the time is over; with the end of its log.
        """
        deadline = time.monotonic() + timeout_s
        while not seen():
            if not self.running():
                raise ImagesError(f"{self.name} ended before {what}:\n{self.log()[-4000:]}")
            if time.monotonic() > deadline:
                raise ImagesError(f"{self.name}: not {what} within {timeout_s:.0f} s:\n{self.log()[-4000:]}")
            time.sleep(_LOOK_EVERY_S)

    def running(self) -> bool:
        """Whether its first process runs."""
        return bool(self._inspect()["State"]["Running"])

    def log(self) -> str:
        """All that it wrote so far."""
        path = Path(self._inspect()["HostConfig"]["LogConfig"]["Path"])
        # Each line: time, stream, whether it is whole (F) or goes on (P), text.
        lines = (line.split(" ", 3) for line in path.read_text(errors="replace").splitlines())
        return "".join(words[3] + ("\n" if words[2] == "F" else "") for words in lines if len(words) == 4)  # noqa: PLR2004

    def execute(self, *command: str) -> str:
        """Run a command in it; what it printed.

        Raises:
            ImagesError: it failed.
        """
        return run(["podman", "exec", self._id, *command], env=self._store.env)

    def wait(self, *, timeout_s: float) -> int:
        """Wait until it has ended by itself; the exit status.

        Raises:
            ImagesError: it still runs after that many seconds.
        """
        return int(run(["podman", "wait", self._id], env=self._store.env, timeout_s=timeout_s))

    def stop(self, *, grace_s: int) -> int:
        """SIGTERM, and SIGKILL after the grace; the exit status, 137 when it was killed."""
        run(["podman", "stop", "--time", str(grace_s), self._id], env=self._store.env)
        return int(self._inspect()["State"]["ExitCode"])

    def remove(self) -> None:
        """Kill it if it runs, and remove it with its volumes."""
        run(["podman", "rm", "--force", "--time", "0", "--volumes", self._id], env=self._store.env)

    def _inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run(["podman", "container", "inspect", self._id], env=self._store.env))[0]
        return found


def image_config(store: Store, image: str) -> dict[str, Any]:
    """What an image says of itself: `User`, `Entrypoint`, `Cmd`, `Env`, `Labels`, `Healthcheck`.

    Raises:
        ImagesError: there is no such image.
    """
    found: dict[str, Any] = json.loads(run(["podman", "image", "inspect", image], env=store.env))[0]
    config: dict[str, Any] = found["Config"]
    return config | {"Healthcheck": found.get("Healthcheck") or config.get("Healthcheck")}
