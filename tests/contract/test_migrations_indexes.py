"""Indexes that PostgreSQL builds while others write, and builds that were interrupted."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import inspect, text

from reelyard.media.errors import UnavailableError
from scheduler.store import migrate as migrating
from scheduler.store.database import Database
from scheduler.store.migrate import migrate

INDEX = "ix_attempts_started_ms"
WRITES = text("UPDATE attempts SET outcome = 'done' WHERE task_id = 1")
OF_THE_BUILD = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'"

_numbers = itertools.count(1)


@pytest.fixture
def before(postgresql: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database as it was before the index."""
    database = Database(postgresql.create_database(f"test_index_{next(_numbers)}"))
    with monkeypatch.context() as earlier:
        earlier.setattr(migrating, "_goal", lambda *_: "0008")
        assert migrate(database) == "0008"
    yield database
    database.close()


def is_valid(database: Database) -> bool | None:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    with database.read() as conn:
        return conn.execute(query, {"name": INDEX}).scalar_one_or_none()


def test_writers_go_on_while_an_index_is_built(before: Database) -> None:
    """The build waits for a transaction that has written to the table, and others write to it meanwhile."""
    with ThreadPoolExecutor() as threads:
        with before.write() as conn:
            conn.execute(WRITES)
            build = threads.submit(migrate, before)
            waits_for_build(before)
            with before.write() as other:
                other.execute(text("SET LOCAL lock_timeout = 1000"))
                assert other.execute(WRITES).rowcount == 0
        build.result(timeout=60)

    assert is_valid(before) is True


def waits_for_build(database: Database) -> None:
    """Return when the build is under way."""
    query = text(f"SELECT count(*) {OF_THE_BUILD} AND wait_event_type = 'Lock'")
    for _ in range(200):
        with database.read() as conn:
            if conn.execute(query).scalar_one():
                return
        threading.Event().wait(0.05)
    raise AssertionError("no index is being built")


def test_a_build_that_was_interrupted_is_repaired_by_the_next_migration(before: Database) -> None:
    with ThreadPoolExecutor() as threads, before.write() as conn:
        conn.execute(WRITES)
        build = threads.submit(migrate, before)
        waits_for_build(before)
        with before.write() as other:
            other.execute(text(f"SELECT pg_terminate_backend(pid) {OF_THE_BUILD}"))
        assert isinstance(build.exception(timeout=60), UnavailableError)
    assert is_valid(before) is False

    migrate(before)

    assert is_valid(before) is True
    assert "pools" in inspect(before.engine).get_table_names()


def test_an_index_that_was_built_before_the_step_was_noted_stays(before: Database) -> None:
    with before.write() as conn:
        conn.execute(text(f"CREATE INDEX {INDEX} ON attempts (started_ms)"))

    migrate(before)

    assert is_valid(before) is True
