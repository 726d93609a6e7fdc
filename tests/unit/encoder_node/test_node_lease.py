import threading

import structlog
from structlog.testing import capture_logs

from encoder_node.heartbeat import Heartbeat, Identity
from encoder_node.lease import HeldTask, HeldTasks, lease_clock
from encoder_node.stop import StopReason
from reelyard.cluster.node_client import Beat, Stopped
from reelyard.media.errors import AuthError
from tests.unit.encoder_node.scripted_scheduler import SILENCE, ScriptedScheduler

IDENTITY = Identity(node_id="n", name="node", version="1", encoders=("libx264",), slots={"ingest": 1})


def held_task(held: HeldTasks, *, lasts_s: float = 3600, token: str = "t") -> HeldTask:
    task = HeldTask(7, token, lease_clock() + lasts_s)
    held.add(task)
    return task


class Beating:
    """A heartbeat that runs while the block does."""

    def __init__(self, scheduler: ScriptedScheduler, held: HeldTasks) -> None:
        self.heartbeat = Heartbeat(scheduler, IDENTITY, held)

    def __enter__(self) -> Heartbeat:
        self.heartbeat.start()
        return self.heartbeat

    def __exit__(self, *_error: object) -> None:
        self.heartbeat.stop()


def beats(scheduler: ScriptedScheduler, count: int) -> None:
    for _ in range(count):
        assert scheduler.beaten.acquire(timeout=30)


def test_progress_never_goes_back_and_keeps_what_is_known() -> None:
    task = HeldTask(7, "t", 0)
    task.report(permille=500, size_bytes=10, mime_type="video/mp4")
    task.report(permille=400, storing_permille=2000)

    progress = task.progress
    assert (progress.permille, progress.storing_permille) == (500, 1000)
    assert (progress.size_bytes, progress.mime_type) == (10, "video/mp4")


def test_a_beat_carries_the_progress_of_every_task() -> None:
    scheduler, held = ScriptedScheduler(), HeldTasks()
    held_task(held, token="a").report(permille=250)
    held_task(held, token="b")
    with Beating(scheduler, held):
        beats(scheduler, 1)

    assert {(p.token, p.permille) for p in scheduler.carried[0]} == {("a", 250), ("b", 0)}


def test_an_answered_beat_renews_the_lease() -> None:
    scheduler, held = ScriptedScheduler(lease_ms=3_600_000), HeldTasks()
    task = held_task(held, lasts_s=60)
    before = task.deadline
    with Beating(scheduler, held):
        beats(scheduler, 2)

    assert task.deadline > before + 3000
    assert task.stop.reason is None


def test_a_task_whose_beats_stay_unanswered_is_stopped_at_its_deadline() -> None:
    scheduler, held = ScriptedScheduler(beats=[SILENCE] * 100_000), HeldTasks()
    with Beating(scheduler, held) as heartbeat:
        assert heartbeat.wait_registered()
        task = held_task(held, lasts_s=0.2)
        assert task.stop.wait(30)

    assert task.stop.reason is StopReason.LEASE_LOST
    assert lease_clock() >= task.deadline


def test_a_beat_that_hangs_does_not_hold_up_the_deadline() -> None:
    scheduler, held = ScriptedScheduler(), HeldTasks()
    hang = threading.Event()
    scheduler.heartbeat = lambda *_a, **_k: hang.wait(60) and Beat(known=True)
    with Beating(scheduler, held):
        task = held_task(held, lasts_s=0.2)
        assert task.stop.wait(30)
        hang.set()

    assert task.stop.reason is StopReason.LEASE_LOST


def test_orders_reach_the_tasks_that_are_meant() -> None:
    orders = (
        Stopped(task_id=7, token="a", reason="cancelled"),
        Stopped(task_id=7, token="b", reason="lease_lost"),
        Stopped(task_id=7, token="c", reason="of a newer scheduler"),
        Stopped(task_id=7, token="gone", reason="cancelled"),
    )
    scheduler, held = ScriptedScheduler(beats=[Beat(known=True, stop=orders)]), HeldTasks()
    tasks = {token: held_task(held, token=token) for token in "abcd"}
    with Beating(scheduler, held):
        beats(scheduler, 2)

    assert {token: task.stop.reason for token, task in tasks.items()} == {
        "a": StopReason.CANCELLED,
        "b": StopReason.LEASE_LOST,
        "c": StopReason.LEASE_LOST,
        "d": None,
    }


def test_a_scheduler_that_does_not_know_the_node_is_told_again() -> None:
    scheduler, held = ScriptedScheduler(beats=[Beat(known=False)]), HeldTasks()
    with Beating(scheduler, held):
        beats(scheduler, 2)

    assert scheduler.calls == ["register", "register"]


def test_the_beats_go_on_after_an_answer_that_cannot_be_read() -> None:
    """As from a scheduler that is newer: a node without its heart would claim tasks, and lose each of them."""
    scheduler = ScriptedScheduler(beats=[ValueError("a reason that this version does not know")])
    with Beating(scheduler, HeldTasks()) as heartbeat, capture_logs() as logs:
        beats(scheduler, 3)
        heartbeat.check()

    assert [line["event"] for line in logs].count("heartbeat_crashed") == 1


def test_registering_goes_on_until_somebody_answers() -> None:
    scheduler = ScriptedScheduler(registrations=[SILENCE, AuthError("wrong token")])
    with Beating(scheduler, HeldTasks()) as heartbeat:
        assert heartbeat.wait_registered()

    assert scheduler.calls == ["register"] * 3
    assert heartbeat.lease_s == 60


def test_a_node_that_leaves_waits_for_no_scheduler() -> None:
    scheduler = ScriptedScheduler(registrations=[SILENCE] * 1000)
    with Beating(scheduler, HeldTasks()) as heartbeat:
        heartbeat.drain()
        assert not heartbeat.wait_registered()


def test_draining_is_told_with_the_next_beat() -> None:
    scheduler = ScriptedScheduler(beat_ms=3_600_000)
    with Beating(scheduler, HeldTasks()) as heartbeat:
        assert heartbeat.wait_registered()
        heartbeat.drain()
        beats(scheduler, 1)

    assert scheduler.draining == [True]


def test_a_task_that_comes_after_the_order_to_all_is_stopped_too() -> None:
    held = HeldTasks()
    early = held_task(held, token="early")
    held.stop_all(StopReason.DRAIN)
    late = held_task(held, token="late")

    assert (early.stop.reason, late.stop.reason) == (StopReason.DRAIN, StopReason.DRAIN)


def test_a_task_is_told_with_its_job_by_the_threads_that_stop_it() -> None:
    held = HeldTasks()
    fields = {"job_id": 3, "request_id": "req-1"}
    for task_id, token, deadline in ((7, "ordered", lease_clock() + 3600), (8, "lapsed", 0.0)):
        held.add(HeldTask(task_id, token, deadline, log_fields=fields))

    with structlog.testing.capture_logs() as lines:
        held.obey([Stopped(task_id=7, token="ordered", reason="cancelled")])
        held.stop_lapsed(lease_clock())

    assert [(line["event"], line["task_id"], line["job_id"], line["request_id"]) for line in lines] == [
        ("task_stop_ordered", 7, 3, "req-1"),
        ("task_lease_lapsed", 8, 3, "req-1"),
    ]
