"""The words for where a server listens, and how it is reached from its own machine."""

#: Every address of the machine, IPv6 and IPv4 alike.
EVERY_ADDRESS = "::"
#: Every IPv4 address of the machine.
EVERY_IPV4 = "0.0.0.0"  # noqa: S104  # the word itself: it is a setting of whoever listens there


def loopback_of(host: str) -> str:
    """The address under which this machine itself reaches a server that listens on a host."""
    # A server of both families answers on IPv4's too, which a kernel without IPv6 has as well.
    return "127.0.0.1" if host in (EVERY_ADDRESS, EVERY_IPV4) else host


def host_and_port(host: str, port: int) -> str:
    """`host:port` as URLs and gRPC write it: IPv6 addresses in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
