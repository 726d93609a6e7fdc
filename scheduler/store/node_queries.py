"""Named queries on nodes. Nodes have no event rows: their comings and goings are in the log."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select, update

from reelyard.cluster.drain import Drain
from scheduler.domain.node import NODE, NodeEvent, NodeState
from scheduler.domain.placement import Node
from scheduler.store.moves import Move, note_move
from scheduler.store.tables import nodes

_ENDS = (NodeEvent.LEAVE, NodeEvent.LOSE)


def find_node(conn: Connection, node_id: str) -> Row[Any] | None:
    """The node's row as it is now."""
    return conn.execute(select(nodes).where(nodes.c.id == node_id)).one_or_none()


def lock_node(conn: Connection, node_id: str) -> Row[Any] | None:
    """The node's row, locked: the last lock of a transaction."""
    return conn.execute(select(nodes).where(nodes.c.id == node_id).with_for_update()).one_or_none()


def present_nodes(conn: Connection) -> tuple[Node, ...]:
    """Every node that beats."""
    query = select(nodes).where(nodes.c.state.in_(NODE.sources(NodeEvent.LEAVE))).order_by(nodes.c.id)
    return tuple(as_node(row) for row in conn.execute(query))


def present_since(conn: Connection, since_ms: int) -> bool:
    """Whether a node beats that registered before that time."""
    present = nodes.c.state.in_(NODE.sources(NodeEvent.LEAVE))
    return bool(conn.execute(select(exists().where(present, nodes.c.registered_ms <= since_ms))).scalar_one())


def as_node(row: Row[Any]) -> Node:
    """A node's row as placement sees it."""
    return Node(
        id=row.id,
        name=row.name,
        state=row.state,
        encoders=frozenset(row.encoders),
        slots=dict(row.slots),
        failures_in_row=row.failures_in_row,
        set_aside_until_ms=row.set_aside_until_ms,
    )


def move_node(
    conn: Connection,
    node_id: str,
    event: NodeEvent,
    *guards: ColumnElement[bool],
    drain: Drain | None = None,
    **values: Any,
) -> bool:
    """Move a node on by `event`; False when its state or the guards do not allow it, which is no error here.

    A node tells the same thing in every beat, and several schedulers find the same silent node. `values` are columns;
    how it drained goes to the counters.
    """
    for state in NODE.sources(event):
        statement = update(nodes).where(nodes.c.id == node_id, nodes.c.state == state, *guards)
        if conn.execute(statement.values(state=NODE.advance(state, event), **values)).rowcount == 1:
            if event in _ENDS:
                note_move(conn, _end(event, state, drain))
            return True
    return False


def _end(event: NodeEvent, state: NodeState, drain: Drain | None) -> Move:
    """That a node ended, for the counters. Which one it was is in the log: no metric carries a node's ID."""
    target = NODE.advance(state, event)
    return Move(
        entity=NODE.entity,
        entity_id=0,
        event=event,
        from_state=state,
        to_state=target,
        at_ms=0,
        before={},
        drain=drain,
    )


def update_node(conn: Connection, node_id: str, **values: Any) -> None:
    """Change a node's row but for its state."""
    conn.execute(update(nodes).where(nodes.c.id == node_id).values(**values))


def forgive(conn: Connection, node_id: str) -> None:
    """A success ends a node's row of failures. Writes nothing where there is none."""
    conn.execute(update(nodes).where(nodes.c.id == node_id, nodes.c.failures_in_row > 0).values(failures_in_row=0))
