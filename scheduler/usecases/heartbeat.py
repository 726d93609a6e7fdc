"""Renew a node's leases and show how far its tasks are.

Two transactions: the leases matter and touch only the node's own tasks; what clients see of the progress follows,
and locks the jobs first, as everybody does.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, case, exists, select, update

from reelyard.cluster.node_client import Beat, Progress, Stopped
from reelyard.cluster.work import TaskKind
from scheduler.domain.ingest import INGEST, IngestEvent, IngestState
from scheduler.domain.node import NODE, NodeEvent
from scheduler.domain.policy import Policy
from scheduler.domain.progress import FULL_PERMILLE, percent, stage_percent
from scheduler.domain.task import TaskState
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_ingest_with_jobs, lock_job
from scheduler.store.node_queries import find_node, move_node, update_node
from scheduler.store.tables import ingests, jobs, tasks
from scheduler.store.task_queries import find_task, holds, tasks_of_job
from scheduler.store.transitions import transition
from scheduler.usecases.attempts import STAGE_PROGRESS
from scheduler.usecases.import_progress import show_import_progress

CANCELLED = "cancelled"
LEASE_LOST = "lease_lost"


def heartbeat(
    db: Database, node_id: str, progress: Sequence[Progress], *, policy: Policy, draining: bool = False
) -> Beat:
    """Renew the leases that the node still holds, and name the tasks that it must stop.

    A lease that has lapsed by the database's clock is not renewed, even when nobody took the task yet.
    """
    ordered = sorted(progress, key=lambda item: item.task_id)
    beat = db.transact(lambda conn: _renew(conn, node_id, ordered, policy=policy, draining=draining))
    if beat.known:
        stopped = {(stop.task_id, stop.token) for stop in beat.stop}
        moving = [item for item in ordered if (item.task_id, item.token) not in stopped]
        if moving:
            db.transact(lambda conn: _show(conn, node_id, moving))
    return beat


def _renew(conn: Connection, node_id: str, progress: Sequence[Progress], *, policy: Policy, draining: bool) -> Beat:
    node = find_node(conn, node_id)
    if node is None or node.state not in NODE.sources(NodeEvent.LEAVE):
        return Beat(known=False)
    stop = []
    for item in progress:
        reason = _renew_one(conn, node_id, item, policy)
        if reason:
            stop.append(Stopped(task_id=item.task_id, token=item.token, reason=reason))
    if draining:
        move_node(conn, node_id, NodeEvent.DRAIN)
    update_node(conn, node_id, seen_ms=now_ms())
    return Beat(known=True, stop=tuple(stop))


def _renew_one(conn: Connection, node_id: str, item: Progress, policy: Policy) -> str:
    """Renew one lease; the reason to stop when the node does not hold it (any more)."""
    told = min(max(item.permille, 0), FULL_PERMILLE)
    statement = (
        update(tasks)
        .where(tasks.c.id == item.task_id, tasks.c.state == TaskState.RUNNING, *holds(node_id, item.token))
        .values(
            lease_until_ms=now_ms() + policy.lease_ms,
            progress_permille=case((tasks.c.progress_permille < told, told), else_=tasks.c.progress_permille),
        )
    )
    if conn.execute(statement).rowcount == 1:
        return ""
    task = find_task(conn, item.task_id)
    return CANCELLED if task is not None and task.state == TaskState.CANCELLED else LEASE_LOST


def _show(conn: Connection, node_id: str, progress: Sequence[Progress]) -> None:
    held = {item.task_id: item for item in progress}
    query = select(tasks.c.id, tasks.c.kind, tasks.c.job_id, tasks.c.ingest_id).where(tasks.c.id.in_(held))
    rows = conn.execute(query).all()
    for row in sorted(rows, key=lambda row: (row.job_id or 0, row.ingest_id or 0)):
        item = held[row.id]
        if row.kind == TaskKind.INGEST:
            _show_ingest(conn, node_id, item, row.ingest_id)
        elif row.kind in STAGE_PROGRESS:
            _show_stage(conn, node_id, item, row.job_id, TaskKind(row.kind))


def _show_ingest(conn: Connection, node_id: str, item: Progress, ingest_id: int) -> None:
    ingest, its_jobs = lock_ingest_with_jobs(conn, ingest_id)
    if not _still_holds(conn, node_id, item):
        return
    if ingest.state == IngestState.TRANSFERRING and item.permille >= FULL_PERMILLE:
        transition(conn, INGEST, ingest, IngestEvent.TRANSFERRED)
    transferred = 100 if item.permille >= FULL_PERMILLE else percent(item.permille)
    values = {
        "transfer_progress": max(ingest.transfer_progress, transferred),
        "storing_progress": max(ingest.storing_progress, percent(item.storing_permille)),
        "size_bytes": item.size_bytes or ingest.size_bytes,
        "mime_type": item.mime_type or ingest.mime_type,
    }
    if any(getattr(ingest, name) != value for name, value in values.items()):
        conn.execute(update(ingests).where(ingests.c.id == ingest_id).values(updated_ms=now_ms(), **values))
        show_import_progress(conn, its_jobs)


def _show_stage(conn: Connection, node_id: str, item: Progress, job_id: int, kind: TaskKind) -> None:
    lock_job(conn, job_id)
    if not _still_holds(conn, node_id, item):
        return
    shown = stage_percent([task.progress_permille for task in tasks_of_job(conn, job_id, [kind])])
    column = jobs.c[STAGE_PROGRESS[kind]]
    conn.execute(
        update(jobs).where(jobs.c.id == job_id, column < shown).values({column: shown, "updated_ms": now_ms()})
    )


def _still_holds(conn: Connection, node_id: str, item: Progress) -> bool:
    """Whether the task still runs under the token, now that its owner is locked."""
    query = select(exists().where(tasks.c.id == item.task_id, *holds(node_id, item.token)))
    return bool(conn.execute(query).scalar_one())
