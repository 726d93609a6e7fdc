"""Pools of nodes that may be at zero: tasks are made for them, wait for them, and go on without them."""

import uuid
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Row, select, update

from reelyard.cluster.views import CreateJobs
from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import events, nodes, pools, tasks
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.fall_back import rescue_gpu_tasks
from scheduler.usecases.finish_task import finish_task
from scheduler.usecases.hardware import hardware_encoders
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.outputs import judge_outputs
from scheduler.usecases.read_media_backlog import read_media_backlog
from scheduler.usecases.remove_gone_nodes import remove_gone_nodes
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import GPU_QUEUES, POLICY, SOURCE_URL, Held, Rig, made_up_result
from tests.secret_key import SEALER

POOL = Policy(
    pool_encoders={"encode.gpu": frozenset({"h264_nvenc"}), "encode.cpu": frozenset({"wmv3", "wmav2"})},
    pool_wait_ms=600_000,
)
MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
VC1 = OutputRequest(output_format_id=0, container="wmv9", video_codec="VC-1", audio_codec="wmav2")
HEVC = OutputRequest(output_format_id=0, container="mp4", video_codec="hevc")


def ingest(rig: Rig, node: str, policy: Policy = POOL) -> None:
    """Fetch one source by this policy, which plans its jobs."""
    held = rig.take(node, Queue.INGEST)
    finish_task(rig.db, node, held.spec.task_id, held.token, made_up_result(held.spec), policy=policy)


def encode_queues(rig: Rig) -> list[str]:
    return [task.queue for task in rig.tasks(kind="encode")]


def pass_time(rig: Rig, minutes: int) -> None:
    """As if all that happened had happened so much earlier."""
    ago = minutes * MINUTE_MS
    rig.change(update(tasks).values(created_ms=tasks.c.created_ms - ago, due_ms=tasks.c.due_ms - ago))
    rig.change(update(events).values(at_ms=events.c.at_ms - ago))
    rig.change(update(nodes).values(seen_ms=nodes.c.seen_ms - ago, registered_ms=nodes.c.registered_ms - ago))
    rig.change(update(pools).values(given_up_ms=pools.c.given_up_ms - ago))


def given_up(rig: Rig) -> str:
    """A pool that was asked for by one job and did not come; the CPU's node, which fetches sources too."""
    cpu = rig.node("cpu")
    rig.create()
    ingest(rig, cpu)
    pass_time(rig, 11)
    assert len(rescue_gpu_tasks(rig.db, POOL)) == 1
    return cpu


def asked(rig: Rig, node: str) -> Row[Any]:
    """The encode task of a further job."""
    job_id = rig.create().jobs[0].job_id
    ingest(rig, node)
    (task,) = rig.tasks(kind="encode", job_id=job_id)
    return task


def shown_as_given_up(rig: Rig, policy: Policy = POOL) -> dict[str, float]:
    """The gauge of a scheduler that was told of these pools, by queue."""
    registry = CollectorRegistry()
    registry.register(BacklogCollector(rig.db, pools=policy.pool_encoders))
    (family,) = (each for each in registry.collect() if each.name == "reelyard_pool_given_up")
    return {sample.labels["queue"]: sample.value for sample in family.samples}


def last_detail(rig: Rig, task_id: int) -> str:
    query = select(events.c.detail).where(events.c.entity == "task", events.c.entity_id == task_id)
    with rig.db.read() as conn:
        return str(conn.execute(query.order_by(events.c.id.desc()).limit(1)).scalar_one())


def test_a_task_is_made_for_a_gpu_pool_at_zero_and_asks_for_it(rig: Rig) -> None:
    rig.create()
    ingest(rig, rig.node("cpu"))

    assert encode_queues(rig) == ["encode.gpu"]
    assert rescue_gpu_tasks(rig.db, POOL) == []
    assert read_media_backlog(rig.db)[Queue.ENCODE_GPU] == 2.0


def test_without_the_setting_nothing_is_made_for_a_pool(rig: Rig) -> None:
    rig.create()
    ingest(rig, rig.node("cpu"), POLICY)

    assert encode_queues(rig) == ["encode.cpu"]


def test_a_node_that_comes_takes_what_waited_for_it(rig: Rig) -> None:
    job_id = rig.create().jobs[0].job_id
    cpu = rig.node("cpu")
    ingest(rig, cpu)
    pass_time(rig, 9)
    assert rescue_gpu_tasks(rig.db, POOL) == []

    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    pass_time(rig, 9)
    rig.change(update(nodes).where(nodes.c.id == gpu).values(seen_ms=now_ms()))
    assert rescue_gpu_tasks(rig.db, POOL) == [], "it waits behind others as long as there is a node"
    rig.through(gpu, Queue.ENCODE_GPU, Queue.STORE, Queue.DISTRIBUTE)

    assert rig.job(job_id).state == "completed"
    assert rig.job(job_id).plan["video"]["encoder"] == "h264_nvenc"


