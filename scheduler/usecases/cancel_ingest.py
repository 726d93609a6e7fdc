"""Cancel an ingest."""

from sqlalchemy import Connection, select

from reelyard.media.errors import ConflictError
from scheduler.domain.ingest import INGEST
from scheduler.domain.policy import Policy
from scheduler.errors import IngestNotFoundError
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_ingest_with_jobs
from scheduler.store.tables import ingests
from scheduler.usecases.answers import do_once
from scheduler.usecases.endings import cancel_running_ingest


def cancel_ingest(db: Database, account_id: int, ingest_id: int, policy: Policy, *, request_id: str = "") -> None:
    """End an ingest that has not ended, and all jobs that wait for it. Its node hears that with its next beat.

    A repeated `request_id` changes nothing and is no error.

    Raises:
        IngestNotFoundError: no such ingest on this account.
        ConflictError: it has ended.
    """
    do_once(db, account_id, request_id, lambda conn: _cancel(conn, account_id, ingest_id, policy))


def _cancel(conn: Connection, account_id: int, ingest_id: int, policy: Policy) -> None:
    query = select(ingests.c.id).where(ingests.c.id == ingest_id, ingests.c.account_id == account_id)
    if conn.execute(query).one_or_none() is None:
        raise IngestNotFoundError(f"there is no ingest {ingest_id}")
    owner = lock_ingest_with_jobs(conn, ingest_id)
    state = owner[0].state
    if state not in INGEST.active:
        raise ConflictError(f"ingest {ingest_id} is {state}; only one that has not ended can be cancelled")
    cancel_running_ingest(conn, owner, policy)
