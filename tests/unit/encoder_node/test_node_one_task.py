"""A node that does one task: who may claim, and when it is over."""

import threading

from encoder_node.one_task import OneTask


def opened() -> OneTask:
    one = OneTask()
    one.open()
    return one


def in_thread(one: OneTask) -> tuple[threading.Thread, list[bool]]:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(one.begin_claim()))
    thread.start()
    return thread, answers


def test_a_second_hint_waits_for_the_first_claim_and_is_not_let_in_once_that_is_granted() -> None:
    one = opened()
    granted: list[str] = []
    one.on_granted(lambda: granted.append("said"))
    assert one.begin_claim()
    second, answers = in_thread(one)

    one.end_claim(granted=True)
    second.join()

    assert answers == [False]
    assert granted == ["said"]
    assert not one.over.is_set(), "the task runs"


def test_a_refused_claim_lets_the_next_one_in() -> None:
    one = opened()
    assert one.begin_claim()
    second, answers = in_thread(one)

    one.end_claim(granted=False)
    second.join()

    assert answers == [True]
    assert not one.over.is_set()


def test_nobody_claims_before_all_queues_are_served() -> None:
    one = OneTask()
    thread, answers = in_thread(one)
    assert not answers

    one.open()
    thread.join()

    assert answers == [True]


def test_without_a_task_in_time_it_is_over() -> None:
    one = opened()

    one.end_time()

    assert one.over.is_set()
    assert not one.begin_claim()


def test_a_claim_at_the_very_end_of_the_time_may_bring_the_task() -> None:
    one = opened()
    assert one.begin_claim()

    one.end_time()
    assert not one.over.is_set()
    one.end_claim(granted=True)

    assert not one.over.is_set(), "the runner says when the task has ended"


def test_a_refused_claim_at_the_very_end_of_the_time_ends_it() -> None:
    one = opened()
    assert one.begin_claim()

    one.end_time()
    one.end_claim(granted=False)

    assert one.over.is_set()
    assert not one.begin_claim()


def test_a_node_that_is_told_to_stop_lets_nobody_in() -> None:
    one = OneTask()
    thread, answers = in_thread(one)

    one.close()
    thread.join()

    assert answers == [False]
