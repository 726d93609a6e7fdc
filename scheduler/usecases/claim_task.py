"""Give a task to a node under a lease."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from reelyard.cluster.node_client import Claim
from reelyard.cluster.task_wire import work_from_dict
from reelyard.cluster.work import DistributeWork, IngestWork, NotifyWork, OverlayWork, TaskKind, TaskSpec
from reelyard.media.errors import ConflictError
from scheduler.domain.ingest import INGEST, IngestEvent, IngestState
from scheduler.domain.job import JOB, JobEvent, JobState
from scheduler.domain.keys import attempt_prefix
from scheduler.domain.node import NODE, NodeEvent
from scheduler.domain.placement import (
    HOLD_WAIT_MS,
    PASS_ON_WAIT_MS,
    PASSES_AN_ATTEMPT,
    SET_ASIDE_WAIT_MS,
    needed_encoders,
    serving,
)
from scheduler.domain.policy import Policy
from scheduler.domain.task import TaskEvent, TaskState
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_ingest_with_jobs, lock_job
from scheduler.store.node_queries import find_node, present_nodes
from scheduler.store.sealed import unseal
from scheduler.store.tables import accounts, ingests, jobs, media, tasks
from scheduler.store.task_queries import count_passes, insert_attempt, lock_task, move_task
from scheduler.store.transitions import transition
from scheduler.usecases.pools import is_awaited

GONE = "gone"  # not waiting for a node, or not with this attempt: the hint is stale
ELSEWHERE = "elsewhere"  # another node should try it this time
SET_ASIDE = "set_aside"  # this node failed too often; others get the tasks for a while
UNKNOWN_NODE = "unknown_node"  # register first


def claim_task(db: Database, node_id: str, task_id: int, attempt: int, token: str, *, policy: Policy) -> Claim:
    """Grant the task to the node, or say why not.

    The same token gets the same task again, so that a node may repeat a claim whose answer was lost.

    Args:
        db: the database.
        node_id: who asks.
        task_id: from the hint.
        attempt: from the hint.
        token: a UUID that the node made for this claim; finish, fail and release must show it.
        policy: the length of a lease, and which pools are waited for.
    """
    try:
        return db.transact(lambda conn: _claim(conn, node_id, (task_id, attempt), token, policy))
    except ConflictError:
        return Claim(granted=False, refusal=GONE)  # another node was quicker


def _claim(conn: Connection, node_id: str, hint: tuple[int, int], token: str, policy: Policy) -> Claim:
    node = find_node(conn, node_id)
    if node is None or node.state not in NODE.sources(NodeEvent.LEAVE):
        return Claim(granted=False, refusal=UNKNOWN_NODE)
    task_id, attempt = hint
    task = lock_task(conn, task_id)
    if task is None:
        return Claim(granted=False, refusal=GONE)
    if _holds_already(conn, task, node_id, token):
        return Claim(granted=True, task=_specification(conn, task))
    if task.state != TaskState.QUEUED or task.attempt != attempt:
        return Claim(granted=False, refusal=GONE)
    refusal = _better_elsewhere(conn, task, node)
    wait_ms = SET_ASIDE_WAIT_MS if refusal == SET_ASIDE else PASS_ON_WAIT_MS
    detail = f"{refusal}: {node.name}"
    missing = frozenset[str]() if refusal else _missing_encoders(task, node)
    if is_awaited(conn, task.queue, task.due_ms or task.created_ms, missing, policy):
        refusal, wait_ms = ELSEWHERE, HOLD_WAIT_MS
        detail = f"waits for a node of {task.queue} with {', '.join(sorted(missing))}: {node.name} has none"
    if refusal:
        move_task(conn, task, TaskEvent.PASS_ON, detail=detail, not_before_ms=now_ms() + wait_ms)
        return Claim(granted=False, refusal=refusal)
    _take(conn, task, node, token, policy)
    return Claim(granted=True, task=_specification(conn, task))


def _holds_already(conn: Connection, task: Row[Any], node_id: str, token: str) -> bool:
    running_here = (task.state, task.node_id, task.token) == (TaskState.RUNNING, node_id, token)
    return running_here and int(task.lease_until_ms) > read_now(conn)


def _better_elsewhere(conn: Connection, task: Row[Any], node: Row[Any]) -> str:
    """Why another node should have the task; "" when this one may."""
    now = read_now(conn)
    if _lacks_encoder(conn, task, node, now):
        return ELSEWHERE
    if node.set_aside_until_ms <= now and task.avoid_node != node.name:
        return ""
    others = [
        other
        for other in present_nodes(conn)
        if other.id != node.id and other.serves(task.queue) and not other.is_set_aside(now)
    ]
    if not others:
        return ""
    if node.set_aside_until_ms > now:
        return SET_ASIDE
    # The others may be busy for hours: after a few rounds the task goes to whoever asks.
    if count_passes(conn, task.id) >= PASSES_AN_ATTEMPT * (task.attempt - 1):
        return ""
    return ELSEWHERE if any(other.name != task.avoid_node for other in others) else ""


def _lacks_encoder(conn: Connection, task: Row[Any], node: Row[Any], now: int) -> bool:
    """Whether the node has not all encoders that the task needs, and another that takes tasks has.

    When none has them all and no pool is waited for, the attempt may go anywhere: it fails there and says what is
    missing, which waiting for ever would not.
    """
    if not _missing_encoders(task, node):
        return False
    needed = _needed(task)
    return any(needed <= other.encoders for other in serving(present_nodes(conn), task.queue, now))


def _missing_encoders(task: Row[Any], node: Row[Any]) -> frozenset[str]:
    return _needed(task) - set(node.encoders)


def _needed(task: Row[Any]) -> frozenset[str]:
    if task.kind != TaskKind.ENCODE:
        return frozenset()
    return needed_encoders(work_from_dict(TaskKind.ENCODE, task.work))


def _take(conn: Connection, task: Row[Any], node: Row[Any], token: str, policy: Policy) -> None:
    move_task(
        conn,
        task,
        TaskEvent.CLAIM,
        tasks.c.attempt == task.attempt,
        detail=f"attempt {task.attempt} on {node.name}",
        token=token,
        node_id=node.id,
        lease_until_ms=now_ms() + policy.lease_ms,
        progress_permille=0,
        started_ms=task.started_ms or now_ms(),
    )
    insert_attempt(conn, task, node)
    if task.kind == TaskKind.INGEST:
        _start_ingest(conn, task.ingest_id)
    elif task.kind == TaskKind.OVERLAY:
        _start_jobs(conn, [lock_job(conn, task.job_id)])
    elif task.kind == TaskKind.ENCODE:
        _note_start(conn, task.job_id)


def _start_ingest(conn: Connection, ingest_id: int) -> None:
    """The first claim of an ingest starts it and its jobs; a later attempt finds them started."""
    ingest, its_jobs = lock_ingest_with_jobs(conn, ingest_id)
    if ingest.state != IngestState.QUEUED:
        return
    transition(conn, INGEST, ingest, IngestEvent.START, started_ms=now_ms())
    _start_jobs(conn, its_jobs)


def _start_jobs(conn: Connection, its_jobs: Iterable[Row[Any]]) -> None:
    """The first claim of anything that a job waits for starts it."""
    for job in its_jobs:
        if job.state == JobState.QUEUED:
            transition(conn, JOB, job, JobEvent.START, started_ms=now_ms())


def _note_start(conn: Connection, job_id: int) -> None:
    """A job whose input was there before it begins with its first encode task; others began with their ingest."""
    conn.execute(update(jobs).where(jobs.c.id == job_id, jobs.c.started_ms.is_(None)).values(started_ms=now_ms()))


def _specification(conn: Connection, task: Row[Any]) -> TaskSpec:
    kind = TaskKind(task.kind)
    work = work_from_dict(kind, task.work)
    # What may be secret is not in the task's row.
    if isinstance(work, IngestWork):
        work = replace(work, source_url=_source_url(conn, task.ingest_id))
    elif isinstance(work, OverlayWork):
        work = replace(work, image_url=_overlay_url(conn, task.job_id))
    elif isinstance(work, NotifyWork):
        url, secret = _receiver(conn, task)
        work = replace(work, url=url, secret=secret)
    elif isinstance(work, DistributeWork):
        url, filename = _delivery(conn, task.job_id, work.output_media_id)
        work = replace(work, delivery_url=url, filename=filename)
    request_id, traceparent = _origin(conn, task)
    return TaskSpec(
        task_id=task.id,
        attempt=task.attempt,
        kind=kind,
        account_id=task.account_id,
        job_id=task.job_id or 0,
        ingest_id=task.ingest_id or 0,
        output_prefix=attempt_prefix(
            job_id=task.job_id, ingest_id=task.ingest_id, task_id=task.id, attempt=task.attempt
        ),
        request_id=request_id,
        traceparent=traceparent,
        work=work,
    )


def _origin(conn: Connection, task: Row[Any]) -> tuple[str, str]:
    """The request that made the task's job or ingest, and the trace that its spans belong to."""
    owners, owner_id = (ingests, task.ingest_id) if task.ingest_id is not None else (jobs, task.job_id)
    query = select(owners.c.request_id, owners.c.traceparent).where(owners.c.id == owner_id)
    row = conn.execute(query).one()
    return row.request_id, row.traceparent


