"""FTP and FTPS (RFC 959, 3659, 4217): uploads under a temporary name, and reads that can begin anywhere.

Data connections go to the address of the control connection and never to the one that a server names (a server could
send us into our own network). They take the control connection's TLS session along, which many servers demand.
"""

import contextlib
import ftplib
import re
import socket
import ssl
from collections.abc import Iterator
from typing import NoReturn, cast

import structlog

from encoder_node.transfer.faults import Fault, PeerError
from encoder_node.transfer.naming import temporary_name
from encoder_node.transfer.parcel import Parcel
from encoder_node.transfer.reach import Line
from encoder_node.transfer.reading import Reading
from reelyard.media.locations import Location

log = structlog.get_logger(__name__)

# sendall's time-out is for the whole call: small slices let a slow line be slow.
_SEND_BYTES = 64 * 1024
_READ_BYTES = 256 * 1024
#: Seconds for what only tidies up.
_TIDY_S = 5.0
_NOT_LOGGED_IN, _NEEDS_ACCOUNT, _UNAVAILABLE, _NAME_REFUSED = 530, 532, 550, 553
#: Commands that the server does not know or does not offer.
_UNKNOWN = frozenset({500, 501, 502, 503, 504, 522})
_NO_RIGHT = re.compile(r"denied|permission|not allowed|forbidden|privilege|rights|access", re.IGNORECASE)


class _Client(ftplib.FTP_TLS):
    """One control connection over a socket that is there already, with or without TLS."""

    def __init__(self, line: Line, location: Location) -> None:
        super().__init__(context=line.reach.tls, timeout=line.reach.stall_s)
        self._line = line
        self._secure = location.scheme == "ftps"
        self.host = location.host
        self.port = location.port
        sock = line.connect(location)
        self.af = sock.family
        self.sock = sock
        try:
            if location.implicit_tls:
                self.sock = self.context.wrap_socket(sock, server_hostname=location.host)
            self._read_as_text()
            self.welcome = self.getresp()
            if self._secure and not location.implicit_tls:
                self.auth()
                self._read_as_text()
        except BaseException:
            self.close()
            raise

    def _read_as_text(self) -> None:
        # A server's message in another encoding must not be an error.
        self.file = cast("socket.socket", self.sock).makefile("r", encoding=self.encoding, errors="replace")

    def enter(self, location: Location) -> None:
        """Log in; over TLS the data connections are protected too."""
        user = location.user or "anonymous"
        password = location.password or ("anonymous@" if not location.user else "")
        ftplib.FTP.login(self, user, password)  # noqa: S321  # what the client chose
        if self._secure:
            self.prot_p()
        self.voidcmd("TYPE I")

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection (to the control connection's address) and send the command."""
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321  # what the client chose
        self._line.watch(conn)
        conn.settimeout(self.timeout)
        if not self._secure:
            return conn, size
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        try:
            return self.context.wrap_socket(conn, server_hostname=self.host, session=session), size
        except BaseException:
            conn.close()
            raise


def upload(line: Line, location: Location, parcel: Parcel) -> None:
    """Deliver a parcel to the file that the location names; folders are made where they are missing.

    Raises:
        PeerError: the server, or the way to it, was the trouble. The temporary file was removed if that was possible.
        WorkError: the store was.
        StoppedError: the task was stopped.
    """
    name, temporary = location.name, temporary_name(location.name, parcel.mark)
    begun = False
    try:
        with _translated(), contextlib.closing(_Client(line, location)) as client:
            client.enter(location)
            _go_to_folder(client, location)
            for mark in parcel.earlier_marks:
                _remove(client, temporary_name(name, mark))
            begun = True
            _store(client, temporary, parcel)
            _check_size(client, temporary, parcel.object.size_bytes)
            _rename(client, temporary, name)
            with contextlib.suppress(ftplib.Error, OSError, EOFError):
                client.quit()
    except BaseException:
        if begun:
            line.forget()  # what is closed here is closed at the server too
            _tidy(line, location, temporary)
        line.stop.check()  # a connection that was shut looks like a broken one
        raise


def _store(client: _Client, name: str, parcel: Parcel) -> None:
    conn, _ = client.ntransfercmd(f"STOR {name}")
    try:
        with parcel.pieces() as pieces:
            for piece in pieces:
                view = memoryview(piece)
                for start in range(0, len(view), _SEND_BYTES):
                    _send(client, conn, view[start : start + _SEND_BYTES])
        _end(conn)
    finally:
        conn.close()
    client.voidresp()


def _send(client: _Client, conn: socket.socket, data: memoryview) -> None:
    try:
        conn.sendall(data)
    except TimeoutError as error:
        raise PeerError(Fault.STALLED, "it stopped taking data") from error
    except OSError as error:
        # The server closes the data connection first and then says why, such as a full disk.
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, EOFError):
            cast("socket.socket", client.sock).settimeout(_TIDY_S)
            client.voidresp()
        raise PeerError(Fault.BROKEN, "the connection broke off") from error


