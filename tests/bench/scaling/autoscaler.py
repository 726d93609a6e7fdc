"""The arithmetic of the HorizontalPodAutoscaler and of KEDA's ScaledJob, as their documentation and code have it.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ (algorithm, stabilisation, policies) and
KEDA's `pkg/scaling/executor/scale_jobs.go` (strategy "accurate").
"""

import math
from collections import deque
from collections.abc import Sequence

from tests.bench.scaling.parameters import Hpa, Jobs, Policy


def desired_replicas(current: int, metric: float, target: float, *, tolerance: float = 0.0) -> int:
    """`ceil(current * (value / target))` for a metric whose target is an average over the pods (KEDA's default).

    `metric` is the sum; within the tolerance nothing changes.
    """
    if current and abs(metric / (target * current) - 1) <= tolerance:
        return current
    return math.ceil(metric / target)


class HpaLoop:
    """One HPA: asked every sync period, it answers how many pods there shall be."""

    def __init__(self, rules: Hpa) -> None:
        self._rules = rules
        self._recommended: deque[tuple[float, int]] = deque()
        self._changes: list[tuple[float, int]] = []
        self._active_at = -math.inf

    def decide(self, now: float, current: int, metric: float) -> int:
        """The replicas from now on.

        KEDA takes the last pod away only after the cooldown; between zero and one the HPA has no say.
        """
        rules = self._rules
        if metric > 0:
            self._active_at = now
        if rules.min_replicas == 0 and metric <= 0 and now - self._active_at >= rules.cooldown_s:
            wanted = 0
        elif current == 0:
            wanted = 1 if metric > 0 else 0
        else:
            wanted = self._hpa(now, current, metric)
        if wanted != current:
            self._changes.append((now, wanted - current))
        return wanted

    def _hpa(self, now: float, current: int, metric: float) -> int:
        rules = self._rules
        raw = desired_replicas(current, metric, rules.threshold, tolerance=rules.tolerance)
        raw = min(max(raw, rules.min_replicas, 1), rules.max_replicas)
        self._recommended.append((now, raw))
        longest = max(rules.up_stabilization_s, rules.down_stabilization_s)
        while self._recommended[0][0] < now - longest:
            self._recommended.popleft()
        # Down only as far as the highest of the window, up only as far as the lowest of its own.
        highest = max(count for at, count in self._recommended if at >= now - rules.down_stabilization_s)
        lowest = min(count for at, count in self._recommended if at >= now - rules.up_stabilization_s)
        wanted = min(max(current, lowest), highest)
        if wanted > current:
            return min(wanted, current + self._room(now, current, rules.up, sign=1))
        return max(wanted, current - self._room(now, current, rules.down, sign=-1))

    def _room(self, now: float, current: int, policies: Sequence[Policy], *, sign: int) -> int:
        """By how many pods the policies let the count move now: the one that allows most counts."""
        return max(self._allowed(now, current, policy, sign) for policy in policies)

    def _allowed(self, now: float, current: int, policy: Policy, sign: int) -> int:
        moved = sum(by * sign for at, by in self._changes if at > now - policy.period_s and by * sign > 0)
        began_with = current - sign * moved
        allowed = policy.value if policy.kind == "Pods" else math.ceil(began_with * policy.value / 100)
        return max(0, allowed - moved)


def jobs_to_start(rules: Jobs, *, waiting: int, running: int, pending: int) -> int:
    """How many Jobs KEDA starts at a poll.

    Args:
        rules: of the ScaledJob.
        waiting: tasks that nobody has claimed.
        running: Jobs that have not ended, those that are pending among them.
        pending: Jobs whose pod is not ready yet.
    """
    wanted = min(rules.max_replicas, math.ceil(waiting / rules.threshold))
    if wanted + running > rules.max_replicas:
        return max(0, rules.max_replicas - running)
    return max(0, wanted - pending)
