"""Counts an account's requests against its limit, in the database: one count for every gateway and scheduler.

A window lasts an hour from the first request after the last window's end. One guarded upsert counts a request, so
that requests that arrive together can't slip through together; one that is over the limit changes nothing.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, case, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from reelyard.cluster.views import RATE_WINDOW_S
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import rate_windows

#: How long a window lasts, in milliseconds.
WINDOW_MS = RATE_WINDOW_S * 1000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Where an account stands: requests left in its window, and milliseconds until that ends."""

    remaining: int
    reset_ms: int
    limited: bool = False


def full_window(limit: int, now: int, *, started_ms: int | None, used: int | None) -> Usage | None:
    """The refusal by a window that is known to be full; None when a request may still be counted.

    `now` and `started_ms` are milliseconds by the database's clock; None where the account has no window yet.
    """
    if started_ms is None or used is None or used < limit or started_ms + WINDOW_MS <= now:
        return None
    return Usage(remaining=0, reset_ms=started_ms + WINDOW_MS - now, limited=True)


def count_request(db: Database, account_id: int, limit: int, now: int) -> Usage:
    """Count one request of an account, unless its window is full.

    Args:
        db: the database.
        account_id: whose request it is.
        limit: requests in a window, at least 1.
        now: milliseconds by the database's clock, read just before.
    """
    return db.transact(lambda conn: _count(conn, account_id, limit, now))


def _count(conn: Connection, account_id: int, limit: int, now: int) -> Usage:
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    columns = rate_windows.c
    ended = columns.started_ms <= now - WINDOW_MS
    statement = insert(rate_windows).values(account_id=account_id, started_ms=now, used=1)
    counted = conn.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.account_id],
            set_={
                "started_ms": case((ended, now), else_=columns.started_ms),
                "used": case((ended, 1), else_=columns.used + 1),
            },
            where=or_(ended, columns.used < limit),
        ).returning(columns.started_ms, columns.used)
    ).one_or_none()
    if counted is not None:
        return Usage(remaining=max(0, limit - counted.used), reset_ms=counted.started_ms + WINDOW_MS - now)
    window = conn.execute(
        select(columns.started_ms, now_ms().label("now")).where(columns.account_id == account_id)
    ).one()
    return Usage(remaining=0, reset_ms=max(1, window.started_ms + WINDOW_MS - window.now), limited=True)
