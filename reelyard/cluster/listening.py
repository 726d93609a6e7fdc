"""Which addresses a server listens on: every one of the machine, IPv6 and IPv4 alike, or exactly the one it was told.

Linux answers both families on one socket of IPv6 whose `IPV6_V6ONLY` is off (ipv6(7)). A kernel without IPv6
(`ipv6.disable=1`, or a sandbox that admits IPv4 alone) makes no such socket: there "every address" is every IPv4 one,
and the log says so.
"""

import socket

import structlog

from reelyard.cluster.listen_address import EVERY_ADDRESS, EVERY_IPV4

log = structlog.get_logger(__name__)


def listening_socket(host: str, port: int, *, backlog: int) -> socket.socket:
    """A TCP socket that is bound and listens.

    Args:
        host: `::` for every address of the machine, IPv6 and IPv4; `0.0.0.0` for every IPv4 one; else the one
            address, or the first one of a name.
        port: 0 takes any free one.
        backlog: connections that may wait to be accepted.

    Raises:
        socket.gaierror: the name has no address.
        OSError: the address is not this machine's, or the port is taken.
    """
    host = existing_wildcard(host, port)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Said each time: what a socket begins with is up to the machine (net.ipv6.bindv6only)
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == EVERY_ADDRESS else 1)
        listening.bind(address)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def existing_wildcard(host: str, port: int) -> str:
    """`0.0.0.0` for `::` where the kernel has no IPv6, which the log is told of; any other host as it is."""
    if host != EVERY_ADDRESS:
        return host
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()
    except OSError as error:
        log.warning("ipv6_unavailable", listens_on=EVERY_IPV4, port=port, reason=error.strerror)
        return EVERY_IPV4
    return host