def _source_url(conn: Connection, ingest_id: int) -> str:
    return unseal(conn, conn.execute(select(ingests.c.source_url).where(ingests.c.id == ingest_id)).scalar_one())


def _delivery(conn: Connection, job_id: int, output_media_id: int) -> tuple[str, str]:
    """Where a job's output is delivered to, "" for nowhere, and what it is called there when that is a folder."""
    spec = conn.execute(select(jobs.c.spec).where(jobs.c.id == job_id)).scalar_one()
    filename = conn.execute(select(media.c.filename).where(media.c.id == output_media_id)).scalar_one()
    return unseal(conn, spec.get("delivery_location", "")), str(filename)


def _overlay_url(conn: Connection, job_id: int) -> str:
    spec = conn.execute(select(jobs.c.spec).where(jobs.c.id == job_id)).scalar_one()
    return unseal(conn, spec["overlay_image_url"])


def _receiver(conn: Connection, task: Row[Any]) -> tuple[str, str]:
    """Where a job's or an ingest's notification goes, and the secret that signs it."""
    if task.ingest_id is not None:
        url = conn.execute(select(ingests.c.ping_url).where(ingests.c.id == task.ingest_id)).scalar_one()
    else:
        url = conn.execute(select(jobs.c.spec).where(jobs.c.id == task.job_id)).scalar_one()["ping_url"]
    secret = conn.execute(select(accounts.c.webhook_secret).where(accounts.c.id == task.account_id)).scalar_one()
    return unseal(conn, url), unseal(conn, secret)
