"""The settings that an account may read and change itself, and the defaults that they are for its outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection, select, update

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import AccountView, UpdateAccount
from reelyard.media.errors import SpecError
from reelyard.media.locations import check_delivery_location
from reelyard.media.mail_address import check_mail_address
from scheduler.errors import AccountNotFoundError
from scheduler.store.database import Database
from scheduler.store.sealed import seal, unseal
from scheduler.store.tables import accounts
from scheduler.usecases.accounts import account_view
from scheduler.usecases.location_addresses import check_location
from scheduler.usecases.receivers import check_allowed_url, check_mail_is_sent

#: Raises SpecError for a value that is not valid.
Check: TypeAlias = Callable[[str], None]

#: Characters of a webhook secret: below, it could be guessed; above, nobody has one.
MIN_SECRET, MAX_SECRET = 16, 255


@dataclass(frozen=True, kw_only=True)
class AccountDefaults:
    """What an account's outputs and ingests get that say nothing of it; "" is nothing. URLs may hold credentials."""

    ping_url: str = field(default="", repr=False)
    notification_email: str = ""
    delivery_location: str = field(default="", repr=False)


#: Of an account that set none.
NO_DEFAULTS = AccountDefaults()


def read_defaults(conn: Connection, account_id: int) -> AccountDefaults:
    """The defaults of an account; empty ones for an account that is not there."""
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
    if row is None:
        return NO_DEFAULTS
    return AccountDefaults(
        ping_url=unseal(conn, row.default_ping_url),
        notification_email=row.default_notification_email,
        delivery_location=unseal(conn, row.default_delivery_location),
    )


def get_account(database: Database, account_id: int, *, rate_limit: int = 0) -> AccountView:
    """An account with its settings; `rate_limit` is that of accounts that have none of their own.

    Raises:
        AccountNotFoundError: there is none.
    """
    with database.read() as conn:
        return _read(conn, account_id, rate_limit)


def update_account(
    database: Database,
    change: UpdateAccount,
    *,
    fetch: FetchPolicy | None = None,
    rate_limit: int = 0,
    sends_mail: bool = False,
) -> AccountView:
    """Change the settings that are given; the account as it is then.

    A URL that is given back as `get_account` showed it, without its credentials, stays as it is.

    Args:
        database: the database.
        change: None leaves a setting as it is, "" clears it.
        fetch: which private addresses a URL may have; None: none.
        rate_limit: of accounts that have none of their own, for the answer.
        sends_mail: whether there is a mail server.

    Raises:
        AccountNotFoundError: there is no such account.
        SpecError: a value is not valid; nothing was changed.
    """
    checks = _checks(fetch or FetchPolicy(()), sends_mail=sends_mail)
    given = {name: getattr(change, name) for name in checks if getattr(change, name) is not None}

    def work(conn: Connection) -> AccountView:
        known = _read(conn, change.account_id, rate_limit)
        new = {name: text for name, text in given.items() if not text or text != getattr(known, name, "")}
        for name, text in new.items():
            if text:
                checks[name](text)
        values = {
            name: text if name == "default_notification_email" else seal(conn, text) for name, text in new.items()
        }
        if values:
            conn.execute(update(accounts).where(accounts.c.id == change.account_id).values(**values))
        return _read(conn, change.account_id, rate_limit)

    return database.transact(work)


def _checks(fetch: FetchPolicy, *, sends_mail: bool) -> dict[str, Check]:
    """The settings, each with what refuses a wrong value of it."""
    return {
        "default_ping_url": lambda url: check_allowed_url("default_ping_url", url, fetch),
        "default_notification_email": lambda text: _check_mail(text, sends_mail=sends_mail),
        "default_delivery_location": lambda url: _check_delivery(url, fetch),
        "webhook_secret": _check_secret,
    }


def _check_mail(address: str, *, sends_mail: bool) -> None:
    field = "default_notification_email"
    check_mail_address(field, address)
    check_mail_is_sent(address, sends_mail=sends_mail, field=field)


def _check_delivery(url: str, policy: FetchPolicy) -> None:
    check_delivery_location(url, field="default_delivery_location")
    check_location(url, policy, field="default_delivery_location")


def _check_secret(text: str) -> None:
    """Refuse a secret that is too short or can't be typed; it is not repeated."""
    if not MIN_SECRET <= len(text) <= MAX_SECRET:
        raise SpecError(
            "webhook_secret",
            f"{{webhook_secret}} has {len(text)} characters; {MIN_SECRET} to {MAX_SECRET} are valid, and an empty text "
            "drops it",
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SpecError("webhook_secret", "{webhook_secret} holds other characters than printable ASCII without spaces")


def _read(conn: Connection, account_id: int, rate_limit: int) -> AccountView:
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
    if row is None:
        raise AccountNotFoundError(f"there is no account {account_id}")
    return account_view(conn, row, rate_limit)
