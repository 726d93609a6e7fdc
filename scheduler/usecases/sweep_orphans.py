"""Find stored files that no record points to, and remove them.

The clean-up at the end of a job or an ingest removes what its attempts left. It misses what came after it: a node that
was frozen and wrote when it woke up, an upload whose process was killed, a clean-up that was given up. This is the net
below it, slow and careful: when in doubt a file stays.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy import Connection, select

from reelyard.cluster.objectstore.store import ListedObject, ObjectMissingError, ObjectStore, StorageError
from reelyard.media.errors import ConflictError
from scheduler.domain.ingest import INGEST
from scheduler.domain.job import JOB
from scheduler.domain.keys import OWNER_PREFIXES, Owner, owner_of
from scheduler.domain.media import MediaState
from scheduler.domain.policy import Policy
from scheduler.domain.task import TASK
from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.tables import ingests, jobs, media, media_files, tasks
from scheduler.store.upkeep_queries import end_turn, extend_turn, fail_turn, stop_turn, take_turn

_log = structlog.get_logger(__name__)

#: Name of this work among those of `scheduler.store.upkeep_queries`.
WORK = "orphans"
#: Where the store keeps the mark of the installation that may delete in it.
MARK_KEY = "reelyard/installation"
#: Objects that are looked up in the database at once.
BATCH = 500
#: A scheduler that says nothing for so long while it sweeps has died. One batch, with its deletions, takes seconds.
LEASE_MS = 600_000


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep met and removed; `uploads` began and never ended."""

    listed: int
    deleted: int
    uploads: int


def sweep_orphans(
    db: Database, store: ObjectStore, policy: Policy, *, holder: str, stopping: Callable[[], bool] = lambda: False
) -> Swept | None:
    """Do one sweep; None when it is not due, or another scheduler is at it, or `stopping` said so.

    A file is removed when it is older than the policy's age, lies where a task of ours would have written it, is not
    of an available medium, and its job or ingest ended longer ago than that age with no task left, or is unknown.

    Args:
        db: the database.
        store: what is swept; other prefixes than those of jobs and ingests are not looked at.
        policy: the age, and when the next sweep is due.
        holder: names this scheduler among those of the database.
        stopping: asked between two batches.

    Raises:
        StorageError: the store does not answer, or belongs to another installation; the next sweep is an interval off.
    """
    mark = db.transact(lambda conn: take_turn(conn, WORK, holder, lease_ms=LEASE_MS))
    if mark is None:
        return None
    next_in_ms = policy.orphan_sweep_ms
    leave: Callable[[Connection, str, str], None] = partial(fail_turn, next_in_ms=next_in_ms)
    try:
        _check_mark(store, mark)
        swept = _sweep(db, store, policy, holder, stopping)
        leave = stop_turn if swept is None else partial(end_turn, next_in_ms=next_in_ms)
    except ConflictError:
        return None  # slower than its lease: the one that has the turn now sees to the rest
    finally:
        _leave(db, holder, leave)
    return swept


def _sweep(db: Database, store: ObjectStore, policy: Policy, holder: str, stopping: Callable[[], bool]) -> Swept | None:
    listed = deleted = 0
    for prefix in OWNER_PREFIXES:
        for batch in _batches(store.list_objects(prefix)):
            if stopping():
                return None
            db.transact(lambda conn: extend_turn(conn, WORK, holder, lease_ms=LEASE_MS))
            with db.read() as conn:
                orphans = _orphans(conn, batch, read_now(conn) - policy.orphan_age_ms)
            for key in orphans:
                store.delete(key)
            listed += len(batch)
            deleted += len(orphans)
    uploads = store.remove_abandoned(OWNER_PREFIXES, older_than_ms=policy.orphan_age_ms)
    _log.info("orphans_swept", listed=listed, deleted=deleted, uploads=uploads)
    return Swept(listed=listed, deleted=deleted, uploads=uploads)


def _leave(db: Database, holder: str, leave: Callable[[Connection, str, str], None]) -> None:
    try:
        db.transact(lambda conn: leave(conn, WORK, holder))
    except ConflictError:
        _log.warning("orphan_sweep_taken_over")


def _check_mark(store: ObjectStore, mark: str) -> None:
    """Make sure that the store is of this installation's database; the first sweep marks it.

    An unknown job's files are garbage only when this database would know the job: one that points to a store of another
    installation, or that was begun anew, must not empty it.
    """
    try:
        with store.open_range(MARK_KEY) as pieces:
            found = b"".join(pieces).decode(errors="replace").strip()
    except ObjectMissingError:
        with tempfile.TemporaryDirectory(prefix="reelyard-mark-") as folder:
            path = Path(folder) / "mark"
            path.write_text(mark)
            store.put_file(MARK_KEY, path, mime_type="text/plain")
        return
    if found != mark:
        raise StorageError(
            f"The object store belongs to another installation, so no forgotten file is removed from it. If it is this"
            f" database's after all (one that was begun anew), delete the object '{MARK_KEY}'."
        )


def _batches(objects: Iterable[ListedObject]) -> Iterator[list[ListedObject]]:
    source = iter(objects)
    while batch := list(islice(source, BATCH)):
        yield batch


def _orphans(conn: Connection, batch: Sequence[ListedObject], before_ms: int) -> list[str]:
    """The keys of a batch that nobody needs; the list is older than this transaction, so every owner has its row."""
    owned = [
        (listed.key, owner) for listed in batch if listed.modified_ms <= before_ms and (owner := owner_of(listed.key))
    ]
    kept = _kept_owners(conn, {owner for _, owner in owned}, before_ms)
    loose = [key for key, owner in owned if owner not in kept]
    query = select(media_files.c.key).join(media, media.c.id == media_files.c.media_id)
    pointed_to = set(
        conn.execute(query.where(media_files.c.key.in_(loose), media.c.state == MediaState.AVAILABLE)).scalars()
    )
    return [key for key in loose if key not in pointed_to]


def _kept_owners(conn: Connection, owners: set[Owner], before_ms: int) -> set[Owner]:
    """Those whose files are not to be touched: not ended, ended lately, or with a task that has not ended.

    The last holds for a failed job that may be tried again: its clean-up waits.
    """
    kept: set[Owner] = set()
    for kind, table, ends, column in (
        ("job", jobs, JOB.ends, tasks.c.job_id),
        ("ingest", ingests, INGEST.ends, tasks.c.ingest_id),
    ):
        ids = [owner.id for owner in owners if owner.kind == kind]
        found = conn.execute(select(table.c.id, table.c.state, table.c.ended_ms).where(table.c.id.in_(ids))).all()
        ended = {row.id for row in found if row.state in ends and (row.ended_ms or 0) <= before_ms}
        busy = select(column).where(column.in_(ids), tasks.c.state.in_(TASK.active)).distinct()
        alive = {row.id for row in found} - ended | set(conn.execute(busy).scalars())
        kept |= {owner for owner in owners if owner.kind == kind and owner.id in alive}
    return kept
