"""The simulated scheduler: which task goes next and how many hints are out is decided by the real one's own code."""

import heapq
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from reelyard.cluster.work import Queue
from scheduler.domain.fairness import Head, choose
from scheduler.domain.node import NodeState
from scheduler.domain.placement import Node, serving, window
from tests.bench.scaling.load import Asked

QUEUE = str(Queue.ENCODE_CPU)
_SLOTS = {QUEUE: 1}


@dataclass
class Task:
    """A job's encode task."""

    asked: Asked
    encode_s: float
    losses: int = 0
    first_claim_s: float | None = None
    ended_s: float | None = None


@dataclass
class Backlog:
    """The tasks that no node has: waiting in the database, or with a hint in the broker."""

    weights: dict[int, int]
    waiting: dict[int, list[tuple[int, Task]]] = field(default_factory=dict)
    hints: deque[Task] = field(default_factory=deque)
    load: Counter[int] = field(default_factory=Counter)  # queued and running tasks by account
    media_s: float = 0.0
    count: int = 0

    def add(self, task: Task) -> None:
        """Have a task wait; one that comes back stands where its age puts it."""
        heapq.heappush(self.waiting.setdefault(task.asked.account, []), (task.asked.id, task))
        self.media_s += task.asked.media_s
        self.count += 1

    def dispatch(self, live: Iterable[str], running: Counter[str], now_s: float) -> None:
        """Send the hints that there is room for, as `scheduler.usecases.select_tasks` does."""
        nodes = serving([_node(name) for name in live], QUEUE, round(now_s * 1000))
        room = window(nodes, QUEUE, running=running, queued=len(self.hints))
        while room:
            head = choose(self._heads())
            if head is None:
                return
            _, task = heapq.heappop(self.waiting[head.account_id])
            self.load[head.account_id] += 1
            self.hints.append(task)
            room -= 1

    def claim(self) -> Task | None:
        """The next hint's task, which a node has now."""
        if not self.hints:
            return None
        task = self.hints.popleft()
        self.media_s -= task.asked.media_s
        self.count -= 1
        return task

    def leave(self, task: Task) -> None:
        """A task runs no more: it has ended, or waits again."""
        self.load[task.asked.account] -= 1

    def _heads(self) -> Iterable[Head]:
        for account, tasks in self.waiting.items():
            if tasks:
                number = tasks[0][0]
                yield Head(
                    account_id=account,
                    weight=self.weights[account],
                    task_id=number,
                    priority=0,
                    load=self.load[account],
                )


def _node(name: str) -> Node:
    return Node(
        id=name,
        name=name,
        state=NodeState.LIVE,
        encoders=frozenset({"libx264"}),
        slots=_SLOTS,
        failures_in_row=0,
        set_aside_until_ms=0,
    )
