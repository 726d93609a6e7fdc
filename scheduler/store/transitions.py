"""The one way to change a state: one guarded update and one event row, in the caller's transaction."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, insert, update

from reelyard.media.errors import ConflictError
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.lifecycle import E, LifeCycle, S
from scheduler.domain.media import MEDIA
from scheduler.domain.task import TASK
from scheduler.store.clock import now_ms
from scheduler.store.moves import Move, note_move
from scheduler.store.tables import events, ingests, jobs, media, tasks

_TABLES: Mapping[str, Table] = MappingProxyType(
    {INGEST.entity: ingests, JOB.entity: jobs, MEDIA.entity: media, TASK.entity: tasks}
)

#: The event of an entity's first row; it comes from no state.
CREATED = "create"


def transition(
    conn: Connection,
    cycle: LifeCycle[S, E],
    row: Row[Any],
    event: E,
    *guards: ColumnElement[bool],
    detail: str = "",
    cause: str = "",
    place: str = "",
    **values: Any,
) -> S:
    """Move one entity on.

    Args:
        conn: a writing transaction.
        cycle: the entity's life cycle; the update is made only from the state that `row` shows and that the
            life cycle allows.
        row: the entity as the caller read it, whole: `id` and `state` are used here, the rest by who is told of the
            move when it is committed.
        event: what happened.
        guards: further conditions on the row, such as a token.
        detail: for whoever reads the event log; no secrets.
        cause: as of `Move`; not stored.
        place: as of `Move`; not stored.
        values: columns that change with the state.

    Returns:
        The new state.

    Raises:
        ConflictError: the life cycle has no such way, or the row has changed or does not meet the guards.
    """
    target = cycle.advance(row.state, event)
    table = _TABLES[cycle.entity]
    if "updated_ms" in table.c:
        values["updated_ms"] = now_ms()
    statement = (
        update(table).where(table.c.id == row.id, table.c.state == row.state, *guards).values(state=target, **values)
    )
    if conn.execute(statement).rowcount != 1:
        raise ConflictError(f"{cycle.entity} {row.id} changed before {event.value!r} could be recorded")
    at_ms = _record(conn, cycle.entity, row.id, event=event, states=(row.state, target), detail=detail)
    note_move(
        conn,
        Move(
            entity=cycle.entity,
            entity_id=row.id,
            event=event,
            from_state=row.state,
            to_state=target,
            at_ms=at_ms,
            before=row._mapping,  # noqa: SLF001  # public: the underscore keeps it apart from columns
            values=values,
            cause=cause,
            place=place,
        ),
    )
    return target


def record_creation(conn: Connection, cycle: LifeCycle[S, E], entity_id: int, detail: str = "", **columns: Any) -> None:
    """Write the first event of an entity that the caller has just inserted in its initial state.

    `columns` are those of its row that somebody who is told of the move needs.
    """
    at_ms = _record(conn, cycle.entity, entity_id, event=CREATED, states=("", cycle.initial), detail=detail)
    note_move(
        conn,
        Move(
            entity=cycle.entity,
            entity_id=entity_id,
            event=CREATED,
            from_state="",
            to_state=cycle.initial,
            at_ms=at_ms,
            before=columns,
        ),
    )


def _record(conn: Connection, entity: str, entity_id: int, *, event: str, states: tuple[str, str], detail: str) -> int:
    """Write an event row; when it happened, in milliseconds since 1970 by the database's clock."""
    from_state, to_state = states
    written = (
        insert(events)
        .values(
            entity=entity,
            entity_id=entity_id,
            event=event,
            from_state=from_state,
            to_state=to_state,
            detail=detail,
            at_ms=now_ms(),
        )
        .returning(events.c.at_ms)
    )
    return int(conn.execute(written).scalar_one())
