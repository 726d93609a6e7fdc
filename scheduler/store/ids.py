"""IDs: one number line for every kind of object, so that no two objects of the installation share one."""

from sqlalchemy import Connection, insert

from scheduler.store.tables import objects


def new_id(conn: Connection, kind: str, *, above: int = 0) -> int:
    """A new ID for an object of this kind (`account`, `key`, `media`, `ingest`, `job`, `task`, `format`).

    It is never given out again once the transaction was committed. `above`: it is greater than this; the numbers up
    to there are spent, which an installation does once.
    """
    number = _next(conn, kind)
    while number <= above:
        conn.execute(insert(objects), [{"kind": "spent"}] * (above - number))
        number = _next(conn, kind)
    return number


def _next(conn: Connection, kind: str) -> int:
    return int(conn.execute(insert(objects).values(kind=kind).returning(objects.c.id)).scalar_one())