def test_when_none_comes_in_time_the_cpu_does_it_and_an_event_says_why(rig: Rig) -> None:
    job_id = rig.create().jobs[0].job_id
    cpu = rig.node("cpu")
    ingest(rig, cpu)
    (task,) = rig.tasks(kind="encode")
    pass_time(rig, 11)

    assert rescue_gpu_tasks(rig.db, POOL) == [task.id]

    assert rig.events("task", task.id)[-1] == "fall_back"
    assert last_detail(rig, task.id) == "no node of encode.gpu came within 600 s"
    rig.through(cpu, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).plan["video"]["encoder"] == "libx264"


def test_the_wait_begins_when_the_last_node_was_seen(rig: Rig) -> None:
    rig.create()
    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    ingest(rig, gpu)
    (hint,) = rig.hints(Queue.ENCODE_GPU)
    pass_time(rig, 60)
    rig.change(update(nodes).values(seen_ms=now_ms()))  # it has beaten all the time, and was busy
    leave_node(rig.db, gpu)

    assert rescue_gpu_tasks(rig.db, POOL) == []
    assert rescue_gpu_tasks(rig.db, POLICY) == [hint.task_id], "without a pool nobody waits"


def test_a_job_that_is_tried_again_waits_anew(rig: Rig) -> None:
    job_id = rig.create().jobs[0].job_id
    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    ingest(rig, gpu)
    rig.fail(rig.take(gpu, Queue.ENCODE_GPU), ErrorCode.INCOMPATIBLE_FORMAT)
    leave_node(rig.db, gpu)
    pass_time(rig, 60)

    retry_job(rig.db, rig.account_id, job_id, POOL)

    assert encode_queues(rig) == ["encode.gpu"]
    assert rescue_gpu_tasks(rig.db, POOL) == []


def test_a_hint_that_is_sent_again_and_again_does_not_prolong_the_wait(rig: Rig) -> None:
    rig.create()
    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    ingest(rig, gpu)
    (hint,) = rig.hints(Queue.ENCODE_GPU)
    leave_node(rig.db, gpu)
    pass_time(rig, 11)
    rig.change(events.insert().values(_resent(hint.task_id)))

    assert rescue_gpu_tasks(rig.db, POOL) == [hint.task_id]


def _resent(task_id: int) -> dict[str, object]:
    row = {"entity": "task", "entity_id": task_id, "event": "resend", "from_state": "queued", "to_state": "queued"}
    return row | {"at_ms": now_ms()}


