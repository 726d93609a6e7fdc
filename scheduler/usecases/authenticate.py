"""Whose key is this? Asked by a gateway for (nearly) every request, so it reads one row and seldom writes."""

import structlog
from sqlalchemy import or_, select, update

from reelyard.cluster.views import Caller
from reelyard.media.errors import AuthError, UnavailableError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import accounts, api_keys

#: `last_used_ms` is for people who clean up their keys; it may be this many milliseconds behind.
LAST_USED_GRAIN_MS = 60_000

log = structlog.get_logger(__name__)


def authenticate(database: Database, key_sha256: str) -> Caller:
    """The account behind a key, given by the hexadecimal SHA-256 of the key.

    A disabled account is an answer, not an error: the dialects say 403 to it and 401 to an unknown key.

    Raises:
        AuthError: no such key, or it was revoked.
    """
    query = (
        select(
            api_keys.c.id,
            api_keys.c.account_id,
            api_keys.c.last_used_ms,
            accounts.c.disabled,
            now_ms().label("now"),
        )
        .join(accounts, accounts.c.id == api_keys.c.account_id)
        .where(api_keys.c.key_sha256 == key_sha256.lower(), api_keys.c.revoked_ms.is_(None))
    )
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        raise AuthError("the API key is unknown or was revoked")
    if row.last_used_ms is None or row.last_used_ms <= row.now - LAST_USED_GRAIN_MS:
        _note_use(database, row.id, row.now)
    return Caller(account_id=row.account_id, key_id=row.id, disabled=row.disabled)


def _note_use(database: Database, key_id: int, now: int) -> None:
    """Write down that the key is in use; of several calls at once only one changes the row."""
    stale = or_(api_keys.c.last_used_ms.is_(None), api_keys.c.last_used_ms <= now - LAST_USED_GRAIN_MS)
    note = update(api_keys).where(api_keys.c.id == key_id, stale).values(last_used_ms=now)
    try:
        database.transact(lambda conn: conn.execute(note))
    except UnavailableError as error:
        # The key was found to be good; a busy database must not turn its owner away for the sake of a note.
        log.warning("key_use_not_noted", key_id=key_id, error=error.message)
