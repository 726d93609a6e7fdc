"""What `up` and `down` share: the cluster's folder, its description, and finding its processes.

Every process of a cluster carries a marker in its environment: the cluster's ID and what kind of process it
is. Its children inherit it, and so does a process that somebody starts again by the `command` and `env` of
`cluster.json`. So `down` needs to trust no number from a file: it looks for the marker in /proc, and a PID
that was given to somebody else meanwhile does not have it.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.process import LocalServerError, Process, wait_for_exit

DEFAULT_FOLDER = Path(".cluster")
_MARKER = "LOCAL_CLUSTER"
#: Those that use others stop before them; what holds data stops last.
_STOP_ORDER = (("gateway",), ("node",), ("scheduler",), ("rabbitmq", "postgresql", "s3"), ("epmd",))
_GRACE_S = 30.0  # a node that drains may finish a short task; killing it after that loses nothing
_DEAD_STATES = ("Z", "X")


class ClusterError(RuntimeError):
    """The cluster cannot be started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """A running process with the marker of a cluster."""

    pid: int
    parent: int
    kind: str


class ClusterFolder:
    """The folder in which a cluster keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.path = folder.absolute()
        self.description = self.path / "cluster.json"
        self._id = self.path / "id"

    def make(self) -> None:
        """Create it, readable by its owner alone: descriptions, data and logs may hold secrets."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder against another `up` or `down`.

        Raises:
            ClusterError: another one is at work.
        """
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise ClusterError(f"another `make up` or `make down` is at work in {self.path}") from exc
            yield

    def id(self) -> str | None:
        """The ID of the cluster that was started last and not stopped in good order, if any."""
        with contextlib.suppress(FileNotFoundError):
            return self._id.read_text().strip() or None
        return None

    def new_id(self) -> str:
        """Begin a cluster: from now on `down` finds what carries this ID."""
        value = uuid.uuid4().hex
        write_private(self._id, value)
        return value

    def forget(self) -> None:
        """The cluster is stopped: its description is no longer true. Data and logs stay."""
        self.description.unlink(missing_ok=True)
        self._id.unlink(missing_ok=True)

    def secret(self, name: str, value: str) -> str:
        """A secret that outlives the cluster, as its data do: what is stored, else `value`, which is stored."""
        path = self.path / name
        with contextlib.suppress(FileNotFoundError):
            return path.read_text().strip()
        write_private(path, value)
        return value


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def marker(cluster_id: str, kind: str) -> dict[str, str]:
    """The environment by which a process is found again."""
    return {_MARKER: f"{cluster_id}/{kind}"}


def described(kind: str, process: Process) -> dict[str, Any]:
    """One process as `cluster.json` lists it: enough to start it again as it was."""
    launch = process.launch
    return {
        "name": launch.name,
        "kind": kind,
        "pid": process.pid,
        "command": list(launch.command),
        "env": dict(launch.env),
        "log": str(launch.log),
    }


def write_description(folder: ClusterFolder, description: Mapping[str, Any]) -> None:
    """Write `cluster.json`; it holds passwords and the API key, so it is for its owner alone."""
    write_private(folder.description, json.dumps(description, indent=2) + "\n")


def find(cluster_id: str) -> list[Found]:
    """All living processes of a cluster, children of children included."""
    wanted = f"{_MARKER}={cluster_id}/".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        # A process may go at any moment, and those of other users cannot be read: neither is one of ours.
        with contextlib.suppress(OSError):
            for variable in (entry / "environ").read_bytes().split(b"\0"):
                if variable.startswith(wanted):
                    state, parent = _state_and_parent(entry)
                    if state not in _DEAD_STATES:
                        kind = variable.removeprefix(wanted).decode()
                        found.append(Found(int(entry.name), parent, kind))
    return found


def _state_and_parent(entry: Path) -> tuple[str, int]:
    # "pid (name) state parent ...", where the name may hold spaces and parentheses
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[1])


def stop_cluster(cluster_id: str, *, grace_s: float = _GRACE_S) -> int:
    """Stop every process of a cluster in good order; the number of those that were asked to stop.

    Each kind is asked first and killed when it has not gone after `grace_s` seconds. Children are left to their
    parents: asking a node's ffmpeg to stop would look to the node like a failed encode.
    """
    asked = 0
    for kinds in _STOP_ORDER:
        running = find(cluster_id)
        ours = {process.pid for process in running}
        roots = [process for process in running if process.kind in kinds and process.parent not in ours]
        asked += len(roots)
        _end(roots, cluster_id, grace_s)
    _kill_orphans(cluster_id)
    return asked


def _kill_orphans(cluster_id: str) -> None:
    """Kill what killed parents left. Twice nothing is nothing: for a moment within `exec` a process shows no marker."""
    empty_looks = 0
    while empty_looks < 2:  # noqa: PLR2004
        left = find(cluster_id)
        for process in left:
            _signal(process, cluster_id, signal.SIGKILL)
        empty_looks = 0 if left else empty_looks + 1
        time.sleep(0.02)


def _end(processes: Sequence[Found], cluster_id: str, grace_s: float) -> None:
    for process in processes:
        # PostgreSQL would wait for its clients after SIGTERM; SIGINT ends their sessions.
        ask = signal.SIGINT if process.kind == "postgresql" else signal.SIGTERM
        _signal(process, cluster_id, ask)
        _signal(process, cluster_id, signal.SIGCONT)  # one that was frozen has to hear it
    deadline = time.monotonic() + grace_s
    for process in processes:
        wait_for_exit(process.pid, max(0.0, deadline - time.monotonic()))
    for process in _still_running(processes, cluster_id):
        print(f"{process.kind} (process {process.pid}) did not stop within {grace_s:.0f} s: killing it")
        _signal(process, cluster_id, signal.SIGKILL)


def _still_running(processes: Iterable[Found], cluster_id: str) -> list[Found]:
    running = {process.pid for process in find(cluster_id)}
    return [process for process in processes if process.pid in running]


def _signal(process: Found, cluster_id: str, number: signal.Signals) -> None:
    """Signal a process by a handle to it, after looking once more that it is ours: its number may be used again."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        environ = Path(f"/proc/{process.pid}/environ").read_bytes()
        if f"{_MARKER}={cluster_id}/".encode() in environ:
            signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, FileNotFoundError):
        return
    finally:
        os.close(handle)


def run_command(name: str, command: Callable[[], None]) -> None:
    """Run `up` or `down` for a person: errors as one message on standard error and status 1."""
    try:
        command()
    except (ClusterError, LocalServerError) as exc:
        print(f"{name}: {exc}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(130)
