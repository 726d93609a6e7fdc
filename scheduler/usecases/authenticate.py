"""Whose key is this? Asked by a gateway for (nearly) every request; where the account has a limit it counts as one."""

from typing import Any

import structlog
from sqlalchemy import Row, func, or_, select, update

from reelyard.cluster.views import Caller
from reelyard.media.errors import AuthError, UnavailableError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import accounts, api_keys, rate_windows
from scheduler.usecases.rate_limit import Usage, count_request, full_window

#: `last_used_ms` is for people who clean up their keys; it may be this many milliseconds behind.
LAST_USED_GRAIN_MS = 60_000

log = structlog.get_logger(__name__)


def authenticate(database: Database, key_sha256: str, *, rate_limit: int = 0) -> Caller:
    """The account behind a key, given by the hexadecimal SHA-256 of the key.

    A disabled account, or one that is over its limit, is an answer, not an error: the dialects have their own words.

    Args:
        database: the database.
        key_sha256: of the key.
        rate_limit: requests an hour of an account that has no limit of its own; 0 for none.

    Raises:
        AuthError: no such key, or it was revoked.
        UnavailableError: the database can't be reached, or could not count the request.
    """
    row = _find(database, key_sha256, rate_limit)
    if row is None:
        raise AuthError("the API key is unknown or was revoked")
    if row.last_used_ms is None or row.last_used_ms <= row.now - LAST_USED_GRAIN_MS:
        _note_use(database, row.id, row.now)
    known = Caller(account_id=row.account_id, key_id=row.id, disabled=row.disabled, role=row.role)
    if row.disabled or not row.rate_limit:
        return known
    usage = _usage(database, row)
    return Caller(
        account_id=known.account_id,
        key_id=known.key_id,
        role=known.role,
        rate_limit=row.rate_limit,
        rate_remaining=usage.remaining,
        rate_reset_ms=usage.reset_ms,
        rate_limited=usage.limited,
    )


def _find(database: Database, key_sha256: str, rate_limit: int) -> Row[Any] | None:
    query = (
        select(
            api_keys.c.id,
            api_keys.c.account_id,
            api_keys.c.last_used_ms,
            api_keys.c.role,
            accounts.c.disabled,
            func.coalesce(accounts.c.rate_limit, rate_limit).label("rate_limit"),
            rate_windows.c.started_ms,
            rate_windows.c.used,
            now_ms().label("now"),
        )
        .join(accounts, accounts.c.id == api_keys.c.account_id)
        .outerjoin(rate_windows, rate_windows.c.account_id == accounts.c.id)
        .where(api_keys.c.key_sha256 == key_sha256.lower(), api_keys.c.revoked_ms.is_(None))
    )
    with database.read() as conn:
        return conn.execute(query).one_or_none()


def _usage(database: Database, row: Row[Any]) -> Usage:
    """Count the request; a client that hammers on a full window costs no write."""
    full = full_window(row.rate_limit, row.now, started_ms=row.started_ms, used=row.used)
    return full or count_request(database, row.account_id, row.rate_limit, row.now)


def _note_use(database: Database, key_id: int, now: int) -> None:
    """Write down that the key is in use; of several calls at once only one changes the row."""
    stale = or_(api_keys.c.last_used_ms.is_(None), api_keys.c.last_used_ms <= now - LAST_USED_GRAIN_MS)
    note = update(api_keys).where(api_keys.c.id == key_id, stale).values(last_used_ms=now)
    try:
        database.transact(lambda conn: conn.execute(note))
    except UnavailableError as error:
        # The key was found to be good; a busy database must not turn its owner away for the sake of a note.
        log.warning("key_use_not_noted", key_id=key_id, error=error.message)
