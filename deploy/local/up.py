"""`make up`: the whole cluster on this machine, every part a process of its own on free loopback ports.

Starts RabbitMQ, PostgreSQL and an S3 server, two schedulers, a gateway and three encoder nodes, waits until
each serves, prints the URL and an API key, and writes `.cluster/cluster.json`. REELYARD_... variables are
passed on to the services, but for those that say where the parts of this cluster are.
"""

import argparse
import base64
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from deploy.local.cluster import (
    DEFAULT_FOLDER,
    ClusterError,
    ClusterFolder,
    described,
    find,
    marker,
    run_command,
    stop_cluster,
    write_description,
)
from deploy.local.ports import Ports
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import Launch, Process
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.s3 import S3Server
from deploy.local.server import Server

SCHEDULERS = 2
NODES = 3
_BUCKET = "reelyard"
#: Of the caller's environment, what programs need on any machine; the rest would make a restart depend on the caller.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
#: Six processes cannot serve metrics on one port, and this one says nothing to a cluster.
_NOT_PASSED_ON = frozenset({"REELYARD_METRICS_PORT", "REELYARD_DATA"})
_READY_S = 180.0


class Cluster:
    """One cluster while it is being started."""

    def __init__(
        self, folder: ClusterFolder, given: Mapping[str, str], *, metrics: bool = False, fsync: bool = True
    ) -> None:
        self._folder = folder
        self._fsync = fsync
        self._with_metrics = metrics
        self._metrics: dict[str, int] = {}  # the port of each process that serves them
        self._id = folder.new_id()
        self._ports = Ports()
        self._given = {name: value for name, value in given.items() if _is_passed_on(name)}
        self._inherited = {name: given[name] for name in _INHERITED if name in given}
        self._processes: list[tuple[str, Process]] = []
        new_key = f"ry_{secrets.token_urlsafe(32)}"
        self._api_key = self._given.get("REELYARD_API_KEY") or folder.secret("api_key", new_key)
        # It opens what the database of this folder holds, so it outlives the cluster as that does.
        new_secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self._secret_key = self._given.pop("REELYARD_SECRET_KEY", "") or folder.secret("secret_key", new_secret)
        self._rpc_token = self._given.get("REELYARD_RPC_TOKEN") or secrets.token_urlsafe(32)

    def start(self) -> dict[str, Any]:
        """Start everything and return the description for `cluster.json`.

        Raises:
            LocalServerError: a part did not become ready; what was started still runs.
        """
        servers = self._start_servers()
        shared = self._shared_settings(*servers)
        schedulers = [f"127.0.0.1:{self._ports.draw()}" for _ in range(SCHEDULERS)]
        for number, address in enumerate(schedulers, 1):
            own = {
                "REELYARD_SCHEDULER_LISTEN": address,
                "REELYARD_API_KEY": self._api_key,
                "REELYARD_SECRET_KEY": self._secret_key,
            }
            self._spawn("scheduler", f"scheduler-{number}", shared | own)
        self._wait_ready()
        shared["REELYARD_SCHEDULER_ADDRESS"] = ",".join(schedulers)
        port = self._given.get("REELYARD_HTTP_PORT", "0")
        # A number of its own, not 0: started again, it has to be where it was.
        http = {"REELYARD_HTTP_PORT": str(self._ports.draw()) if port == "0" else port}
        gateway = self._spawn("gateway", "gateway-1", shared | http)
        for number in range(1, NODES + 1):
            scratch = str(self._folder.path / f"node-{number}")
            own = {"REELYARD_NODE_NAME": f"node-{number}", "REELYARD_SCRATCH": scratch}
            self._spawn("node", f"node-{number}", shared | own)
        self._wait_ready()
        self._ports.release()
        return self._description(_ready_line(gateway.launch.log).rpartition(" ")[2], servers)

    def _start_servers(self) -> tuple[RabbitMQ, PostgreSQL, S3Server]:
        path = self._folder.path
        rabbitmq = RabbitMQ(
            path / "rabbitmq",
            env=marker(self._id, "rabbitmq"),
            helper_env=marker(self._id, "epmd"),
            metrics=self._with_metrics,
        )
        servers = (
            rabbitmq,
            PostgreSQL(path / "postgresql", env=marker(self._id, "postgresql"), fsync=self._fsync),
            S3Server(path / "s3", env=marker(self._id, "s3")),
        )
        with ThreadPoolExecutor(len(servers)) as pool:
            for started in [pool.submit(server.start) for server in servers]:
                started.result()
        if self._with_metrics:
            self._metrics["rabbitmq"] = rabbitmq.metrics_port
        return servers

    def _shared_settings(self, rabbitmq: RabbitMQ, postgresql: PostgreSQL, s3: S3Server) -> dict[str, str]:
        return {
            "REELYARD_DATABASE_URL": postgresql.create_database("reelyard"),
            "REELYARD_BROKER_URL": rabbitmq.url,
            "REELYARD_STORAGE_URL": s3.storage_url(_BUCKET),
            "AWS_ACCESS_KEY_ID": s3.access_key,
            "AWS_SECRET_ACCESS_KEY": s3.secret_key,
            "REELYARD_RPC_TOKEN": self._rpc_token,
        }

    def _spawn(self, kind: str, name: str, settings: dict[str, str]) -> Process:
        program = Path(sys.executable).with_name("reelyard")
        if self._with_metrics:
            self._metrics[name] = self._ports.draw()
            settings = settings | {"REELYARD_METRICS_PORT": str(self._metrics[name])}
        launch = Launch(
            name=name,
            command=(str(program), kind),
            env=self._inherited | self._given | settings | marker(self._id, kind),
            log=self._folder.path / "log" / f"{name}.log",
        )
        launch.log.parent.mkdir(exist_ok=True)
        launch.log.unlink(missing_ok=True)  # of the cluster before: its "ready" line is not this one's
        process = Process(launch)
        self._processes.append((kind, process))
        return process

    def _wait_ready(self) -> None:
        for _, process in self._processes:
            process.wait_ready(partial(_is_ready, process.launch.log), timeout_s=_READY_S)

    def _description(self, url: str, servers: tuple[Server, ...]) -> dict[str, Any]:
        processes = [described(server.kind, server.process) for server in servers]
        processes += [described(kind, process) for kind, process in self._processes]
        helpers = [described("epmd", helper) for server in servers for helper in server.helpers()]
        return {"url": url, "api_key": self._api_key, "processes": processes, "helpers": helpers} | (
            {"metrics": self._metrics} if self._with_metrics else {}
        )

    def abandon(self) -> None:
        """Stop what was started: something went wrong half-way."""
        stop_cluster(self._id, grace_s=5)
        for _, process in self._processes:
            process.kill()  # reaps it
        self._ports.release()
        self._folder.forget()


