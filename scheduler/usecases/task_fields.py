"""What the log and the trace say of a task: whose it is, and which request made that."""

from typing import Any

from sqlalchemy import func, select

from reelyard.cluster import tracing
from reelyard.cluster.work import TaskSpec
from scheduler.store.database import Database
from scheduler.store.tables import attempts, ingests, jobs, nodes, tasks


def task_fields(db: Database, task_id: int, node_id: str = "") -> dict[str, Any]:
    """Fields for every line about the task, and about the node that speaks of it; what there is not is left out.

    The request ID is that of the request which made the job or ingest, also when somebody else tries it again.
    """
    query = (
        select(
            tasks.c.attempt,
            tasks.c.kind,
            tasks.c.job_id,
            tasks.c.ingest_id,
            func.coalesce(jobs.c.request_id, ingests.c.request_id).label("request_id"),
            select(nodes.c.name).where(nodes.c.id == node_id).scalar_subquery().label("node"),
        )
        .outerjoin(jobs, jobs.c.id == tasks.c.job_id)
        .outerjoin(ingests, ingests.c.id == tasks.c.ingest_id)
        .where(tasks.c.id == task_id)
    )
    with db.read() as conn:
        row = conn.execute(query).one_or_none()
    found = {**row._mapping, "task_id": task_id} if row is not None else {"task_id": task_id}  # noqa: SLF001  # public
    return {name: value for name, value in found.items() if value}


def record_queue_wait(db: Database, task: TaskSpec) -> None:
    """Put the time that a task waited, from when it was due to its claim, into its trace; nothing without traces."""
    if not tracing.is_on() or not task.traceparent:
        return
    query = (
        select(tasks.c.due_ms, tasks.c.created_ms, tasks.c.queue, attempts.c.started_ms)
        .join(attempts, attempts.c.task_id == tasks.c.id)
        .where(tasks.c.id == task.task_id, attempts.c.attempt == task.attempt)
    )
    with db.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        return
    attributes = {
        "reelyard.queue": row.queue,
        "reelyard.kind": str(task.kind),
        "reelyard.task_id": task.task_id,
        "reelyard.attempt": task.attempt,
    }
    tracing.past(
        f"{task.kind} wait",
        attributes,
        traceparent=task.traceparent,
        start_ms=row.due_ms or row.created_ms,
        end_ms=row.started_ms,
    )
