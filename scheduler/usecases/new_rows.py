"""Inserts media, ingests and jobs in their first state, within a caller's transaction."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import IngestWork, OverlayWork, Queue, TaskKind
from reelyard.media.output import OutputSpec
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.media import MEDIA, MediaKind
from scheduler.store.clock import now_ms
from scheduler.store.ids import new_id
from scheduler.store.sealed import seal
from scheduler.store.sealed_columns import SECRET_MEMBERS
from scheduler.store.tables import ingests, job_inputs, jobs, media
from scheduler.store.task_queries import place_task
from scheduler.store.transitions import record_creation
from scheduler.usecases.receivers import NOBODY, Receivers

#: Bytes of randomness in the part of a download URL that nobody can guess.
TOKEN_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class JobInputs:
    """What a new job reads: its media in the order in which they are joined, and the first ingest that it waits for."""

    media_ids: tuple[int, ...]
    ingest_id: int | None = None


def insert_ingests(conn: Connection, account_id: int, source_urls: Sequence[str], *, base_url: str) -> JobInputs:
    """An ingest for each source of a request for jobs, in the request's order."""
    made = [insert_ingest(conn, account_id, url, for_jobs=True, base_url=base_url) for url in source_urls]
    return JobInputs(media_ids=tuple(medium for _, medium in made), ingest_id=made[0][0])


def insert_ingest(
    conn: Connection,
    account_id: int,
    source_url: str,
    *,
    title: str = "",
    customer_reference_id: str = "",
    receivers: Receivers = NOBODY,
    base_url: str = "",
    for_jobs: bool = False,
) -> tuple[int, int]:
    """An ingest with its task and its input medium; the IDs of the ingest and of the medium.

    `receivers` are told of its end; `base_url` is that of the download URL that they are given. One that is made
    `for_jobs` may be given up when none of them needs it any more.
    """
    source_id = _insert_medium(conn, account_id, MediaKind.INPUT, title=title)
    ingest_id = new_id(conn, INGEST.entity)
    conn.execute(
        insert(ingests).values(
            id=ingest_id,
            account_id=account_id,
            input_media_id=source_id,
            state=INGEST.initial,
            title=title,
            customer_reference_id=customer_reference_id,
            source_url=seal(conn, source_url),
            ping_url=seal(conn, receivers.ping_url),
            notification_email=receivers.email,
            base_url=base_url,
            for_jobs=for_jobs,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, INGEST, ingest_id)
    place_ingest_task(conn, account_id, ingest_id, source_id)
    return ingest_id, source_id


def place_ingest_task(conn: Connection, account_id: int, ingest_id: int, source_id: int) -> None:
    """Have the source fetched, also once more."""
    place_task(
        conn,
        account_id=account_id,
        kind=TaskKind.INGEST,
        queue=Queue.INGEST,
        # The URL may hold credentials: it stays in the ingest's row and is added when a node claims the task.
        work=IngestWork(input_media_id=source_id, source_url=""),
        ingest_id=ingest_id,
    )


def insert_job(conn: Connection, account_id: int, spec: OutputSpec, inputs: JobInputs, *, base_url: str) -> int:
    """A job with its output medium, and the task that fetches its overlay image, if it has one; its ID."""
    output_id = _insert_medium(conn, account_id, MediaKind.OUTPUT, title=spec.title, container=spec.container)
    job_id = new_id(conn, JOB.entity)
    sealed = _sealed(conn, spec)
    conn.execute(
        insert(jobs).values(
            id=job_id,
            account_id=account_id,
            ingest_id=inputs.ingest_id,
            output_media_id=output_id,
            state=JOB.initial,
            spec=sealed,
            base_url=base_url,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    rows = [{"job_id": job_id, "position": n, "media_id": each} for n, each in enumerate(inputs.media_ids)]
    conn.execute(insert(job_inputs), rows)
    record_creation(conn, JOB, job_id, spec=sealed)
    if spec.overlay_image_url:
        place_overlay_task(conn, account_id, job_id)
    return job_id


def place_overlay_task(conn: Connection, account_id: int, job_id: int) -> None:
    """Have the overlay image of a job fetched, also once more."""
    place_task(
        conn,
        account_id=account_id,
        kind=TaskKind.OVERLAY,
        queue=Queue.INGEST,
        work=OverlayWork(image_url=""),  # may hold credentials: added when a node claims the task
        job_id=job_id,
    )


def _sealed(conn: Connection, spec: OutputSpec) -> dict[str, Any]:
    """The specification as its row keeps it; whoever needs one of its URLs must `unseal` that."""
    return to_dict(spec) | {name: seal(conn, getattr(spec, name)) for name in SECRET_MEMBERS}


def _insert_medium(conn: Connection, account_id: int, kind: MediaKind, *, title: str = "", container: str = "") -> int:
    media_id = new_id(conn, MEDIA.entity)
    conn.execute(
        insert(media).values(
            id=media_id,
            account_id=account_id,
            kind=kind,
            state=MEDIA.initial,
            title=title,
            container=container,
            token=secrets.token_urlsafe(TOKEN_BYTES),
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, MEDIA, media_id, detail=kind)
    return media_id
