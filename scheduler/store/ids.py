"""IDs: one number line for every kind of object, so that no two objects of the installation share one."""

from sqlalchemy import Connection, insert

from scheduler.store.tables import objects


def new_id(conn: Connection, kind: str) -> int:
    """A new ID for an object of this kind (`account`, `key`, `media`, `ingest`, `job`, `task`).

    It is never given out again once the transaction was committed.
    """
    return int(conn.execute(insert(objects).values(kind=kind).returning(objects.c.id)).scalar_one())
