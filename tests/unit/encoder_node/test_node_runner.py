"""How a task ends, for every answer that the scheduler may give."""

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from encoder_node import runner as runner_module
from encoder_node.attempt import Attempt
from encoder_node.heartbeat import Heartbeat
from encoder_node.lease import HeldTasks
from encoder_node.metrics import NodeMetrics
from encoder_node.one_task import OneTask
from encoder_node.runner import Runner
from encoder_node.scratch import Scratch
from encoder_node.stop import StopReason
from reelyard.cluster.broker import HintNotTakenError
from reelyard.cluster.node_client import Claim
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import DistributeResult, TaskKind
from reelyard.media.errors import ErrorCode, ReelyardError, StaleTokenError, WorkError
from tests.unit.encoder_node.scripted_scheduler import SILENCE, TASK, ScriptedScheduler
from tests.unit.encoder_node.test_node_lease import IDENTITY

Act = Callable[[Attempt], None]


class Rig:
    """A runner whose one stage uploads a file and then does what the test says."""

    def __init__(self, folder: Path, scheduler: ScriptedScheduler) -> None:
        self.scheduler = scheduler
        self.store = FolderStore(folder / "store")
        self.held = HeldTasks()
        self.scratch = Scratch(folder / "scratch", "node")
        self.registry = CollectorRegistry()
        self.act: Act = lambda _attempt: None
        self.ran = 0
        self.heartbeat = Heartbeat(scheduler, IDENTITY, self.held)
        self.heartbeat.register()
        scheduler.calls.clear()
        self.metrics = NodeMetrics(self.registry)
        self.runner = self.build()

    def build(self, one_task: OneTask | None = None) -> Runner:
        return Runner(
            client=self.scheduler,
            node_id="n",
            heartbeat=self.heartbeat,
            held=self.held,
            stages={TaskKind.DISTRIBUTE: self},
            scratch=self.scratch,
            store=self.store,
            metrics=self.metrics,
            one_task=one_task,
        )

    def run(self, attempt: Attempt) -> DistributeResult:
        self.ran += 1
        path = attempt.folder / "file"
        path.write_bytes(b"content")
        attempt.upload("file", path, mime_type="text/plain")
        self.act(attempt)
        return DistributeResult()

    def go(self) -> None:
        self.runner.run_task(TASK.task_id, TASK.attempt)
        assert self.held.all() == ()
        assert [path.name for path in self.scratch.folder.iterdir()] == [".lock"]

    @property
    def uploads(self) -> list[str]:
        return list(self.store.list_keys("job/"))

    def ended(self, outcome: str, error_class: str = "none") -> float | None:
        labels = {"stage": "distribute", "outcome": outcome, "error_class": error_class}
        return self.registry.get_sample_value("reelyard_task_attempts_total", labels)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(runner_module, "FIRST_RETRY_S", 0.001)
    rig = Rig(tmp_path, ScriptedScheduler())
    with contextlib.closing(rig.scratch):
        yield rig


def breaks(error: Exception) -> Act:
    def act(_attempt: Attempt) -> None:
        raise error

    return act


def stops(reason: StopReason) -> Act:
    return lambda attempt: attempt.stop.set(reason)


def test_a_good_task_is_finished_and_keeps_its_upload(rig: Rig) -> None:
    rig.go()

    assert rig.scheduler.calls == ["claim", "finish"]
    assert rig.uploads == ["job/3/7/1/file"]
    assert rig.ended("ok") == 1


def test_a_refused_claim_does_nothing(rig: Rig) -> None:
    rig.scheduler.claims = [Claim(granted=False, refusal="gone")]
    rig.go()

    assert (rig.scheduler.calls, rig.ran) == (["claim"], 0)


def test_a_claim_is_repeated_with_its_token_until_somebody_answers(rig: Rig) -> None:
    rig.scheduler.claims = [SILENCE, SILENCE]
    rig.go()

    assert rig.scheduler.calls == ["claim", "claim", "claim", "finish"]
    assert len(set(rig.scheduler.tokens)) == 1


def test_a_node_that_is_unknown_registers_and_claims_again(rig: Rig) -> None:
    rig.scheduler.claims = [Claim(granted=False, refusal="unknown_node")]
    rig.go()

    assert rig.scheduler.calls == ["claim", "register", "claim", "finish"]


def test_a_node_for_one_task_ends_also_when_a_claim_brings_what_it_cannot_read(rig: Rig) -> None:
    """As from a scheduler that is newer: that claim is over, and must not keep the node waiting for its end."""
    one_task = OneTask()
    runner = rig.build(one_task)
    rig.scheduler.claims = [ValueError("a kind of task that this version does not know")]
    one_task.open()

    with pytest.raises(ValueError, match="does not know"):
        runner.run_task(TASK.task_id, TASK.attempt)
    one_task.end_time()

    assert one_task.over.is_set()