def test_what_lives_counts_more_than_what_a_pool_would_bring(rig: Rig) -> None:
    both = Policy(pool_encoders={"encode.gpu": frozenset({"h264_nvenc", "hevc_nvenc"})})
    rig.create(HEVC)
    ingest(rig, rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",)), both)

    assert encode_queues(rig) == ["encode.cpu"]


@pytest.mark.parametrize(("policy", "accepted"), [(POOL, True), (POLICY, False)])
def test_a_scarce_codec_of_a_pool_at_zero_is_accepted(rig: Rig, policy: Policy, accepted: bool) -> None:
    rig.node("cpu")

    (verdict,) = judge_outputs(rig.db, rig.account_id, [VC1], None, inputs=1, sends_mail=False, policy=policy)

    assert (getattr(verdict, "code", "") == ErrorCode.CODEC_UNAVAILABLE) is not accepted


def test_the_node_of_the_pool_then_encodes_the_scarce_codec(rig: Rig) -> None:
    ingests = rig.node("ingest", slots={Queue.INGEST: 1})
    created = create_jobs(rig.db, _request(rig), policy=POOL)
    ingest(rig, ingests)
    licensed = rig.node("licensed", encoders=("wmv3", "wmav2"))

    held = rig.take(licensed, Queue.ENCODE_CPU)

    assert created.jobs[0].error is None
    assert isinstance(held, Held)


def _request(rig: Rig) -> CreateJobs:
    return CreateJobs(
        account_id=rig.account_id, request_id=str(uuid.uuid4()), source_url=SOURCE_URL, outputs=(VC1,), base_url=""
    )


def test_what_follows_a_pool_that_did_not_come_goes_to_the_cpu_at_once_and_says_why(rig: Rig) -> None:
    cpu = given_up(rig)

    task = asked(rig, cpu)

    assert task.queue == "encode.cpu"
    assert last_detail(rig, task.id) == "encode in encode.cpu: no node of encode.gpu came within 600 s"


def test_what_waits_for_less_time_goes_with_the_first_that_waited_for_the_pool(rig: Rig) -> None:
    cpu = rig.node("cpu")
    rig.create()
    ingest(rig, cpu)
    pass_time(rig, 9)
    late = asked(rig, cpu)
    assert late.queue == "encode.gpu"
    pass_time(rig, 2)

    assert len(rescue_gpu_tasks(rig.db, POOL)) == 2

    assert rig.task(late.id).queue == "encode.cpu"


def test_what_the_pool_could_not_do_anyhow_does_not_blame_it(rig: Rig) -> None:
    cpu = given_up(rig)
    job_id = rig.create(HEVC).jobs[0].job_id  # the pool brings h264_nvenc alone
    ingest(rig, cpu)

    (task,) = rig.tasks(kind="encode", job_id=job_id)

    assert last_detail(rig, task.id) == "encode in encode.cpu"


def test_a_pool_that_comes_after_all_is_waited_for_again_when_it_is_back_at_zero(rig: Rig) -> None:
    cpu = given_up(rig)
    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    assert asked(rig, cpu).queue == "encode.gpu"

    leave_node(rig.db, gpu)

    assert [asked(rig, cpu).queue, asked(rig, cpu).queue] == ["encode.gpu", "encode.gpu"]


def test_after_a_while_one_job_asks_for_the_pool_again(rig: Rig) -> None:
    cpu = given_up(rig)
    pass_time(rig, 59)
    assert asked(rig, cpu).queue == "encode.cpu"
    pass_time(rig, 2)

    asks, follows = asked(rig, cpu), asked(rig, cpu)

    assert (asks.queue, follows.queue) == ("encode.gpu", "encode.cpu")
    assert rescue_gpu_tasks(rig.db, POOL) == [], "it has the pool's whole wait"


def test_a_pool_that_does_not_come_when_it_is_asked_again_rests_anew(rig: Rig) -> None:
    cpu = given_up(rig)
    pass_time(rig, 61)
    asks = asked(rig, cpu)
    pass_time(rig, 11)

    assert rescue_gpu_tasks(rig.db, POOL) == [asks.id]

    assert asked(rig, cpu).queue == "encode.cpu"


def test_every_scheduler_and_one_that_starts_anew_knows_that_the_pool_was_given_up(rig: Rig) -> None:
    given_up(rig)
    other = Database(rig.db.engine.url.render_as_string(hide_password=False), SEALER)

    with rig.db.read() as here, other.read() as there:
        known = [hardware_encoders(conn, POOL) for conn in (here, there)]
    other.close()

    assert known == [frozenset(), frozenset()]


def test_the_gauge_says_which_declared_pool_is_given_up(rig: Rig) -> None:
    assert shown_as_given_up(rig) == {"encode.gpu": 0, "encode.cpu": 0}
    given_up(rig)

    assert shown_as_given_up(rig) == {"encode.gpu": 1, "encode.cpu": 0}
    assert shown_as_given_up(rig, POLICY) == {}, "it is no pool any more, and nobody waits for one"


def test_the_gauge_stays_while_the_pool_is_asked_for_again_until_a_node_of_it_comes(rig: Rig) -> None:
    cpu = given_up(rig)
    pass_time(rig, 61)
    assert asked(rig, cpu).queue == "encode.gpu"
    assert shown_as_given_up(rig)["encode.gpu"] == 1

    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    assert shown_as_given_up(rig)["encode.gpu"] == 0
    leave_node(rig.db, gpu)
    assert shown_as_given_up(rig)["encode.gpu"] == 0


def test_a_pool_that_came_is_not_given_up_again_when_the_rows_of_its_nodes_are_removed(rig: Rig) -> None:
    cpu = given_up(rig)
    leave_node(rig.db, rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",)))
    pass_time(rig, DAY_MINUTES + 1)
    rig.change(update(nodes).where(nodes.c.id == cpu).values(seen_ms=now_ms()))

    assert remove_gone_nodes(rig.db) == 1

    assert shown_as_given_up(rig)["encode.gpu"] == 0
    assert [asked(rig, cpu).queue, asked(rig, cpu).queue] == ["encode.gpu", "encode.gpu"]


def test_a_pool_that_never_came_stays_given_up_when_rows_of_others_are_removed(rig: Rig) -> None:
    cpu = given_up(rig)
    leave_node(rig.db, rig.node("another"))
    pass_time(rig, DAY_MINUTES + 1)
    rig.change(update(nodes).where(nodes.c.id == cpu).values(seen_ms=now_ms()))

    assert remove_gone_nodes(rig.db) == 1

    assert shown_as_given_up(rig)["encode.gpu"] == 1
