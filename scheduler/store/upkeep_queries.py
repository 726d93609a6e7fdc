"""Whose turn it is at slow work that one scheduler does for all of them. A turn is a lease: who dies loses it."""

import uuid
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reelyard.media.errors import ConflictError
from scheduler.store.clock import now_ms
from scheduler.store.tables import upkeep

_INSERTS: MappingProxyType[str, Any] = MappingProxyType({"sqlite": sqlite.insert, "postgresql": postgresql.insert})


def take_turn(conn: Connection, name: str, holder: str, *, lease_ms: int) -> str | None:
    """Begin this work if it is due and nobody is at it: the mark of this installation; None when it is not ours to do.

    Args:
        conn: a writing transaction.
        name: of the work.
        holder: who asks; not empty.
        lease_ms: how long the turn lasts when it is not extended.
    """
    # The row and the mark are made with the first turn, by whoever is first.
    values = {"name": name, "holder": "", "held_until_ms": 0, "next_ms": 0, "mark": str(uuid.uuid4())}
    conn.execute(_INSERTS[conn.dialect.name](upkeep).values(**values).on_conflict_do_nothing())
    now = now_ms()
    taken = (
        update(upkeep)
        .where(upkeep.c.name == name, upkeep.c.next_ms <= now, upkeep.c.held_until_ms <= now)
        .values(holder=holder, held_until_ms=now + lease_ms)
    )
    if conn.execute(taken).rowcount != 1:
        return None
    return str(conn.execute(select(upkeep.c.mark).where(upkeep.c.name == name)).scalar_one())


def extend_turn(conn: Connection, name: str, holder: str, *, lease_ms: int) -> None:
    """Go on with the work.

    Raises:
        ConflictError: the turn had lapsed and is another's.
    """
    _change(conn, name, holder, held_until_ms=now_ms() + lease_ms)


def end_turn(conn: Connection, name: str, holder: str, *, next_in_ms: int) -> None:
    """Leave the work, which was done and is due again after that time.

    Raises:
        ConflictError: the turn had lapsed and is another's.
    """
    _change(conn, name, holder, holder="", held_until_ms=0, next_ms=now_ms() + next_in_ms, failed_next_ms=0)


def fail_turn(conn: Connection, name: str, holder: str, *, next_in_ms: int) -> None:
    """Leave the work, which failed and is tried again after that time; from then on it is overdue, until it is done.

    Raises:
        ConflictError: the turn had lapsed and is another's.
    """
    next_ms = now_ms() + next_in_ms
    first = upkeep.c.failed_next_ms
    since = case((first == 0, next_ms), else_=first)
    _change(conn, name, holder, holder="", held_until_ms=0, next_ms=next_ms, failed_next_ms=since)


def stop_turn(conn: Connection, name: str, holder: str) -> None:
    """Leave the work in the middle, for whoever begins anew.

    Raises:
        ConflictError: the turn had lapsed and is another's.
    """
    _change(conn, name, holder, holder="", held_until_ms=0, next_ms=now_ms())


def _change(conn: Connection, name: str, by: str, **values: Any) -> None:
    statement = update(upkeep).where(upkeep.c.name == name, upkeep.c.holder == by).values(**values)
    if conn.execute(statement).rowcount != 1:
        raise ConflictError(f"another scheduler has taken over {name}")
