"""What is committed is counted, once: whatever transactions do, and over all schedulers."""

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from reelyard.cluster import tracing
from reelyard.cluster.tracing import Kind
from reelyard.cluster.work import Queue
from reelyard.media.errors import ConflictError
from scheduler.domain.job import JOB, JobEvent
from scheduler.domain.task import TaskEvent
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.job_queries import lock_job
from scheduler.store.tables import events
from scheduler.store.task_queries import lock_task, move_task
from scheduler.store.transitions import transition
from scheduler.usecases.expire_leases import expire_leases
from tests.contract.lifecycle_rig import POLICY, Rig
from tests.contract.metrics_rig import ALL, Counted
from tests.e2e.otlp_receiver import Collector
from tests.secret_key import SEALER


def cancel(conn: Connection, job_id: int) -> None:
    """The transition alone."""
    transition(conn, JOB, lock_job(conn, job_id), JobEvent.CANCEL, ended_ms=now_ms())


def test_a_transaction_that_is_rolled_back_counts_nothing(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id
    held = counted.take(counted.node("alpha"), Queue.INGEST)

    def cancel_and_break(conn: Connection) -> None:
        cancel(conn, job_id)
        task = lock_task(conn, held.spec.task_id)
        assert task is not None
        move_task(conn, task, TaskEvent.CANCEL, ended_ms=now_ms())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        counted.db.transact(cancel_and_break)

    assert counted.job(job_id).state == "importing"
    assert counted.shown("jobs_finished_total") == {}
    assert counted.shown("tasks_interrupted_total") == {}


def test_a_transaction_that_is_run_again_counts_once(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id
    runs: list[int] = []

    def cancel_at_last(conn: Connection) -> None:
        runs.append(1)
        cancel(conn, job_id)
        if len(runs) < 3:
            raise OperationalError("", {}, LostError())

    counted.db.transact(cancel_at_last)

    assert len(runs) == 3
    assert counted.shown("jobs_finished_total") == {("cancelled", "cancelled", "mp4/h264"): 1}


class LostError(Exception):
    """What either driver's error looks like for a transaction that lost against another and may be run again."""

    sqlstate = "40P01"
    sqlite_errorname = "SQLITE_BUSY"


def test_a_commit_that_fails_counts_nothing(counted: Counted) -> None:
    """Deferred constraints are checked at the commit: the last moment at which a transaction can fail."""
    job_id = counted.create().jobs[0].job_id
    counted.change(text("CREATE TABLE late (id INT PRIMARY KEY, of INT REFERENCES late DEFERRABLE INITIALLY DEFERRED)"))

    def cancel_and_dangle(conn: Connection) -> None:
        cancel(conn, job_id)
        conn.execute(text("INSERT INTO late VALUES (1, 2)"))

    with pytest.raises(IntegrityError):
        counted.db.transact(cancel_and_dangle)

    assert counted.job(job_id).state == "queued"
    assert counted.shown("jobs_finished_total") == {}


def test_a_refused_transition_counts_nothing(counted: Counted) -> None:
    job_id = counted.create().jobs[0].job_id

    with counted.db.write() as conn, pytest.raises(ConflictError):
        transition(conn, JOB, lock_job(conn, job_id), JobEvent.DISTRIBUTED, ended_ms=now_ms())

    assert counted.shown("jobs_finished_total") == {}


def test_the_sum_over_two_schedulers_is_what_happened(counted: Counted, empty_database_url: str) -> None:
    other = Counted(empty_database_url, "second")
    for _ in range(3):
        counted.create()
    node = counted.node("alpha")

    counted.through(node, *ALL)
    for queue in ALL:
        held = counted.take(node, queue)  # claimed through one scheduler, finished through the other
        other.finish(held)
    other.through(node, *ALL)
    counted.create()
    held = other.take(node, Queue.INGEST)
    counted.let_lapse(held.spec.task_id)
    taken_back = [expire_leases(each.db, POLICY) for each in (counted, other)]

    assert [len(each) for each in taken_back] == [1, 0]
    completed = [
        each.value("jobs_finished_total", outcome="completed", profile="mp4/h264", error_class="none")
        for each in (counted, other)
    ]
    assert completed == [1, 2]
    waits = [each.value("job_queue_wait_seconds_count", queue="ingest") for each in (counted, other)]
    with counted.db.read() as conn:
        claims = conn.execute(select(func.count()).where(events.c.event == TaskEvent.CLAIM)).scalar_one()
    assert sum(waits) == 4
    assert claims == 13
    both = [(each, queue) for each in (counted, other) for queue in ALL]
    assert sum(each.value("job_queue_wait_seconds_count", queue=queue) for each, queue in both) == claims
    assert [each.value("task_leases_expired_total", queue="ingest") for each in (counted, other)] == [1, 0]
    other.db.close()


def test_what_was_committed_does_not_fail_because_nobody_could_count_it(empty_database_url: str) -> None:
    def broken(_moves: object) -> None:
        raise KeyError("spec")

    rig = Rig(Database(empty_database_url, SEALER, after_commit=broken))
    with capture_logs() as logs:
        created = rig.create()

    assert rig.job(created.jobs[0].job_id).state == "queued"
    assert "moves_not_told" in {line["event"] for line in logs}
    rig.db.close()


def test_what_is_committed_inside_a_trace_leads_to_it(counted: Counted) -> None:
    trace_id = "a" * 32
    with (
        Collector() as collector,
        tracing.tracing(service="x", url=collector.url, sample_ratio=1.0),
        tracing.begun("a", Kind.SERVER, traceparent=f"00-{trace_id}-{'b' * 16}-01"),
    ):
        job_id = counted.create().jobs[0].job_id

    assert counted.exemplars("jobs_submitted_total") == [{"job_id": str(job_id), "trace_id": trace_id}]
