"""Bring every stored credential under the first key: those of old rows that are in clear, and those of older keys."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, case, func, not_, or_, select, update

from reelyard.media.errors import SpecError
from scheduler.errors import SealError
from scheduler.store.database import Database
from scheduler.store.sealed import KEY_ID_DIGITS, PREFIX, Sealer, prefix_of, seal, sealer_of, unseal
from scheduler.store.sealed_columns import (
    LOST_PLACE,
    NEEDED_MEMBERS,
    SEALED_COLUMNS,
    SEALED_JSON,
    SECRET_MEMBERS,
    sealed_texts,
)
from scheduler.store.tables import jobs

#: Rows that are changed in one transaction.
BATCH = 200
#: IDs among which one statement searches. They are of all kinds of objects: a few of ten are a job's.
WINDOW = 100_000

#: Which stored texts are to be changed, as a condition on their rows; and into what.
Wanted = Callable[[ColumnElement[str], Sealer], ColumnElement[bool]]
#: The last one is what stands for a text that is lost.
Change = Callable[[Connection, str, str], str]


def check_seals(db: Database) -> None:
    """Find out whether what is stored can be opened with the keys at hand.

    Raises:
        SealError: something was sealed by a key that is not there, or is damaged.
    """
    for table in _tables():
        for beyond, upto in _windows(db, table):
            with db.read() as conn:
                samples = select(*_samples(table, _sealer(conn))).select_from(table)
                for one in conn.execute(samples.where(table.c.id.between(beyond + 1, upto))).one():
                    unseal(conn, one or "")


def _samples(table: Table, sealer: Sealer) -> list[ColumnElement[str]]:
    """Of each sealed text of a table's rows: one of which the key is not there, and any one."""
    return [
        func.min(case((condition, stored)))
        for of, stored in sealed_texts()
        if of is table
        for condition in (_of_no_key(stored, sealer), stored.startswith(PREFIX))
    ]


def renew_seals(db: Database) -> int:
    """Seal with the first key whatever is stored in clear or under another one; the number of rows that changed.

    Several schedulers may do so at once: each row is locked while it is changed, and has changed for the next one.
    """
    return _change_all(db, _is_stale, lambda conn, stored, _: seal(conn, unseal(conn, stored)))


def lost_keys(db: Database) -> Mapping[str, int]:
    """The IDs of keys that sealed stored texts and are not at hand, each with the number of those texts.

    Whether such a key is lost, or the one at hand is wrong, nothing in the database can tell.
    """
    found: Counter[str] = Counter()
    for table, stored in sealed_texts():
        key_id = func.substr(stored, len(PREFIX) + 1, KEY_ID_DIGITS).label("key_id")
        for beyond, upto in _windows(db, table):
            with db.read() as conn:
                within = table.c.id.between(beyond + 1, upto)
                lost = select(key_id, func.count()).select_from(table).where(within, _of_no_key(stored, _sealer(conn)))
                for each, texts in conn.execute(lost.group_by(key_id)):
                    found[each] += texts
    return found


def drop_lost(db: Database, key_ids: Collection[str]) -> int:
    """Forget every credential that these keys sealed, since they are lost; the number of rows that changed.

    Who calls it names the keys: with a wrong key at hand all that the right one sealed looks lost.

    An ingest that has not fetched its source fails then, and a job that has not fetched its overlay image or not
    delivered its output; a notification has no receiver and no signature any more.

    Raises:
        SpecError: a key is at hand, or sealed nothing that is stored.
    """
    lost = lost_keys(db)
    for key_id in key_ids:
        if key_id not in lost:
            raise SpecError(
                "key_id",
                f"no stored credential is lost with a key {key_id!r}; keys that are not at hand are: "
                f"{', '.join(lost) or 'none'}",
            )
    prefixes = tuple(prefix_of(key_id) for key_id in key_ids)

    def wanted(stored: ColumnElement[str], _sealer: Sealer) -> ColumnElement[bool]:
        return or_(*(stored.startswith(prefix) for prefix in prefixes))

    return _change_all(db, wanted, lambda _, stored, stand_in: stand_in if stored.startswith(prefixes) else stored)


def _change_all(db: Database, wanted: Wanted, change: Change) -> int:
    """Change the sealed texts of every row of which one is wanted, some rows in each transaction."""
    changed = 0
    for table in _tables():
        for beyond, upto in _windows(db, table):
            batch = partial(_change_batch, table=table, upto=upto, wanted=wanted, change=change)
            last_id = beyond
            while ids := db.transact(partial(batch, last_id=last_id)):
                changed += len(ids)
                last_id = ids[-1]
    return changed


def _tables() -> tuple[Table, ...]:
    return tuple(dict.fromkeys(table for table, _ in sealed_texts()))


def _windows(db: Database, table: Table) -> Iterator[tuple[int, int]]:
    """The IDs of a table in parts, each as what it lies beyond and its last.

    No index knows who sealed a text, so all rows are read; a statement over all of them would take too long one day.
    """
    with db.read() as conn:
        last = conn.execute(select(func.max(table.c.id))).scalar() or 0
    for beyond in range(0, last, WINDOW):
        yield beyond, beyond + WINDOW


def _change_batch(
    conn: Connection, *, table: Table, last_id: int, upto: int, wanted: Wanted, change: Change
) -> list[int]:
    """Change the next rows behind an ID, up to another; their IDs."""
    sealer = _sealer(conn)
    found = or_(*(wanted(stored, sealer) for of, stored in sealed_texts() if of is table))
    within = table.c.id.between(last_id + 1, upto)
    query = select(table).where(within, found).order_by(table.c.id).limit(BATCH).with_for_update()
    rows = conn.execute(query).all()
    for row in rows:
        values = _changed(row, table, partial(change, conn))
        conn.execute(update(table).where(table.c.id == row.id).values(**values))
    return [int(row.id) for row in rows]


def _changed(row: Row[Any], table: Table, change: Callable[[str, str], str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        column.name: change(getattr(row, column.name), "") for column in SEALED_COLUMNS if column.table is table
    }
    for column in SEALED_JSON:
        if column.table is table:
            held = getattr(row, column.name)
            values[column.name] = held | {
                name: change(held[name], _stand_in(table, name)) for name in SECRET_MEMBERS if held.get(name)
            }
    return values


def _stand_in(table: Table, name: str) -> str:
    """What a lost member becomes. A format's is left out: further jobs can be made of it."""
    return LOST_PLACE if table is jobs and name in NEEDED_MEMBERS else ""


def _is_stale(stored: ColumnElement[str], sealer: Sealer) -> ColumnElement[bool]:
    # A member that an old row does not have is NULL, and so is the comparison: not stale.
    return and_(stored != "", not_(stored.startswith(sealer.prefix)))


def _of_no_key(stored: ColumnElement[str], sealer: Sealer) -> ColumnElement[bool]:
    return and_(stored.startswith(PREFIX), *(not_(stored.startswith(prefix)) for prefix in sealer.prefixes))


def _sealer(conn: Connection) -> Sealer:
    sealer = sealer_of(conn)
    if sealer is None:
        raise SealError("the database was opened without a key")
    return sealer
