"""Give up on every node at once: for a scheduler whose nodes live in its own process, at its start."""

import structlog
from sqlalchemy import Connection, select, update

from scheduler.domain.node import NODE, NodeEvent
from scheduler.domain.task import TaskState
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.node_queries import move_node
from scheduler.store.tables import nodes, tasks

_log = structlog.get_logger(__name__)


def forget_nodes(db: Database) -> int:
    """Mark every node as lost and let every lease lapse now; how many leases there were.

    Only right where no node can be alive: with a broker inside this process, every node of the last process died
    with it, and its tasks need not wait for their leases to lapse. The sweep takes them back as it always does.
    """
    abandoned = db.transact(_forget)
    if abandoned:
        _log.warning("leases_of_last_process_ended", count=abandoned)
    return abandoned


def _forget(conn: Connection) -> int:
    known = select(nodes.c.id).where(nodes.c.state.in_(NODE.sources(NodeEvent.LOSE)))
    for node_id in conn.execute(known).scalars().all():
        move_node(conn, node_id, NodeEvent.LOSE)
    held = update(tasks).where(tasks.c.state == TaskState.RUNNING).values(lease_until_ms=now_ms())
    return int(conn.execute(held).rowcount)
