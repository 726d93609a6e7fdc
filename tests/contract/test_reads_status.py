"""What people are shown of a cluster and of a job: the numbers of the database, and no secret."""

import pytest
from sqlalchemy import update

from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from scheduler.errors import JobNotFoundError
from scheduler.store.clock import now_ms
from scheduler.store.tables import nodes, tasks
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.read_status import read_status
from scheduler.usecases.read_timeline import Timeline, read_timeline
from tests.contract.lifecycle_rig import MP4, WEBM, Rig


def what(timeline: Timeline, subject: str) -> list[str]:
    return [moment.what for moment in timeline.moments if moment.subject.startswith(subject)]


def test_queues_nodes_and_jobs_are_shown_as_they_are(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id, other_id = (each.job_id for each in rig.create(MP4, WEBM).jobs)
    rig.do(node, Queue.INGEST)
    rig.take(node, Queue.ENCODE_CPU)

    status = read_status(rig.db, most_jobs=10)

    cpu = next(each for each in status.queues if each.queue == Queue.ENCODE_CPU)
    assert (cpu.slots, cpu.tasks["running"], cpu.tasks["queued"]) == (4, 1, 1)
    (alpha,) = status.nodes
    assert (alpha.name, alpha.state, alpha.running, alpha.slots) == ("alpha", "live", 1, 16)
    assert [(each.job_id, each.state, each.importing_progress) for each in status.jobs] == [
        (job_id, "encoding", 100),
        (other_id, "encoding", 100),
    ]
    assert [each.nodes for each in status.jobs] == [("alpha",), ()]
    assert status.jobs[0].account == "first"


def test_a_queue_that_nobody_serves_is_shown_without_slots(rig: Rig) -> None:
    rig.create()

    status = read_status(rig.db, most_jobs=10)

    assert [(each.queue, each.slots, each.tasks["waiting"]) for each in status.queues] == [("ingest", 0, 1)]


def test_what_waits_for_a_set_time_is_told_apart(rig: Rig) -> None:
    rig.create(MP4)
    later = now_ms() + 60_000
    rig.change(update(tasks).values(not_before_ms=later, due_ms=later))

    (ingest,) = read_status(rig.db, most_jobs=10).queues

    assert (ingest.tasks["waiting"], ingest.delayed, ingest.oldest_ms) == (1, 1, 0)


def test_nodes_that_left_are_gone_and_lost_ones_are_shown(rig: Rig) -> None:
    rig.node("stays")
    leave_node(rig.db, rig.node("left"))
    lost = rig.node("lost")
    rig.change(update(nodes).where(nodes.c.id == lost).values(state="lost", set_aside_until_ms=now_ms() + 60_000))

    shown = {each.name: each for each in read_status(rig.db, most_jobs=1).nodes}

    assert {name: each.state for name, each in shown.items()} == {"stays": "live", "lost": "lost"}
    assert 0 < shown["lost"].set_aside_ms <= 60_000
    assert shown["stays"].set_aside_ms == 0


def test_only_so_many_jobs_are_listed_and_all_are_counted(rig: Rig) -> None:
    waiting = rig.create(MP4).jobs[0].job_id
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    rig.create(MP4)

    status = read_status(rig.db, most_jobs=1)

    assert ([each.job_id for each in status.jobs], status.active_jobs) == ([waiting], 2)


def test_a_time_line_tells_all_that_happened_in_order(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(MP4).jobs[0].job_id
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.ENCODE_CPU)
    rig.fail(held, ErrorCode.ENCODE_FAILED, "the encoder broke")

    timeline = read_timeline(rig.db, job_id)

    times = [moment.at_ms for moment in timeline.moments]
    assert times == sorted(times)
    assert what(timeline, f"job {job_id}") == ["create: queued", "start: importing", "plan: encoding"]
    assert what(timeline, "ingest task")[-1] == "finish: done"
    assert "attempt 1 on alpha failed" in what(timeline, "encode task")
    (told,) = [moment.detail for moment in timeline.moments if moment.what == "attempt 1 on alpha failed"]
    assert told == "encode_failed: the encoder broke"


def test_a_time_line_says_why_a_job_failed_and_holds_no_secret(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create(MP4).jobs[0].job_id
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_NOT_FOUND, "no such file")

    timeline = read_timeline(rig.db, job_id)

    assert (timeline.state, timeline.error_code) == ("failed", "source_not_found")
    assert "secret" not in repr(timeline)
    assert "signature" not in repr(timeline)


def test_there_is_no_time_line_of_what_is_no_job(rig: Rig) -> None:
    created = rig.create(MP4)

    for other in (created.ingest_id, 999_999):
        with pytest.raises(JobNotFoundError, match=str(other)):
            read_timeline(rig.db, other)
