"""The scheduler's side of the node's calls, as a script: answers, refusals and silences in the order given."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from reelyard.cluster.node_client import Beat, Claim, Progress
from reelyard.cluster.work import DistributeWork, Result, StoredObject, TaskKind, TaskSpec
from reelyard.media.errors import ReelyardError, UnavailableError, WorkError

SILENCE = UnavailableError("No scheduler answers.")
TASK = TaskSpec(
    task_id=7,
    attempt=1,
    kind=TaskKind.DISTRIBUTE,
    account_id=1,
    job_id=3,
    output_prefix="job/3/7/1/",
    work=DistributeWork(output_media_id=1, object=StoredObject(key="job/3/1/1/a", size_bytes=1, sha256="")),
)


@dataclass
class ScriptedScheduler:
    """Stands in for `NodeClient`. An error in a list is raised for that call; an empty list means success."""

    claims: list[Claim | Exception] = field(default_factory=list)
    beats: list[Beat | Exception] = field(default_factory=list)
    finishes: list[ReelyardError | None] = field(default_factory=list)
    registrations: list[ReelyardError | None] = field(default_factory=list)
    beat_ms: int = 10
    lease_ms: int = 60_000
    calls: list[str] = field(default_factory=list)
    failed_with: WorkError | None = None
    carried: list[tuple[Progress, ...]] = field(default_factory=list)
    draining: list[bool] = field(default_factory=list)
    beaten: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    tokens: list[str] = field(default_factory=list)

    def register(self, *_identity: object) -> tuple[int, int]:
        self.calls.append("register")
        _next(self.registrations, None)
        return self.beat_ms, self.lease_ms

    def claim(self, _node_id: str, task_id: int, attempt: int, token: str) -> Claim:
        self.calls.append("claim")
        self.tokens.append(token)
        answer = _next(self.claims, Claim(granted=True, task=TASK))
        assert isinstance(answer, Claim)
        return answer

    def heartbeat(self, _node_id: str, tasks: Sequence[Progress], *, draining: bool) -> Beat:
        self.carried.append(tuple(tasks))
        self.draining.append(draining)
        try:
            answer = _next(self.beats, Beat(known=True))
            assert isinstance(answer, Beat)
            return answer
        finally:
            self.beaten.release()

    def finish(self, _node_id: str, _task_id: int, _token: str, _result: Result) -> None:
        self.calls.append("finish")
        _next(self.finishes, None)

    def fail(self, _node_id: str, _task_id: int, _token: str, error: WorkError) -> None:
        self.calls.append("fail")
        self.failed_with = error

    def release(self, _node_id: str, _task_id: int, _token: str) -> None:
        self.calls.append("release")


def _next(script: list, otherwise: object) -> object:
    answer = script.pop(0) if script else otherwise
    if isinstance(answer, Exception):
        raise answer
    return answer
