"""Fetches URLs that clients give us, and keeps them away from our own network.

A pool of `guarded_http` resolves each name itself, refuses it when no admitted address is among the answers, and
connects to an address that was checked, so that a name cannot change between check and connection. `follow` follows
redirects by hand, each checked like the first URL.
"""

import base64
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, TypeAlias, cast
from urllib.parse import unquote, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import connection

from reelyard.cluster.fetch_policy import FetchPolicy, ForbiddenAddressError, check_url, checked_addresses
from reelyard.media.errors import SpecError
from reelyard.media.locations import HTTP_SCHEMES

__all__ = ["FetchPolicy", "ForbiddenAddressError", "check_url", "follow", "guarded_connection", "guarded_http"]

MAX_REDIRECTS = 5
#: How we call ourselves to strangers.
USER_AGENT = f"Reelyard/{version('reelyard')}"

# To one host, once their answers were read: a large source comes over several at once.
_KEPT_CONNECTIONS = 16
_DEFAULT_PORTS = {"http": 80, "https": 443}
# With 301, 302 and 303 a POST would become a GET without its body: the caller is given the answer as it is.
_REDIRECTS_KEEPING_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _REDIRECTS_KEEPING_METHOD
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


#: A request's body: its bytes, or what gives the pieces of a body from its beginning.
Body: TypeAlias = bytes | Callable[[], Iterable[bytes]]
#: Told of each new connection, before anything is sent over it.
OnSocket: TypeAlias = Callable[[socket.socket], None]


def guarded_connection(
    host: str,
    port: int,
    policy: FetchPolicy,
    *,
    timeout_s: float | None,
    socket_options: list[tuple[int, int, int | bytes]] | None = None,
) -> socket.socket:
    """A TCP connection to the first address of a host that the policy admits and that answers.

    Raises:
        ForbiddenAddressError: it has addresses, and none is admitted.
        OSError: it cannot be resolved (gaierror), does not answer in time (TimeoutError), or refuses.
    """
    failure: OSError | None = None
    for address in checked_addresses(host, port, policy):
        try:
            # a literal address: nothing is resolved again
            return connection.create_connection((address, port), timeout_s, socket_options=socket_options)
        except OSError as error:
            failure = error
    raise failure or OSError("no address")  # there is at least one, or it was refused above


