"""Codecs that only a pool at zero brings: tasks wait for it, and their jobs fail clearly when it does not come."""

import uuid

import pytest
from sqlalchemy import update

from reelyard.cluster.views import CreateJobs
from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.store.clock import now_ms
from scheduler.store.tables import nodes
from scheduler.usecases.claim_task import claim_task
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.give_up_codecs import give_up_codecs
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.read_backlog import read_backlog
from scheduler.usecases.read_media_backlog import read_media_backlog
from scheduler.usecases.retry_job import retry_job
from scheduler.usecases.select_tasks import select_tasks
from tests.contract.lifecycle_rig import MP4, POLICY, SOURCE_URL, Rig
from tests.contract.test_lifecycle_pools import pass_time

POOL = Policy(pool_encoders={"encode.cpu": frozenset({"wmv3", "wmav2"})}, pool_wait_ms=600_000)
VC1 = OutputRequest(output_format_id=0, container="wmv9", video_codec="VC-1", audio_codec="wmav2")
LICENSED = ("wmv3", "wmav2")
CLIP_S = 2.0


def asked(rig: Rig, node: str, output: OutputRequest = VC1) -> int:
    """A job whose source was fetched and whose encode task waits."""
    request = CreateJobs(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL, outputs=(output,), base_url=""
    )
    (created,) = create_jobs(rig.db, request, policy=POOL).jobs
    rig.do(node, Queue.INGEST)
    return created.job_id


def claims(rig: Rig, node: str, policy: Policy = POOL) -> list[str]:
    """What a node hears that asks for all that is dispatched now, without any wait being over; "" for a task."""
    hints = select_tasks(rig.db, Queue.ENCODE_CPU)
    answers = [claim_task(rig.db, node, h.task_id, h.attempt, str(uuid.uuid4()), policy=policy) for h in hints]
    return [answer.refusal for answer in answers]


def test_a_node_without_the_codec_leaves_the_task_to_the_pool(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free)

    assert claims(rig, free) == ["elsewhere"]
    assert claims(rig, free) == [], "and is not asked again and again"
    assert [task.state for task in rig.tasks(kind="encode")] == ["waiting"]


def test_what_waits_for_the_pool_asks_for_it(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free)
    claims(rig, free)

    (entry,) = [each for each in read_backlog(rig.db) if each.queue == Queue.ENCODE_CPU]

    assert read_media_backlog(rig.db)[Queue.ENCODE_CPU] == CLIP_S
    assert (entry.tasks, entry.delayed) == (1, 0)


def test_a_node_of_the_pool_has_it_as_soon_as_it_registers(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free)
    claims(rig, free)

    licensed = rig.node("licensed", encoders=LICENSED)

    assert claims(rig, licensed) == [""]


def test_a_retry_keeps_its_wait_when_a_node_registers(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free, MP4)
    rig.fail(rig.take(free, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED)

    other = rig.node("other")

    assert claims(rig, other) == []


def test_after_the_pools_wait_a_node_may_take_it_and_say_what_is_missing(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free)
    claims(rig, free)
    pass_time(rig, 11)
    rig.end_waits()

    assert claims(rig, free) == [""]


def test_a_codec_that_no_pool_is_declared_to_bring_is_not_waited_for(rig: Rig) -> None:
    free = rig.node("free", encoders=("wmav2",))
    asked(rig, free)

    assert claims(rig, free, POLICY) == [""]


def test_the_job_fails_clearly_when_the_pool_does_not_come(rig: Rig) -> None:
    job_id = asked(rig, rig.node("ingest", slots={Queue.INGEST: 1}))
    pass_time(rig, 9)
    assert give_up_codecs(rig.db, POOL) == []
    pass_time(rig, 2)

    (task,) = rig.tasks(kind="encode")
    assert give_up_codecs(rig.db, POOL) == [task.id]

    job = rig.job(job_id)
    assert (job.state, job.error_code) == ("failed", ErrorCode.CODEC_UNAVAILABLE)
    assert job.error_message == "No node that can encode it (with wmv3) came within 600 s."
    assert rig.task(task.id).state == "cancelled"
    assert give_up_codecs(rig.db, POOL) == []


def test_a_job_that_is_tried_again_waits_for_the_pool_anew(rig: Rig) -> None:
    job_id = asked(rig, rig.node("ingest", slots={Queue.INGEST: 1}))
    pass_time(rig, 11)
    give_up_codecs(rig.db, POOL)

    retry_job(rig.db, rig.account_id, job_id, POOL)

    assert give_up_codecs(rig.db, POOL) == []
    assert rig.job(job_id).state == "encoding"


def test_the_wait_begins_when_the_last_node_that_has_the_codec_was_seen(rig: Rig) -> None:
    ingest = rig.node("ingest", slots={Queue.INGEST: 1})
    licensed = rig.node("licensed", encoders=LICENSED)
    asked(rig, ingest)
    pass_time(rig, 60)
    assert give_up_codecs(rig.db, POOL) == [], "it waits behind others while there is one"

    rig.change(update(nodes).where(nodes.c.id == licensed).values(seen_ms=now_ms()))
    leave_node(rig.db, licensed)

    assert give_up_codecs(rig.db, POOL) == []


@pytest.mark.parametrize("leaves", [True, False])
def test_nothing_is_given_up_while_no_node_has_been_there_long(rig: Rig, leaves: bool) -> None:
    node = rig.node("ingest", slots={Queue.INGEST: 1})
    asked(rig, node)
    pass_time(rig, 60)
    if leaves:
        leave_node(rig.db, node)
    else:
        rig.change(update(nodes).values(registered_ms=now_ms()))

    assert give_up_codecs(rig.db, POOL) == []


def test_ordinary_tasks_wait_for_a_node_as_long_as_it_takes(rig: Rig) -> None:
    job_id = asked(rig, rig.node("ingest", slots={Queue.INGEST: 1}), MP4)
    pass_time(rig, 6_000)

    assert give_up_codecs(rig.db, POOL) == []
    assert rig.job(job_id).state == "encoding"
