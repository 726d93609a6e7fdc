"""The simulated autoscalers against the examples of the Kubernetes documentation and KEDA's code."""

import pytest

from tests.bench.scaling.autoscaler import HpaLoop, desired_replicas, jobs_to_start
from tests.bench.scaling.parameters import Hpa, Jobs, Policy, scaled_job, scaled_object

FREE = (Policy(kind="Percent", value=1000, period_s=15),)


@pytest.mark.parametrize(
    ("current", "average", "expected"),
    [(4, 200, 8), (4, 50, 2), (4, 100, 4), (4, 109, 4), (4, 91, 4), (4, 111, 5), (1, 0, 0)],
)
def test_the_documented_formula(current: int, average: float, expected: int) -> None:
    """ "If the current metric value is 200m and the desired value is 100m, the number of replicas is doubled"."""
    assert desired_replicas(current, average * current, 100, tolerance=0.1) == expected


def test_the_documented_policies_of_scaling_down() -> None:
    """Of 80 pods 8 go, of 72 the tenth is rounded up to 8, and below 40 the other policy takes 4 at a time."""
    rules = Hpa(
        threshold=1,
        max_replicas=100,
        down_stabilization_s=0,
        up=FREE,
        down=(Policy(kind="Pods", value=4, period_s=60), Policy(kind="Percent", value=10, period_s=60)),
    )
    loop, count, counts = HpaLoop(rules), 80, []
    for minute in range(8):
        count = loop.decide(minute * 60.0, count, 1)
        counts.append(count)

    assert counts == [72, 64, 57, 51, 45, 40, 36, 32]


def test_within_a_period_a_policy_allows_its_number_once() -> None:
    loop = HpaLoop(Hpa(threshold=1, max_replicas=100, up=(Policy(kind="Pods", value=4, period_s=60),)))

    first = loop.decide(0, 1, 50)

    assert (first, loop.decide(15, first, 50), loop.decide(61, first, 50)) == (5, 5, 9)


def test_the_highest_recommendation_of_the_window_holds_pods_back_from_going() -> None:
    loop = HpaLoop(Hpa(threshold=100, down_stabilization_s=300, up=FREE, down=FREE))

    counts = [loop.decide(0, 5, 1000)]
    counts += [loop.decide(at, counts[-1], 100) for at in (15.0, 299.0, 316.0)]

    assert counts == [10, 10, 10, 1]


def test_the_last_pod_goes_after_the_cooldown_and_comes_with_the_first_work() -> None:
    loop = HpaLoop(Hpa(threshold=100, min_replicas=0, cooldown_s=600, down_stabilization_s=0))

    assert loop.decide(0, 1, 50) == 1
    assert loop.decide(599, 1, 0) == 1
    assert loop.decide(601, 1, 0) == 0
    assert loop.decide(616, 0, 0) == 0
    assert loop.decide(631, 0, 1) == 1


@pytest.mark.parametrize(
    ("waiting", "running", "pending", "started"),
    [(5, 0, 0, 5), (5, 5, 5, 0), (5, 5, 3, 2), (5, 18, 0, 2), (50, 0, 0, 20), (5, 20, 0, 0), (0, 3, 1, 0)],
)
def test_accurate_starts_a_job_for_each_task_that_none_is_on_its_way_for(
    waiting: int, running: int, pending: int, started: int
) -> None:
    assert jobs_to_start(Jobs(), waiting=waiting, running=running, pending=pending) == started


def test_the_manifests_numbers_are_read() -> None:
    for rules in (scaled_object(), scaled_job()):
        assert rules.threshold > 0
        assert rules.max_replicas >= 1
    assert scaled_object().down
