"""Who uses the installation, and what work was lost, on either database."""

from sqlalchemy import event, insert, text, update

from reelyard.cluster.work import Queue
from reelyard.media.errors import ErrorCode
from scheduler.store.clock import now_ms
from scheduler.store.tables import attempts, tasks
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.expire_leases import expire_leases
from scheduler.usecases.read_usage import read_losses, read_usage
from scheduler.usecases.release_task import release_task
from tests.contract.lifecycle_rig import MP4, POLICY, WEBM, Rig

HOUR_MS = 3_600_000


def test_an_account_is_shown_with_its_jobs_its_node_time_and_its_bytes(rig: Rig) -> None:
    node = rig.node("alpha")
    done = rig.create(MP4, WEBM).jobs
    rig.do(node, Queue.INGEST)
    encode = rig.take(node, Queue.ENCODE_CPU)
    rig.change(
        update(attempts)
        .where(attempts.c.task_id == encode.spec.task_id)
        .values(started_ms=attempts.c.started_ms - 60_000)
    )
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.INCOMPATIBLE_FORMAT, "no")

    (first,) = [row for row in read_usage(rig.db, since_ms=HOUR_MS) if row.name == "first"]

    assert (first.asked, first.active, first.running) == (len(done), 1, 1)
    assert first.ended == {"failed": 1}
    assert 60_000 <= first.encode_ms < 120_000
    assert first.stored_bytes > 0


def test_what_is_older_than_asked_for_does_not_count(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.create(MP4)
    rig.do(node, Queue.INGEST)
    rig.change(update(attempts).values(started_ms=attempts.c.started_ms - 2 * HOUR_MS))

    (first,) = [row for row in read_usage(rig.db, since_ms=HOUR_MS) if row.name == "first"]

    assert (first.asked, first.encode_ms + first.other_ms) == (1, 0)


def test_lost_handed_back_and_cancelled_work_is_listed_with_what_became_of_it(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.create(MP4, MP4, MP4)
    rig.do(node, Queue.INGEST)
    lost, released, cancelled = (rig.take(node, Queue.ENCODE_CPU) for _ in range(3))
    rig.change(update(tasks).where(tasks.c.id == lost.spec.task_id).values(lease_until_ms=now_ms() - 1))
    expire_leases(rig.db, POLICY)
    release_task(rig.db, node, released.spec.task_id, released.token)
    cancel_job(rig.db, rig.account_id, cancelled.spec.job_id, POLICY)

    found = {loss.task_id: loss for loss in read_losses(rig.db, since_ms=HOUR_MS, most=10)}

    assert {task: (loss.outcome, loss.task_state) for task, loss in found.items()} == {
        lost.spec.task_id: ("lost", "waiting"),
        released.spec.task_id: ("released", "waiting"),
        cancelled.spec.task_id: ("cancelled", "cancelled"),
    }
    assert {loss.node_name for loss in found.values()} == {"alpha"}
    assert len(read_losses(rig.db, since_ms=HOUR_MS, most=2)) == 2


def test_work_that_ended_well_is_not_a_loss(rig: Rig) -> None:
    node = rig.node("alpha")
    rig.create(MP4)
    rig.do(node, Queue.INGEST)

    assert read_losses(rig.db, since_ms=HOUR_MS, most=10) == ()


def test_node_time_is_read_by_an_index_on_time_and_not_from_all_attempts_that_ever_were(rig: Rig) -> None:
    rig.create(MP4)
    (task,) = rig.tasks(kind="ingest")
    row = {"task_id": task.id, "node_id": "n", "node_name": "n", "outcome": "done", "ended_ms": 1}
    rig.change(insert(attempts).values([row | {"attempt": 1 + n, "started_ms": 1 + n} for n in range(3_000)]))
    rig.change(text("ANALYZE"))
    queries = []

    def note(_conn: object, _cursor: object, sql: str, parameters: object, *_rest: object) -> None:
        if "FROM tasks JOIN attempts" in " ".join(sql.split()):
            queries.append((sql, parameters))

    event.listen(rig.db.engine, "before_cursor_execute", note)
    read_usage(rig.db, since_ms=HOUR_MS)
    event.remove(rig.db.engine, "before_cursor_execute", note)
    how = "EXPLAIN" if rig.db.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
    ((sql, parameters),) = queries
    with rig.db.engine.connect() as conn:
        plan = "\n".join(str(line[-1]) for line in conn.exec_driver_sql(f"{how} {sql}", parameters))

    assert "ix_attempts_started_ms" in plan
    assert "Seq Scan on attempts" not in plan
    assert "SCAN attempts" not in plan
