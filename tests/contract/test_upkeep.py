"""The upkeep of a running scheduler: every concern is seen to, whatever happens to the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import insert, select, update

from reelyard.cluster.broker import declare_queues, open_broker
from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.work import Queue
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import DAY_MS, Policy
from scheduler.entrypoints.upkeep_loop import UpkeepLoop
from scheduler.store.clock import now_ms
from scheduler.store.tables import create_requests, media, nodes, upkeep
from scheduler.usecases.answers import FORGOTTEN_AT_ONCE
from scheduler.usecases.leave_node import leave_node
from tests.contract.lifecycle_rig import MP4, Rig
from tests.contract.test_lifecycle_pools import pass_time
from tests.contract.test_lifecycle_scarce_pools import POOL, asked

POLICY = Policy(output_keep_ms=DAY_MS)


class WokenDispatcher(Dispatcher):
    """Counts how often it is woken."""

    woken = 0

    def wake(self) -> None:
        self.woken += 1


class DownStore:
    """A store that does not answer."""

    def open_range(self, _key: str) -> object:
        raise StorageError("The object store is down.")


@pytest.fixture
def dispatcher(rig: Rig) -> Iterator[WokenDispatcher]:
    broker = open_broker("memory:")
    assert isinstance(broker, StubBroker)
    declare_queues(broker)
    yield WokenDispatcher(rig.db, broker)
    broker.close()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "store").as_uri())


def due_output(rig: Rig) -> int:
    """An output whose time is over."""
    created = rig.create(MP4)
    rig.through(rig.node("alpha"), Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    output = int(rig.job(created.jobs[0].job_id).output_media_id)
    rig.change(update(media).where(media.c.id == output).values(available_ms=now_ms() - 2 * DAY_MS))
    return output


def test_a_round_expires_and_sweeps_and_has_the_bytes_removed_at_once(
    rig: Rig, dispatcher: WokenDispatcher, store: ObjectStore
) -> None:
    output = due_output(rig)

    UpkeepLoop(rig.db, dispatcher, POLICY, store).round()

    assert rig.medium(output).state == "expired"
    assert dispatcher.woken == 1
    with rig.db.read() as conn:
        row = conn.execute(select(upkeep)).one()
    assert (row.name, row.holder, row.next_ms > 0) == ("orphans", "", True)


def test_media_expire_while_the_store_is_down(rig: Rig, dispatcher: WokenDispatcher) -> None:
    output = due_output(rig)

    UpkeepLoop(rig.db, dispatcher, POLICY, DownStore()).round()

    assert rig.medium(output).state == "expired"
    with rig.db.read() as conn:
        assert conn.execute(select(upkeep.c.holder)).scalar_one() == ""  # another scheduler may try


def test_the_thread_ends_when_it_is_told_to(rig: Rig, dispatcher: WokenDispatcher, store: ObjectStore) -> None:
    loop = UpkeepLoop(rig.db, dispatcher, POLICY, store)
    loop.start()
    assert loop.is_alive()

    loop.stop()

    assert not loop.is_alive()


def test_answers_that_were_kept_for_long_enough_are_forgotten_however_many(
    rig: Rig, dispatcher: WokenDispatcher, store: ObjectStore
) -> None:
    kept = {"account_id": rig.account_id, "answer": {}}
    old = [kept | {"request_id": f"old {number}", "created_ms": 1} for number in range(FORGOTTEN_AT_ONCE + 5)]
    rig.change(insert(create_requests).values(old))
    rig.change(insert(create_requests).values(**kept, request_id="new", created_ms=now_ms()))

    UpkeepLoop(rig.db, dispatcher, POLICY, store).round()

    assert [row[1] for row in rig.snapshot()["create_requests"]] == ["new"]


def test_nodes_that_are_gone_for_a_day_leave_no_row_and_those_that_beat_stay(
    rig: Rig, dispatcher: WokenDispatcher, store: ObjectStore
) -> None:
    """Each node that does a single task has a row of its own: they would be as many as tasks ever were."""
    old, new = rig.node("old"), rig.node("new")
    leave_node(rig.db, old)
    leave_node(rig.db, new)
    lost, silent = rig.node("lost"), rig.node("silent")
    rig.change(update(nodes).where(nodes.c.id == lost).values(state="lost"))
    rig.change(update(nodes).where(nodes.c.id != new).values(seen_ms=now_ms() - DAY_MS - 1))

    UpkeepLoop(rig.db, dispatcher, POLICY, store).round()

    with rig.db.read() as conn:
        assert set(conn.execute(select(nodes.c.id)).scalars()) == {new, silent}


def test_a_round_gives_up_the_codec_that_no_node_brought_in_time(
    rig: Rig, dispatcher: WokenDispatcher, store: ObjectStore
) -> None:
    job_id = asked(rig, rig.node("ingest", slots={Queue.INGEST: 1}))
    pass_time(rig, 11)

    UpkeepLoop(rig.db, dispatcher, POOL, store).round()

    assert rig.job(job_id).error_code == "codec_unavailable"
    assert dispatcher.woken == 1, "its notifications go out at once"
