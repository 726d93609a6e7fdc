"""End the retention of media: those whose time is over are closed, and their bytes removed by a task."""

from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Row, Select, and_, exists, or_, select

from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB
from scheduler.domain.media import MediaEvent, MediaKind, MediaState
from scheduler.domain.policy import Policy
from scheduler.errors import MediaExpiredError
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import ingests, job_inputs, jobs, media
from scheduler.usecases.end_media import end_input, end_output

_log = structlog.get_logger(__name__)

#: Media that are looked up at once. Each is then ended in a transaction of its own, so that calls wait for none long.
BATCH = 200


def expire_media(db: Database, policy: Policy, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Expire what is due by the policy as it is now, also of media from before it was changed; how many expired.

    What a job that has not ended needs is left for a later sweep: an input of it, at any position, and its output.
    Several schedulers may do this at once: each medium is expired by one of them.

    Args:
        db: the database.
        policy: how long inputs and outputs are kept.
        stopping: asked between two media; True ends the sweep.
    """
    expired = 0
    for kind, keep_ms in ((MediaKind.INPUT, policy.input_keep_ms), (MediaKind.OUTPUT, policy.output_keep_ms)):
        if keep_ms:
            expired += _expire_kind(db, kind, keep_ms, stopping)
    if expired:
        _log.info("media_expired", count=expired)
    return expired


def _expire_kind(db: Database, kind: MediaKind, keep_ms: int, stopping: Callable[[], bool]) -> int:
    expired, last_id = 0, 0
    while True:
        with db.read() as conn:
            due = conn.execute(_due(kind, read_now(conn) - keep_ms, last_id)).all()
        for medium in due:
            if stopping():
                return expired
            expired += _expire(db, kind, medium)
        if len(due) < BATCH:
            return expired
        last_id = due[-1].id


def _due(kind: MediaKind, before_ms: int, last_id: int) -> Select[tuple[int, int]]:
    """The next media of a kind that became available before a moment and that no job needs."""
    # A scheduler of the version before leaves the moment out; publishing was then its last change.
    is_old = or_(
        media.c.available_ms <= before_ms, and_(media.c.available_ms.is_(None), media.c.updated_ms <= before_ms)
    )
    query = select(media.c.id, media.c.account_id).where(
        media.c.state == MediaState.AVAILABLE, media.c.kind == kind, is_old, media.c.id > last_id
    )
    if kind == MediaKind.INPUT:
        reader = select(job_inputs.c.job_id).join(jobs, jobs.c.id == job_inputs.c.job_id)
        query = query.join(ingests, ingests.c.input_media_id == media.c.id)
        query = query.where(~exists(reader.where(job_inputs.c.media_id == media.c.id, jobs.c.state.in_(JOB.active))))
    else:
        query = query.join(jobs, jobs.c.output_media_id == media.c.id).where(jobs.c.state.in_(JOB.ends))
    return query.order_by(media.c.id).limit(BATCH)


def _expire(db: Database, kind: MediaKind, medium: Row[tuple[int, int]]) -> bool:
    end = end_input if kind == MediaKind.INPUT else end_output

    def work(conn: Connection) -> None:
        end(conn, medium.account_id, medium.id, MediaEvent.EXPIRE)

    try:
        db.transact(work)
    except (ConflictError, MediaExpiredError):
        return False  # a job wants it since a moment ago, or somebody else ended it
    return True
