"""The two ways to run the product, as real processes with one face: standalone, and the cluster of `make up`."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from deploy.local.process import wait_for_exit

ROOT = Path(__file__).resolve().parents[2]
REELYARD = Path(sys.executable).with_name("reelyard")
KEY = "ry_e2e_0123456789abcdef0123456789abcdef"


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without settings of ours, so that a developer's own do not leak into a test.

    What follows a job asks every few milliseconds, so there is no rate limit unless a test sets one.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REELYARD_")}
    return kept | {"REELYARD_RATE_LIMIT": "0"} | extra


class Standalone:
    """`reelyard standalone` on a data folder; may be killed and started again."""

    kind = "standalone"

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.settings = settings
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.api_key = KEY
        self.log = data.with_suffix(".log")

    def start(self) -> Self:
        environment = clean_environment(
            REELYARD_API_KEY=KEY,
            REELYARD_FETCH_ALLOW_CIDRS="127.0.0.0/8",
            **self.settings,
        )
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [REELYARD, "standalone", "--data", str(self.data), "--http-port", "0"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        self.url = self._ready_url(180)
        return self

    def _ready_url(self, seconds: float) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not select.select([self.process.stdout], [], [], 0.5)[0]:
                continue
            line = self.process.stdout.readline()
            found = re.match(r"reelyard ready (http://\S+)", line)
            if found:
                return found[1]
            if not line:
                break
        msg = f"standalone did not become ready; its log:\n{self.log.read_text()[-4000:]}"
        raise AssertionError(msg)

    def command(self, *arguments: str) -> str:
        """Run `reelyard ...` on this data folder; what it prints."""
        done = subprocess.run(
            [REELYARD, *arguments, "--data", str(self.data)],
            env=clean_environment(),
            check=True,
            capture_output=True,
            text=True,
            timeout=180,
        )
        return done.stdout

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(180)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()


class Cluster:
    """The cluster of `make up` in a folder of its own; its processes are known by `cluster.json`."""

    kind = "cluster"

    def __init__(self, folder: Path, *, metrics: bool = False, fsync: bool = False, **settings: str) -> None:
        self.folder = folder
        self.fsync = fsync
        self.settings = settings
        self.with_metrics = metrics
        self.metrics: dict[str, int] = {}
        self.url = ""
        self.api_key = ""
        self.processes: list[dict[str, Any]] = []
        self.restarted: list[subprocess.Popen[bytes]] = []

    def _run(self, module: str, *options: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", module, "--folder", str(self.folder), *options],
            cwd=ROOT,
            env=clean_environment(REELYARD_FETCH_ALLOW_CIDRS="127.0.0.0/8", **self.settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, f"{module} failed:\n{done.stdout}\n{done.stderr}"

    def start(self) -> Self:
        options = {"--metrics": self.with_metrics, "--no-fsync": not self.fsync}
        self._run("deploy.local.up", *(option for option, wanted in options.items() if wanted))
        described = json.loads((self.folder / "cluster.json").read_text())
        self.url, self.api_key = described["url"], described["api_key"]
        self.processes = described["processes"]
        self.metrics = described.get("metrics", {})
        return self

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [p for p in self.processes if p["kind"] in kinds]

    def kill(self, process: dict[str, Any], how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one process of the cluster, as it is running now."""
        os.kill(process["pid"], how)

    def restart(self, process: dict[str, Any]) -> None:
        """Start a process again that was told to end, once it has, from what cluster.json says and nothing else.

        One that drains serves its metrics to the end: the next one could not have its port before that.
        """
        assert wait_for_exit(process["pid"], 120), f"{process['name']} goes on"
        with Path(process["log"]).open("ab") as log:
            child = subprocess.Popen(
                process["command"],
                env=process["env"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.restarted.append(child)
        process["pid"] = child.pid

    def stop(self) -> None:
        self._run("deploy.local.down")
        for child in self.restarted:
            child.wait(30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
