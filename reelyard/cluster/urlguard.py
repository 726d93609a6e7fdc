"""Fetches URLs that clients give us, and keeps them away from our own network.

A pool of `guarded_http` resolves each name itself, refuses it when no admitted address is among the answers, and
connects to an address that was checked, so that a name cannot change between check and connection. `follow` follows
redirects by hand, each checked like the first URL.
"""

import socket
from collections.abc import Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import connection, make_headers

from reelyard.cluster.fetch_policy import FetchPolicy, ForbiddenAddressError, check_url, checked_addresses
from reelyard.media.errors import SpecError

__all__ = ["FetchPolicy", "ForbiddenAddressError", "check_url", "follow", "guarded_http"]

MAX_REDIRECTS = 5
USER_AGENT = "Reelyard/1"

_SCHEMES = ("http", "https")
# To one host, once their answers were read: a large source comes over several at once.
_KEPT_CONNECTIONS = 16
_DEFAULT_PORTS = {"http": 80, "https": 443}
# With 301, 302 and 303 a POST would become a GET without its body: the caller is given the answer as it is.
_REDIRECTS_KEEPING_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _REDIRECTS_KEEPING_METHOD
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class _GuardedMixin:
    """Connects to checked addresses only. Host header and TLS name stay those of the URL."""

    def __init__(self, *args: Any, policy: FetchPolicy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._policy = policy

    def _new_conn(self) -> socket.socket:
        this = cast("HTTPConnection", self)
        try:
            addresses = checked_addresses(this.host, this.port, self._policy)
        except socket.gaierror as error:
            raise NameResolutionError(this.host, this, error) from error
        failure: OSError | None = None
        for address in addresses:
            try:
                # a literal address: nothing is resolved again
                return connection.create_connection(
                    (address, this.port), this.timeout, socket_options=this.socket_options
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(this, f"No connection to {this.host} in time.") from failure
        raise NewConnectionError(this, f"No connection to {this.host}: {failure}") from failure


class _GuardedHTTP(_GuardedMixin, HTTPConnection):
    pass


class _GuardedHTTPS(_GuardedMixin, HTTPSConnection):
    pass


class _GuardedHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _GuardedHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _GuardedManager(urllib3.PoolManager):
    def __init__(self, policy: FetchPolicy, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.policy = policy
        pools = {"http": partial(_GuardedHTTPPool, policy=policy), "https": partial(_GuardedHTTPSPool, policy=policy)}
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


def guarded_http(policy: FetchPolicy, *, connect_timeout_s: float, read_timeout_s: float) -> urllib3.PoolManager:
    """A pool for URLs of strangers: checked addresses, no retries, no redirects, no proxy.

    Its requests raise ForbiddenAddressError, and urllib3's errors. `read_timeout_s` is between two reads, so it is
    the stall limit of a download.
    """
    timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
    return _GuardedManager(
        policy, timeout=timeout, retries=False, headers={"User-Agent": USER_AGENT}, maxsize=_KEPT_CONNECTIONS
    )


def follow(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    preload_content: bool = False,
    max_redirects: int = MAX_REDIRECTS,
) -> tuple[urllib3.BaseHTTPResponse, str]:
    """Send a request and follow its redirects, each checked.

    User and password in the URL become basic authentication. Credentials stay with the origin they were meant for.
    A request other than GET and HEAD follows 307 and 308 only; else the redirect itself is the answer.

    `pool` is of `guarded_http`; its headers are sent beside `headers`. `preload_content` reads the whole answer at
    once: only for answers that are known to be small.

    Returns:
        The last response, and the URL that gave it. The caller must release a response that is not preloaded.

    Raises:
        ForbiddenAddressError: a URL on the way may not be fetched, or there were too many.
        urllib3.exceptions.HTTPError: the request failed.
    """
    policy = cast("_GuardedManager", pool).policy
    sent = {**pool.headers, **(headers or {})}
    _check(url, policy)
    for _ in range(max_redirects + 1):
        sent, bare = _with_basic_auth(url, sent)
        response = pool.request(method, bare, headers=sent, body=body, preload_content=preload_content, redirect=False)
        location = response.headers.get("Location")
        if location is None or not _is_followed(method, response.status):
            return response, bare
        # not drained: a redirect's body may be endless
        response.close()
        url = _target(bare, location, policy)
        sent = _headers_for(bare, url, sent)
    raise ForbiddenAddressError(f"The URL redirects more than {max_redirects} times.")


def _is_followed(method: str, status: int) -> bool:
    return status in (_REDIRECTS if method in {"GET", "HEAD"} else _REDIRECTS_KEEPING_METHOD)


def _check(url: str, policy: FetchPolicy, what: str = "The URL") -> None:
    try:
        check_url(url, schemes=_SCHEMES, policy=policy, field="url")
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
    basic = make_headers(basic_auth=f"{unquote(user)}:{unquote(password)}")
    kept = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    return {**kept, "Authorization": basic["authorization"]}, bare


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
