"""How connections to places outside are made: to admitted addresses only, bounded in time, and stoppable."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import urllib3

from encoder_node.stop import StopSignal
from encoder_node.transfer.faults import Fault, PeerError
from reelyard.cluster.urlguard import FetchPolicy, ForbiddenAddressError, guarded_connection, guarded_http
from reelyard.media.locations import Location


def trusting(ca_file: Path | None = None) -> ssl.SSLContext:
    """A TLS context that verifies peers by the system's authorities and those of a PEM file.

    Raises:
        OSError: the file cannot be read, or is not one of certificates.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Which addresses may be reached, whom TLS trusts, and how long anything may stand still, in seconds."""

    policy: FetchPolicy = field(default_factory=FetchPolicy)
    tls: ssl.SSLContext = field(default_factory=trusting)
    connect_s: float = 10.0
    stall_s: float = 60.0


class Line:
    """The connections of one transfer: what stops them when the task is stopped."""

    def __init__(self, reach: Reach, stop: StopSignal) -> None:
        self.reach = reach
        self.stop = stop
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []

    def connect(self, location: Location) -> socket.socket:
        """A TCP connection to the place's server, with the stall limit as its time-out.

        Raises:
            PeerError: it cannot be reached, or may not.
            StoppedError: the task was stopped.
        """
        self.stop.check()
        reach = self.reach
        try:
            sock = guarded_connection(location.host, location.port, reach.policy, timeout_s=reach.connect_s)
        except ForbiddenAddressError as error:
            raise PeerError(Fault.FORBIDDEN, error.message) from error
        except socket.gaierror as error:
            raise PeerError(Fault.BROKEN, "its host name cannot be resolved") from error
        except TimeoutError as error:
            raise PeerError(Fault.BROKEN, "it did not answer in time") from error
        except OSError as error:
            raise PeerError(Fault.BROKEN, "it refused the connection, or no way leads to its address") from error
        sock.settimeout(reach.stall_s)
        self.watch(sock)
        return sock

    def watch(self, sock: socket.socket) -> None:
        """Have a connection shut when the task is stopped.

        A second handle is kept: TLS takes the first one over, and shutting any handle shuts the connection.
        """
        handle = sock.dup()
        with self._lock:
            self._handles.append(handle)

    @contextlib.contextmanager
    def http(self) -> Iterator[urllib3.PoolManager]:
        """A pool for HTTP(S) whose connections are of this line. The stall limit is also that of sending a part."""
        pool = guarded_http(
            self.reach.policy,
            connect_timeout_s=self.reach.stall_s,
            read_timeout_s=self.reach.stall_s,
            tls=self.reach.tls,
            on_socket=self.watch,
        )
        try:
            yield pool
        finally:
            pool.clear()

    @contextlib.contextmanager
    def stoppable(self) -> Iterator[None]:
        """Within this, a stop shuts the connections that are open then. New ones may follow, to clean up."""
        try:
            with self.stop.calls(self._shut):
                yield
        finally:
            self.forget()

    def for_tidying(self, seconds: float) -> "Line":
        """Another line to the same places that a stop does not end: it is short, and leaves nothing behind."""
        reach = replace(
            self.reach, connect_s=min(seconds, self.reach.connect_s), stall_s=min(seconds, self.reach.stall_s)
        )
        return _TidyLine(reach, StopSignal())

    def forget(self) -> None:
        """Give up the second handles, so that connections end when their owners close them."""
        with self._lock:
            while self._handles:
                self._handles.pop().close()

    def _shut(self) -> None:
        with self._lock:
            for handle in self._handles:
                with contextlib.suppress(OSError):  # it may have ended already
                    handle.shutdown(socket.SHUT_RDWR)


class _TidyLine(Line):
    """A line whose connections end with their owners alone."""

    def watch(self, sock: socket.socket) -> None:
        """Nothing is kept."""