def _end(conn: socket.socket) -> None:
    """Say that this was all; some servers do not answer that. Shut and not only closed: a handle is left."""
    with contextlib.suppress(OSError, ValueError):
        if isinstance(conn, ssl.SSLSocket):
            conn.settimeout(_TIDY_S)
            conn = conn.unwrap()
    with contextlib.suppress(OSError):
        conn.shutdown(socket.SHUT_WR)


def _check_size(client: _Client, name: str, wanted: int) -> None:
    size = _size(client, name)
    if size is not None and size != wanted:
        raise PeerError(Fault.REFUSED, f"{size} of {wanted} bytes arrived")


def _size(client: _Client, name: str) -> int | None:
    """A file's size, None where the server does not tell sizes."""
    try:
        return client.size(name)
    except ftplib.error_perm as error:
        if _code(error) in _UNKNOWN:
            return None
        raise


def _rename(client: _Client, temporary: str, name: str) -> None:
    _begin_rename(client, temporary)
    try:
        client.voidcmd(f"RNTO {name}")
    except ftplib.error_perm:
        # Some servers do not rename over a file that is there.
        if not _remove(client, name):
            raise
        _begin_rename(client, temporary)
        client.voidcmd(f"RNTO {name}")


def _begin_rename(client: _Client, name: str) -> None:
    """Say what is to be renamed. Apart: who may not rename at all must not have the client's older file deleted."""
    answer = client.sendcmd(f"RNFR {name}")
    if not answer.startswith("3"):
        raise PeerError(Fault.REFUSED, "the server refused it", said=answer)


def _remove(client: _Client, name: str) -> bool:
    """Delete a file; False when there is none or the server refuses."""
    try:
        client.delete(name)
    except ftplib.error_perm:
        return False
    return True


def _tidy(line: Line, location: Location, temporary: str) -> None:
    """Remove what a failed attempt left, over a connection of its own: the first one may be in any state."""
    try:
        with contextlib.closing(_tidier(line, location)) as client:
            client.enter(location)
            for part in _folders(location):
                client.cwd(part)
            _remove(client, temporary)
    except (PeerError, ftplib.Error, OSError, EOFError) as error:
        log.warning("temporary_file_left", why=type(error).__name__, name=temporary)


def _tidier(line: Line, location: Location) -> _Client:
    return _Client(line.for_tidying(_TIDY_S), location)


def _folders(location: Location) -> list[str]:
    """The steps from the login folder to the file's; the first is "/" where the path is absolute."""
    parts = [part for part in location.folder.split("/") if part]
    return ["/", *parts] if location.folder.startswith("/") else parts


