"""Note who a node is and what it can do."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, insert

from reelyard.cluster.work import Queue
from reelyard.media.errors import SpecError
from scheduler.domain.node import NODE, NodeEvent
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.node_queries import find_node, move_node
from scheduler.store.tables import nodes
from scheduler.usecases.pools import end_holds

_log = structlog.get_logger(__name__)


def register_node(
    db: Database,
    node_id: str,
    *,
    name: str,
    version: str,
    encoders: Sequence[str],
    slots: Mapping[str, int],
) -> None:
    """Record a node as live; a known one is brought up to date.

    Args:
        db: the database.
        node_id: a UUID, new for every process.
        name: for people, the same after a restart.
        version: of its program.
        encoders: ffmpeg encoders that work there.
        slots: how many tasks of each queue it takes at a time.

    Raises:
        SpecError: a member is missing or has no sense.
    """
    _check(node_id, name, slots)
    values = {
        "name": name,
        "version": version,
        "encoders": list(encoders),
        "slots": dict(slots),
        "seen_ms": now_ms(),
    }
    db.transact(lambda conn: _register(conn, node_id, slots, values))
    _log.info("node_registered", node_id=node_id, node_name=name, slots=dict(slots), encoders=list(encoders))


def _register(conn: Connection, node_id: str, slots: Mapping[str, int], values: dict[str, Any]) -> None:
    end_holds(conn, [queue for queue, count in slots.items() if count > 0])  # tasks are locked before nodes
    if find_node(conn, node_id) is not None:
        move_node(conn, node_id, NodeEvent.REGISTER, **values)
        return
    conn.execute(insert(nodes).values(id=node_id, state=NODE.initial, registered_ms=now_ms(), **values))


def _check(node_id: str, name: str, slots: Mapping[str, int]) -> None:
    if not node_id:
        raise SpecError("node_id", "{node_id} is required")
    if not name:
        raise SpecError("name", "{name} is required")
    for queue, count in slots.items():
        if queue not in set(Queue):
            valid = ", ".join(Queue)
            raise SpecError("queues", f"{{queues}} names '{queue}'; the queues are {valid}")
        if count < 0:
            raise SpecError("queues", f"{{queues}} gives {queue} {count} slots; it must be 0 or more")
