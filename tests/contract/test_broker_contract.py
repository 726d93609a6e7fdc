"""Hints arrive the same way inside one process and through RabbitMQ."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest

from reelyard.cluster.broker import (
    BrokerDownError,
    HintNotTakenError,
    SafeBroker,
    declare_queues,
    open_broker,
    ready_messages,
    register_runner,
    send_hint,
    start_worker,
    stop_consuming,
    stop_worker,
)

PATIENCE_S = 30.0


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


class Runner:
    """Notes each hint, and holds it until its task is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.held = held
        self.runs: list[tuple[int, int]] = []
        self.ended: list[int] = []
        self._gates: dict[tuple[int, int], threading.Event] = {}
        self._lock = threading.Lock()

    def __call__(self, task_id: int, attempt: int) -> None:
        with self._lock:
            turn = sum(1 for run in self.runs if run[0] == task_id)
            gate = self._gates.setdefault((task_id, turn), threading.Event())
            self.runs.append((task_id, attempt))
        if self.held:
            assert gate.wait(PATIENCE_S)
        self.ended.append(task_id)

    def let_go(self, task_id: int, turn: int = 0) -> None:
        with self._lock:
            gate = self._gates.setdefault((task_id, turn), threading.Event())
        gate.set()

    def let_all_go(self) -> None:
        with self._lock:
            self.held = False
            for gate in self._gates.values():
                gate.set()


class Hub:
    """A sender, and workers that are stopped at the end."""

    def __init__(self, url: str, *, shared: bool) -> None:
        self._url = url
        self._shared = shared
        self.sender = open_broker(url)
        self.queue = f"q.{uuid.uuid4().hex}"
        declare_queues(self.sender, [self.queue])
        self._brokers = [self.sender]
        self._workers: list[tuple[dramatiq.Worker, Runner]] = []

    def worker(self, runner: Runner, slots: int, queue: str | None = None) -> dramatiq.Worker:
        broker = self.sender if self._shared else open_broker(self._url)
        if broker not in self._brokers:
            self._brokers.append(broker)
        if "run_task" not in broker.actors:
            register_runner(broker, runner, [queue or self.queue])
        worker = start_worker(broker, queue or self.queue, slots)
        self._workers.append((worker, runner))
        return worker

    def send(self, task_id: int, attempt: int = 0) -> None:
        send_hint(self.sender, self.queue, task_id, attempt)

    def ready(self) -> int:
        return ready_messages(self.sender, self.queue)

    def close(self) -> None:
        for worker, runner in self._workers:
            runner.let_all_go()
            stop_worker(worker, timeout_s=PATIENCE_S)
        for broker in self._brokers:
            broker.close()


@pytest.fixture(params=["memory", "rabbitmq"])
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    memory = request.param == "memory"
    opened = Hub("memory:" if memory else request.getfixturevalue("rabbitmq").url, shared=memory)
    yield opened
    opened.close()


def test_each_hint_runs_once_with_its_task_and_attempt(hub: Hub) -> None:
    runner = Runner()
    hub.worker(runner, slots=2)

    for task_id in range(20):
        hub.send(task_id, attempt=task_id % 3)
    wait_until(lambda: len(runner.ended) == 20)

    assert sorted(runner.runs) == [(task_id, task_id % 3) for task_id in range(20)]
    wait_until(lambda: hub.ready() == 0)


def test_hints_wait_for_a_worker_and_are_counted(hub: Hub) -> None:
    for task_id in range(3):
        hub.send(task_id)
    counted = hub.ready()
    runner = Runner()

    hub.worker(runner, slots=1)
    wait_until(lambda: len(runner.ended) == 3)

    assert counted == 3
    assert [task_id for task_id, _ in runner.runs] == [0, 1, 2]


def test_a_queue_that_nobody_made_is_empty(hub: Hub) -> None:
    assert ready_messages(hub.sender, f"q.{uuid.uuid4().hex}") == 0

    hub.send(1)

    assert hub.ready() == 1


def test_a_busy_worker_holds_no_more_hints_than_it_has_slots(hub: Hub) -> None:
    runner = Runner(held=True)
    hub.worker(runner, slots=2)
    for task_id in range(5):
        hub.send(task_id)

    wait_until(lambda: len(runner.runs) == 2)
    wait_until(lambda: hub.ready() == 3)
    runner.let_go(0)
    wait_until(lambda: len(runner.runs) == 3)
    wait_until(lambda: hub.ready() == 2)

    assert runner.ended == [0]


def test_a_worker_takes_hints_of_its_own_queue_only(hub: Hub) -> None:
    runner = Runner()
    other = f"q.{uuid.uuid4().hex}"
    declare_queues(hub.sender, [other])
    hub.send(1)

    hub.worker(runner, slots=1, queue=other)
    send_hint(hub.sender, other, 2, 0)
    wait_until(lambda: len(runner.ended) == 1)

    assert runner.runs == [(2, 0)]
    assert hub.ready() == 1


def test_a_runner_that_raises_drops_its_hint_and_the_worker_goes_on(hub: Hub) -> None:
    class Failing(Runner):
        def __call__(self, task_id: int, attempt: int) -> None:
            super().__call__(task_id, attempt)
            if task_id == 1:
                raise RuntimeError("a fault of the runner")

    runner = Failing()
    hub.worker(runner, slots=1)

    hub.send(1)
    hub.send(2)
    wait_until(lambda: runner.ended == [1, 2])

    assert runner.runs == [(1, 0), (2, 0)]
    wait_until(lambda: hub.ready() == 0)


