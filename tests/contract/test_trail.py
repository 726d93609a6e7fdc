"""The request behind a job: kept with what it made, handed to the nodes, and told of in the logs."""

import structlog
from sqlalchemy import insert, text

from reelyard.cluster.logs import bound
from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from scheduler.store.ids import new_id
from scheduler.store.tables import media
from scheduler.usecases.expire_leases import expire_leases
from scheduler.usecases.read_timeline import read_timeline
from scheduler.usecases.retry_job import retry_job
from scheduler.usecases.task_fields import task_fields
from tests.contract.lifecycle_rig import POLICY, Rig


def test_every_task_of_a_job_carries_the_request_that_made_it(rig: Rig) -> None:
    node = rig.node("alpha")
    with bound(request_id="req-1"):
        created = rig.create()
    job_id = created.jobs[0].job_id

    specs = [rig.do(node, queue) for queue in (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)]

    assert [spec.request_id for spec in specs] == ["req-1"] * 4
    assert [spec.traceparent for spec in specs] == [""] * 4
    assert rig.ingest(created.ingest_id).request_id == "req-1"
    assert read_timeline(rig.db, job_id).request_id == "req-1"


def test_a_job_that_is_tried_again_keeps_its_own_request(rig: Rig) -> None:
    node = rig.node("alpha")
    with bound(request_id="req-1"):
        job_id = rig.create().jobs[0].job_id
    rig.through(node, Queue.INGEST)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.INCOMPATIBLE_FORMAT)
    assert rig.job(job_id).state == "failed"

    with bound(request_id="req-2"):
        retry_job(rig.db, rig.account_id, job_id, POLICY)

    assert rig.take(node, Queue.ENCODE_CPU).spec.request_id == "req-1"


def test_a_job_of_an_older_scheduler_has_no_request(rig: Rig) -> None:
    job = rig.job(rig.create().jobs[0].job_id)
    known_to_it = {name: value for name, value in job._mapping.items() if name not in ("request_id", "traceparent")}
    output = rig.medium(job.output_media_id)._mapping
    names = ", ".join(known_to_it)
    with rig.db.write() as conn:
        media_id, job_id = new_id(conn, "media"), new_id(conn, "job")
        conn.execute(insert(media).values({**output, "id": media_id}))
        own = {"id": job_id, "output_media_id": media_id}
        copied = ", ".join(str(own.get(name, name)) for name in known_to_it)
        conn.execute(text(f"INSERT INTO jobs ({names}) SELECT {copied} FROM jobs WHERE id = {job.id}"))

    assert (rig.job(job_id).request_id, rig.job(job_id).traceparent) == ("", "")


def test_a_task_is_due_from_when_it_may_run(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.create()
    (task,) = rig.tasks()
    assert task.due_ms == task.created_ms

    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_UNREACHABLE)

    (task,) = rig.tasks()
    assert task.not_before_ms > task.created_ms
    assert task.due_ms == task.not_before_ms
    rig.end_waits()
    rig.take(node, Queue.INGEST)
    assert rig.task(task.id).due_ms == task.due_ms


def test_a_task_that_a_sweep_takes_back_is_told_with_its_owner(rig: Rig) -> None:
    node = rig.node("alpha")
    with bound(request_id="req-1"):
        created = rig.create()
    held = rig.take(node, Queue.INGEST)
    rig.let_lapse(held.spec.task_id)

    with structlog.testing.capture_logs() as lines:
        assert expire_leases(rig.db, POLICY) == [held.spec.task_id]

    (line,) = [line for line in lines if line["event"] == "lease_lapsed"]
    wanted = {"task_id": held.spec.task_id, "ingest_id": created.ingest_id, "attempt": 1, "request_id": "req-1"}
    assert wanted.items() <= line.items()
    assert "job_id" not in line


def test_the_log_names_a_task_and_the_node_that_speaks_of_it(rig: Rig) -> None:
    node = rig.node("alpha")
    job_id = rig.create().jobs[0].job_id
    rig.through(node, Queue.INGEST)
    spec = rig.take(node, Queue.ENCODE_CPU).spec

    assert task_fields(rig.db, spec.task_id, node) == {
        "task_id": spec.task_id,
        "attempt": 1,
        "kind": "encode",
        "job_id": job_id,
        "node": "alpha",
    }
    assert task_fields(rig.db, 999_999) == {"task_id": 999_999}
