"""What the counters and histograms of a scheduler say of jobs and tasks, by the numbers that are exported."""

import pytest
from sqlalchemy import update

from reelyard.cluster.drain import Drain, Drained
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ErrorCode, StaleTokenError
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.store.tables import jobs, nodes, tasks
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.expire_leases import expire_leases
from scheduler.usecases.fall_back import rescue_gpu_tasks
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.release_task import release_task
from scheduler.usecases.retry_job import retry_job
from scheduler.usecases.watch_nodes import lose_nodes
from tests.contract.lifecycle_rig import GPU_QUEUES, MP4, POLICY, WEBM
from tests.contract.metrics_rig import ALL, HOUR_MS, TOLD, Counted

AUDIO = OutputRequest(output_format_id=0, container="mp3")
DELIVERED = OutputRequest(output_format_id=0, container="mp4", delivery_location="sftp://user:secret@host.example/in/")


def test_a_job_that_succeeds(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id
    counted.change(update(jobs).values(created_ms=jobs.c.created_ms - 2 * HOUR_MS))
    assert counted.shown("jobs_submitted_total") == {("mp4/h264",): 1}
    assert counted.shown("jobs_finished_total") == {}
    completed = {"outcome": "completed", "profile": "mp4/h264"}
    assert counted.value("job_duration_seconds_count", **completed) == 0

    counted.through(counted.node("alpha"), *ALL)

    assert counted.shown("jobs_finished_total") == {("none", "completed", "mp4/h264"): 1}
    assert counted.value("job_duration_seconds_count", outcome="completed", profile="mp4/h264") == 1
    seconds = counted.value("job_duration_seconds_sum", outcome="completed", profile="mp4/h264")
    assert 2 * 3600 <= seconds < 3 * 3600
    assert {queue: counted.value("job_queue_wait_seconds_count", queue=queue) for queue in ALL} == dict.fromkeys(ALL, 1)
    assert counted.shown("deliveries_total") == {("delivered", "none"): 1}
    for name in ("jobs_submitted_total", "jobs_finished_total", "job_duration_seconds_bucket", "deliveries_total"):
        assert counted.exemplars(name) == [{"job_id": str(job_id)}]
    for name in ("task_retries_total", "tasks_dead_lettered_total", "tasks_interrupted_total"):
        assert counted.shown(name) == {}


def test_profiles_are_made_of_catalogue_codes(counted: Counted) -> None:
    counted.create(MP4, WEBM, AUDIO)

    assert set(counted.shown("jobs_submitted_total")) == {("mp4/h264",), ("webm/libvpx",), ("mp3/mp3",)}


def test_nodes_that_end_are_counted_once_each(counted: Counted) -> None:
    """By the schedulers, since a node is gone before anybody could read it from there."""
    assert counted.value("nodes_ended_total", outcome="left") == 0
    left, silent = counted.node("left"), counted.node("silent")
    for _ in range(2):
        leave_node(counted.db, left)
    counted.change(update(nodes).where(nodes.c.id == silent).values(seen_ms=nodes.c.seen_ms - HOUR_MS))
    for _ in range(2):
        lose_nodes(counted.db, POLICY)

    assert counted.shown("nodes_ended_total") == {("left",): 1, ("lost",): 1}


def test_a_node_that_leaves_tells_how_it_drained(counted: Counted) -> None:
    for outcome in Drained:
        assert counted.value("drain_duration_seconds_count", outcome=outcome) == 0
    drained, silent = counted.node("drained"), counted.node("silent")
    for _ in range(2):
        leave_node(counted.db, drained, Drain(outcome=Drained.HANDED_BACK, seconds=31.5))
    leave_node(counted.db, silent)

    assert counted.value("drain_duration_seconds_count", outcome="handed_back") == 1
    assert counted.value("drain_duration_seconds_sum", outcome="handed_back") == 31.5
    assert counted.value("drain_duration_seconds_count", outcome="finished") == 0
    assert counted.value("nodes_ended_total", outcome="left") == 2


def test_what_shows_nothing_is_no_zero(counted: Counted) -> None:
    """Else a wrong name or label would pass wherever 0 is expected."""
    assert counted.value("deliveries_total", outcome="failed", scheme="ftp") == 0
    for name, labels in {"deliveries_total": {"outcome": "failed"}, "delivery_total": {}}.items():
        with pytest.raises(LookupError):
            counted.value(name, **labels)
    with pytest.raises(LookupError):
        counted.shown("delivery_total")


def test_the_first_of_each_is_an_increase(counted: Counted) -> None:
    """Prometheus sees no increase in a series that begins at 1."""
    shown = {
        (sample.name, *sorted(sample.labels.values()))
        for metric in counted.registry.collect()
        for sample in metric.samples
        if sample.value == 0
    }

    assert ("reelyard_jobs_submitted_total", "mp4/h264") in shown
    assert ("reelyard_jobs_finished_total", "encode", "failed", "mp4/h264") in shown
    assert ("reelyard_task_retries_total", "encode.gpu", "storage") in shown
    assert ("reelyard_tasks_dead_lettered_total", "delivery_failed", "distribute") in shown
    assert ("reelyard_task_leases_expired_total", "store") in shown
    assert ("reelyard_tasks_interrupted_total", "drained", "ingest") in shown
    assert ("reelyard_webhook_deliveries_total", "failed", "ping") in shown
    assert ("reelyard_deliveries_total", "delivered", "s3") in shown


def test_a_job_that_fails(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id
    node = counted.node("alpha")
    counted.do(node, Queue.INGEST)
    for _ in range(2):
        counted.fail(counted.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED)

    assert counted.job(job_id).state == "failed"
    assert counted.shown("task_retries_total") == {("encode", "encode.cpu"): 1}
    assert counted.shown("tasks_dead_lettered_total") == {("encode.cpu", "encode_failed"): 1}
    assert counted.shown("jobs_finished_total") == {("encode", "failed", "mp4/h264"): 1}
    assert counted.value("job_duration_seconds_count", outcome="failed", profile="mp4/h264") == 1
    assert counted.exemplars("task_retries_total") == [{"job_id": str(job_id)}]
    assert counted.exemplars("tasks_dead_lettered_total") == [{"job_id": str(job_id)}]


def test_a_source_that_is_not_there_fails_its_jobs_as_the_users_own_input(counted: Counted) -> None:
    ingest_id = counted.create(MP4, WEBM).ingest_id

    counted.fail(counted.take(counted.node("alpha"), Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND)

    assert counted.shown("jobs_finished_total") == {
        ("user_input", "failed", "mp4/h264"): 1,
        ("user_input", "failed", "webm/libvpx"): 1,
    }
    assert counted.shown("tasks_dead_lettered_total") == {("ingest", "source_not_found"): 1}
    assert counted.exemplars("tasks_dead_lettered_total") == [{"ingest_id": str(ingest_id)}]


def test_a_failed_job_that_is_tried_again_ends_again(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id
    node = counted.node("alpha")
    counted.do(node, Queue.INGEST)
    for _ in range(2):
        counted.fail(counted.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED)
    counted.change(update(tasks).where(tasks.c.kind == "encode").values(due_ms=1))

    retry_job(counted.db, counted.account_id, job_id, POLICY)
    counted.through(node, *ALL[1:])

    assert counted.shown("jobs_submitted_total") == {("mp4/h264",): 1}
    assert counted.shown("jobs_finished_total") == {
        ("encode", "failed", "mp4/h264"): 1,
        ("none", "completed", "mp4/h264"): 1,
    }
    assert counted.value("job_queue_wait_seconds_sum", queue="encode.cpu") < HOUR_MS  # from the retry, not from 1970


def test_a_wait_is_counted_from_when_the_task_was_due(counted: Counted) -> None:
    counted.create()
    node = counted.node("alpha")
    held = counted.take(node, Queue.INGEST)
    first = counted.value("job_queue_wait_seconds_sum", queue="ingest")
    counted.fail(held, ErrorCode.SOURCE_UNREACHABLE)
    task = counted.task(held.spec.task_id)
    assert task.due_ms == pytest.approx(task.not_before_ms, abs=1)
    counted.change(update(tasks).values(created_ms=tasks.c.created_ms - HOUR_MS, due_ms=tasks.c.due_ms - 90_000))

    counted.take(node, Queue.INGEST)

    second = counted.value("job_queue_wait_seconds_sum", queue="ingest") - first
    assert 80 <= second < 1800  # ninety seconds less the second that it had to wait before its next attempt
    assert counted.value("job_queue_wait_seconds_count", queue="ingest") == 2
    buckets = {
        bound: counted.value("job_queue_wait_seconds_bucket", queue="ingest", le=bound) for bound in ("60.0", "600.0")
    }
    assert buckets == {"60.0": 1, "600.0": 2}


def test_a_task_of_an_older_version_waits_from_its_creation(counted: Counted) -> None:
    counted.create()
    counted.change(update(tasks).values(due_ms=0, created_ms=tasks.c.created_ms - 90_000))

    counted.take(counted.node("alpha"), Queue.INGEST)

    assert 90 <= counted.value("job_queue_wait_seconds_sum", queue="ingest") < 1800


def test_being_passed_on_is_waiting(counted: Counted) -> None:
    counted.create()
    node = counted.node("alpha")
    counted.node("beta")
    counted.fail(counted.take(node, Queue.INGEST), ErrorCode.SOURCE_UNREACHABLE)
    (hint,) = counted.hints(Queue.INGEST)
    due_ms = counted.task(hint.task_id).due_ms

    assert isinstance(counted.try_claim(node, hint), str)

    passed_on = counted.task(hint.task_id)
    assert (passed_on.state, passed_on.due_ms) == ("waiting", due_ms)


def test_a_lease_that_expires(counted: Counted) -> None:
    counted.create()
    held = counted.take(counted.node("gone"), Queue.INGEST)
    counted.let_lapse(held.spec.task_id)

    assert expire_leases(counted.db, POLICY)
    assert expire_leases(counted.db, POLICY) == []

    assert counted.shown("task_leases_expired_total") == {("ingest",): 1}
    assert counted.shown("tasks_interrupted_total") == {("ingest", "node_lost"): 1}
    assert counted.shown("task_retries_total") == {}


def test_a_task_that_is_lost_too_often_is_lost_each_time_and_dead_once(counted: Counted) -> None:
    counted.create()
    node = counted.node("unlucky")
    for _ in range(6):
        held = counted.take(node, Queue.INGEST)
        counted.let_lapse(held.spec.task_id)
        expire_leases(counted.db, Policy())

    assert counted.shown("task_leases_expired_total") == {("ingest",): 6}
    assert counted.shown("tasks_interrupted_total") == {("ingest", "node_lost"): 6}
    assert counted.shown("tasks_dead_lettered_total") == {("ingest", "node_lost"): 1}
    assert counted.shown("jobs_finished_total") == {("node", "failed", "mp4/h264"): 1}


def test_a_job_that_is_cancelled(counted: Counted) -> None:
    created = counted.create()
    node = counted.node("alpha")
    counted.do(node, Queue.INGEST)
    counted.take(node, Queue.ENCODE_CPU)

    cancel_job(counted.db, counted.account_id, created.jobs[0].job_id, POLICY)

    assert counted.shown("jobs_finished_total") == {("cancelled", "cancelled", "mp4/h264"): 1}
    assert counted.shown("tasks_interrupted_total") == {("encode.cpu", "cancelled"): 1}


def test_what_nobody_had_begun_is_not_interrupted(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id

    cancel_job(counted.db, counted.account_id, job_id, POLICY)

    assert counted.shown("jobs_finished_total") == {("cancelled", "cancelled", "mp4/h264"): 1}
    assert counted.shown("tasks_interrupted_total") == {}


def test_tasks_that_a_node_hands_back(counted: Counted) -> None:
    counted.create()
    held = counted.take(counted.node("alpha"), Queue.INGEST)
    release_task(counted.db, held.node_id, held.spec.task_id, held.token)
    with pytest.raises(StaleTokenError):
        release_task(counted.db, held.node_id, held.spec.task_id, held.token)

    second = counted.take(counted.node("beta"), Queue.INGEST)
    leave_node(counted.db, second.node_id)

    assert counted.shown("tasks_interrupted_total") == {("ingest", "drained"): 2}


def test_the_cpu_instead_of_the_gpu_is_a_retry_when_the_gpu_failed(counted: Counted) -> None:
    nvenc = ("h264_nvenc",)
    node = counted.node("gpu", slots=GPU_QUEUES, encoders=nvenc)
    counted.create()
    counted.create()
    counted.through(node, Queue.INGEST, Queue.INGEST)
    counted.fail(counted.take(node, Queue.ENCODE_GPU), ErrorCode.ENCODE_FAILED)
    assert counted.shown("task_retries_total") == {("encode", "encode.gpu"): 1}

    leave_node(counted.db, node)

    assert rescue_gpu_tasks(counted.db)
    assert counted.shown("task_retries_total") == {("encode", "encode.gpu"): 1}  # the second one was never begun


def test_notifications_that_are_retried_delivered_and_given_up(counted: Counted) -> None:
    job_id = counted.create(TOLD).jobs[0].job_id
    node = counted.node("alpha")
    counted.through(node, *ALL)
    counted.fail(counted.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY), ErrorCode.DELIVERY_FAILED)
    assert counted.shown("webhook_deliveries_total") == {("ping", "retried"): 1}
    assert counted.shown("webhook_delivery_lag_seconds_count") == {}
    counted.change(update(tasks).where(tasks.c.kind == "notify").values(created_ms=tasks.c.created_ms - 400_000))

    counted.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    counted.fail(counted.take(node, Queue.DISTRIBUTE, TaskKind.MAIL), ErrorCode.DELIVERY_DENIED)

    assert counted.shown("webhook_deliveries_total") == {
        ("ping", "retried"): 1,
        ("ping", "delivered"): 1,
        ("mail", "failed"): 1,
    }
    assert counted.shown("task_retries_total") == {("receiver", "distribute"): 1}
    assert counted.shown("tasks_dead_lettered_total") == {("distribute", "delivery_denied"): 1}
    assert counted.value("webhook_delivery_lag_seconds_bucket", kind="ping", le="300.0") == 0
    assert 400 <= counted.value("webhook_delivery_lag_seconds_sum", kind="ping") < 3600
    assert counted.exemplars("webhook_delivery_lag_seconds_bucket") == [{"job_id": str(job_id)}]
    assert counted.shown("jobs_finished_total") == {("none", "completed", "mp4/h264"): 1}  # a lost mail fails no job


def test_deliveries_by_the_scheme_of_their_place(counted: Counted) -> None:
    counted.create(DELIVERED)
    node = counted.node("alpha")
    counted.through(node, *ALL[:3])

    counted.fail(counted.take(node, Queue.DISTRIBUTE), ErrorCode.DELIVERY_FAILED)
    counted.do(node, Queue.DISTRIBUTE)

    assert counted.shown("deliveries_total") == {("retried", "sftp"): 1, ("delivered", "sftp"): 1}
    shown = [str(sample) for metric in counted.registry.collect() for sample in metric.samples]
    assert not [each for each in shown if "host.example" in each or "secret" in each]
