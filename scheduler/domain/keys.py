"""The object keys of tasks: `{job|ingest}/{owner}/{task}/{attempt}/{name}`.

No two attempts share a prefix, so an attempt that lost its lease can never overwrite what another one published.
"""


def owner_prefix(*, job_id: int | None, ingest_id: int | None) -> str:
    """Everything that the tasks of one job or one ingest may write begins with this."""
    return f"job/{job_id}/" if job_id else f"ingest/{ingest_id}/"


def attempt_prefix(*, job_id: int | None, ingest_id: int | None, task_id: int, attempt: int) -> str:
    """Everything that one attempt may write begins with this."""
    return f"{owner_prefix(job_id=job_id, ingest_id=ingest_id)}{task_id}/{attempt}/"
