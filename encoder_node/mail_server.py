"""The operator's mail server, as the setting REELYARD_SMTP_URL names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import unquote, urlsplit


class Security(StrEnum):
    """How the connection is kept from listeners; the value is the URL's scheme."""

    STARTTLS = "smtp"
    TLS = "smtps"
    NONE = "smtp+plain"


_PORTS: Mapping[Security, int] = MappingProxyType({Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25})
_VALID = (
    "smtp://user:password@host:587 (with STARTTLS), smtps://user:password@host:465, or smtp+plain://host:25, which has "
    "no encryption and therefore takes no password; percent-encode what is special in user and password"
)


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mails are handed in; without a user there is no login."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(value: str) -> MailServer:
    """The mail server that a URL names.

    Raises:
        ValueError: with what is valid; it does not repeat the URL.
    """
    try:
        parts = urlsplit(value)
        security = Security(parts.scheme)
        port = parts.port or _PORTS[security]
    except ValueError:
        raise ValueError(_VALID) from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    stray = parts.path.strip("/") or parts.query or parts.fragment
    # smtplib sends ASCII alone, and a control character would end a command.
    plain = all(text.isascii() and text.isprintable() for text in (parts.hostname or "", user, password))
    if not parts.hostname or not plain or stray or bool(user) != bool(password) or (user and security is Security.NONE):
        raise ValueError(_VALID)
    return MailServer(host=parts.hostname, port=port, security=security, user=user, password=password)
