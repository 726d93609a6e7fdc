"""What transfer tests share: how servers go wrong, what is delivered to them, and what may be nowhere in a log."""

import ipaddress
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
import trustme

from encoder_node.attempt import Attempt
from encoder_node.fetch.bounds import Downloaded, DownloadLimits
from encoder_node.lease import HeldTask, lease_clock
from encoder_node.stages.distribute import DistributeStage
from encoder_node.stop import StopSignal
from encoder_node.transfer.fetch import fetch
from encoder_node.transfer.reach import Reach, trusting
from reelyard.cluster.logs import _QUIET
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.work import DistributeWork, TaskKind, TaskSpec
from reelyard.media.errors import WorkError

LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
USER = "us er"
#: With every character that a URL, a shell or a log may take amiss.
PASSWORD = "p@ss/wörd:%1'#?"
LOGIN = "us%20er:p%40ss%2Fw%C3%B6rd%3A%251%27%23%3F"
#: More than fits into the buffers of a connection.
BODY = random.Random(7).randbytes(3_000_000)
#: What an output is called that is delivered into a folder.
NAME = "63119-hällo wörld 100%.mp4"
LIMITS = DownloadLimits(stall_s=20, max_bytes=10**8, hard_s=60)


@dataclass
class Faults:
    """How a server goes wrong; each is used up."""

    cut_stor_at: int = 0  # bytes after which the connection is cut, once
    cut_retr_at: int = 0
    most_at_once: int = 0  # bytes of one read that are answered, however many are asked for
    stall_stor: bool = False  # nothing more is read after the first bytes
    full_at: int = 0  # bytes after which the disk is full
    no_rest: bool = False
    pasv_host: str = ""  # the address that PASV names
    lie_size: int = 0  # added to what SIZE says
    cut_login: bool = False  # sftp
    read_only: bool = False  # sftp
    short_reads: bool = False  # sftp: less is given than was asked for
    no_posix_rename: bool = False
    implicit_tls: bool = False
    echo_password: bool = False  # a refused login repeats it
    reached: threading.Event = field(default_factory=threading.Event)
    commands: list[str] = field(default_factory=list)


@dataclass
class Served:
    """A running server of a folder."""

    root: Path
    port: int
    faults: Faults

    def names(self) -> list[str]:
        """The files that are there."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())


class Delivery:
    """Delivers one stored object, again and again, as attempts of one task."""

    def __init__(self, tmp_path: Path, *, body: bytes = BODY, reach: Reach | None = None) -> None:
        tmp_path.mkdir(parents=True, exist_ok=True)
        self.store = FolderStore(tmp_path / "store")
        path = tmp_path / "output"
        path.write_bytes(body)
        self.object = self.store.put_file("job/3/8/1/output.mp4", path, mime_type="video/mp4")
        self.reach = reach or Reach(policy=LOOPBACK, connect_s=5, stall_s=10)
        self.folder = tmp_path / "attempt"
        self.folder.mkdir()
        self.last: Attempt | None = None

    def attempt(self, url: str, *, number: int = 1, filename: str = NAME) -> Attempt:
        work = DistributeWork(output_media_id=9, object=self.object, delivery_url=url, filename=filename)
        task = TaskSpec(
            task_id=7, attempt=number, kind=TaskKind.DISTRIBUTE, account_id=1, job_id=3, output_prefix="j/", work=work
        )
        held = HeldTask(7, "token", lease_clock() + 3600)
        self.last = Attempt(task=task, held=held, folder=self.folder, store=self.store)
        return self.last

    def run(self, url: str, **changes: Any) -> Attempt:
        attempt = self.attempt(url, **changes)
        DistributeStage(self.reach).run(attempt)
        return attempt

    def failing(self, url: str, **changes: Any) -> WorkError:
        try:
            self.run(url, **changes)
        except WorkError as error:
            return error
        raise AssertionError("the delivery did not fail")


def get(url: str, path: Path, *, reach: Reach | None = None, limits: DownloadLimits = LIMITS) -> Downloaded:
    """Fetch a source as the ingest stage does."""
    return fetch(reach or Reach(policy=LOOPBACK, connect_s=5), url, path, stop=StopSignal(), limits=limits)


def get_failing(url: str, path: Path, **changes: Any) -> WorkError:
    """Fetch a source that cannot be had."""
    try:
        get(url, path, **changes)
    except WorkError as error:
        return error
    raise AssertionError("the fetch did not fail")


def until(condition: Callable[[], bool]) -> bool:
    """Wait for what a server does by itself, at most 20 s."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """What our own code and the libraries log meanwhile, with the levels of a node at "debug", unredacted."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Keep()
    quiet = _QUIET | dict.fromkeys(("pyftpdlib", "asyncssh"), logging.CRITICAL + 1)  # the servers' are none of ours
    before = root.level, {name: logging.getLogger(name).level for name in quiet}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name, least in quiet.items():
        logging.getLogger(name).setLevel(least)
    try:
        with structlog.testing.capture_logs() as events:
            yield lines
            lines.extend(repr(event) for event in events)
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        for name, level in before[1].items():
            logging.getLogger(name).setLevel(level)


def trusting_test_authority(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """A TLS context as a node has it whose REELYARD_CA_FILE names the authority's certificate."""
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return trusting(path)


#: What must be nowhere but in the URL.
SECRETS = (PASSWORD, "p%40ss", "wörd", "w%C3%B6rd")
