"""Which hints are sent, when, and that none is lost or sent twice."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from sqlalchemy import event, insert, update

from reelyard.cluster.broker import BrokerDownError, declare_queues, open_broker, ready_messages
from reelyard.cluster.work import Queue
from scheduler.dispatcher import Dispatcher
from scheduler.domain.policy import Policy
from scheduler.entrypoints.dispatch_loop import DispatchLoop
from scheduler.entrypoints.sweep_loop import SweepLoop
from scheduler.store.clock import now_ms, read_now
from scheduler.store.dispatch_queries import old_hints
from scheduler.store.tables import nodes, objects, tasks
from scheduler.usecases.renew_hints import renew_hints
from scheduler.usecases.select_tasks import Hint, look_ahead, select_tasks
from tests.contract.lifecycle_rig import Held, Rig, race


def send_all(rig: Rig, broker: dramatiq.Broker) -> list[tuple[str, int, int]]:
    """What the broker holds, taken out of it."""
    sent = []
    for queue in Queue:
        waiting = broker.queues[queue]
        while not waiting.empty():
            message = dramatiq.Message.decode(waiting.get())
            sent.append((message.queue_name, *message.args))
    return sent


@pytest.fixture
def broker() -> dramatiq.Broker:
    broker = open_broker("memory:")
    declare_queues(broker)
    return broker


class DownBroker:
    """A broker that is down until it is told otherwise."""

    def __init__(self, broker: dramatiq.Broker) -> None:
        self.inner = broker
        self.down = True
        self.tried = threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def enqueue(self, message: dramatiq.Message[None]) -> dramatiq.Message[None]:
        self.tried.set()
        if self.down:
            raise dramatiq.errors.ConnectionClosed(ConnectionRefusedError("refused"))
        return self.inner.enqueue(message)


def test_nothing_is_sent_without_a_node(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.create()

    Dispatcher(rig.db, broker).dispatch()

    assert send_all(rig, broker) == []
    assert rig.tasks()[0].state == "waiting"


def test_a_hint_names_the_task_and_its_attempt(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.create()
    rig.node("alpha")

    Dispatcher(rig.db, broker).dispatch()

    (task,) = rig.tasks()
    assert send_all(rig, broker) == [("ingest", task.id, 1)]
    assert task.state == "queued"


def test_the_window_is_as_deep_as_the_nodes_are_wide(rig: Rig) -> None:
    for _ in range(10):
        rig.create()
    node = rig.node("alpha", slots={Queue.INGEST: 2})

    first = rig.hints(Queue.INGEST)
    assert len(first) == 4  # two to run, two at hand
    assert rig.hints(Queue.INGEST) == []
    held = rig.try_claim(node, first[0])
    assert isinstance(held, Held)
    assert rig.hints(Queue.INGEST) == []
    rig.finish(held)
    assert len(rig.hints(Queue.INGEST)) == 1


def test_older_tasks_go_first_and_higher_priority_before_them(rig: Rig) -> None:
    for _ in range(4):
        rig.create()
    ids = [task.id for task in rig.tasks(kind="ingest")]
    rig.change(update(tasks).where(tasks.c.id == ids[2]).values(priority=5))
    rig.node("alpha", slots={Queue.INGEST: 2})

    assert [hint.task_id for hint in rig.hints(Queue.INGEST)] == [ids[2], ids[0], ids[1], ids[3]]


def test_a_large_backlog_of_one_account_does_not_delay_another(rig: Rig) -> None:
    for _ in range(20):
        rig.create()
    late = rig.account("late")
    rig.create(account_id=late)
    rig.node("alpha", slots={Queue.INGEST: 1})

    hints = rig.hints(Queue.INGEST)

    assert [rig.task(hint.task_id).account_id for hint in hints] == [rig.account_id, late]


def test_accounts_share_by_weight(rig: Rig) -> None:
    heavy = rig.account("heavy", weight=3)
    for _ in range(8):
        rig.create()
        rig.create(account_id=heavy)
    rig.node("alpha", slots={Queue.INGEST: 4})

    hints = rig.hints(Queue.INGEST)

    shares = Counter(rig.task(hint.task_id).account_id for hint in hints)
    assert shares == {heavy: 6, rig.account_id: 2}


def test_a_backlog_of_100_000_tasks_is_not_walked_through(rig: Rig) -> None:
    rig.create()
    (first,) = rig.tasks()
    fill(rig, first.ingest_id, 100_000)
    late = rig.account("late")
    rig.create(account_id=late)
    rig.node("alpha", slots={Queue.INGEST: 1})
    chosen: list[Hint] = []

    def choose() -> None:
        look_ahead(rig.db)
        chosen.extend(select_tasks(rig.db, Queue.INGEST))

    effort = rows_read(rig, choose) if rig.db.dialect == "postgresql" else steps_taken(rig, choose)

    assert [rig.task(hint.task_id).account_id for hint in chosen] == [rig.account_id, late]
    assert effort < 20_000  # reading the backlog once is 100,000 rows, or a million steps


def fill(rig: Rig, ingest_id: int, count: int) -> None:
    """A backlog of the first account."""
    numbers = range(1_000_000, 1_000_000 + count)
    same = {
        "account_id": rig.account_id,
        "ingest_id": ingest_id,
        "kind": "ingest",
        "queue": "ingest",
        "state": "waiting",
        "work": {},
        "created_ms": 1,
    }
    with rig.db.write() as conn:
        conn.execute(insert(objects), [{"id": number, "kind": "task"} for number in numbers])
        conn.execute(insert(tasks), [{"id": number, "part": number} | same for number in numbers])


def steps_taken(rig: Rig, work: Callable[[], None]) -> int:
    """How many steps SQLite's machine makes, to the next thousand of each statement."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1_000
        return 0

    def watch(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(count, 1_000)

    event.listen(rig.db.engine, "checkout", watch)
    work()
    event.remove(rig.db.engine, "checkout", watch)
    return steps


def rows_read(rig: Rig, work: Callable[[], None]) -> int:
    """How many rows PostgreSQL's scans give for the same queries."""
    queries: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if sql.lstrip().startswith(("SELECT", "WITH")) and "tasks" in sql:
            queries.append((sql, parameters))

    event.listen(rig.db.engine, "before_cursor_execute", note)
    work()
    event.remove(rig.db.engine, "before_cursor_execute", note)
    total = 0
    with rig.db.engine.connect() as conn:
        for sql, parameters in queries:
            plan = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).scalar_one()
            total += rows_of(plan[0]["Plan"])
    assert queries
    return total


