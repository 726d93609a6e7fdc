"""The object keys of tasks: `{job|ingest}/{owner}/{task}/{attempt}/{name}`.

No two attempts share a prefix, so an attempt that lost its lease can never overwrite what another one published.
"""

import re
from dataclasses import dataclass
from typing import Literal

#: All that tasks write lies below these.
OWNER_PREFIXES = ("job/", "ingest/")

_ATTEMPT_KEY = re.compile(r"(?P<kind>job|ingest)/(?P<owner>[1-9][0-9]{0,17})/[1-9][0-9]*/[0-9]+/.+")


@dataclass(frozen=True)
class Owner:
    """The job or ingest whose task wrote an object."""

    kind: Literal["job", "ingest"]
    id: int


def owner_prefix(*, job_id: int | None, ingest_id: int | None) -> str:
    """Everything that the tasks of one job or one ingest may write begins with this."""
    return f"job/{job_id}/" if job_id else f"ingest/{ingest_id}/"


def attempt_prefix(*, job_id: int | None, ingest_id: int | None, task_id: int, attempt: int) -> str:
    """Everything that one attempt may write begins with this."""
    return f"{owner_prefix(job_id=job_id, ingest_id=ingest_id)}{task_id}/{attempt}/"


def owner_of(key: str) -> Owner | None:
    """Whose task wrote the object of this key; None when no task of ours writes such a key."""
    match = _ATTEMPT_KEY.fullmatch(key)
    if match is None:
        return None
    return Owner("job" if match["kind"] == "job" else "ingest", int(match["owner"]))
