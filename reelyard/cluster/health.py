"""Readiness: may this process be given work?

Liveness needs no code: a process that answers at all turns. Readiness asks each thing that the process depends on,
with a time-out; a check that still hangs from the last time counts as failed and is not started again. It goes
false first on shutdown, so that nothing new arrives while the rest stops.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import MappingProxyType

import structlog

from reelyard.cluster.outage import Outage
from reelyard.cluster.redact import redact_text

log = structlog.get_logger(__name__)

# A check returns when all is well and raises otherwise.
Check = Callable[[], None]

OK = "ok"
STOPPING = "stopping"
NO_ANSWER = "no answer in time"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Whether the process is ready, and what each check said: "ok" or why not."""

    ready: bool
    checks: Mapping[str, str] = field(default_factory=dict)


class Readiness:
    """Named checks of a process; all are asked at once.

    Args:
        checks: by name; they may block, each has a thread of its own.
        timeout_s: how long a report waits for them, in seconds.
    """

    def __init__(self, checks: Mapping[str, Check], *, timeout_s: float = 2.0) -> None:
        self._checks = MappingProxyType(dict(checks))
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(max(1, len(checks)), thread_name_prefix="readiness")
        self._lock = threading.Lock()
        self._asked: dict[str, Future[None]] = {}
        self._outages = {
            name: Outage(log.bind(check=name), begins="readiness_check_failed", ends="readiness_check_passes_again")
            for name in checks
        }
        self._stopping = False

    def report(self) -> Report:
        """Ask every check; blocks for the time-out at most."""
        with self._lock:
            if self._stopping:
                return Report(ready=False, checks={"shutdown": STOPPING})
            hung = {name for name, asked in self._asked.items() if not asked.done()}
            self._asked |= {n: self._pool.submit(c) for n, c in self._checks.items() if n not in hung}
            asked = dict(self._asked)
        wait(asked.values(), timeout=self._timeout_s)
        answers = {name: self._answer(name, future) for name, future in asked.items()}
        return Report(ready=all(answer == OK for answer in answers.values()), checks=answers)

    def stop(self) -> None:
        """Be unready from now on, and ask nothing any more."""
        with self._lock:
            self._stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, name: str, future: Future[None]) -> str:
        if not future.done() or future.cancelled():
            answer = NO_ANSWER
        elif (error := future.exception()) is not None:
            answer = redact_text(str(error)) or type(error).__name__
        else:
            self._outages[name].over()
            return OK
        self._outages[name].failed(answer)
        return answer
