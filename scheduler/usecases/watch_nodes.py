"""Note which nodes fell silent, and give those that were set aside another chance."""

import structlog
from sqlalchemy import Connection, select, update

from scheduler.domain.node import NODE, NodeEvent
from scheduler.domain.policy import Policy
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.node_queries import move_node
from scheduler.store.tables import nodes

_log = structlog.get_logger(__name__)


def lose_nodes(db: Database, policy: Policy) -> list[str]:
    """Mark the nodes as lost that were silent for a whole lease; their IDs. Their tasks' leases lapse alone."""
    with db.read() as conn:
        query = select(nodes.c.id).where(
            nodes.c.state.in_(NODE.sources(NodeEvent.LOSE)),
            nodes.c.seen_ms <= read_now(conn) - policy.lease_ms,
        )
        silent = list(conn.execute(query).scalars())
    lost = [
        node_id
        for node_id in silent
        if db.transact(lambda conn, node_id=node_id: _lose(conn, node_id, policy))  # type: ignore[misc]
    ]
    for node_id in lost:
        _log.warning("node_lost", node_id=node_id)
    return lost


def _lose(conn: Connection, node_id: str, policy: Policy) -> bool:
    return move_node(conn, node_id, NodeEvent.LOSE, nodes.c.seen_ms <= now_ms() - policy.lease_ms)


def end_set_aside(db: Database) -> list[str]:
    """Let nodes work again whose time aside is over; their IDs."""
    with db.read() as conn:
        query = select(nodes.c.id).where(nodes.c.set_aside_until_ms.between(1, read_now(conn)))
        over = list(conn.execute(query).scalars())
    if not over:
        return []
    back = db.transact(lambda conn: _readmit(conn, over))
    for node_id in back:
        _log.info("node_back", node_id=node_id)
    return back


def _readmit(conn: Connection, node_ids: list[str]) -> list[str]:
    statement = (
        update(nodes)
        .where(nodes.c.id.in_(node_ids), nodes.c.set_aside_until_ms.between(1, now_ms()))
        .values(set_aside_until_ms=0, failures_in_row=0)
        .returning(nodes.c.id)
    )
    return list(conn.execute(statement).scalars())