def rows_of(node: dict[str, Any]) -> int:
    own = int(node["Actual Rows"] * node["Actual Loops"]) + node.get("Rows Removed by Filter", 0)
    return own + sum(rows_of(child) for child in node.get("Plans", ()))


def test_two_dispatchers_never_send_a_task_twice(rig: Rig, broker: dramatiq.Broker) -> None:
    for _ in range(30):
        rig.create()
    rig.node("alpha", slots={Queue.INGEST: 15})
    dispatchers = [Dispatcher(rig.db, broker) for _ in range(3)]

    answers = race(*[lambda d=d: d.dispatch() for d in dispatchers])

    assert not any(isinstance(answer, Exception) for answer in answers), answers
    sent = send_all(rig, broker)
    assert len(sent) == 30
    assert len(set(sent)) == 30


def test_a_hint_that_cannot_be_sent_goes_back_to_the_backlog(rig: Rig, broker: dramatiq.Broker) -> None:
    for _ in range(2):
        rig.create()
    rig.node("alpha")
    down = DownBroker(broker)
    dispatcher = Dispatcher(rig.db, down)

    with pytest.raises(BrokerDownError):
        dispatcher.dispatch()

    assert [task.state for task in rig.tasks()] == ["waiting", "waiting"]
    down.down = False
    dispatcher.dispatch()
    assert len(send_all(rig, broker)) == 2