def test_a_worker_that_stopped_consuming_finishes_what_it_runs_and_takes_nothing_new(hub: Hub) -> None:
    runner = Runner(held=True)
    worker = hub.worker(runner, slots=2)
    hub.send(1)
    wait_until(lambda: len(runner.runs) == 1)

    stop_consuming(worker)
    wait_until(lambda: all(consumer.paused_event.is_set() for consumer in worker.consumers.values()))
    hub.send(2)
    wait_until(lambda: hub.ready() >= 1)
    runner.let_go(1)
    wait_until(lambda: runner.ended == [1])

    assert runner.runs == [(1, 0)]


def test_a_hint_that_is_not_taken_goes_to_another_worker_when_this_one_stops_consuming(rabbitmq: Any) -> None:
    class Closed(Runner):
        def __call__(self, task_id: int, attempt: int) -> None:
            super().__call__(task_id, attempt)
            raise HintNotTakenError

    hub, closed, other = Hub(rabbitmq.url, shared=False), Closed(), Runner()
    try:
        stopping = hub.worker(closed, slots=2)
        for task_id in range(4):
            hub.send(task_id)
        wait_until(lambda: len(closed.runs) == 2)
        wait_until(lambda: hub.ready() == 2)  # it holds two, and is sent no others for them
        hub.worker(other, slots=1)
        wait_until(lambda: len(other.ended) == 2)

        stop_consuming(stopping)
        wait_until(lambda: len(other.ended) == 4)

        assert sorted(other.runs) == [(task_id, 0) for task_id in range(4)]
        assert len(closed.runs) == 2
    finally:
        hub.close()


def test_stopping_waits_for_what_runs(hub: Hub) -> None:
    runner = Runner(held=True)
    worker = hub.worker(runner, slots=1)
    hub.send(1)
    wait_until(lambda: len(runner.runs) == 1)

    threading.Timer(0.3, runner.let_go, [1]).start()
    stop_worker(worker, timeout_s=PATIENCE_S)

    assert runner.ended == [1]


def test_a_queue_that_is_declared_after_a_worker_stopped_keeps_its_hints(hub: Hub) -> None:
    worker = hub.worker(Runner(), slots=1)
    stop_worker(worker, timeout_s=PATIENCE_S)

    later = f"q.{uuid.uuid4().hex}"
    declare_queues(hub.sender, [later])
    send_hint(hub.sender, later, 1, 0)

    assert ready_messages(hub.sender, later) == 1


def test_a_broker_that_is_down_is_told_at_once() -> None:
    broker = open_broker("amqp://user:password@127.0.0.1:9/%2F")
    declare_queues(broker, ["q"])

    with pytest.raises(BrokerDownError) as caught:
        send_hint(broker, "q", 1, 0)
    with pytest.raises(BrokerDownError):
        ready_messages(broker, "q")
    broker.close()

    assert "password" not in caught.value.message


def _break_connection(worker: dramatiq.Worker) -> None:
    """Cut a worker's connection as a network fault would, and wait until it has a new one."""
    (thread,) = (consumer for name, consumer in worker.consumers.items() if not name.endswith(".DQ"))
    broken: Any = thread.consumer
    broken.connection.add_callback_threadsafe(broken.connection.close)
    wait_until(lambda: thread.consumer is not broken)


def test_an_answer_after_a_reconnect_loses_no_other_hint(rabbitmq: Any) -> None:
    """With Dramatiq's own consumer it does, whenever RabbitMQ delivers again in the order of the first time."""
    queue = f"q.{uuid.uuid4().hex}"
    broker = SafeBroker(url=rabbitmq.url, confirm_delivery=True, middleware=[])
    runner = Runner(held=True)
    register_runner(broker, runner, [queue])
    worker = start_worker(broker, queue, 2)
    try:
        for task_id in (1, 2, 3):
            send_hint(broker, queue, task_id, 0)
        wait_until(lambda: len(runner.runs) == 2)
        runner.let_go(1)
        # delivery tags 2 and 3 run; on the next connection the same hints get tags 1 and 2
        wait_until(lambda: {task_id for task_id, _ in runner.runs} == {1, 2, 3})
        _break_connection(worker)
        runner.let_go(2)
        # the freed thread has begun the second delivery of task 2, so the first one was answered
        wait_until(lambda: [task_id for task_id, _ in runner.runs].count(2) == 2)
        stop_consuming(worker)
        wait_until(lambda: all(consumer.paused_event.is_set() for consumer in worker.consumers.values()))

        assert ready_messages(broker, queue) == 2
    finally:
        runner.let_all_go()
        stop_worker(worker, timeout_s=PATIENCE_S)
        broker.close()


def test_sender_and_worker_go_on_after_the_server_was_killed_and_started_again(rabbitmq: Any) -> None:
    hub = Hub(rabbitmq.url, shared=False)
    runner = Runner()
    try:
        hub.worker(runner, slots=1)
        hub.send(1)
        wait_until(lambda: runner.ended == [1])
        rabbitmq.kill()
        with pytest.raises(BrokerDownError):
            hub.send(2)
        rabbitmq.start()

        hub.send(3)
        wait_until(lambda: 3 in runner.ended)

        # the answer to task 1 may have been lost with the server, so it may run again; task 2 was never sent
        assert set(runner.ended) == {1, 3}
        assert hub.ready() == 0
    finally:
        hub.close()
