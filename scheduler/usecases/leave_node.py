"""Note that a node is going away."""

import structlog
from sqlalchemy import Connection

from reelyard.cluster.drain import Drain
from scheduler.domain.node import NodeEvent
from scheduler.domain.task import TaskEvent, TaskState
from scheduler.store.database import Database
from scheduler.store.node_queries import move_node
from scheduler.store.task_queries import lock_task, running_task_ids
from scheduler.usecases.attempts import AttemptEnd, back_to_waiting
from scheduler.usecases.task_fields import task_fields

_log = structlog.get_logger(__name__)


def leave_node(db: Database, node_id: str, drain: Drain | None = None) -> None:
    """Take a node out; a task that it still holds waits again, without blame. Unknown nodes are ignored.

    Args:
        db: where the node is.
        node_id: which one.
        drain: how it drained, if it was told to stop and says so; it is counted with the node.
    """
    with db.read() as conn:
        held = running_task_ids(conn, node_id)
    for task_id in held:
        _log.info("task_taken_back", node_id=node_id, **task_fields(db, task_id, node_id))
        db.transact(lambda conn, task_id=task_id: _hand_back(conn, node_id, task_id))  # type: ignore[misc]
    left = db.transact(lambda conn: move_node(conn, node_id, NodeEvent.LEAVE, drain=drain))
    if left:
        drained = {"drain": drain.outcome, "drain_s": round(drain.seconds, 3)} if drain is not None else {}
        _log.info("node_left", node_id=node_id, handed_back=held, **drained)


def _hand_back(conn: Connection, node_id: str, task_id: int) -> None:
    task = lock_task(conn, task_id)
    if task is not None and task.state == TaskState.RUNNING and task.node_id == node_id:
        back_to_waiting(conn, task, TaskEvent.RELEASE, AttemptEnd(outcome="released"), detail="the node left")
