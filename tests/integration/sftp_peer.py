"""An SFTP server with the faults of real ones."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tests.integration.transfer_rig import LOGIN, PASSWORD, USER, Faults, Served


@dataclass
class Sftp(Served):
    """A running SFTP server."""

    fingerprint: str

    def url(self, path: str, *, login: str = LOGIN, query: str = "") -> str:
        return f"sftp://{login}@127.0.0.1:{self.port}/{path}{query}"


def _breaking(root: Path, faults: Faults) -> type[asyncssh.SFTPServer]:
    """A server that breaks off in the middle, stalls or fills up."""

    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: Any) -> None:
            self._connection = chan.get_connection()
            super().__init__(chan, chroot=str(root))

        async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
            if faults.full_at and offset >= faults.full_at:
                faults.full_at = 0
                raise asyncssh.SFTPFailure("No space left on device")
            if faults.cut_stor_at and offset >= faults.cut_stor_at:
                faults.cut_stor_at = 0
                self._connection.abort()
            if faults.stall_stor:
                faults.reached.set()
                await asyncio.Event().wait()
            return super().write(file_obj, offset, data)

        def read(self, file_obj: Any, offset: int, size: int) -> bytes:
            if faults.cut_retr_at and offset >= faults.cut_retr_at:
                faults.cut_retr_at = 0
                self._connection.abort()
            size = min(size, 20_000) if faults.short_reads else size
            return super().read(file_obj, offset, min(size, faults.most_at_once or size))

    return Files


def _refusing(base: type[asyncssh.SFTPServer], faults: Faults) -> type[asyncssh.SFTPServer]:
    """The same, which also refuses what it is asked, and lies."""

    class Refusing(base):
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

    return Refusing


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
            sftp_factory=_refusing(_breaking(root, faults), faults),
        )

    server = wait(start())
    try:
        yield Sftp(root=root, port=server.get_port(), fingerprint=key.get_fingerprint(), faults=faults)
    finally:
        wait(stop(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
