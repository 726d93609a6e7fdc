"""Move encode tasks from a hardware encoder to the CPU."""

from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select, update

from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import EncodeWork, Queue, TaskKind
from reelyard.media.errors import ConflictError
from reelyard.media.planning import software_plan
from scheduler.domain.placement import serving
from scheduler.domain.task import TaskEvent, TaskState
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.node_queries import present_nodes
from scheduler.store.tables import jobs, tasks
from scheduler.store.task_queries import lock_task, move_task
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


def rescue_gpu_tasks(db: Database) -> list[int]:
    """Give the tasks that wait for a GPU to the CPU when no node with one is there any more; their IDs."""
    with db.read() as conn:
        if serving(present_nodes(conn), Queue.ENCODE_GPU, read_now(conn)):
            return []
        query = select(tasks.c.id).where(
            tasks.c.queue == Queue.ENCODE_GPU, tasks.c.state.in_([TaskState.WAITING, TaskState.QUEUED])
        )
        stranded = list(conn.execute(query.order_by(tasks.c.id)).scalars())
    rescued = [
        task_id
        for task_id in stranded
        if db.transact(lambda conn, task_id=task_id: _rescue(conn, task_id))  # type: ignore[misc]
    ]
    for task_id in rescued:
        _log.warning("gpu_task_rescued", **task_fields(db, task_id))
    return rescued


def _rescue(conn: Connection, task_id: int) -> bool:
    task = lock_task(conn, task_id)
    if task is None or task.queue != Queue.ENCODE_GPU:
        return False
    try:
        move_task(
            conn,
            task,
            TaskEvent.FALL_BACK,
            tasks.c.state != TaskState.RUNNING,
            detail="no node with a GPU is there",
            attempt=task.attempt + 1,  # a hint that is still out finds nothing
            **plan_for_cpu(conn, task),
        )
    except ConflictError:
        return False  # a node came and took it
    return True
