"""How much work waits and runs, for the metrics by which a cluster is watched and scaled."""

from dataclasses import dataclass

from sqlalchemy import case, func, select

from scheduler.domain.task import TASK, TaskState
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import tasks


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """The tasks of one queue in one state. `oldest_ms` is the age of the oldest that could run at once, 0 for none."""

    queue: str
    state: str
    tasks: int
    oldest_ms: int


def read_backlog(database: Database) -> tuple[Backlog, ...]:
    """The tasks that have not ended, by queue and state."""
    now = now_ms()
    may_run = tasks.c.state.in_((TaskState.WAITING, TaskState.QUEUED)) & (tasks.c.not_before_ms <= now)
    oldest = func.min(case((may_run, tasks.c.created_ms)))
    query = (
        select(tasks.c.queue, tasks.c.state, func.count(), now - oldest)
        .where(tasks.c.state.in_(TASK.active))
        .group_by(tasks.c.queue, tasks.c.state)
    )
    with database.read() as conn:
        return tuple(
            Backlog(queue=queue, state=state, tasks=count, oldest_ms=max(0, age or 0))
            for queue, state, count, age in conn.execute(query)
        )
