"""Move encode tasks from a hardware encoder to the CPU."""

from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, exists, select, update

from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import EncodeWork, Queue, TaskKind
from reelyard.media.errors import ConflictError
from reelyard.media.planning import software_plan
from scheduler.domain.placement import serving
from scheduler.domain.policy import DEFAULT_POLICY, Policy
from scheduler.domain.task import TASK, TaskEvent, TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.node_queries import present_nodes
from scheduler.store.tables import events, jobs, tasks
from scheduler.store.task_queries import lock_task, move_task
from scheduler.usecases.pools import did_not_come, give_up, seen_since
from scheduler.usecases.task_fields import task_fields

_log = structlog.get_logger(__name__)


def plan_for_cpu(conn: Connection, task: Row[Any]) -> dict[str, Any]:
    """The columns of an encode task that change when the CPU does it; its job's plan is changed with them."""
    work = work_from_dict(TaskKind(task.kind), task.work)
    if not isinstance(work, EncodeWork):
        raise TypeError(f"task {task.id} is in {task.queue} and of kind {task.kind}")
    plan = software_plan(work.plan)
    conn.execute(update(jobs).where(jobs.c.id == task.job_id).values(plan=to_dict(plan)))
    return {"queue": Queue.ENCODE_CPU, "work": to_dict(replace(work, plan=plan))}


def rescue_gpu_tasks(db: Database, policy: Policy = DEFAULT_POLICY) -> list[int]:
    """Give the tasks that wait for a GPU to the CPU when no node with one is there any more; their IDs.

    Where the GPU's pool may be at zero it is given time for a node to be started first, from when the first of them
    began to wait or the last node was seen. Then it is given up: all that wait go, and new ones are not made for it.
    """
    with db.read() as conn:
        now = read_now(conn)
        if serving(present_nodes(conn), Queue.ENCODE_GPU, now):
            return []
        waits: tuple[ColumnElement[bool], ...] = (
            tasks.c.queue == Queue.ENCODE_GPU,
            tasks.c.state.in_([TaskState.WAITING, TaskState.QUEUED]),
        )
        detail = "no node with a GPU is there"
        if policy.pool_encoders.get(Queue.ENCODE_GPU):
            since = now - policy.pool_wait_ms
            if seen_since(conn, Queue.ENCODE_GPU, since):
                return []
            waited = (tasks.c.created_ms <= since, tasks.c.not_before_ms <= since, ~_moved_since(since))
            if not conn.execute(select(exists().where(*waits, *waited))).scalar_one():
                return []
            detail = did_not_come(Queue.ENCODE_GPU, policy)
        stranded = list(conn.execute(select(tasks.c.id).where(*waits).order_by(tasks.c.id)).scalars())
    if stranded and policy.pool_encoders.get(Queue.ENCODE_GPU):
        # Before they go: what is planned meanwhile does not come to wait in their place.
        db.transact(lambda conn: give_up(conn, Queue.ENCODE_GPU))
        _log.warning(
            "pool_given_up", queue=Queue.ENCODE_GPU, tasks=len(stranded), asked_again_in_ms=policy.pool_rest_ms
        )
    rescued = [
        task_id
        for task_id in stranded
        if db.transact(lambda conn, task_id=task_id: _rescue(conn, task_id, detail))  # type: ignore[misc]
    ]
    for task_id in rescued:
        _log.warning("gpu_task_rescued", **task_fields(db, task_id))
    return rescued


def _moved_since(since_ms: int) -> ColumnElement[bool]:
    """Condition: the task came to wait since then. A hint that was only sent again does not count."""
    return exists().where(
        events.c.entity == TASK.entity,
        events.c.entity_id == tasks.c.id,
        events.c.event != TaskEvent.RESEND,
        events.c.at_ms > since_ms,
    )


def _rescue(conn: Connection, task_id: int, detail: str) -> bool:
    task = lock_task(conn, task_id)
    if task is None or task.queue != Queue.ENCODE_GPU:
        return False
    try:
        move_task(
            conn,
            task,
            TaskEvent.FALL_BACK,
            tasks.c.state != TaskState.RUNNING,
            detail=detail,
            attempt=task.attempt + 1,  # a hint that is still out finds nothing
            **plan_for_cpu(conn, task),
        )
    except ConflictError:
        return False  # a node came and took it
    return True
