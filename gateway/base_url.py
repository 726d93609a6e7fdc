"""The base of the URLs that a client is given."""

import re

from fastapi import Request

from gateway.errors import MalformedRequestError

#: host, host:port, [IPv6] or [IPv6]:port; nothing that could add to or end the host part of a URL.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def base_url_of(request: Request, public_url: str) -> str:
    """The public URL of the installation where it is set, else the address that the client itself used.

    Raises:
        MalformedRequestError: there is no public URL, and the Host header is no host.
    """
    if public_url:
        return public_url
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise MalformedRequestError("The Host header is not a host name or address with an optional port.")
    return f"{request.url.scheme}://{host}"
