"""Inserts media, ingests and jobs in their first state, within a caller's transaction."""

import secrets
from typing import Any

from sqlalchemy import Connection, insert

from reelyard.cluster.wire import to_dict
from reelyard.cluster.work import IngestWork, Queue, TaskKind
from reelyard.media.output import OutputSpec
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.media import MEDIA, MediaKind
from scheduler.store.clock import now_ms
from scheduler.store.ids import new_id
from scheduler.store.sealed import seal
from scheduler.store.sealed_columns import SEALED_IN_SPEC
from scheduler.store.tables import ingests, job_inputs, jobs, media
from scheduler.store.task_queries import insert_task
from scheduler.store.transitions import record_creation

#: Bytes of randomness in the part of a download URL that nobody can guess.
TOKEN_BYTES = 24


def insert_ingest(
    conn: Connection, account_id: int, source_url: str, *, title: str = "", customer_reference_id: str = ""
) -> tuple[int, int]:
    """An ingest with its task and its input medium; the IDs of the ingest and of the medium."""
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
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    record_creation(conn, INGEST, ingest_id)
    insert_task(
        conn,
        account_id=account_id,
        kind=TaskKind.INGEST,
        queue=Queue.INGEST,
        # The URL may hold credentials: it stays in the ingest's row and is added when a node claims the task.
        work=IngestWork(input_media_id=source_id, source_url=""),
        ingest_id=ingest_id,
    )
    return ingest_id, source_id


def insert_job(
    conn: Connection, account_id: int, spec: OutputSpec, *, source_id: int, ingest_id: int | None, base_url: str
) -> int:
    """A job of one input with its output medium; its ID. `ingest_id` is the ingest that it waits for, if any."""
    output_id = _insert_medium(conn, account_id, MediaKind.OUTPUT, title=spec.title, container=spec.container)
    job_id = new_id(conn, JOB.entity)
    conn.execute(
        insert(jobs).values(
            id=job_id,
            account_id=account_id,
            ingest_id=ingest_id,
            output_media_id=output_id,
            state=JOB.initial,
            spec=_sealed(conn, spec),
            base_url=base_url,
            created_ms=now_ms(),
            updated_ms=now_ms(),
        )
    )
    conn.execute(insert(job_inputs).values(job_id=job_id, position=0, media_id=source_id))
    record_creation(conn, JOB, job_id)
    return job_id


def _sealed(conn: Connection, spec: OutputSpec) -> dict[str, Any]:
    """The specification as its row keeps it; whoever needs one of its URLs must `unseal` that."""
    return to_dict(spec) | {name: seal(conn, getattr(spec, name)) for name in SEALED_IN_SPEC}


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
