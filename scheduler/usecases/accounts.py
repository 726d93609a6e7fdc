"""Accounts: whom jobs, media and keys belong to."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.redact import redact_url
from reelyard.cluster.views import AccountView
from reelyard.media.errors import ConflictError, ErrorCode, SpecError
from reelyard.media.values import MAX_NAME
from scheduler.errors import AccountNotFoundError
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.sealed import seal, unseal
from scheduler.store.tables import accounts, api_keys

#: How a webhook secret begins, so that people and scanners know what they found, and its randomness in bytes.
SECRET_PREFIX = "whsec_"  # noqa: S105  # no secret, only how each begins
SECRET_BYTES = 32
#: The highest limit that an account may be given, in requests an hour.
MAX_RATE_LIMIT = 1_000_000_000


def create_account(database: Database, name: str) -> AccountView:
    """A new account.

    Raises:
        SpecError: the name is empty, too long or holds control characters.
        ConflictError: the name is taken.
    """
    check_label("name", name)
    if not name:
        raise SpecError("name", "{name} of the account is missing", code=ErrorCode.PARAMETER_MISSING)
    try:
        return database.transact(lambda conn: insert_account(conn, name))
    except IntegrityError as error:  # the only constraint that a new account can break is the unique name
        raise ConflictError(f"there is an account named {name!r} already") from error


def insert_account(conn: Connection, name: str) -> AccountView:
    """Add an account within the caller's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: the name is taken.
    """
    account_id, now = new_id(conn, "account"), read_now(conn)
    conn.execute(insert(accounts).values(id=account_id, name=name, created_ms=now))
    return AccountView(account_id=account_id, name=name, created_ms=now)


def find_account(database: Database, name: str, *, rate_limit: int = 0) -> AccountView:
    """The account of this name, without its defaults; `rate_limit` is that of accounts that have none of their own.

    Raises:
        AccountNotFoundError: there is none.
    """
    with database.read() as conn:
        row = conn.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        if row is None:
            raise AccountNotFoundError(f"there is no account named {name!r}")
        return _without_defaults(conn, row, rate_limit)


def list_accounts(database: Database, *, rate_limit: int = 0) -> tuple[AccountView, ...]:
    """Every account without its defaults, the oldest first; `rate_limit` as of `find_account`."""
    with database.read() as conn:
        rows = conn.execute(select(accounts).order_by(accounts.c.id)).all()
        return tuple(_without_defaults(conn, row, rate_limit) for row in rows)


def renew_webhook_secret(database: Database, name: str) -> str:
    """Give the account a new random secret that signs its notifications from now on; the old one is forgotten.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    secret = f"{SECRET_PREFIX}{secrets.token_urlsafe(SECRET_BYTES)}"
    _change(database, name, lambda conn: {"webhook_secret": seal(conn, secret)})
    return secret


def drop_webhook_secret(database: Database, name: str) -> None:
    """Send the account's notifications without a signature.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    _change(database, name, lambda _conn: {"webhook_secret": ""})


def set_disabled(database: Database, name: str, *, disabled: bool) -> None:
    """Lock an account out, or let it in again. Its jobs go on; its calls are answered with `forbidden`.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    _change(database, name, lambda _conn: {"disabled": disabled})


def set_rate_limit(database: Database, name: str, limit: int | None) -> None:
    """Give an account a limit of its own: requests an hour, 0 for none; None is the installation's again.

    Raises:
        AccountNotFoundError: there is no such account.
        SpecError: the limit is below 0 or beyond all use.
    """
    if limit is not None and not 0 <= limit <= MAX_RATE_LIMIT:
        raise SpecError("limit", f"{{limit}} is {limit}; 0 to {MAX_RATE_LIMIT} requests an hour are valid")
    _change(database, name, lambda _conn: {"rate_limit": limit})


def account_view(conn: Connection, row: Row[Any], rate_limit: int) -> AccountView:
    """What may be shown of a row of `accounts`: URLs without credentials, and of the secret only whether there is one.

    `rate_limit` is that of accounts that have none of their own.

    Raises:
        SealError: a URL can't be opened.
    """
    return replace(
        _without_defaults(conn, row, rate_limit),
        default_ping_url=shown_url(unseal(conn, row.default_ping_url)),
        default_notification_email=row.default_notification_email,
        default_delivery_location=shown_url(unseal(conn, row.default_delivery_location)),
    )


def _without_defaults(conn: Connection, row: Row[Any], rate_limit: int) -> AccountView:
    """What needs no key to read, so that an operator can list and disable accounts without having it."""
    usable = api_keys.c.account_id == row.id, api_keys.c.revoked_ms.is_(None)
    return AccountView(
        account_id=row.id,
        name=row.name,
        disabled=row.disabled,
        created_ms=row.created_ms,
        webhook_secret_set=bool(row.webhook_secret),
        rate_limit=rate_limit if row.rate_limit is None else row.rate_limit,
        key_count=conn.execute(select(func.count()).select_from(api_keys).where(*usable)).scalar_one(),
    )


def shown_url(url: str) -> str:
    """A URL as it may be shown: without user, password, query and fragment; "" stays empty."""
    return redact_url(url) if url else ""


def _change(database: Database, name: str, values: Callable[[Connection], dict[str, Any]]) -> None:
    def work(conn: Connection) -> int:
        return conn.execute(update(accounts).where(accounts.c.name == name).values(**values(conn))).rowcount

    if database.transact(work) != 1:
        raise AccountNotFoundError(f"there is no account named {name!r}")


def check_label(field: str, value: str) -> None:
    """Refuse what would not fit the column or would upset a terminal that lists it.

    Raises:
        SpecError: naming the field.
    """
    if len(value) > MAX_NAME:
        raise SpecError(field, f"{{{field}}} has {len(value)} characters; the most is {MAX_NAME}")
    if not value.isprintable():
        raise SpecError(field, f"{{{field}}} {value!r} holds control characters; use printable ones")
