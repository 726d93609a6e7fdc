"""Cancel a job."""

from sqlalchemy import Connection, select

from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB
from scheduler.domain.policy import Policy
from scheduler.errors import JobNotFoundError
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_job
from scheduler.store.tables import jobs
from scheduler.usecases.answers import do_once
from scheduler.usecases.endings import cancel_running_job


def cancel_job(db: Database, account_id: int, job_id: int, policy: Policy, *, request_id: str = "") -> None:
    """End a job that has not ended. Nodes that work for it hear that with their next beat.

    A repeated `request_id` changes nothing and is no error.

    Raises:
        JobNotFoundError: no such job on this account.
        ConflictError: it has ended.
    """
    do_once(db, account_id, request_id, lambda conn: _cancel(conn, account_id, job_id, policy))


def _cancel(conn: Connection, account_id: int, job_id: int, policy: Policy) -> None:
    query = select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.account_id == account_id)
    if conn.execute(query).one_or_none() is None:
        raise JobNotFoundError(f"there is no job {job_id}")
    job = lock_job(conn, job_id)
    if job.state not in JOB.active:
        raise ConflictError(f"job {job_id} is {job.state}; only one that has not ended can be cancelled")
    cancel_running_job(conn, job, policy)
