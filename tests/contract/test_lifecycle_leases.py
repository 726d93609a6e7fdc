"""Claims, tokens and leases: one node has a task at a time, and only the current token changes anything."""

import uuid

import pytest
from sqlalchemy import update

from reelyard.cluster.node_client import Progress, Stopped
from reelyard.cluster.work import IngestResult, Queue
from reelyard.media.errors import ErrorCode, SpecError, StaleTokenError
from scheduler.domain.policy import Policy
from scheduler.store.clock import now_ms
from scheduler.store.tables import nodes, tasks
from scheduler.usecases.claim_task import ELSEWHERE, GONE, SET_ASIDE, UNKNOWN_NODE, claim_task
from scheduler.usecases.expire_leases import expire_leases
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.release_task import release_task
from scheduler.usecases.watch_nodes import end_set_aside, lose_nodes
from tests.contract.lifecycle_rig import MP4, POLICY, Held, Rig, made_up_result, race


def test_racing_claims_give_the_task_to_one_node(rig: Rig) -> None:
    rig.create()
    claimants = [rig.node(f"node-{number}") for number in range(5)]
    (hint,) = rig.hints(Queue.INGEST)

    answers = race(*[lambda node=node: rig.try_claim(node, hint) for node in claimants])

    assert sorted(isinstance(answer, Held) for answer in answers) == [False] * 4 + [True]
    assert [answer for answer in answers if not isinstance(answer, Held)] == [GONE] * 4


