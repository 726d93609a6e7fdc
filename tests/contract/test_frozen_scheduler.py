"""A scheduler that freezes within a transaction: what it had locked is free again, and what it did is undone."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from reelyard.media.errors import UnavailableError
from scheduler.domain.policy import Policy
from scheduler.store import database as store
from scheduler.store.database import Database
from scheduler.store.tables import jobs
from tests.contract.lifecycle_rig import Rig
from tests.secret_key import SEALER


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Opens one private PostgreSQL database, once for each scheduler."""
    url = request.getfixturevalue("postgresql").create_database("frozen")
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
