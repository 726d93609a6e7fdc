"""Remove the rows of nodes that are gone.

Each process has a row of its own, and one that does a single task lasts for minutes.
"""

from sqlalchemy import ColumnElement, Connection, delete, select

from scheduler.domain.node import NODE, NodeEvent, NodeState
from scheduler.domain.policy import DAY_MS
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import nodes
from scheduler.usecases.pools import forget_those_that_came

#: How long the row of a node is kept that left or was lost. One that wakes up after that registers again.
KEPT_MS = DAY_MS
REMOVED_AT_ONCE = 1_000

_GONE = tuple(state for state in NodeState if state not in NODE.sources(NodeEvent.LEAVE))


def remove_gone_nodes(db: Database) -> int:
    """Remove nodes that left or were lost long ago; how many, at most `REMOVED_AT_ONCE`.

    Nothing points to their rows: attempts have the names of their nodes, and no lease lasts so long. What they say of
    a pool that was given up, that it came after all, is noted before.
    """
    with db.read() as conn:
        found = list(conn.execute(select(nodes.c.id).where(*_gone_for_long()).limit(REMOVED_AT_ONCE)).scalars())
    return db.transact(lambda conn: _remove(conn, found)) if found else 0


def _gone_for_long() -> tuple[ColumnElement[bool], ...]:
    return nodes.c.state.in_(_GONE), nodes.c.seen_ms < now_ms() - KEPT_MS


def _remove(conn: Connection, node_ids: list[str]) -> int:
    forget_those_that_came(conn)
    return int(conn.execute(delete(nodes).where(nodes.c.id.in_(node_ids), *_gone_for_long())).rowcount)
