"""Which URLs and addresses may be fetched: what keeps clients' URLs away from our own network.

Nothing here sends a request. `check_url` looks at a URL alone, before a request is accepted; `checked_addresses` is
for the moment of connecting, see `urlguard`.
"""

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from reelyard.cluster.redact import redact_url
from reelyard.cluster.settings_parsers import Network
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.locations import MAX_URL, UNSAFE

Address = IPv4Address | IPv6Address

# What Python 3.11's table takes for public.
_FORBIDDEN = (
    ip_network("168.63.129.16/32"),  # Azure's host agent, which gives out credentials
    ip_network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata are at 192.0.0.192
    ip_network("192.88.99.0/24"),  # 6to4 relays, withdrawn
)
_GLOBAL_IPV6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_EXAMPLES = ip_network("3fff::/20")  # documentation; newer than Python 3.11's own table

# Names that mean an address of ours wherever they are resolved: refused before anybody asks a resolver.
_KNOWN_NAMES = {
    "localhost": "127.0.0.1",
    "metadata": "169.254.169.254",
    "metadata.goog": "169.254.169.254",
    "metadata.google.internal": "169.254.169.254",
    "instance-data": "169.254.169.254",
    "instance-data.ec2.internal": "169.254.169.254",
}
_SHOWN = 100
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True)
class FetchPolicy:
    """Which addresses may be reached: all public ones, and those in `allow_cidrs`."""

    allow_cidrs: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether a connection to the address is admitted."""
        target = _effective(address)
        if any(target in network or address in network for network in self.allow_cidrs):
            return True
        return _is_public(target)


class ForbiddenAddressError(WorkError):
    """A URL leads to an address that may not be reached, or to no URL that may be fetched."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_INPUT_URL, message)


def _effective(address: Address) -> Address:
    """The IPv4 address that is reached in the end through an IPv6 one that stands for it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if any(address in network for network in _FORBIDDEN):
        return False
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_IPV6 or address in _EXAMPLES):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def check_url(
    url: str,
    *,
    schemes: Collection[str],
    policy: FetchPolicy,
    field: str,
    code: ErrorCode = ErrorCode.INVALID_INPUT_URL,
) -> None:
    """Check a URL without resolving its name.

    Args:
        url: as the client gave it.
        schemes: those that are admitted here, lower case.
        policy: which addresses may be reached.
        field: the member that held the URL, for the message.
        code: of the error.

    Raises:
        SpecError: with what is wrong and what is valid.
    """
    problem = _problem(url, schemes, policy)
    if problem is not None:
        raise SpecError(field, f"{{{field}}} is '{_shown(url)}': {problem}.", code=code)


def _shown(url: str) -> str:
    """The URL as the client will know it again, without what may be secret in it."""
    seen = UNSAFE.sub("_", url[:MAX_URL])
    # Without a scheme there is no telling what is a password; without these marks there is none.
    return seen[:_SHOWN] if "://" not in seen and not set(seen) & set("@:?#") else redact_url(seen)


def _problem(url: str, schemes: Collection[str], policy: FetchPolicy) -> str | None:
    if len(url) > MAX_URL:
        return f"it is longer than {MAX_URL} characters"
    if UNSAFE.search(url):
        return "it has a space, a control character or a backslash in it; such characters must be percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is not a URL, or its port is not a number from 1 to 65535"
    if parts.scheme not in schemes:
        return f"it must begin with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}"
    if port == 0:
        return "its port must be from 1 to 65535"
    return _host_problem(parts, policy)


def _host_problem(parts: SplitResult, policy: FetchPolicy) -> str | None:
    host = parts.hostname or ""
    if not host:
        return "it names no host"
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        return "its host has characters that host names do not have (write international names in their xn-- form)"
    address = _address_of(host.rstrip(".").lower())
    if address is not None and not policy.allows(address):
        return "it points to an address that may not be reached from here"
    return None


def _address_of(host: str) -> Address | None:
    """The address that a host certainly means: a literal in any spelling, or a well-known name."""
    if host.endswith(".localhost"):
        host = "localhost"
    host = _KNOWN_NAMES.get(host, host)
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1; so does this
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def checked_addresses(host: str, port: int, policy: FetchPolicy) -> list[str]:
    """Resolve a host; the admitted ones of its addresses, in the resolver's order.

    Raises:
        ForbiddenAddressError: it has addresses, and none is admitted.
        socket.gaierror: it cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    hosts = dict.fromkeys(str(address[0]) for *_, address in found)
    admitted = [name for name in hosts if policy.allows(ip_address(name))]
    if not admitted:
        raise ForbiddenAddressError(f"The host '{host}' has an address that may not be reached from here.")
    return admitted
