"""SFTP (draft-ietf-secsh-filexfer-02, OpenSSH's posix-rename): uploads under a temporary name, reads from anywhere.

A service has no known_hosts, and trusting the first key that is seen would have to be kept somewhere and would say
nothing of the first time. So a location may name the server's fingerprint, which is then the only one accepted;
without one, any key is.
"""

import base64
import contextlib
import errno
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Any

import paramiko
import structlog
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_STATUS, CMD_WRITE, int64

from encoder_node.transfer.faults import Fault, PeerError
from encoder_node.transfer.naming import temporary_name
from encoder_node.transfer.parcel import Parcel
from encoder_node.transfer.reach import Line
from encoder_node.transfer.reading import Reading
from reelyard.media.locations import Location

log = structlog.get_logger(__name__)

#: What every server takes in one request (draft, 3: packets of 34000 bytes).
_REQUEST_BYTES = 32 * 1024
#: Requests under way at once: 2 MiB, enough for a fast line over a long distance.
_REQUESTS = 64
_TIDY_S = 5.0
#: The library's words for a login that the server neither accepted nor refused.
_NO_VERDICT = re.compile(r"timeout|transport shut down")


@contextlib.contextmanager
def _session(line: Line, location: Location) -> Iterator[paramiko.SFTPClient]:
    """Connect, check the host key, log in."""
    limit_s = line.reach.stall_s
    transport: paramiko.Transport | None = None
    try:
        with _translated():
            transport = paramiko.Transport(line.connect(location))
            transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = limit_s
            transport.start_client(timeout=limit_s)
            _check_host_key(transport.get_remote_server_key(), location)
            transport.auth_password(location.user, location.password)
            channel = transport.open_session(timeout=limit_s)
            channel.settimeout(limit_s)
            channel.invoke_subsystem("sftp")
            client = paramiko.SFTPClient(channel)
        yield client
    finally:
        if transport is not None:
            transport.close()


def _check_host_key(key: paramiko.PKey, location: Location) -> None:
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    found = f"SHA256:{digest}"
    if location.host_key and not hmac.compare_digest(found, location.host_key):
        why = f"the server's host key ({key.get_name()}) is {found}, not {location.host_key}; nothing was sent to it"
        raise PeerError(Fault.DENIED, why)


def upload(line: Line, location: Location, parcel: Parcel) -> None:
    """Deliver a parcel to the file that the location names; folders are made where they are missing.

    Raises:
        PeerError: the server, or the way to it, was the trouble. The temporary file was removed if that was possible.
        WorkError: the store was.
        StoppedError: the task was stopped.
    """
    temporary = _beside(location, temporary_name(location.name, parcel.mark))
    begun = False
    try:
        with _session(line, location) as client, _translated():
            _make_folders(client, location.folder)
            for mark in parcel.earlier_marks:
                _remove(client, _beside(location, temporary_name(location.name, mark)))
            begun = True
            _store(client, temporary, parcel)
            _check_size(client, temporary, parcel.object.size_bytes)
            _rename(client, temporary, location.path)
    except BaseException:
        if begun:
            line.forget()
            _tidy(line, location, temporary)
        line.stop.check()  # a connection that was shut looks like a broken one
        raise


def _store(client: paramiko.SFTPClient, path: str, parcel: Parcel) -> None:
    with client.open(path, "wb") as file, parcel.pieces() as pieces:
        writes = _Writes(client, file)
        for piece in pieces:
            for start in range(0, len(piece), _REQUEST_BYTES):
                writes.send(piece[start : start + _REQUEST_BYTES])
        writes.finish()