def _is_passed_on(name: str) -> bool:
    return name.startswith("REELYARD_") and name not in _NOT_PASSED_ON


def _is_ready(log: Path) -> bool:
    return bool(_ready_line(log))


def _ready_line(log: Path) -> str:
    """Each service prints one line that begins "reelyard" and says "ready" when it serves; "" before that."""
    lines = log.read_text(errors="replace").splitlines()
    return next((line for line in lines if line.startswith("reelyard ") and " ready " in line), "")


def up(folder: Path, given: Mapping[str, str], *, metrics: bool = False, fsync: bool = True) -> None:
    """Start a cluster in a folder and print how to reach it; with `metrics`, each process serves them on a free port.

    With `fsync` off the database does not wait for the disk, as `PostgreSQL` says.

    Raises:
        ClusterError: one runs there already, or another `up` or `down` is at work.
        LocalServerError: a part did not become ready; nothing is left running then.
    """
    cluster_folder = ClusterFolder(folder)
    cluster_folder.make()
    with cluster_folder.locked():
        before = cluster_folder.id()
        if before and (running := find(before)):
            raise ClusterError(
                f"a cluster runs already in {cluster_folder.path} ({len(running)} processes): stop it with `make down`"
            )
        cluster = Cluster(cluster_folder, given, metrics=metrics, fsync=fsync)
        try:
            description = cluster.start()
            write_description(cluster_folder, description)
        except BaseException:  # also on Ctrl-C nothing may be left
            cluster.abandon()
            raise
    print(f"url      {description['url']}")
    print(f"api key  {description['api_key']}")
    print(f"all of it is described in {cluster_folder.description}; `make down` stops it")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Read the command line and start."""
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the cluster keeps its state")
    parser.add_argument(
        "--metrics",
        action="store_true",
        help='let every process serve its metrics, on the ports that "metrics" in cluster.json names',
    )
    parser.add_argument(
        "--no-fsync",
        action="store_true",
        help="let the database not wait for the disk: for tests, for a machine without power may lose it all",
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    run_command("up", lambda: up(given.folder, os.environ, metrics=given.metrics, fsync=not given.no_fsync))


if __name__ == "__main__":
    main()
