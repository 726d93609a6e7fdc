"""What the private servers have in common: a folder, held ports, one main process."""

import contextlib
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.ports import Ports
from deploy.local.process import Launch, LocalServerError, Process


class Server(ABC):
    """A private server on free loopback ports.

    Without a folder it works in a temporary one, which `stop` removes. With a folder its data survive `stop`,
    also for another object on the same folder. Ports stay the same over `stop`, `kill` and `start` of one
    object. `env` is added to the environment of its processes.
    """

    kind: str  #: as `cluster.json` names it

    def __init__(self, folder: Path | None = None, *, env: Mapping[str, str] | None = None) -> None:
        self._fixed_folder = folder.absolute() if folder else None
        self._folder: Path | None = None
        self._extra_env = dict(env or {})
        self._held = Ports()
        self._ports: dict[str, int] = {}
        self._process: Process | None = None

    @property
    def folder(self) -> Path:
        """Where its data and logs are, once it was started.

        Raises:
            LocalServerError: it was not started, or was stopped and its temporary folder is gone.
        """
        if self._folder is None:
            raise LocalServerError(f"{self.kind} has no folder before it is started")
        return self._folder

    @property
    def process(self) -> Process:
        """Its main process.

        Raises:
            LocalServerError: it is not running.
        """
        if self._process is None:
            raise LocalServerError(f"{self.kind} is not running")
        return self._process

    @property
    def pid(self) -> int:
        """The process ID of the server itself, not of a script around it."""
        return self.process.pid

    def start(self) -> Self:
        """Start it and return when it answers.

        Raises:
            LocalServerError: a program is missing, or it did not become ready; nothing of it is left then.
        """
        if self._process is not None:
            raise LocalServerError(f"{self.kind} is running already, as process {self._process.pid}")
        try:
            self._take_ports()
            self._make_folder()
            self._prepare()
            self._process = Process(self._launch())
            self._process.wait_ready(self._ready)
        except BaseException:  # also on Ctrl-C nothing may be left
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop it in good order, reap it, remove its folder if that was temporary. Again is fine."""
        if self._process is not None:
            self._shut_down(self._process)
            self._process = None
        self._stop_helpers()
        self._held.release()
        if self._folder is not None and self._fixed_folder is None:
            # A helper that was just killed may still be writing its last file.
            shutil.rmtree(self._folder, ignore_errors=True)
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._fixed_folder is None:
            self._folder = None

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no farewell. `start` brings it back with data and ports."""
        self.process.kill()
        self._process = None

    def helpers(self) -> list[Process]:
        """Other processes that it needs, for as long as it runs."""
        return []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def port(self, use: str = "main") -> int:
        """The port of the given use, the same for the life of this object."""
        if use not in self._ports:
            self._ports[use] = self._held.draw()
        return self._ports[use]

    def environment(self, **own: str) -> dict[str, str]:
        """A small environment that depends on the machine, not on who starts it."""
        base = {
            "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "TMPDIR": tempfile.gettempdir(),
        }
        return base | own | self._extra_env

    def _take_ports(self) -> None:
        taken = [port for port in self._ports.values() if not self._held.hold(port)]
        if taken:
            raise LocalServerError(f"{self.kind}: port {taken[0]} was taken by another process meanwhile")

    def _make_folder(self) -> None:
        if self._folder is None and self._fixed_folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"reelyard-{self.kind}-"))
        elif self._fixed_folder is not None:
            self._folder = self._fixed_folder
            with contextlib.suppress(FileExistsError):
                self._folder.mkdir(parents=True, mode=0o700)

    @abstractmethod
    def _prepare(self) -> None:
        """Write configuration, format storage, start helpers."""

    @abstractmethod
    def _launch(self) -> Launch:
        """The server's own command and environment."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether it answers."""

    def _shut_down(self, process: Process) -> None:
        process.stop()

    def _stop_helpers(self) -> None:
        for helper in self.helpers():
            helper.stop()
