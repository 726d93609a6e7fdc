"""`reelyard standalone` as a child process, for as long as the demonstration lasts."""

import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from reelyard.cli.demo.errors import DemoError

_READY = re.compile(rb"^reelyard ready (http://\S+)$", re.MULTILINE)
_READY_S = 60.0
_STOP_S = 20.0
_TAIL_BYTES = 3000


class Service:
    """A standalone Reelyard on a free port, in a folder of its own.

    It runs in its own session, so that Ctrl-C at the terminal reaches only the demonstration, which then stops it in
    good order; should the demonstration be killed, the kernel asks it to stop (`setpriv --pdeathsig`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "service.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.api_key = f"ry_{secrets.token_urlsafe(32)}"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                self._command(),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._process = process
        try:
            self.url = self._wait_ready(process)
        except BaseException:  # also on Ctrl-C it must not stay behind
            self._stop(process)
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._stop(self._process)

    def log_tail(self) -> str:
        """The end of what it logged."""
        try:
            return self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        except OSError as exc:
            return f"(its log cannot be read: {exc})"

    def _command(self) -> list[str]:
        watched = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
        return [*watched, sys.executable, "-m", "reelyard.cli.main", "standalone"]

    def _environment(self) -> dict[str, str]:
        """The caller's without settings of ours: the demonstration shall be the same everywhere."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REELYARD_")}
        return kept | {
            "REELYARD_DATA": str(self._folder / "data"),
            "REELYARD_HTTP_HOST": "127.0.0.1",
            "REELYARD_HTTP_PORT": "0",
            # progress comes with the heartbeat; the usual two seconds are a third of this clip's encode
            "REELYARD_HEARTBEAT_SECONDS": "0.25",
            "REELYARD_API_KEY": self.api_key,
            # The clip and the receiver of notifications are on this machine.
            "REELYARD_FETCH_ALLOW_CIDRS": "127.0.0.0/8",
            # It asks for the progress several times a second.
            "REELYARD_RATE_LIMIT": "0",
        }

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 (for the type checker: it was opened as a pipe)
        said = b""
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if not select.select([process.stdout], [], [], 0.2)[0]:
                continue
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                raise DemoError(f"the service ended with status {process.wait()} before it was ready")
            said += piece
            if found := _READY.search(said):
                return found[1].decode()
        raise DemoError(f"the service was not ready within {_READY_S:.0f} s")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
