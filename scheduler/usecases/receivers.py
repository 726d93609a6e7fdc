"""Whom a job or an ingest tells of its end, and which receivers are valid."""

from dataclasses import dataclass, field

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import HTTP_SCHEMES
from reelyard.media.values import PING_URL_EXAMPLE, check_web_url


@dataclass(frozen=True, kw_only=True)
class Receivers:
    """A webhook and a mail address, "" for none. The URL may hold credentials; as a row has it, it is sealed."""

    ping_url: str = field(default="", repr=False)
    email: str = ""


NOBODY = Receivers()


def ingest_receivers(asked: Receivers, defaults: Receivers = NOBODY) -> Receivers:
    """Whom an ingest tells: what its request says, and the account's default where it says nothing.

    This is for an ingest that was asked for by itself: of one that a job request made, its jobs tell.
    """
    return Receivers(ping_url=asked.ping_url or defaults.ping_url, email=asked.email or defaults.email)


def check_allowed_url(field: str, url: str, fetch: FetchPolicy | None) -> None:
    """Refuse the URL of a webhook or an image that isn't one of http or https, or whose address must not be reached.

    `fetch` None allows no private address. "" is no URL, and fine.

    Raises:
        SpecError: naming the field.
    """
    if url:
        check_web_url(field, url, example=PING_URL_EXAMPLE)
        policy = fetch or FetchPolicy(())
        check_url(url, schemes=HTTP_SCHEMES, policy=policy, field=field, code=ErrorCode.INVALID_PARAMETER_VALUE)


def check_mail_is_sent(address: str | None, *, sends_mail: bool, field: str = "notification_email") -> None:
    """Refuse a mail address where no mail is sent: it could only be ignored.

    Raises:
        SpecError: naming the field.
    """
    if address and not sends_mail:
        raise SpecError(
            field,
            f"{{{field}}} can't be served: no mail is sent from here until an operator sets REELYARD_MAIL_FROM and "
            "REELYARD_SMTP_URL; leave it out, or use {ping_url}",
        )