def test_a_claim_may_be_repeated_with_its_token(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    (hint,) = rig.hints(Queue.INGEST)
    token = str(uuid.uuid4())

    first = rig.try_claim(node, hint, token)
    again = rig.try_claim(node, hint, token)

    assert isinstance(first, Held)
    assert isinstance(again, Held)
    assert again.spec == first.spec
    assert rig.events("task", hint.task_id).count("claim") == 1
    assert rig.try_claim(node, hint) == GONE


def test_stale_hints_and_strangers_are_refused(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    (hint,) = rig.hints(Queue.INGEST)

    def refusal(node_id: str, task_id: int, attempt: int) -> str:
        return claim_task(rig.db, node_id, task_id, attempt, "token", policy=POLICY).refusal

    assert refusal(node, hint.task_id, hint.attempt + 1) == GONE
    assert refusal(node, hint.task_id + 1_000, 1) == GONE
    assert refusal(str(uuid.uuid4()), hint.task_id, hint.attempt) == UNKNOWN_NODE
    leave_node(rig.db, node)
    assert refusal(node, hint.task_id, hint.attempt) == UNKNOWN_NODE
    assert rig.task(hint.task_id).state == "queued"


def test_of_two_finishes_at_once_one_wins(rig: Rig) -> None:
    rig.create()
    held = rig.take(rig.node("alpha"), Queue.INGEST)

    answers = race(lambda: rig.finish(held), lambda: rig.finish(held))

    (refused,) = [answer for answer in answers if answer is not None]
    assert isinstance(refused, StaleTokenError)
    assert refused.already_ended_by_token
    assert len(rig.tasks(kind="encode")) == 1
    assert rig.events("task", held.spec.task_id).count("finish") == 1


def test_the_loser_of_two_tokens_changes_nothing(rig: Rig) -> None:
    rig.create()
    frozen = rig.take(rig.node("frozen"), Queue.INGEST)
    rig.let_lapse(frozen.spec.task_id)
    assert expire_leases(rig.db, POLICY) == [frozen.spec.task_id]
    current = rig.take(rig.node("other"), Queue.INGEST)
    before = rig.snapshot()

    with pytest.raises(StaleTokenError) as finish:
        rig.finish(frozen)
    with pytest.raises(StaleTokenError) as fail:
        rig.fail(frozen, ErrorCode.ENCODE_FAILED)
    with pytest.raises(StaleTokenError) as release:
        release_task(rig.db, frozen.node_id, frozen.spec.task_id, frozen.token)

    assert not any(error.value.already_ended_by_token for error in (finish, fail, release))
    assert rig.snapshot() == before
    rig.finish(current)
    prefix = f"ingest/{rig.task(current.spec.task_id).ingest_id}/{current.spec.task_id}/2/"
    assert current.spec.output_prefix == prefix


def test_a_lapsed_lease_is_over_even_before_anybody_noticed(rig: Rig) -> None:
    rig.create()
    held = rig.take(rig.node("frozen"), Queue.INGEST)
    rig.let_lapse(held.spec.task_id)

    with pytest.raises(StaleTokenError):
        rig.finish(held)
    beat = heartbeat(rig.db, held.node_id, [Progress(task_id=held.spec.task_id, token=held.token)], policy=POLICY)

    assert beat.stop == (Stopped(task_id=held.spec.task_id, token=held.token, reason="lease_lost"),)
    assert rig.tasks(kind="encode") == []


def test_a_call_that_is_repeated_after_a_lost_answer_is_told_so(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    released = rig.take(node, Queue.INGEST)
    release_task(rig.db, node, released.spec.task_id, released.token)
    with pytest.raises(StaleTokenError) as again:
        release_task(rig.db, node, released.spec.task_id, released.token)
    assert again.value.already_ended_by_token

    failed = rig.take(node, Queue.INGEST)
    rig.fail(failed, ErrorCode.SOURCE_UNREACHABLE)
    with pytest.raises(StaleTokenError) as again:
        rig.fail(failed, ErrorCode.SOURCE_UNREACHABLE)
    assert again.value.already_ended_by_token
    assert rig.task(failed.spec.task_id).failures == 1


def test_a_result_of_another_kind_is_refused(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    ingest = rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)
    result = made_up_result(ingest)
    assert isinstance(result, IngestResult)

    with pytest.raises(SpecError, match="encode"):
        rig.finish(held, result)

    assert rig.task(held.spec.task_id).state == "running"


def test_a_beat_renews_the_leases_that_are_held_and_stops_the_others(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)
    rig.change(
        update(tasks).where(tasks.c.id == held.spec.task_id).values(lease_until_ms=now_ms() + POLICY.lease_ms // 2)
    )
    before = rig.task(held.spec.task_id).lease_until_ms

    beat = heartbeat(
        rig.db,
        node,
        [
            Progress(task_id=held.spec.task_id, token=held.token, permille=10),
            Progress(task_id=held.spec.task_id, token="somebody else's"),
            Progress(task_id=999_999, token="of no task"),
        ],
        policy=POLICY,
    )

    assert beat.known
    assert {(stop.task_id, stop.token, stop.reason) for stop in beat.stop} == {
        (held.spec.task_id, "somebody else's", "lease_lost"),
        (999_999, "of no task", "lease_lost"),
    }
    assert rig.task(held.spec.task_id).lease_until_ms > before


def test_an_unknown_node_is_told_to_register(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.change(update(nodes).values(seen_ms=now_ms() - POLICY.lease_ms))

    assert not heartbeat(rig.db, str(uuid.uuid4()), [], policy=POLICY).known
    assert lose_nodes(rig.db, POLICY) == [node]
    assert lose_nodes(rig.db, POLICY) == []
    assert not heartbeat(rig.db, node, [], policy=POLICY).known


def test_a_draining_node_gets_no_new_hints(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")

    heartbeat(rig.db, node, [], policy=POLICY, draining=True)
    heartbeat(rig.db, node, [], policy=POLICY, draining=True)

    assert rig.node_row(node).state == "draining"
    assert rig.hints(Queue.INGEST) == []


def test_a_released_task_waits_again_without_blame(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)

    release_task(rig.db, node, held.spec.task_id, held.token)

    task = rig.task(held.spec.task_id)
    assert (task.state, task.attempt, task.failures, task.losses) == ("waiting", 2, 0, 0)
    assert (task.lease_until_ms, task.avoid_node) == (None, "alpha")
    assert rig.node_row(node).failures_in_row == 0


def test_a_node_that_leaves_hands_back_what_it_held(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)

    leave_node(rig.db, node)

    assert rig.task(held.spec.task_id).state == "waiting"
    assert rig.node_row(node).state == "left"


def test_a_retry_goes_to_another_node_but_does_not_starve(rig: Rig) -> None:
    rig.create()
    failing = rig.node("failing")
    other = rig.node("other")
    held = rig.take(failing, Queue.INGEST)
    rig.fail(held, ErrorCode.SOURCE_UNREACHABLE)

    (hint,) = rig.hints(Queue.INGEST)
    assert rig.try_claim(failing, hint) == ELSEWHERE
    assert rig.task(hint.task_id).state == "waiting"
    (hint,) = rig.hints(Queue.INGEST)
    assert isinstance(rig.try_claim(other, hint), Held)


def test_a_retry_that_nobody_else_takes_comes_back(rig: Rig) -> None:
    rig.create()
    failing = rig.node("failing")
    rig.node("busy")
    rig.fail(rig.take(failing, Queue.INGEST), ErrorCode.SOURCE_UNREACHABLE)

    answers = []
    for _ in range(10):
        (hint,) = rig.hints(Queue.INGEST)
        answers.append(rig.try_claim(failing, hint))
        if isinstance(answers[-1], Held):
            break

    assert answers[:-1] == [ELSEWHERE] * 5
    assert isinstance(answers[-1], Held)


def test_a_retry_on_the_only_node_is_not_delayed(rig: Rig) -> None:
    rig.create()
    node = rig.node("alone")
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_UNREACHABLE)

    (hint,) = rig.hints(Queue.INGEST)

    assert isinstance(rig.try_claim(node, hint), Held)


def test_a_node_that_is_set_aside_gets_nothing_while_another_is_there(rig: Rig) -> None:
    rig.create()
    aside = rig.node("aside")
    other = rig.node("other")
    (hint,) = rig.hints(Queue.INGEST)
    rig.change(update(nodes).where(nodes.c.id == aside).values(set_aside_until_ms=now_ms() + 60_000))

    assert rig.try_claim(aside, hint) == SET_ASIDE
    leave_node(rig.db, other)
    (hint,) = rig.hints(Queue.INGEST)
    assert isinstance(rig.try_claim(aside, hint), Held)


def test_a_node_comes_back_when_its_time_aside_is_over(rig: Rig) -> None:
    node = rig.node("aside")
    rig.change(update(nodes).values(set_aside_until_ms=now_ms() - 1, failures_in_row=3))

    assert end_set_aside(rig.db) == [node]
    assert end_set_aside(rig.db) == []
    assert (rig.node_row(node).set_aside_until_ms, rig.node_row(node).failures_in_row) == (0, 0)


def test_several_schedulers_take_a_lapsed_task_back_once(rig: Rig) -> None:
    rig.create()
    held = rig.take(rig.node("gone"), Queue.INGEST)
    rig.let_lapse(held.spec.task_id)

    answers = race(*[lambda: expire_leases(rig.db, POLICY)] * 4)

    assert sorted(answers) == [[], [], [], [held.spec.task_id]]
    task = rig.task(held.spec.task_id)
    assert (task.state, task.attempt, task.losses) == ("waiting", 2, 1)


def test_a_task_that_is_lost_too_often_fails_its_job(rig: Rig) -> None:
    created = rig.create(MP4)
    node = rig.node("unlucky")
    for _ in range(6):
        held = rig.take(node, Queue.INGEST)
        rig.let_lapse(held.spec.task_id)
        expire_leases(rig.db, Policy())

    assert rig.task(held.spec.task_id).state == "failed"
    ingest = rig.ingest(created.ingest_id)
    job = rig.job(created.jobs[0].job_id)
    assert (ingest.state, ingest.error_code) == ("failed", ErrorCode.NODE_LOST)
    assert (job.state, job.error_code) == ("failed", ErrorCode.NODE_LOST)