class _GuardedMixin:
    """Connects to checked addresses only. Host header and TLS name stay those of the URL."""

    def __init__(self, *args: Any, policy: FetchPolicy, on_socket: OnSocket | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._policy = policy
        self._on_socket = on_socket

    def _new_conn(self) -> socket.socket:
        this = cast("HTTPConnection", self)
        try:
            sock = guarded_connection(
                this.host, this.port, self._policy, timeout_s=this.timeout, socket_options=this.socket_options
            )
        except socket.gaierror as error:
            raise NameResolutionError(this.host, this, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(this, f"No connection to {this.host} in time.") from error
        except OSError as error:
            raise NewConnectionError(this, f"No connection to {this.host}: {error}") from error
        if self._on_socket is not None:
            self._on_socket(sock)
        return sock


class _GuardedHTTP(_GuardedMixin, HTTPConnection):
    pass


class _GuardedHTTPS(_GuardedMixin, HTTPSConnection):
    pass


class _GuardedHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _GuardedHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _GuardedManager(urllib3.PoolManager):
    def __init__(self, policy: FetchPolicy, on_socket: OnSocket | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.policy = policy
        pools = {
            "http": partial(_GuardedHTTPPool, policy=policy, on_socket=on_socket),
            "https": partial(_GuardedHTTPSPool, policy=policy, on_socket=on_socket),
        }
        self.pool_classes_by_scheme = cast("dict[str, type[urllib3.HTTPConnectionPool]]", pools)

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: ARG002, FBT001, FBT002  # urllib3's signature
        **kw: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Never follow a redirect: `follow` checks each first."""
        return super().urlopen(method, url, redirect=False, **kw)


def guarded_http(
    policy: FetchPolicy,
    *,
    connect_timeout_s: float,
    read_timeout_s: float,
    tls: ssl.SSLContext | None = None,
    on_socket: OnSocket | None = None,
) -> urllib3.PoolManager:
    """A pool for URLs of strangers: checked addresses, no retries, no redirects, no proxy.

    Its requests raise ForbiddenAddressError, and urllib3's errors. `read_timeout_s` is between two reads, so it is
    the stall limit of a download. `tls` says whom to trust, None: the system's authorities. `on_socket` is told of
    each new connection.
    """
    timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
    trust = {} if tls is None else {"ssl_context": tls}
    return _GuardedManager(
        policy,
        on_socket,
        timeout=timeout,
        retries=False,
        headers={"User-Agent": USER_AGENT},
        maxsize=_KEPT_CONNECTIONS,
        **trust,
    )


def follow(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Body | None = None,
) -> tuple[urllib3.BaseHTTPResponse, str]:
    """Send a request and follow its redirects, each checked.

    User and password in the URL become basic authentication. Credentials stay with the origin they were meant for.
    A request other than GET and HEAD follows 307 and 308 only; else the redirect itself is the answer.

    A body in pieces needs a Content-Length among `headers`, else it goes out chunked.

    `pool` is of `guarded_http`; its headers are sent beside `headers`.

    Returns:
        The last response, which the caller must read and release, and the URL that gave it.

    Raises:
        ForbiddenAddressError: a URL on the way may not be fetched, or there were too many.
        urllib3.exceptions.HTTPError: the request failed.
    """
    policy = cast("_GuardedManager", pool).policy
    sent = {**pool.headers, **(headers or {})}
    _check(url, policy)
    for _ in range(MAX_REDIRECTS + 1):
        sent, bare = _with_basic_auth(url, sent)
        data = body() if callable(body) else body  # each hop gets the whole body again
        response = pool.request(method, bare, headers=sent, body=data, preload_content=False, redirect=False)
        location = response.headers.get("Location")
        if location is None or not _is_followed(method, response.status):
            return response, bare
        # not drained: a redirect's body may be endless
        response.close()
        url = _target(bare, location, policy)
        sent = _headers_for(bare, url, sent)
    raise ForbiddenAddressError(f"The URL redirects more than {MAX_REDIRECTS} times.")


def _is_followed(method: str, status: int) -> bool:
    return status in (_REDIRECTS if method in {"GET", "HEAD"} else _REDIRECTS_KEEPING_METHOD)


def _check(url: str, policy: FetchPolicy, what: str = "The URL") -> None:
    try:
        check_url(url, schemes=HTTP_SCHEMES, policy=policy, field="url")
    except SpecError as error:
        raise ForbiddenAddressError(error.render({"url": what})) from None


def _target(source: str, location: str, policy: FetchPolicy) -> str:
    try:
        target = urljoin(source, location)
    except ValueError:
        raise ForbiddenAddressError("The URL redirects to what is no URL.") from None
    _check(target, policy, "The URL that it redirects to")
    return target


def _with_basic_auth(url: str, headers: dict[str, str]) -> tuple[dict[str, str], str]:
    """The headers with the URL's user and password, and the URL without them."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=host, fragment="").geturl()
    if not at:
        return headers, bare
    user, _, password = userinfo.partition(":")
    pair = f"{unquote(user)}:{unquote(password)}".encode()  # RFC 7617: UTF-8, where Latin-1 has no such character
    kept = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    return {**kept, "Authorization": f"Basic {base64.b64encode(pair).decode()}"}, bare


def _headers_for(source: str, target: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers for a redirect's target: credentials only for the same origin, never after TLS was given up."""
    if _origin(source) == _origin(target):
        return headers
    has_credentials = any(name.lower() in _CREDENTIAL_HEADERS for name in headers)
    given_up = source.startswith("https:") and urlsplit(target).scheme == "http"
    if given_up and (has_credentials or "@" in urlsplit(target).netloc):
        raise ForbiddenAddressError("The URL redirects from https to http, and has credentials.")
    return {name: value for name, value in headers.items() if name.lower() not in _CREDENTIAL_HEADERS}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
