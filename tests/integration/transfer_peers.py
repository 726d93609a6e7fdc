"""FTP and SFTP servers with the faults of real ones, and what transfer tests need to drive the stages."""

import asyncio
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

import asyncssh
import structlog
import trustme
from OpenSSL import SSL
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from encoder_node.attempt import Attempt
from encoder_node.download import Downloaded, DownloadLimits
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
    no_posix_rename: bool = False
    implicit_tls: bool = False
    echo_password: bool = False  # a refused login repeats it
    reached: threading.Event = field(default_factory=threading.Event)
    commands: list[str] = field(default_factory=list)


@dataclass
class Ftp:
    """A running FTP server."""

    root: Path
    port: int
    faults: Faults

    def url(self, path: str, *, scheme: str = "ftp", login: str = LOGIN, host: str = "127.0.0.1") -> str:
        return f"{scheme}://{login}@{host}:{self.port}/{path}"

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())


def _handlers(base: type[FTPHandler], dtp: type[DTPHandler], faults: Faults) -> type[FTPHandler]:
    class Data(dtp):  # type: ignore[misc, valid-type]
        def handle_read(self) -> None:
            if faults.stall_stor and self.get_transmitted_bytes():
                faults.reached.set()
                self.del_channel()
                return
            super().handle_read()
            done = self.get_transmitted_bytes()
            if faults.full_at and done >= faults.full_at and not self._closed:
                faults.full_at = 0
                self._resp = ("452 The disk is full.", logging.getLogger("pyftpdlib").debug)
                self.close()
            if faults.cut_stor_at and done >= faults.cut_stor_at:
                faults.cut_stor_at = 0
                self.cmd_channel.close()

        handle_read_event = handle_read  # as the base class has it

        def send(self, data: bytes) -> Any:
            sent = super().send(data)
            if faults.cut_retr_at and self.get_transmitted_bytes() >= faults.cut_retr_at:
                faults.cut_retr_at = 0
                self.cmd_channel.close()
            return sent

    class Handler(base):  # type: ignore[misc, valid-type]
        dtp_handler = Data
        auth_failed_timeout = 0
        use_sendfile = False

        def handle(self) -> None:
            if faults.implicit_tls:
                self.secure_connection(self.ssl_context)
            super().handle()

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            faults.commands.append(line if cmd != "PASS" else "PASS")
            if cmd == "PASS" and faults.echo_password:
                self.respond(f"530 '{arg}' is not the password of {self.username}.")
                return
            super().pre_process_command(line, cmd, arg)

        def ftp_REST(self, line: str) -> Any:
            if faults.no_rest:
                self.respond("502 Not implemented.")
                return None
            return super().ftp_REST(line)

        def ftp_SIZE(self, path: str) -> None:
            if not faults.lie_size:
                super().ftp_SIZE(path)
                return
            self.respond(f"213 {Path(path).stat().st_size + faults.lie_size}")

        def _make_epasv(self, extmode: bool = False) -> None:  # noqa: FBT002
            if faults.pasv_host and not extmode:
                self.masquerade_address = faults.pasv_host
            super()._make_epasv(extmode)

    return Handler


@contextmanager
def ftp_server(
    root: Path, *, certificate: trustme.LeafCert | None = None, permissions: str = "elradfmwMT"
) -> Iterator[Ftp]:
    """Serve a folder on a free loopback port, with AUTH TLS where there is a certificate."""
    root.mkdir(parents=True, exist_ok=True)
    faults = Faults()
    handler = _handlers(
        TLS_FTPHandler if certificate else FTPHandler, TLS_DTPHandler if certificate else DTPHandler, faults
    )
    if certificate is not None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        certificate.configure_cert(context)
        handler.ssl_context = context
        handler.tls_control_required = handler.tls_data_required = True
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(root), perm=permissions)
    handler.authorizer = authorizer
    handler.banner = "ready"
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), handler, ioloop=loop)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            loop.loop(timeout=0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield Ftp(root=root, port=server.socket.getsockname()[1], faults=faults)
    finally:
        over.set()
        thread.join()


@dataclass
class Sftp:
    """A running SFTP server."""

    root: Path
    port: int
    fingerprint: str
    faults: Faults

    def url(self, path: str, *, login: str = LOGIN, query: str = "") -> str:
        return f"sftp://{login}@127.0.0.1:{self.port}/{path}{query}"

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())


def _sftp_class(root: Path, faults: Faults) -> type[asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: Any) -> None:
            self._connection = chan.get_connection()
            super().__init__(chan, chroot=str(root))

        async def write(self, file_obj: Any, offset: int, data: bytes) -> int:  # type: ignore[override]
            if faults.full_at and offset >= faults.full_at:
                faults.full_at = 0
                raise asyncssh.SFTPFailure("No space left on device")
            if faults.cut_stor_at and offset >= faults.cut_stor_at:
                faults.cut_stor_at = 0
                self._connection.abort()
            if faults.stall_stor:
                faults.reached.set()
                await asyncio.Event().wait()
            return super().write(file_obj, offset, data)  # type: ignore[return-value]

        def read(self, file_obj: Any, offset: int, size: int) -> bytes:
            if faults.cut_retr_at and offset >= faults.cut_retr_at:
                faults.cut_retr_at = 0
                self._connection.abort()
            return super().read(file_obj, offset, min(size, faults.most_at_once or size))  # type: ignore[return-value]

        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            if faults.read_only and pflags & asyncssh.FXF_WRITE:
                raise asyncssh.SFTPPermissionDenied("Permission denied")
            return super().open(path, pflags, attrs)

        def mkdir(self, path: bytes, attrs: Any) -> Any:
            if faults.read_only:
                raise asyncssh.SFTPPermissionDenied("Permission denied")
            return super().mkdir(path, attrs)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            if faults.no_posix_rename:
                raise asyncssh.SFTPOpUnsupported("Unsupported")
            return super().posix_rename(oldpath, newpath)

        def stat(self, path: bytes) -> Any:
            found = asyncssh.SFTPAttrs.from_local(Path(self.map_path(path).decode()).stat())
            if found.size is not None:
                found.size += faults.lie_size
            return found

    return Files


class _PasswordServer(asyncssh.SSHServer):
    def __init__(self, connections: list[Any], faults: Faults) -> None:
        self._connections = connections
        self._faults = faults

    def connection_made(self, conn: Any) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        if self._faults.cut_login:
            self._connections[-1].abort()
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_server(root: Path) -> Iterator[Sftp]:
    """Serve a folder by SFTP on a free loopback port."""
    root.mkdir(parents=True, exist_ok=True)
    faults = Faults()
    connections: list[Any] = []
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def stop(server: Any) -> None:
        server.close()
        for connection in connections:
            connection.abort()
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def start() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _PasswordServer(connections, faults),
            server_host_keys=[key],
            sftp_factory=_sftp_class(root, faults),
        )

    server = wait(start())
    try:
        yield Sftp(root=root, port=server.get_port(), fingerprint=key.get_fingerprint(), faults=faults)
    finally:
        wait(stop(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


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

    def attempt(self, url: str, *, number: int = 1, filename: str = "63119-hällo wörld 100%.mp4") -> Attempt:
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
