"""Accounts: whom jobs, media and keys belong to."""

import secrets
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.views import AccountView
from reelyard.media.errors import ConflictError, ErrorCode, SpecError
from scheduler.errors import AccountNotFoundError
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.sealed import seal
from scheduler.store.tables import accounts

MAX_NAME_LENGTH = 200
#: How a webhook secret begins, so that people and scanners know what they found, and its randomness in bytes.
SECRET_PREFIX = "whsec_"  # noqa: S105  # no secret, only how each begins
SECRET_BYTES = 32


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


def find_account(database: Database, name: str) -> AccountView:
    """The account of this name.

    Raises:
        AccountNotFoundError: there is none.
    """
    with database.read() as conn:
        row = conn.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
    if row is None:
        raise AccountNotFoundError(f"there is no account named {name!r}")
    return _view(row)


def list_accounts(database: Database) -> tuple[AccountView, ...]:
    """Every account, the oldest first."""
    with database.read() as conn:
        return tuple(_view(row) for row in conn.execute(select(accounts).order_by(accounts.c.id)))


def renew_webhook_secret(database: Database, name: str) -> str:
    """Give the account a new random secret that signs its notifications from now on; the old one is forgotten.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    secret = f"{SECRET_PREFIX}{secrets.token_urlsafe(SECRET_BYTES)}"
    with database.read() as conn:
        sealed = seal(conn, secret)
    _change(database, name, webhook_secret=sealed)
    return secret


def drop_webhook_secret(database: Database, name: str) -> None:
    """Send the account's notifications without a signature.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    _change(database, name, webhook_secret="")


def set_disabled(database: Database, name: str, *, disabled: bool) -> AccountView:
    """Lock an account out, or let it in again. Its jobs go on; its calls are answered with `forbidden`.

    Raises:
        AccountNotFoundError: there is no such account.
    """
    _change(database, name, disabled=disabled)
    return find_account(database, name)


def _change(database: Database, name: str, **values: Any) -> None:
    statement = update(accounts).where(accounts.c.name == name).values(**values)
    if database.transact(lambda conn: conn.execute(statement).rowcount) != 1:
        raise AccountNotFoundError(f"there is no account named {name!r}")


def check_label(field: str, value: str) -> None:
    """Refuse what would not fit the column or would upset a terminal that lists it.

    Raises:
        SpecError: naming the field.
    """
    if len(value) > MAX_NAME_LENGTH:
        raise SpecError(field, f"{{{field}}} has {len(value)} characters; the most is {MAX_NAME_LENGTH}")
    if not value.isprintable():
        raise SpecError(field, f"{{{field}}} {value!r} holds control characters; use printable ones")


def _view(row: Row[Any]) -> AccountView:
    return AccountView(account_id=row.id, name=row.name, disabled=row.disabled, created_ms=row.created_ms)
