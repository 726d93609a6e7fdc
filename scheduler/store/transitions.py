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
    **values: Any,
) -> S:
    """Move one entity on.

    Args:
        conn: a writing transaction.
        cycle: the entity's life cycle; the update is made only from the state that `row` shows and that the
            life cycle allows.
        row: the entity as the caller read it: `id` and `state` are used.
        event: what happened.
        guards: further conditions on the row, such as a token.
        detail: for whoever reads the event log; no secrets.
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
    _record(conn, cycle.entity, row.id, event=event, states=(row.state, target), detail=detail)
    return target


def record_creation(conn: Connection, cycle: LifeCycle[S, E], entity_id: int, detail: str = "") -> None:
    """Write the first event of an entity that the caller has just inserted in its initial state."""
    _record(conn, cycle.entity, entity_id, event=CREATED, states=("", cycle.initial), detail=detail)


def _record(conn: Connection, entity: str, entity_id: int, *, event: str, states: tuple[str, str], detail: str) -> None:
    from_state, to_state = states
    conn.execute(
        insert(events).values(
            entity=entity,
            entity_id=entity_id,
            event=event,
            from_state=from_state,
            to_state=to_state,
            detail=detail,
            at_ms=now_ms(),
        )
    )
