"""Failed attempts: what is tried again, where, how often, and how a job ends."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from reelyard.cluster.node_client import Progress
from reelyard.cluster.work import NotifyWork, Queue, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError
from reelyard.media.output import OutputRequest
from scheduler.domain.task import TaskEvent
from scheduler.store.tables import attempts
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.fall_back import rescue_gpu_tasks
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.select_tasks import look_ahead, select_tasks
from tests.contract.lifecycle_rig import GPU_QUEUES, MP4, POLICY, WEBM, Rig

PINGED = OutputRequest(output_format_id=0, container="mp4", ping_url="http://pings.example/")


def outcomes(rig: Rig, task_id: int) -> list[Any]:
    query = select(attempts).where(attempts.c.task_id == task_id).order_by(attempts.c.attempt)
    with rig.db.read() as conn:
        return [(row.attempt, row.node_name, row.outcome, row.error_code) for row in conn.execute(query)]


def test_a_failure_that_may_pass_is_tried_again_after_growing_waits(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")

    followed = []
    for _ in range(4):
        held = rig.take(node, Queue.INGEST)
        followed.append(rig.fail(held, ErrorCode.SOURCE_UNREACHABLE))

    assert [(outcome.event, outcome.wait_ms) for outcome in followed] == [
        (TaskEvent.RETRY, 1_000),
        (TaskEvent.RETRY, 5_000),
        (TaskEvent.RETRY, 20_000),
        (TaskEvent.FAIL, 0),
    ]
    assert outcomes(rig, held.spec.task_id) == [
        (attempt, "alpha", "failed", ErrorCode.SOURCE_UNREACHABLE) for attempt in (1, 2, 3, 4)
    ]


def test_a_waiting_retry_is_not_sent_before_its_time(rig: Rig) -> None:
    rig.create()
    held = rig.take(rig.node("alpha"), Queue.INGEST)
    rig.fail(held, ErrorCode.SOURCE_UNREACHABLE)

    assert select_tasks(rig.db, Queue.INGEST) == []
    outlook = look_ahead(rig.db)
    assert outlook.due == ()
    assert outlook.next_due_ms == rig.task(held.spec.task_id).not_before_ms
    rig.end_waits()
    assert [hint.attempt for hint in select_tasks(rig.db, Queue.INGEST)] == [2]


def test_a_source_that_fails_for_good_ends_the_ingest_and_all_its_jobs(rig: Rig) -> None:
    created = rig.create(PINGED, WEBM)
    node = rig.node("alpha")
    held = rig.take(node, Queue.INGEST)

    rig.fail(held, ErrorCode.SOURCE_NOT_FOUND, "the source answered 404: http://u:p@media.example/a?sig=s")

    ingest = rig.ingest(created.ingest_id)
    assert (ingest.state, ingest.error_code) == ("failed", ErrorCode.SOURCE_NOT_FOUND)
    assert rig.medium(created.input_media_id).state == "failed"
    for created_job in created.jobs:
        job = rig.job(created_job.job_id)
        assert (job.state, job.error_code) == ("failed", ErrorCode.SOURCE_NOT_FOUND)
        assert "404" in job.error_message
        assert "u:p" not in job.error_message
        assert "sig=s" not in job.error_message
        assert rig.medium(job.output_media_id).state == "failed"
    notify = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    assert isinstance(notify, NotifyWork)
    fields = parse_qs(notify.body, keep_blank_values=True)
    assert (fields["Result"], fields["ErrorCode"]) == (["Failed"], [ErrorCode.SOURCE_NOT_FOUND])
    assert fields["DownloadURL"] == [""]
    assert len(rig.tasks(kind="clean")) == 3


def test_an_encode_that_fails_for_good_fails_only_its_job(rig: Rig) -> None:
    created = rig.create(MP4, WEBM)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)

    rig.fail(held, ErrorCode.SOURCE_CORRUPT)

    states = [rig.job(job.job_id).state for job in created.jobs]
    assert states == ["failed", "encoding"]


def test_a_notification_that_is_given_up_changes_no_job(rig: Rig) -> None:
    created = rig.create(PINGED)
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)

    waits = []
    for _ in range(10):
        held = rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
        waits.append(rig.fail(held, ErrorCode.DELIVERY_FAILED).wait_ms // 1000)

    assert waits == [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 0]
    assert rig.task(held.spec.task_id).state == "failed"
    assert rig.job(created.jobs[0].job_id).state == "completed"


def test_a_clean_up_that_fails_is_tried_again_and_changes_no_job(rig: Rig) -> None:
    created = rig.create(MP4)
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)

    outcome = rig.fail(rig.take(node, Queue.STORE, TaskKind.CLEAN), ErrorCode.STORAGE_FAILED)

    assert outcome.event is TaskEvent.RETRY
    assert rig.job(created.jobs[0].job_id).state == "completed"


def test_a_hardware_encoder_that_fails_gives_way_to_the_cpu(rig: Rig) -> None:
    created = rig.create(MP4)
    node = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    rig.do(node, Queue.INGEST)
    job_id = created.jobs[0].job_id
    assert rig.job(job_id).plan["video"]["encoder"] == "h264_nvenc"

    outcome = rig.fail(rig.take(node, Queue.ENCODE_GPU), ErrorCode.ENCODE_FAILED)

    assert outcome.event is TaskEvent.FALL_BACK
    (task,) = rig.tasks(kind="encode")
    assert (task.queue, task.state, task.not_before_ms) == (Queue.ENCODE_CPU, "waiting", 0)
    assert task.work["plan"]["video"]["encoder"] == "libx264"
    assert rig.job(job_id).plan["video"]["encoder"] == "libx264"
    assert rig.events("task", task.id)[-1] == "fall_back"
    # The CPU has all its attempts yet.
    assert rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED).event is TaskEvent.RETRY
    rig.through(node, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    assert rig.job(job_id).state == "completed"


def test_tasks_do_not_wait_for_a_gpu_that_is_gone(rig: Rig) -> None:
    rig.create(MP4, MP4)
    gpu = rig.node("gpu", slots=GPU_QUEUES, encoders=("h264_nvenc",))
    rig.do(gpu, Queue.INGEST)
    (hint, _) = rig.hints(Queue.ENCODE_GPU)
    assert rescue_gpu_tasks(rig.db) == []

    leave_node(rig.db, gpu)
    cpu = rig.node("cpu")

    assert len(rescue_gpu_tasks(rig.db)) == 2
    assert rescue_gpu_tasks(rig.db) == []
    assert rig.try_claim(cpu, hint) == "gone"
    rig.through(cpu, Queue.ENCODE_CPU, Queue.ENCODE_CPU)


def test_no_hardware_is_planned_without_a_live_gpu_node(rig: Rig) -> None:
    rig.create(MP4)
    rig.do(rig.node("cpu", encoders=("h264_nvenc",)), Queue.INGEST)

    assert [task.queue for task in rig.tasks(kind="encode")] == [Queue.ENCODE_CPU]


def test_a_node_that_fails_three_times_in_a_row_is_set_aside(rig: Rig) -> None:
    rig.create(MP4, MP4, MP4)
    bad = rig.node("bad")
    rig.node("good")
    rig.do(bad, Queue.INGEST)

    taken = [rig.take(bad, Queue.ENCODE_CPU) for _ in range(3)]

    followed = [rig.fail(held, ErrorCode.ENCODE_TIMEOUT) for held in taken]

    assert [outcome.node_set_aside for outcome in followed] == [False, False, True]
    assert rig.node_row(bad).set_aside_until_ms > 0


def test_a_node_is_not_set_aside_while_the_others_fail_too(rig: Rig) -> None:
    rig.create(MP4, MP4, MP4, MP4)
    first, second = rig.node("first"), rig.node("second")
    rig.do(first, Queue.INGEST)
    rig.fail(rig.take(second, Queue.ENCODE_CPU), ErrorCode.STORAGE_FAILED)

    taken = [rig.take(first, Queue.ENCODE_CPU) for _ in range(3)]

    assert [rig.fail(held, ErrorCode.STORAGE_FAILED).node_set_aside for held in taken] == [False, False, False]
    assert rig.node_row(first).failures_in_row == 3


def test_a_success_or_a_fault_of_the_source_is_no_blame(rig: Rig) -> None:
    rig.create(MP4, MP4, MP4)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)

    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.SOURCE_CORRUPT)
    assert rig.node_row(node).failures_in_row == 0
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED)
    assert rig.node_row(node).failures_in_row == 1
    rig.do(node, Queue.ENCODE_CPU)
    assert rig.node_row(node).failures_in_row == 0


def test_the_only_node_of_a_queue_is_never_set_aside(rig: Rig) -> None:
    rig.create(MP4, MP4, MP4)
    node = rig.node("alone")
    rig.do(node, Queue.INGEST)

    for _ in range(3):
        assert not rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.ENCODE_FAILED).node_set_aside

    assert rig.node_row(node).failures_in_row == 3


def test_a_cancelled_job_stops_its_node_and_says_so(rig: Rig) -> None:
    created = rig.create(PINGED, WEBM)
    first, second = (job.job_id for job in created.jobs)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)

    cancel_job(rig.db, rig.account_id, first, POLICY)

    assert rig.job(first).state == "cancelled"
    assert rig.job(second).state == "encoding"
    assert outcomes(rig, held.spec.task_id) == [(1, "alpha", "cancelled", "")]
    beat = heartbeat(rig.db, node, [Progress(task_id=held.spec.task_id, token=held.token)], policy=POLICY)
    assert [stop.reason for stop in beat.stop] == ["cancelled"]
    notify = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work
    assert isinstance(notify, NotifyWork)
    assert "Result=Failed&ErrorCode=cancelled" in notify.body
    with pytest.raises(ConflictError):
        cancel_job(rig.db, rig.account_id, first, POLICY)
    with pytest.raises(NotFoundError):
        cancel_job(rig.db, rig.account("stranger"), second, POLICY)


def test_a_cancelled_ingest_takes_its_jobs_with_it(rig: Rig) -> None:
    created = rig.create(MP4, WEBM)

    cancel_ingest(rig.db, rig.account_id, created.ingest_id, POLICY)

    assert rig.ingest(created.ingest_id).state == "cancelled"
    assert [rig.job(job.job_id).state for job in created.jobs] == ["cancelled", "cancelled"]
    assert [task.state for task in rig.tasks(kind="ingest")] == ["cancelled"]
    assert rig.medium(created.input_media_id).state == "failed"
    with pytest.raises(ConflictError):
        cancel_ingest(rig.db, rig.account_id, created.ingest_id, POLICY)
    with pytest.raises(NotFoundError):
        cancel_ingest(rig.db, rig.account("stranger"), created.ingest_id, POLICY)
