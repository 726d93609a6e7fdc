"""The backlog as it is measured: what waits, what runs, and for how long."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from scheduler.store.clock import read_now
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.migrate import migrate
from scheduler.store.tables import accounts, ingests, media, tasks
from scheduler.usecases.read_backlog import read_backlog

HOUR_MS = 3_600_000


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    migrate(database)
    yield database
    database.close()


def add_task(database: Database, state: str, *, queue: str = "ingest", age_ms: int = 0, **columns: Any) -> None:
    """A task of an ingest of its own; `age_ms` is how long ago it was created."""
    with database.write() as conn:
        account_id, media_id, ingest_id, task_id = (new_id(conn, "test") for _ in range(4))
        times = {"created_ms": 1, "updated_ms": 1}
        conn.execute(insert(accounts).values(id=account_id, name=f"account {account_id}", created_ms=1))
        shared = {"account_id": account_id}
        conn.execute(
            insert(media).values(shared | times | {"id": media_id, "kind": "input", "state": "pending", "token": "t"})
        )
        conn.execute(
            insert(ingests).values(
                shared
                | times
                | {"id": ingest_id, "input_media_id": media_id, "state": "queued", "source_url": "http://x"}
            )
        )
        row = {"id": task_id, "ingest_id": ingest_id, "kind": "ingest", "queue": queue, "state": state, "work": {}}
        row |= {"created_ms": read_now(conn) - age_ms, "due_ms": read_now(conn) - age_ms}
        conn.execute(insert(tasks).values(shared | row | columns))


def test_tasks_are_counted_by_queue_and_state_until_they_end(database: Database) -> None:
    add_task(database, "waiting")
    add_task(database, "waiting")
    add_task(database, "waiting", not_before_ms=2**53)
    add_task(database, "running", queue="store", token="t", lease_until_ms=1)
    add_task(database, "done")
    add_task(database, "failed")

    counted = {(entry.queue, entry.state): (entry.tasks, entry.delayed) for entry in read_backlog(database)}

    assert counted == {("ingest", "waiting"): (3, 1), ("store", "running"): (1, 0)}


def test_the_oldest_wait_is_that_of_a_task_which_could_run(database: Database) -> None:
    add_task(database, "waiting", age_ms=HOUR_MS)
    add_task(database, "waiting", age_ms=5 * HOUR_MS, not_before_ms=2**53)  # waits for its own next attempt
    add_task(database, "running", age_ms=9 * HOUR_MS, token="t", lease_until_ms=1)

    ages = {entry.state: entry.oldest_ms for entry in read_backlog(database)}

    assert HOUR_MS <= ages["waiting"] < 2 * HOUR_MS
    assert ages["running"] == 0
