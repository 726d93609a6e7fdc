from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reelyard.cluster.work import Queue
from scheduler.domain.fairness import Head, choose
from scheduler.domain.placement import Node, encoders_of_gpu_nodes, may_be_set_aside, serving, window
from scheduler.domain.progress import importing_percent, percent, stage_percent

NOW = 1_000_000


def node(name: str, *, state: str = "live", aside: bool = False, **slots: int) -> Node:
    return Node(
        id=name,
        name=name,
        state=state,
        encoders=frozenset({f"encoder of {name}"}),
        slots={queue.replace("_", "."): count for queue, count in slots.items()},
        failures_in_row=0,
        set_aside_until_ms=NOW + 1 if aside else 0,
    )


def head(account: int, *, load: int = 0, weight: int = 1, priority: int = 0, task: int | None = None) -> Head:
    return Head(account_id=account, weight=weight, task_id=task or account, priority=priority, load=load)


def test_nothing_waits() -> None:
    assert choose([]) is None


def test_priority_comes_before_fairness_and_fairness_before_age() -> None:
    urgent = head(3, load=9, priority=1)
    idle = head(2, load=0)
    old = head(1, load=1)

    assert choose([old, idle, urgent]) is urgent
    assert choose([old, idle]) is idle
    assert choose([old, replace(idle, load=1)]) is old


@given(st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=6))
def test_shares_are_in_proportion_to_weights(weights: list[int]) -> None:
    loads: Counter[int] = Counter()
    for _ in range(sum(weights) * 4):
        chosen = choose(head(n, load=loads[n], weight=weight, task=n + 1) for n, weight in enumerate(weights))
        assert chosen is not None
        loads[chosen.account_id] += 1

    assert all(loads[n] == 4 * weight for n, weight in enumerate(weights))


def test_a_queue_is_served_by_live_nodes_that_are_not_set_aside() -> None:
    good = node("good", store=1)
    nodes = [
        good,
        node("aside", aside=True, store=1),
        node("drains", state="draining", store=1),
        node("other", ingest=1),
    ]

    assert serving(nodes, Queue.STORE, NOW) == (good,)


def test_nodes_that_were_set_aside_serve_when_there_is_no_other() -> None:
    aside = node("aside", aside=True, store=1)

    assert serving([aside, node("other", ingest=1)], Queue.STORE, NOW) == (aside,)


def test_the_window_counts_what_runs_on_its_own_nodes_only() -> None:
    nodes = [node("a", store=2), node("b", store=1)]

    assert window(nodes, Queue.STORE, running={}, queued=0) == 6
    assert window(nodes, Queue.STORE, running={"a": 2, "gone": 9}, queued=1) == 3
    assert window(nodes, Queue.STORE, running={"a": 2, "b": 1}, queued=9) == 0
    assert window([], Queue.STORE, running={}, queued=0) == 0


def test_encoders_are_those_of_nodes_with_gpu_slots() -> None:
    nodes = [node("gpu", encode_gpu=1), node("cpu", encode_cpu=4), node("gone", state="lost", encode_gpu=1)]

    assert encoders_of_gpu_nodes(nodes, NOW) == {"encoder of gpu"}
    assert encoders_of_gpu_nodes(nodes[1:], NOW) == frozenset()


def test_a_node_is_set_aside_only_when_each_of_its_queues_has_another() -> None:
    bad = node("bad", store=1, ingest=1, encode_gpu=0)

    assert may_be_set_aside(bad, [bad, node("good", store=1, ingest=1)], NOW)
    assert not may_be_set_aside(bad, [bad, node("half", store=1)], NOW)
    assert not may_be_set_aside(bad, [bad, node("aside", aside=True, store=1, ingest=1)], NOW)


@given(st.integers(min_value=-5, max_value=2_000))
def test_what_runs_never_shows_100_percent(permille: int) -> None:
    assert 0 <= percent(permille) <= 99


def test_a_stage_of_several_tasks_shows_their_mean() -> None:
    assert stage_percent([1000, 500, 0]) == 50
    assert stage_percent([1000, 1000]) == 99
    assert stage_percent([]) == 0
    assert importing_percent(100 + 50, 1) == 75
    assert importing_percent(100 + 100 + 50 + 0, 2) == 62
    assert importing_percent(200, 1) == 99