def test_every_claim_has_a_token_of_its_own(rig: Rig) -> None:
    rig.go()
    rig.go()

    assert len(set(rig.scheduler.tokens)) == 2


def test_a_failed_task_is_reported_and_discarded(rig: Rig) -> None:
    rig.act = breaks(WorkError(ErrorCode.SOURCE_CORRUPT, "broken", evidence="lines"))
    rig.go()

    assert rig.scheduler.calls == ["claim", "fail"]
    assert rig.scheduler.failed_with is not None
    assert (rig.scheduler.failed_with.code, rig.scheduler.failed_with.evidence) == (
        ErrorCode.SOURCE_CORRUPT,
        "lines",
    )
    assert rig.ended("failed", "user_input") == 1
    assert rig.uploads == []


def test_a_bug_fails_the_task_with_its_traceback(rig: Rig) -> None:
    rig.act = breaks(KeyError("https://user:hush@host/?a=b"))
    rig.go()

    failed = rig.scheduler.failed_with
    assert failed is not None
    assert failed.code is ErrorCode.DELIVERY_FAILED
    assert "KeyError" in failed.message
    assert "Traceback" in failed.evidence
    assert "hush" not in failed.evidence
    assert rig.uploads == []


@pytest.mark.parametrize(
    ("reason", "calls", "error_class"),
    [
        (StopReason.CANCELLED, ["claim"], "cancelled"),
        (StopReason.LEASE_LOST, ["claim"], "node"),
        (StopReason.DRAIN, ["claim", "release"], "none"),
    ],
)
def test_a_stopped_task_is_discarded_and_only_a_drain_hands_it_back(
    rig: Rig, reason: StopReason, calls: list[str], error_class: str
) -> None:
    rig.act = stops(reason)
    rig.go()

    assert rig.scheduler.calls == calls
    assert rig.uploads == []
    assert rig.ended("stopped", error_class) == 1


def test_a_finish_is_repeated_until_somebody_answers(rig: Rig) -> None:
    rig.scheduler.finishes = [SILENCE, SILENCE, SILENCE]
    rig.go()

    assert rig.scheduler.calls == ["claim", "finish", "finish", "finish", "finish"]
    assert rig.uploads == ["job/3/7/1/file"]


def test_a_finish_that_had_won_before_is_a_success(rig: Rig) -> None:
    rig.scheduler.finishes = [SILENCE, StaleTokenError("ended", already_ended_by_token=True)]
    rig.go()

    assert rig.uploads == ["job/3/7/1/file"]
    assert rig.ended("ok") == 1


def test_a_refused_finish_is_discarded(rig: Rig) -> None:
    rig.scheduler.finishes = [StaleTokenError("another attempt has it")]
    rig.go()

    assert rig.scheduler.calls == ["claim", "finish"]
    assert rig.uploads == []
    assert rig.ended("stopped", "node") == 1


def test_an_unanswered_finish_may_have_won_so_nothing_is_deleted(rig: Rig) -> None:
    class LeaseLapses(list):
        def pop(self, _index: int = -1) -> ReelyardError:
            if len(rig.scheduler.calls) > 5:
                rig.held.all()[0].stop.set(StopReason.LEASE_LOST)
            return SILENCE

    rig.scheduler.finishes = LeaseLapses([SILENCE])
    rig.go()

    assert rig.scheduler.calls[-1] == "finish"
    assert rig.uploads == ["job/3/7/1/file"]
    assert rig.ended("stopped", "unavailable") == 1


def test_a_result_that_the_scheduler_cannot_take_fails_the_task(rig: Rig) -> None:
    rig.scheduler.finishes = [ReelyardError("no such column")]
    rig.go()

    assert rig.scheduler.calls == ["claim", "finish", "fail"]
    assert rig.uploads == ["job/3/7/1/file"]


def test_a_closed_runner_claims_nothing_and_is_idle(rig: Rig) -> None:
    rig.runner.close()

    with pytest.raises(HintNotTakenError):  # the hint is another node's
        rig.go()
    assert rig.scheduler.calls == []
    assert rig.runner.wait_idle(0)


def test_a_full_disk_fails_the_task_in_plain_words(rig: Rig) -> None:
    rig.act = breaks(OSError(errno.ENOSPC, "No space left on device", "/scratch/file"))
    rig.go()

    failed = rig.scheduler.failed_with
    assert failed is not None
    assert failed.code is ErrorCode.DELIVERY_FAILED
    assert failed.message == "The disk that the node works on is full (No space left on device)."
    assert "Traceback" not in failed.evidence
    assert rig.uploads == []


def test_a_scratch_folder_that_cannot_be_made_fails_the_task(rig: Rig) -> None:
    shutil.rmtree(rig.scratch.folder)
    rig.runner.run_task(TASK.task_id, TASK.attempt)

    assert rig.scheduler.calls == ["claim", "fail"]
    assert rig.ran == 0
