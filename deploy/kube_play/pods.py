"""Pods of podman: played, looked at, and ended as a kubelet ends them."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.images.programs import ImagesError, run
from deploy.images.store import Store
from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Manifest
from deploy.kube_play.transform import Pod

USER_ID = 10001
_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


class Podman:
    """The pods that were played into a store. `common` are the ConfigMaps and Secrets that they refer to."""

    def __init__(self, store: Store, common: Sequence[Manifest]) -> None:
        self._store = store
        self._config_maps = {one["metadata"]["name"]: one for one in common if one["kind"] == "ConfigMap"}
        for secret in (one for one in common if one["kind"] == "Secret"):
            # podman 4.3 plays a Secret as YAML and reads it as JSON; made like this it can be referred to.
            name, data = secret["metadata"]["name"], json.dumps(secret["data"])
            run(["podman", "secret", "create", name, "-"], env=store.env, stdin=data)

    def play(self, manifest: Manifest) -> None:
        """Start a pod.

        Raises:
            KubePlayError: podman cannot; with what it said.
        """
        try:
            self._play([*self._config_maps_for(manifest), manifest])
        except ImagesError as error:
            raise KubePlayError(f"{manifest['metadata']['name']}: {error}") from error

    def wait(self, name: str, timeout_s: float) -> int:
        """Wait until a pod's container has ended by itself; the exit status."""
        return int(self._podman("wait", _container(name), timeout_s=timeout_s))

    def end(self, pod: Pod) -> tuple[int, float]:
        """End a pod as its manifest asks: preStop, SIGTERM, SIGKILL when its grace is over.

        Returns:
            The exit status (137: it had to be killed), and the seconds that it all took.

        Raises:
            KubePlayError: preStop is neither a sleep nor a command.
        """
        began = time.monotonic()
        hook = pod.workload.container.get("lifecycle", {}).get("preStop", {})
        if "sleep" in hook:
            time.sleep(float(hook["sleep"]["seconds"]))
        elif "exec" in hook:
            self._podman("exec", _container(pod.name), *hook["exec"]["command"])
        elif hook:
            raise KubePlayError(f"{pod.workload.name}: preStop is neither a sleep nor a command")
        # The grace began with preStop.
        left = max(1, round(pod.workload.grace_s - (time.monotonic() - began)))
        self._podman("stop", "--time", str(left), _container(pod.name))
        return int(self._inspect(pod.name)["State"]["ExitCode"]), time.monotonic() - began

    def running(self, name: str) -> bool:
        """Whether a pod's container runs."""
        return bool(self._inspect(name)["State"]["Running"])

    def log(self, name: str) -> str:
        """What a pod's container wrote."""
        path = Path(self._inspect(name)["HostConfig"]["LogConfig"]["Path"])
        return "\n".join(line.split(" ", 3)[-1] for line in path.read_text(errors="replace").splitlines())

    def execute(self, name: str, *command: str) -> str:
        """Run a command in a pod's container; what it printed."""
        return self._podman("exec", _container(name), *command)

    def rights_problem(self, name: str) -> str:
        """What a pod's first process is allowed that the manifest forbids; "" when there is nothing."""
        status = self.execute(name, "cat", "/proc/1/status")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        problems = []
        if facts["Uid"].split() != [str(USER_ID)] * 4:
            problems.append(f"user {facts['Uid']}")
        if any(int(facts[name], 16) for name in _CAPABILITIES):
            problems.append("capabilities")
        if facts["NoNewPrivs"] != "1":
            problems.append("can gain rights")
        if "Read-only file system" not in self.execute(name, "sh", "-c", "touch /opt/x 2>&1 || true"):
            problems.append("can write to its root")
        return ", ".join(problems)

    def remove_all(self) -> list[str]:
        """Remove every pod with its volumes, and every Secret; what podman still lists after that."""
        self._podman("pod", "rm", "--all", "--force", "--time", "0")
        self._podman("volume", "prune", "--force")
        self._podman("secret", "rm", "--all")
        lists = (("pod", "ps"), ("ps", "--all"), ("volume", "ls"), ("secret", "ls"))
        return [line for words in lists for line in self._podman(*words, "--quiet").split()]

    def _config_maps_for(self, manifest: Manifest) -> list[Manifest]:
        """The ConfigMaps that a pod refers to, without the names that it sets itself.

        In Kubernetes `env` wins over `envFrom`; in podman 4.3 it is the other way round.
        """
        (container,) = manifest["spec"]["containers"]
        own = {one["name"] for one in container.get("env", [])}
        maps = [self._config_maps[source["configMapRef"]["name"]] for source in container.get("envFrom", [])]
        return [one | {"data": {k: v for k, v in one["data"].items() if k not in own}} for one in maps]

    def _play(self, documents: Sequence[Manifest]) -> None:
        text = yaml.safe_dump_all(documents)
        run(["podman", "kube", "play", "--network", "host", "-"], env=self._store.env, stdin=text, timeout_s=120)

    def _inspect(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self._podman("container", "inspect", _container(name)))[0]
        return found

    def _podman(self, *words: str, timeout_s: float | None = None) -> str:
        return run(["podman", *words], env=self._store.env, timeout_s=timeout_s)


def _container(pod: str) -> str:
    """The name that podman gives to the container `reelyard` of a pod."""
    return f"{pod}-reelyard"
