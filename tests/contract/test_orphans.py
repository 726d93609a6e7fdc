"""Stored files that no record points to: which go, and which must never go."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ListedObject, ObjectStore, StorageError
from reelyard.cluster.views import CreatedJobsView
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ErrorCode
from scheduler.domain.policy import DAY_MS, Policy
from scheduler.store.clock import now_ms
from scheduler.store.tables import ingests, jobs, media, upkeep
from scheduler.usecases import sweep_orphans as sweeping
from scheduler.usecases.expire_media import expire_media
from scheduler.usecases.sweep_orphans import MARK_KEY, Swept, sweep_orphans
from tests.contract.lifecycle_rig import MP4, Rig, race

WHOLE = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
#: One sweep right after another.
POLICY = Policy(orphan_age_ms=DAY_MS, orphan_sweep_ms=0, input_keep_ms=DAY_MS, output_keep_ms=DAY_MS)
OLD_S = 25 * 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[ObjectStore]:
    opened = open_store(folder.as_uri())
    yield opened
    opened.close()


def put(folder: Path, *keys: str, age_s: float = OLD_S) -> None:
    """Objects that were written so long ago, as the folder store keeps them."""
    for key in keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bytes")
        os.utime(path, (time.time() - age_s,) * 2)


def put_records(rig: Rig, folder: Path) -> set[str]:
    """An old object for each that a record points to."""
    with rig.db.read() as conn:
        keys = set(conn.execute(select(sweeping.media_files.c.key)).scalars())
    put(folder, *keys)
    return keys


def in_store(store: ObjectStore) -> set[str]:
    return {found.key for prefix in ("job/", "ingest/") for found in store.list_objects(prefix)}


def sweep(rig: Rig, store: ObjectStore, holder: str = "me") -> Swept | None:
    return sweep_orphans(rig.db, store, POLICY, holder=holder)


def finished(rig: Rig, *, days_ago: float = 2) -> CreatedJobsView:
    """A job that ended, was cleaned up, and is that old."""
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, *WHOLE)
    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    ended_days_ago(rig, days_ago)
    return created


def ended_days_ago(rig: Rig, days: float) -> None:
    moment = now_ms() - round(days * DAY_MS)
    for table in (jobs, ingests):
        rig.change(update(table).where(table.c.ended_ms.is_not(None)).values(ended_ms=moment))


def test_what_no_record_points_to_goes_and_what_one_points_to_stays(rig: Rig, store: ObjectStore, folder: Path) -> None:
    created = finished(rig)
    needed = put_records(rig, folder)
    job, ingest = f"job/{created.jobs[0].job_id}", f"ingest/{created.ingest_id}"
    put(folder, f"{job}/987/1/output.mp4", f"{job}/987/2/thumbnail.jpg", f"{ingest}/988/1/source")

    swept = sweep(rig, store)

    assert swept == Swept(listed=len(needed) + 3, deleted=3, uploads=0)
    assert len(needed) == 4
    assert in_store(store) == needed
    assert sweep(rig, store) == Swept(listed=4, deleted=0, uploads=0)


def test_what_belongs_to_no_row_goes(rig: Rig, store: ObjectStore, folder: Path) -> None:
    put(folder, "job/4711/1/1/output.mp4", "ingest/4712/1/1/source")

    sweep(rig, store)

    assert in_store(store) == set()


def test_what_is_young_stays(rig: Rig, store: ObjectStore, folder: Path) -> None:
    created = finished(rig)
    young = {f"job/{created.jobs[0].job_id}/987/1/output.mp4", "job/4711/1/1/output.mp4"}
    put(folder, *young, age_s=23 * 3600)

    sweep(rig, store)

    assert in_store(store) == young


def test_a_job_that_runs_or_ended_lately_keeps_everything(rig: Rig, store: ObjectStore, folder: Path) -> None:
    lately = finished(rig, days_ago=0.9)
    running = rig.create(MP4)
    held = rig.take(rig.node("beta"), Queue.INGEST)
    kept = {
        f"job/{lately.jobs[0].job_id}/987/1/output.mp4",
        f"ingest/{lately.ingest_id}/987/1/source",
        f"job/{running.jobs[0].job_id}/988/1/output.mp4",
        f"{held.spec.output_prefix}source",
    }
    put(folder, *kept)

    sweep(rig, store)

    assert in_store(store) == kept


def test_a_failed_job_keeps_everything_until_its_clean_up(rig: Rig, store: ObjectStore, folder: Path) -> None:
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)
    rig.fail(held, ErrorCode.CODEC_UNAVAILABLE)
    assert rig.job(created.jobs[0].job_id).state == "failed"
    ended_days_ago(rig, 10)
    key = f"{held.spec.output_prefix}output.mp4"
    put(folder, key)

    sweep(rig, store)
    assert in_store(store) == {key}

    for _ in range(2):
        rig.do(node, Queue.STORE, TaskKind.CLEAN)
    sweep(rig, store)
    assert in_store(store) == set()


def test_the_bytes_of_an_expired_medium_go_when_its_clean_up_missed_them(
    rig: Rig, store: ObjectStore, folder: Path
) -> None:
    finished(rig)
    keys = put_records(rig, folder)
    rig.change(update(media).values(available_ms=now_ms() - 2 * DAY_MS))
    assert expire_media(rig.db, POLICY) == 2

    sweep(rig, store)
    assert in_store(store) == keys  # the clean-up waits
    for _ in range(2):
        rig.do(rig.node("beta"), Queue.STORE, TaskKind.CLEAN)
    sweep(rig, store)

    assert in_store(store) == set()


def test_what_is_not_a_tasks_is_never_touched(rig: Rig, store: ObjectStore, folder: Path) -> None:
    foreign = ("photos/1/2/3/cat.jpg", "job/readme.txt", "job/x/1/1/output.mp4", "job/12/notes", "ingest/0/1/1/a")
    put(folder, *foreign)

    sweep(rig, store)

    assert [key for key in foreign if not (folder / key).exists()] == []


def test_the_store_of_another_installation_is_never_touched(rig: Rig, store: ObjectStore, folder: Path) -> None:
    put(folder, "job/4711/1/1/output.mp4")
    put(folder, MARK_KEY)  # holds another mark

    with pytest.raises(StorageError, match="another installation"):
        sweep(rig, store)

    assert in_store(store) == {"job/4711/1/1/output.mp4"}


def test_a_first_sweep_marks_the_store(rig: Rig, store: ObjectStore, folder: Path) -> None:
    sweep(rig, store)

    with rig.db.read() as conn:
        assert (folder / MARK_KEY).read_text() == conn.execute(select(upkeep.c.mark)).scalar_one()


def test_a_sweep_is_due_once_in_an_interval_for_all_schedulers(rig: Rig, store: ObjectStore) -> None:
    hourly = Policy(orphan_sweep_ms=3_600_000)

    assert sweep_orphans(rig.db, store, hourly, holder="one") is not None
    assert sweep_orphans(rig.db, store, hourly, holder="two") is None
    rig.change(update(upkeep).values(next_ms=now_ms()))
    assert sweep_orphans(rig.db, store, hourly, holder="two") is not None


def test_of_schedulers_that_ask_at_once_one_sweeps(rig: Rig, store: ObjectStore) -> None:
    hourly = Policy(orphan_sweep_ms=3_600_000)

    done = race(*(lambda name=name: sweep_orphans(rig.db, store, hourly, holder=name) for name in ("a", "b", "c")))

    assert sorted(done, key=str) == [None, None, Swept(listed=0, deleted=0, uploads=0)]


class Interrupted:
    """A store in whose list something happens."""

    def __init__(self, store: ObjectStore, happens: object) -> None:
        self._store = store
        self._happens = happens

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        found = list(self._store.list_objects(prefix))
        self._happens()
        yield from found


def test_a_scheduler_that_lost_its_turn_deletes_nothing_more(rig: Rig, store: ObjectStore, folder: Path) -> None:
    put(folder, "job/4711/1/1/output.mp4")
    slow = Interrupted(store, lambda: rig.change(update(upkeep).values(holder="another")))

    assert sweep(rig, slow) is None

    assert in_store(store) == {"job/4711/1/1/output.mp4"}
    with rig.db.read() as conn:
        assert conn.execute(select(upkeep.c.holder)).scalar_one() == "another"


def test_a_scheduler_that_died_loses_its_turn(rig: Rig, store: ObjectStore) -> None:
    sweep(rig, store, "dead")
    rig.change(update(upkeep).values(holder="dead", held_until_ms=now_ms() + 60_000))
    assert sweep(rig, store) is None

    rig.change(update(upkeep).values(held_until_ms=now_ms() - 1))

    assert sweep(rig, store) is not None


def test_a_sweep_that_is_stopped_is_due_again_at_once(rig: Rig, store: ObjectStore, folder: Path) -> None:
    put(folder, "job/4711/1/1/output.mp4")
    hourly = Policy(orphan_age_ms=DAY_MS, orphan_sweep_ms=3_600_000)

    assert sweep_orphans(rig.db, store, hourly, holder="me", stopping=lambda: True) is None
    assert in_store(store) == {"job/4711/1/1/output.mp4"}

    assert sweep_orphans(rig.db, store, hourly, holder="other") is not None
    assert in_store(store) == set()


def test_a_file_that_was_published_meanwhile_stays(rig: Rig, store: ObjectStore, folder: Path) -> None:
    created = rig.create(MP4)
    node = rig.node("alpha")
    prefixes = [rig.do(node, queue).output_prefix for queue in WHOLE]
    put(folder, *(f"{prefix}output.mp4" for prefix in prefixes))

    sweep(rig, store)

    assert len(in_store(store)) == len(WHOLE)
    assert rig.job(created.jobs[0].job_id).state == "completed"


def test_more_than_a_batch_is_swept(
    rig: Rig, store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    put(folder, *(f"job/{number}/1/1/output.mp4" for number in range(5000, 5010)))

    assert sweep(rig, store) == Swept(listed=10, deleted=10, uploads=0)


def test_a_bucket_is_swept_as_a_folder_is(rig: Rig, s3: object, tmp_path: Path) -> None:
    store = open_store(
        s3.storage_url(f"sweep-{os.urandom(6).hex()}").replace("?", "/ours?"),
        access_key=s3.access_key,
        secret_key=s3.secret_key,
    )
    (tmp_path / "f").write_bytes(b"bytes")
    created = finished(rig)
    job_id = created.jobs[0].job_id
    keys = [f"job/{job_id}/987/1/output.mp4", *rig.files(rig.job(job_id).output_media_id).values()]
    for key in (*keys, "photos/cat.jpg"):
        store.put_file(key, tmp_path / "f", mime_type="x/y")

    assert sweep(rig, store) == Swept(listed=3, deleted=0, uploads=0)
    # As if a day had passed: everything that the store has is older than "in a minute".
    done = sweep_orphans(rig.db, store, Policy(orphan_age_ms=-60_000, orphan_sweep_ms=0), holder="me")

    assert done == Swept(listed=3, deleted=1, uploads=0)
    assert sorted(in_store(store)) == sorted(keys[1:])
    assert store.stat("photos/cat.jpg").size_bytes == 5
    store.close()
