"""An FTP server with the faults of real ones."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
from OpenSSL import SSL
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from tests.integration.transfer_rig import LOGIN, PASSWORD, USER, Faults, Served


class Ftp(Served):
    """A running FTP server."""

    def url(self, path: str, *, scheme: str = "ftp", login: str = LOGIN, host: str = "127.0.0.1") -> str:
        return f"{scheme}://{login}@{host}:{self.port}/{path}"


def _data_class(base: type[DTPHandler], faults: Faults) -> type[DTPHandler]:
    class Data(base):
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

    return Data


def _handler_class(base: type[FTPHandler], data: type[DTPHandler], faults: Faults) -> type[FTPHandler]:
    class Handler(base):
        dtp_handler = data
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
    data = _data_class(TLS_DTPHandler if certificate else DTPHandler, faults)
    handler = _handler_class(TLS_FTPHandler if certificate else FTPHandler, data, faults)
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