class _Writes:
    """Writes several requests ahead of their answers, and looks at every answer.

    The library's own pipelining drops answers: a write that a full disk refused in the middle would go unnoticed.
    """

    def __init__(self, client: paramiko.SFTPClient, file: paramiko.SFTPFile) -> None:
        self._client: Any = client  # its requests without waiting are not in its public interface
        self._handle = file.handle
        self._offset = 0
        self._waiting = 0
        self._error: OSError | EOFError | None = None

    def send(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: the server refused these or earlier ones, or the connection broke off.
        """
        self._client._async_request(self, CMD_WRITE, self._handle, int64(self._offset), data)  # noqa: SLF001
        self._offset += len(data)
        self._waiting += 1
        self._take_answers(_REQUESTS)

    def finish(self) -> None:
        """Wait for the last answer.

        Raises:
            OSError: as `send`.
        """
        self._take_answers(0)

    def _take_answers(self, left: int) -> None:
        while self._waiting > left:
            self._client._read_response()  # noqa: SLF001
        if self._error is not None:
            raise self._error

    def _async_response(self, kind: int, message: paramiko.Message, _number: int) -> None:
        """Called by the client with each answer; which request it belongs to does not matter."""
        self._waiting -= 1
        try:
            if kind == CMD_STATUS:
                self._client._convert_status(message)  # noqa: SLF001
        except (OSError, EOFError) as error:
            self._error = self._error or error


def _check_size(client: paramiko.SFTPClient, path: str, wanted: int) -> None:
    size = client.stat(path).st_size
    if size is not None and size != wanted:
        raise PeerError(Fault.REFUSED, f"{size} of {wanted} bytes arrived")


def _beside(location: Location, name: str) -> str:
    folder = location.folder
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _make_folders(client: paramiko.SFTPClient, folder: str) -> None:
    path = "/" if folder.startswith("/") else ""
    for part in [part for part in folder.split("/") if part]:
        path = f"{path}{part}"
        try:
            client.stat(path)
        except FileNotFoundError:
            _make_folder(client, path)
        path += "/"


def _make_folder(client: paramiko.SFTPClient, path: str) -> None:
    try:
        client.mkdir(path)
    except OSError as refused:
        try:
            client.stat(path)
        except OSError:
            raise refused from None
        # Another delivery has made it in the meantime.


def _rename(client: paramiko.SFTPClient, temporary: str, path: str) -> None:
    try:
        client.posix_rename(temporary, path)
    except PermissionError:
        raise
    except OSError:
        # Not OpenSSH: the plain rename does not replace a file. It is tried first, so that a file which is there is
        # deleted only where that is what stands in the way.
        try:
            client.rename(temporary, path)
        except PermissionError:
            raise
        except OSError:
            if not _remove(client, path):
                raise
            client.rename(temporary, path)


def _remove(client: paramiko.SFTPClient, path: str) -> bool:
    """Delete a file; False when there is none or the server refuses."""
    try:
        client.remove(path)
    except (FileNotFoundError, PermissionError):
        return False
    return True


def _tidy(line: Line, location: Location, temporary: str) -> None:
    """Remove what a failed attempt left, over a connection of its own."""
    try:
        with _session(line.for_tidying(_TIDY_S), location) as client, _translated():
            _remove(client, temporary)
    except PeerError as error:
        log.warning("temporary_file_left", why=error.why, name=temporary.rpartition("/")[2])


@contextlib.contextmanager
def reading(line: Line, location: Location, start: int) -> Iterator[Reading]:
    """Read a file from `start`, in bytes, to its end.

    Raises:
        PeerError: on entering, and from the pieces.
    """
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(_session(line, location))
        with _translated():  # not around what the caller does in the meantime
            found = client.stat(location.path)
            file = client.open(location.path, "rb")
            stack.callback(_close, file)
        version = f"{found.st_size} {found.st_mtime}"
        yield Reading(
            size=found.st_size,
            start=start,
            version=version,
            pieces=_pieces(_Reads(client, file, start, found.st_size or 0)),
        )


def _pieces(reads: "_Reads") -> Iterator[bytes]:
    while True:
        with _translated():  # not around what the caller does with a piece
            piece = reads.take()
        if not piece:
            return
        yield piece


class _Reads:
    """Reads several requests ahead of their answers, in the thread of whoever takes them.

    The library's own prefetching asks in a thread that looks for answers again and again, for ever when the reader has
    given up in the middle.

    Args:
        client: the connection.
        file: what is read.
        start: the first byte that is wanted.
        size: up to where requests go ahead, in bytes; behind it each waits for its answer.
    """

    def __init__(self, client: paramiko.SFTPClient, file: paramiko.SFTPFile, start: int, size: int) -> None:
        self._client: Any = client  # its requests without waiting are not in its public interface
        self._handle = file.handle
        self._size = size
        self._at = self._ahead = start
        self._asked: dict[int, tuple[int, int]] = {}
        self._came: dict[int, bytes] = {}
        self._ended = False
        self._error: OSError | None = None

    def take(self) -> bytes:
        """The next bytes; b"" at the end of the file.

        Raises:
            OSError: the server refused a request, or the connection broke off.
            paramiko.SSHException: the connection broke off.
        """
        while True:
            while not self._ended and len(self._asked) + len(self._came) < self._window():
                self._ask(self._ahead, _REQUEST_BYTES)
                self._ahead += _REQUEST_BYTES
            piece = self._came.pop(self._at, b"")
            self._at += len(piece)
            if piece or not self._asked:
                return piece
            self._client._read_response()  # noqa: SLF001
            if self._error is not None:
                raise self._error

    def _window(self) -> int:
        return _REQUESTS if self._ahead < self._size else 1

    def _ask(self, offset: int, count: int) -> None:
        number = self._client._async_request(self, CMD_READ, self._handle, int64(offset), count)  # noqa: SLF001
        self._asked[number] = offset, count

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """Called by the client with each answer. A server may give less than was asked for anywhere in a file."""
        offset, count = self._asked.pop(number)
        if kind == CMD_DATA and (data := message.get_string()):
            self._came[offset] = data
            if len(data) < count:
                self._ask(offset + len(data), count - len(data))
            return
        self._ended = True
        try:
            if kind == CMD_STATUS:
                self._client._convert_status(message)  # noqa: SLF001
        except EOFError:
            pass  # the end of the file
        except OSError as error:
            self._error = self._error or error


def _close(file: paramiko.SFTPFile) -> None:
    """Closing asks the server, which may be gone by now: the connection's end closes the file too."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        file.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Paramiko's errors as ours."""
    try:
        yield
    except paramiko.AuthenticationException as error:
        if _NO_VERDICT.search(str(error)):
            raise PeerError(Fault.BROKEN, "the connection broke off before the server had accepted the user") from error
        raise PeerError(Fault.DENIED, "the server does not accept user and password") from error
    except paramiko.SSHException as error:
        raise PeerError(Fault.BROKEN, "no SSH connection could be made or kept", said=str(error)) from None
    except TimeoutError as error:
        raise PeerError(Fault.STALLED, "it did not answer in time") from error
    except EOFError as error:
        raise PeerError(Fault.BROKEN, "the connection broke off") from error
    except OSError as error:
        raise _refusal(error) from None


def _refusal(error: OSError) -> PeerError:
    if error.errno == errno.EACCES:
        return PeerError(Fault.DENIED, "the server does not permit it", said=str(error))
    if error.errno == errno.ENOENT:
        return PeerError(Fault.MISSING, "there is no such file or folder", said=str(error))
    if error.errno is not None or "closed" in str(error).lower():
        return PeerError(Fault.BROKEN, "the connection broke off")
    return PeerError(Fault.REFUSED, "the server refused it", said=str(error))
