"""Free loopback ports that nobody else on this machine is given meanwhile.

Asking the kernel for port 0 and closing the socket has two races: another caller gets the same number before
the server binds it, and an outgoing connection may take it, as it comes from the range of ephemeral ports.
So a port is drawn from below that range, and a name in the abstract socket namespace keeps it from every
other user of this module. (Linux: such a name vanishes with its holder; its scope is the network namespace,
as for ports.)
"""

import contextlib
import random
import socket
from pathlib import Path

_LOWEST = 10_000  # below lie the well-known servers
_ATTEMPTS = 1_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOOPBACK = "127.0.0.1"


class PortsExhaustedError(RuntimeError):
    """No free port was found on this machine."""


class Ports:
    """Holds ports until `release`; the numbers can be taken again later with `hold`."""

    def __init__(self) -> None:
        self._names: dict[int, socket.socket] = {}
        self._highest = _first_ephemeral() - 1

    def draw(self) -> int:
        """A port that is free on the loopback address and held by nobody.

        Raises:
            PortsExhaustedError: a thousand draws were all taken.
        """
        for _ in range(_ATTEMPTS):
            port = random.randint(_LOWEST, self._highest)  # noqa: S311 (no secret: it is listed by `ss`)
            if self.hold(port):
                return port
        raise PortsExhaustedError(
            f"no free port between {_LOWEST} and {self._highest} on {_LOOPBACK} in {_ATTEMPTS} draws"
        )

    def hold(self, port: int) -> bool:
        """Hold one given port; False when it is in use or held by somebody else."""
        if port in self._names:
            return True
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(f"\0reelyard-port-{port}")
            _bind_once(port)
        except OSError:
            name.close()
            return False
        self._names[port] = name
        return True

    def release(self) -> None:
        """Let all of them go; whoever listens on one keeps it."""
        for name in self._names.values():
            name.close()
        self._names.clear()


def _bind_once(port: int) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do: a port whose last connections are still in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((_LOOPBACK, port))


def _first_ephemeral() -> int:
    try:
        return int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768  # Linux's default
