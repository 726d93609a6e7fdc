"""Show how far the import of jobs is: over all inputs of each. Within a caller's transaction."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, update

from scheduler.domain.progress import importing_percent
from scheduler.store.clock import now_ms
from scheduler.store.job_queries import import_shares
from scheduler.store.tables import jobs


def show_import_progress(conn: Connection, waiting: Iterable[Row[Any]]) -> None:
    """Bring the import progress of jobs in line with that of their ingests.

    An ingest's own progress never goes back within an attempt, so neither does a job's.

    Args:
        conn: a writing transaction, in which the ingests' rows say what is to be shown.
        waiting: the jobs, locked, that wait for their sources.
    """
    known = {job.id: job.importing_progress for job in waiting}
    changed: dict[int, list[int]] = {}
    for job_id, (shares, inputs) in import_shares(conn, known).items():
        shown = importing_percent(shares, inputs)
        if shown != known[job_id]:
            changed.setdefault(shown, []).append(job_id)
    for shown, job_ids in changed.items():
        statement = update(jobs).where(jobs.c.id.in_(job_ids))
        conn.execute(statement.values(importing_progress=shown, updated_ms=now_ms()))