def _go_to_folder(client: _Client, location: Location) -> None:
    for part in _folders(location):
        try:
            client.cwd(part)
        except ftplib.error_perm:
            # If the folder cannot be made, being there by now is good enough: another delivery may have made it.
            try:
                client.mkd(part)
            except ftplib.error_perm as refused:
                with contextlib.suppress(ftplib.error_perm):
                    client.cwd(part)
                    continue
                raise PeerError(Fault.DENIED, f"the folder '{part}' cannot be made", said=str(refused)) from refused
            client.cwd(part)


@contextlib.contextmanager
def reading(line: Line, location: Location, start: int) -> Iterator[Reading]:
    """Read a file from `start`, in bytes, to its end.

    Raises:
        PeerError: on entering, and from the pieces.
    """
    with contextlib.ExitStack() as stack:
        with _translated(reads=True):  # not around what the caller does in the meantime
            client = stack.enter_context(contextlib.closing(_Client(line, location)))
            client.enter(location)
            for part in _folders(location):
                client.cwd(part)
            size = _size(client, location.name)
            version = f"{size} {_modified(client, location.name)}"
            conn, start = _open(client, location.name, start)
            stack.enter_context(conn)
        yield Reading(size=size, start=start, version=version, pieces=_pieces(client, conn))


def _open(client: _Client, name: str, start: int) -> tuple[socket.socket, int]:
    """The data connection and where it begins: at 0 where the server cannot begin elsewhere."""
    if start:
        try:
            return client.ntransfercmd(f"RETR {name}", rest=start)[0], start
        except ftplib.error_perm as error:
            if _code(error) not in _UNKNOWN:
                raise
    return client.ntransfercmd(f"RETR {name}")[0], 0


def _pieces(client: _Client, conn: socket.socket) -> Iterator[bytes]:
    with _translated(reads=True):
        while piece := conn.recv(_READ_BYTES):
            yield piece
        _end(conn)
        conn.close()
        client.voidresp()


def _modified(client: _Client, name: str) -> str:
    """When a file was changed, as the server says it; "" where it does not."""
    try:
        return client.voidcmd(f"MDTM {name}")
    except ftplib.error_perm:
        return ""


def _code(error: Exception) -> int:
    text = str(error)[:3]
    return int(text) if text.isdecimal() else 0


@contextlib.contextmanager
def _translated(*, reads: bool = False) -> Iterator[None]:
    """The library's errors as ours. What the server said is kept apart: it may hold what must not be shown."""
    try:
        yield
    except ftplib.error_perm as error:
        _refuse(error, reads=reads)
    except (ftplib.error_temp, ftplib.error_reply, ftplib.error_proto) as error:
        raise PeerError(Fault.REFUSED, "the server refused it", said=str(error)) from None
    except TimeoutError as error:
        raise PeerError(Fault.STALLED, "it did not answer in time") from error
    except ssl.SSLCertVerificationError as error:
        why = f"its TLS certificate is not valid for it or not trusted ({error.verify_message})"
        raise PeerError(Fault.BROKEN, why) from error
    except ssl.SSLError as error:
        raise PeerError(Fault.BROKEN, "no secure connection could be kept (TLS)") from error
    except (OSError, EOFError) as error:
        raise PeerError(Fault.BROKEN, "the connection broke off") from error


def _refuse(error: ftplib.error_perm, *, reads: bool) -> NoReturn:
    code, said = _code(error), str(error)
    # ftplib's own text is not kept as the cause: a server may answer with the password.
    if code in {_NOT_LOGGED_IN, _NEEDS_ACCOUNT}:
        raise PeerError(Fault.DENIED, "the server does not accept user and password", said=said) from None
    if code in {_UNAVAILABLE, _NAME_REFUSED}:
        if reads and not _NO_RIGHT.search(said):
            raise PeerError(Fault.MISSING, "there is no such file", said=said) from None
        raise PeerError(Fault.DENIED, "the server does not permit it", said=said) from None
    raise PeerError(Fault.REFUSED, "the server refused it", said=said) from None