def test_the_loop_recovers_when_the_broker_does(rig: Rig, broker: dramatiq.Broker) -> None:
    created = [rig.create() for _ in range(3)]
    rig.node("alpha")
    down = DownBroker(broker)
    loop = DispatchLoop(Dispatcher(rig.db, down))
    loop.start()
    try:
        assert down.tried.wait(30)
        assert loop.is_alive()
        down.down = False
        sent = [broker.queues[Queue.INGEST].get(timeout=30) for _ in created]
    finally:
        loop.stop()

    assert len(sent) == 3
    assert not loop.is_alive()


def test_the_loop_sends_what_it_is_woken_for_and_what_becomes_due(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.node("alpha")
    dispatcher = Dispatcher(rig.db, broker)
    loop = DispatchLoop(dispatcher)
    loop.start()
    try:
        rig.create()
        dispatcher.wake()
        assert broker.queues[Queue.INGEST].get(timeout=30)
        rig.create()
        rig.change(update(tasks).where(tasks.c.state == "waiting").values(not_before_ms=now_ms() + 300))
        dispatcher.wake()
        assert broker.queues[Queue.INGEST].get(timeout=30)
    finally:
        loop.stop()


def test_a_lost_hint_is_sent_again_once(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.create()
    rig.node("alpha")
    first, second = Dispatcher(rig.db, broker), Dispatcher(rig.db, broker)
    first.dispatch()
    (lost,) = send_all(rig, broker)
    assert first.resend_lost_hints(older_than_ms=10_000) == 0
    rig.change(update(tasks).values(queued_ms=now_ms() - 20_000))

    counts = race(
        lambda: first.resend_lost_hints(older_than_ms=10_000),
        lambda: second.resend_lost_hints(older_than_ms=10_000),
    )

    assert sorted(counts) == [0, 1]
    assert send_all(rig, broker) == [lost]
    assert rig.events("task", lost[1])[-1] == "resend"


def test_a_hint_that_waits_in_the_broker_is_not_sent_again(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.create()
    rig.node("alpha")
    dispatcher = Dispatcher(rig.db, broker)
    dispatcher.dispatch()
    rig.change(update(tasks).values(queued_ms=now_ms() - 20_000))

    assert dispatcher.resend_lost_hints(older_than_ms=10_000) == 0
    assert ready_messages(broker, Queue.INGEST) == 1


def test_a_sweep_repairs_everything_at_once(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.create()
    rig.create()
    node = rig.node("gone")
    dispatcher = Dispatcher(rig.db, broker)
    dispatcher.dispatch()
    (first, second) = rig.queued(Queue.INGEST)
    send_all(rig, broker)  # the broker lost them
    assert isinstance(rig.try_claim(node, first), Held)
    rig.let_lapse(first.task_id)
    rig.change(update(nodes).values(seen_ms=now_ms() - 60_000))

    assert SweepLoop(rig.db, dispatcher, Policy()).sweep()

    assert rig.task(first.task_id).state == "waiting"
    assert rig.node_row(node).state == "lost"
    assert send_all(rig, broker) == [("ingest", second.task_id, second.attempt)]


def test_a_dispatcher_sees_the_work_that_another_scheduler_accepted(rig: Rig, broker: dramatiq.Broker) -> None:
    rig.node("alpha")
    loop = DispatchLoop(Dispatcher(rig.db, broker))
    loop.start()
    try:
        rig.create()  # nobody wakes this loop
        assert broker.queues[Queue.INGEST].get(timeout=30)
    finally:
        loop.stop()

    assert select_tasks(rig.db, Queue.INGEST) == []


def test_a_hint_that_a_node_takes_up_meanwhile_does_not_keep_the_others_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = rig.node("alpha")
    for _ in range(2):
        rig.create()
    taken, lost = rig.hints(Queue.INGEST)
    with rig.db.read() as conn:
        read_before = old_hints(conn, Queue.INGEST, read_now(conn) + 1_000)
    assert isinstance(rig.try_claim(node, taken), Held)
    monkeypatch.setattr("scheduler.usecases.renew_hints.old_hints", lambda *_: read_before)

    assert renew_hints(rig.db, Queue.INGEST, older_than_ms=0) == [lost]

    assert rig.task(taken.task_id).state == "running"
