"""A scheduler that freezes within a transaction: what it had locked is free again, and what it did is undone."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, select, text, update

from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode, UnavailableError
from scheduler.domain.policy import Policy
from scheduler.store import database as store
from scheduler.store import dispatch_queries
from scheduler.store.database import Database
from scheduler.store.tables import jobs, nodes
from scheduler.usecases.select_tasks import select_tasks
from tests.contract.lifecycle_rig import MP4, Rig
from tests.secret_key import SEALER

_numbers = itertools.count(1)

SOMEBODY_WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
)


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Opens one private PostgreSQL database, once for each scheduler."""
    url = request.getfixturevalue("postgresql").create_database(f"frozen_{next(_numbers)}")
    opened: list[Database] = []

    def open_another() -> Database:
        opened.append(Database(url, SEALER))
        return opened[-1]

    yield open_another
    for each in opened:
        each.close()


def test_its_locks_end_before_leases_do() -> None:
    assert Policy().lease_ms > store.IDLE_TRANSACTION_TIMEOUT_MS


def test_a_row_that_it_had_locked_can_be_changed_by_another(
    databases: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = databases()
    job_id = Rig(other).create().jobs[0].job_id
    monkeypatch.setattr(store, "IDLE_TRANSACTION_TIMEOUT_MS", 1_000)
    frozen = databases()
    change = update(jobs).where(jobs.c.id == job_id)

    def freeze_in_the_middle() -> None:
        with frozen.write() as silent:
            silent.execute(change.values(error_message="of the frozen one"))
            with other.write() as conn:  # waits until the database has ended the silent transaction
                conn.execute(change.where(jobs.c.error_message == "").values(error_message="of the other"))
            silent.execute(change.values(error_message="too late"))

    with pytest.raises(UnavailableError):
        freeze_in_the_middle()

    with other.read() as conn:
        assert conn.execute(select(jobs.c.error_message).where(jobs.c.id == job_id)).scalar_one() == "of the other"


def test_dispatch_that_froze_holds_nobody_up_for_longer_than_its_own_limit(
    databases: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK_TIMEOUT_MS", 5_000)  # shorter than what any other transaction may stand still
    monkeypatch.setattr(dispatch_queries, "HELD_IDLE_MS", 300)
    frozen, other = databases(), databases()
    rig = Rig(other)
    rig.create()
    rig.node("alpha")

    def freeze_in_the_middle() -> None:
        with frozen.write() as silent:
            dispatch_queries.lock_queue(silent, Queue.INGEST)
            chosen.extend(select_tasks(other, Queue.INGEST))
            dispatch_queries.ripen(silent, Queue.INGEST, 1)

    chosen: list[object] = []
    with pytest.raises(UnavailableError):
        freeze_in_the_middle()

    assert len(chosen) == 1


def test_who_was_held_up_in_a_transaction_runs_it_again(
    databases: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer must not depend on a busy machine; what the other did meanwhile is seen."""
    monkeypatch.setattr(store, "LOCK_TIMEOUT_MS", 5_000)
    monkeypatch.setattr(dispatch_queries, "HELD_IDLE_MS", 300)
    held_up, other = databases(), databases()
    rig = Rig(other)
    rig.create()
    rig.node("alpha")
    chosen: list[Sequence[object]] = []

    def choose(conn: Connection) -> int:
        dispatch_queries.lock_queue(conn, Queue.INGEST)
        if not chosen:
            chosen.append(select_tasks(other, Queue.INGEST))  # waits until the database has ended this transaction
        return dispatch_queries.count_queued(conn, Queue.INGEST)

    assert held_up.transact(choose) == 1
    assert len(chosen[0]) == 1


def test_who_stands_still_each_time_is_told(databases: Callable[[], Database], monkeypatch: pytest.MonkeyPatch) -> None:
    watching = databases()
    monkeypatch.setattr(store, "IDLE_TRANSACTION_TIMEOUT_MS", 50)
    frozen = databases()
    ended: list[int] = []

    def stand_still(conn: Connection) -> None:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        _wait_until(watching, f"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})")
        ended.append(pid)
        conn.execute(select(nodes.c.id))

    with pytest.raises(UnavailableError, match="stood still"):
        frozen.transact(stand_still)

    assert len(set(ended)) == store.MAX_RUNS


def test_of_two_failures_of_a_node_at_once_both_count(databases: Callable[[], Database]) -> None:
    """A failure that another scheduler records at the same moment; on SQLite one of them waits for the other anyway."""
    one, other = databases(), databases()
    rig = Rig(other)
    rig.create(MP4)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)
    with ThreadPoolExecutor(max_workers=1) as pool:
        with one.write() as conn:
            conn.execute(update(nodes).where(nodes.c.id == node).values(failures_in_row=1, set_aside_until_ms=7))
            failing = pool.submit(rig.fail, held, ErrorCode.ENCODE_FAILED)
            _wait_until(other, SOMEBODY_WAITS)
        failing.result(timeout=30)

    row = rig.node_row(node)
    assert (row.failures_in_row, row.set_aside_until_ms) == (2, 7)


def _wait_until(db: Database, question: str) -> None:
    """Return when the database answers yes."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        with db.read() as conn:
            if conn.execute(text(question)).scalar_one():
                return
        time.sleep(0.02)
    msg = f"waited 30 s in vain: {question}"
    raise AssertionError(msg)
