"""End the jobs whose codec only a pool could make that did not come."""

from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, or_, select

from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.catalogue import scarce_encoders
from reelyard.media.errors import ErrorCode
from scheduler.domain.job import JobState
from scheduler.domain.placement import needed_encoders
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_job
from scheduler.store.node_queries import present_nodes, present_since
from scheduler.store.tables import tasks
from scheduler.store.task_queries import lock_task
from scheduler.usecases.endings import fail_job
from scheduler.usecases.pools import is_awaited
from scheduler.usecases.task_fields import task_fields

_log = structlog.get_logger(__name__)

_WAITS = (TaskState.WAITING, TaskState.QUEUED)


def give_up_codecs(db: Database, policy: Policy) -> list[int]:
    """Fail the jobs that waited for a scarce encoder of encode.cpu's pool for the pool's wait; the IDs of their tasks.

    Only while some node has been there as long: after an outage of everything the pool needs its time to come back.
    Tasks that ordinary encoders can do wait for a node as long as it takes, and are never even looked at.
    """
    with db.read() as conn:
        since = read_now(conn) - policy.pool_wait_ms
        lacking = _lacking(conn, policy)
        if not lacking or not present_since(conn, since):
            return []
        query = select(tasks.c.id).where(
            tasks.c.queue == Queue.ENCODE_CPU,
            tasks.c.state.in_(_WAITS),
            tasks.c.due_ms <= since,
            tasks.c.created_ms <= since,
            _needs_one_of(lacking),
        )
        found = list(conn.execute(query.order_by(tasks.c.id)).scalars())
    given_up = []
    for task_id in found:
        fields = task_fields(db, task_id)
        if db.transact(lambda conn, task_id=task_id: _give_up(conn, task_id, policy)):  # type: ignore[misc]
            _log.warning("codec_given_up", **fields)
            given_up.append(task_id)
    return given_up


def _lacking(conn: Connection, policy: Policy) -> frozenset[str]:
    """The scarce encoders that encode.cpu's pool is declared to bring and that no node of it has now."""
    declared = policy.pool_encoders.get(Queue.ENCODE_CPU, frozenset()) & scarce_encoders()
    if not declared:
        return declared
    return declared.difference(*(node.encoders for node in present_nodes(conn) if node.serves(Queue.ENCODE_CPU)))


def _needs_one_of(encoders: frozenset[str]) -> ColumnElement[bool]:
    plan = tasks.c.work["plan"]
    return or_(*(plan[stream]["encoder"].as_string().in_(sorted(encoders)) for stream in ("video", "audio")))


def _give_up(conn: Connection, task_id: int, policy: Policy) -> bool:
    task = lock_task(conn, task_id)
    if task is None or task.state not in _WAITS or task.queue != Queue.ENCODE_CPU:
        return False  # a node came and took it, or it was cancelled
    missing = _needed(task) & _lacking(conn, policy)
    if not missing or is_awaited(conn, task.queue, task.due_ms or task.created_ms, missing, policy):
        return False
    job = lock_job(conn, task.job_id)
    if job.state != JobState.ENCODING:
        return False
    fail_job(conn, job, ErrorCode.CODEC_UNAVAILABLE, _message(missing, policy), policy)
    return True


def _needed(task: Row[Any]) -> frozenset[str]:
    return needed_encoders(work_from_dict(TaskKind(task.kind), task.work))


def _message(missing: frozenset[str], policy: Policy) -> str:
    names = ", ".join(sorted(missing))
    return f"No node that can encode it (with {names}) came within {policy.pool_wait_ms / 1000:g} s."
