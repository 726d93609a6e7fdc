"""The state of an installation as its gauges show it, and what a scrape costs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event, text, update

from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore, StorageError
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from scheduler.domain.job import JOB
from scheduler.domain.task import TASK
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import OPEN_JOBS, OPEN_TASKS, nodes, tasks, upkeep
from scheduler.store.upkeep_queries import end_turn, stop_turn, take_turn
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.sweep_orphans import MARK_KEY, sweep_orphans
from tests.contract.lifecycle_rig import GPU_QUEUES, MP4, POLICY, Rig

HOUR_MS = 3_600_000
TOLD = OutputRequest(
    output_format_id=0, container="mp4", ping_url="https://hooks.example/x", notification_email="ops@example.com"
)
ALL = (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)


class Scraped:
    """The gauges of one scheduler, read anew for each scrape."""

    def __init__(self, database: Database, holder: str = "me") -> None:
        self.registry = CollectorRegistry()
        self.registry.register(BacklogCollector(database, holder=holder))

    def all(self, name: str) -> dict[tuple[str, ...], float]:
        """Every sample of a gauge, by its labels in the order of their names."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == f"reelyard_{name}"
        }

    def some(self, name: str) -> dict[tuple[str, ...], float]:
        """Those that are not 0.

        Raises:
            LookupError: nothing is shown, not even 0.
        """
        found = self.all(name)
        if not found:
            raise LookupError(f"no series of reelyard_{name}")
        return {labels: value for labels, value in found.items() if value}


@pytest.fixture
def scraped(rig: Rig) -> Scraped:
    return Scraped(rig.db)


def test_the_indexes_of_what_is_open_say_what_the_life_cycles_say() -> None:
    def words(states: Any) -> str:
        return "state IN (" + ", ".join(f"'{state}'" for state in states) + ")"

    assert words(TASK.active) == OPEN_TASKS
    assert words(JOB.active) == OPEN_JOBS


def test_an_empty_installation_shows_zeros(scraped: Scraped) -> None:
    assert scraped.all("database_up") == {(): 1}
    assert scraped.all("jobs") == {(state,): 0 for state in JOB.active}
    assert len(scraped.all("tasks")) == len(Queue) * 4
    assert len(scraped.all("nodes")) == 10
    for name in ("queue_oldest_task_age_seconds", "queue_slots", "queue_slots_in_use", "queue_nodes"):
        assert scraped.all(name) == {(queue,): 0 for queue in Queue}
    for name in ("outbox_pending", "outbox_oldest_age_seconds"):
        assert scraped.all(name) == {(queue,): 0 for queue in Queue}
    assert scraped.all("webhook_pending") == {("ping",): 0, ("mail",): 0}
    assert scraped.all("upkeep_overdue_seconds") == {("orphans",): 0}
    assert scraped.all("scheduler_leader") == {(): 0}


def test_jobs_and_tasks_by_state(rig: Rig, scraped: Scraped) -> None:
    for _ in range(5):
        rig.create()
    node = rig.node("alpha", slots={Queue.INGEST: 1})
    held = rig.take(node, Queue.INGEST)
    rig.fail(held, ErrorCode.SOURCE_UNREACHABLE)
    rig.try_claim(node, rig.queued(Queue.INGEST)[0])

    assert scraped.some("jobs") == {("importing",): 2, ("queued",): 3}
    assert scraped.some("tasks") == {
        ("ingest", "waiting"): 3,
        ("ingest", "delayed"): 1,
        ("ingest", "running"): 1,
    }


def test_the_age_of_the_oldest_task_is_from_when_it_was_due(rig: Rig, scraped: Scraped) -> None:
    rig.create()
    rig.create()
    ids = [task.id for task in rig.tasks()]
    rig.change(update(tasks).values(created_ms=tasks.c.created_ms - 100 * HOUR_MS))
    rig.change(update(tasks).where(tasks.c.id == ids[0]).values(due_ms=now_ms() - 60_000))
    later = now_ms() + HOUR_MS
    rig.change(update(tasks).where(tasks.c.id == ids[1]).values(due_ms=later, not_before_ms=later))

    (age,) = scraped.some("queue_oldest_task_age_seconds").items()

    assert age[0] == ("ingest",)
    assert 60 <= age[1] < 1800
    rig.hints(Queue.INGEST)  # no node is there: it is due, and stays so
    rig.take(rig.node("alpha"), Queue.INGEST)
    rig.change(update(tasks).where(tasks.c.id == ids[1]).values(due_ms=later))
    assert scraped.some("queue_oldest_task_age_seconds") == {}


def test_a_task_whose_due_time_an_older_scheduler_did_not_write_has_no_age(rig: Rig, scraped: Scraped) -> None:
    rig.create()
    rig.change(update(tasks).values(due_ms=0))

    assert scraped.some("queue_oldest_task_age_seconds") == {}
    assert scraped.some("tasks") == {("ingest", "waiting"): 1}


def test_hints_that_are_out(rig: Rig, scraped: Scraped) -> None:
    for _ in range(3):
        rig.create()
    node = rig.node("alpha", slots={Queue.INGEST: 1})
    rig.hints(Queue.INGEST)
    rig.change(update(tasks).where(tasks.c.state == "queued").values(queued_ms=tasks.c.queued_ms - 60_000))

    assert scraped.some("outbox_pending") == {("ingest",): 2}
    assert 60 <= scraped.all("outbox_oldest_age_seconds")["ingest",] < 1800
    for hint in rig.queued(Queue.INGEST):
        rig.try_claim(node, hint)
    assert scraped.some("outbox_pending") == scraped.some("outbox_oldest_age_seconds") == {}


def test_notifications_that_are_not_delivered(rig: Rig, scraped: Scraped) -> None:
    rig.create(TOLD)
    node = rig.node("alpha")
    rig.through(node, *ALL)
    assert scraped.some("webhook_pending") == {("ping",): 1, ("mail",): 1}

    rig.fail(rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY), ErrorCode.DELIVERY_FAILED)
    assert scraped.some("tasks")["distribute", "delayed"] == 1
    rig.do(node, Queue.DISTRIBUTE, TaskKind.MAIL)

    assert scraped.some("webhook_pending") == {("ping",): 1}


def test_nodes_and_what_they_offer(rig: Rig, scraped: Scraped) -> None:
    rig.create()
    rig.create()
    busy = rig.node("busy")
    rig.node("idle")
    rig.node("gpu", slots=GPU_QUEUES)
    draining, aside, lost, long_lost, left = (rig.node(name) for name in ("d", "a", "l", "ll", "left"))
    rig.take(busy, Queue.INGEST)
    rig.take(draining, Queue.INGEST)
    heartbeat(rig.db, draining, [], policy=POLICY, draining=True)
    rig.change(update(nodes).where(nodes.c.id == aside).values(set_aside_until_ms=now_ms() + HOUR_MS))
    rig.change(update(nodes).where(nodes.c.id == lost).values(state="lost", seen_ms=now_ms() - HOUR_MS // 2))
    rig.change(update(nodes).where(nodes.c.id == long_lost).values(state="lost", seen_ms=now_ms() - 2 * HOUR_MS))
    rig.change(update(nodes).where(nodes.c.id == left).values(state="left"))

    assert scraped.some("nodes") == {
        ("cpu", "busy"): 1,
        ("cpu", "ready"): 1,
        ("nvidia", "ready"): 1,
        ("cpu", "draining"): 1,
        ("cpu", "set_aside"): 1,
        ("cpu", "lost"): 1,
    }
    assert scraped.some("queue_nodes") == {(queue,): 4 for queue in ALL} | {("encode.gpu",): 1}
    assert scraped.some("queue_slots") == {(queue,): 16 for queue in ALL} | {("encode.gpu",): 2}
    assert scraped.some("queue_slots_in_use") == {("ingest",): 1}
    assert scraped.all("tasks")["ingest", "running"] == 2


def test_turns_at_upkeep(rig: Rig, scraped: Scraped) -> None:
    other = Scraped(rig.db, "somebody else")
    with rig.db.write() as conn:
        take_turn(conn, "orphans", "me", lease_ms=HOUR_MS)
    assert (scraped.all("scheduler_leader"), other.all("scheduler_leader")) == ({(): 1}, {(): 0})
    assert scraped.all("upkeep_overdue_seconds") == {("orphans",): 0}

    with rig.db.write() as conn:
        end_turn(conn, "orphans", "me", next_in_ms=HOUR_MS)
    assert scraped.all("scheduler_leader") == {(): 0}
    assert scraped.all("upkeep_overdue_seconds") == {("orphans",): 0}

    rig.change(update(upkeep).values(next_ms=now_ms() - HOUR_MS))
    assert 3600 <= scraped.all("upkeep_overdue_seconds")["orphans",] < 2 * 3600


def sweep_badly(rig: Rig, store: ObjectStore) -> None:
    """Have the sweep, which is due, meet a store of another installation."""
    rig.change(update(upkeep).values(next_ms=0))
    with pytest.raises(StorageError):
        sweep_orphans(rig.db, store, POLICY, holder="me")


def let_pass(rig: Rig, milliseconds: int) -> None:
    rig.change(
        update(upkeep).values(
            next_ms=upkeep.c.next_ms - milliseconds, failed_next_ms=upkeep.c.failed_next_ms - milliseconds
        )
    )


@pytest.fixture
def foreign_store(tmp_path: Path) -> Iterator[ObjectStore]:
    mark = tmp_path / "store" / MARK_KEY
    mark.parent.mkdir(parents=True)
    mark.write_text("of somebody else")
    opened = open_store((tmp_path / "store").as_uri())
    yield opened
    opened.close()


def test_an_upkeep_that_fails_each_time_is_overdue_since_its_second_try_was_due(
    rig: Rig, scraped: Scraped, foreign_store: ObjectStore
) -> None:
    sweep_badly(rig, foreign_store)
    assert scraped.all("upkeep_overdue_seconds") == {("orphans",): 0}, "one failure is no alarm"

    let_pass(rig, HOUR_MS)
    sweep_badly(rig, foreign_store)
    let_pass(rig, HOUR_MS)
    sweep_badly(rig, foreign_store)

    assert 3600 <= scraped.all("upkeep_overdue_seconds")["orphans",] < 2 * 3600


def test_an_upkeep_that_is_at_it_again_is_overdue_until_it_is_done(
    rig: Rig, scraped: Scraped, foreign_store: ObjectStore
) -> None:
    sweep_badly(rig, foreign_store)
    let_pass(rig, 2 * HOUR_MS)
    with rig.db.write() as conn:
        take_turn(conn, "orphans", "me", lease_ms=HOUR_MS)
    assert 3600 <= scraped.all("upkeep_overdue_seconds")["orphans",] < 2 * 3600

    with rig.db.write() as conn:
        stop_turn(conn, "orphans", "me")
    assert 3600 <= scraped.all("upkeep_overdue_seconds")["orphans",] < 2 * 3600, "it was only stopped"

    foreign_store.delete(MARK_KEY)
    sweep_orphans(rig.db, foreign_store, POLICY, holder="me")
    assert scraped.all("upkeep_overdue_seconds") == {("orphans",): 0}


def test_a_holder_that_died_is_no_leader_and_its_work_is_overdue_from_then(rig: Rig, scraped: Scraped) -> None:
    with rig.db.write() as conn:
        take_turn(conn, "orphans", "me", lease_ms=HOUR_MS)
    rig.change(update(upkeep).values(held_until_ms=now_ms() - 60_000))

    assert scraped.all("scheduler_leader") == {(): 0}
    assert 60 <= scraped.all("upkeep_overdue_seconds")["orphans",] < 1800  # not since 1970


def test_without_a_database_the_rest_is_still_there(postgresql: Any) -> None:
    database = Database(postgresql.url.replace(str(postgresql.port()), "9"))
    down = Scraped(database)

    shown = {metric.name: [sample.value for sample in metric.samples] for metric in down.registry.collect()}

    assert shown == {"reelyard_database_up": [0]}
    database.close()


def test_a_database_without_its_tables_is_not_up(empty_database_url: str) -> None:
    """As it is until the scheduler that starts has migrated it."""
    database = Database(empty_database_url)

    assert Scraped(database).all("database_up") == {(): 0}
    database.close()


def test_a_database_that_says_nothing_does_not_hold_a_scrape_up(rig: Rig) -> None:
    if rig.db.dialect != "postgresql":
        return  # SQLite's readers wait for nobody
    registry = CollectorRegistry()
    registry.register(BacklogCollector(rig.db, wait_s=0.2))
    with rig.db.write() as conn:
        conn.execute(text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
        silent = registry.get_sample_value("reelyard_database_up")

    assert silent == 0
    patient = Scraped(rig.db)
    assert patient.all("database_up") == {(): 1}


def test_names_are_known_without_a_database() -> None:
    database = Database("postgresql://user:password@127.0.0.1:9/none")
    described = {metric.name for metric in BacklogCollector(database).describe()}

    assert {"reelyard_database_up", "reelyard_tasks", "reelyard_nodes"} <= described
    database.close()


def test_a_scrape_reads_no_table_for_its_counts(rig: Rig) -> None:
    """With 100,000 tasks that wait and as many that have ended, counting is one walk over the index of open ones."""
    fill(rig, 100_000)
    plans = list(explained(rig, Scraped(rig.db)))

    assert len(plans) >= 4
    for table in ("tasks", "jobs"):
        of_table = [plan for plan in plans if f"FROM {table}" in plan[0]]
        assert of_table
        for sql, plan in of_table:
            assert reads_indexes_alone(rig, sql, plan, table), (sql, plan)


NUMBERS = """
    INSERT INTO objects (id, kind)
    WITH RECURSIVE numbers(id) AS (SELECT 1000000 UNION ALL SELECT id + 1 FROM numbers WHERE id < 999999 + :count)
    SELECT id, 'task' FROM numbers
"""
MANY_TASKS = """
    INSERT INTO tasks (id, part, account_id, ingest_id, kind, queue, state, priority, work, attempt, failures, losses,
                       not_before_ms, avoid_node, progress_permille, created_ms, due_ms)
    SELECT objects.id, objects.id, tasks.account_id, tasks.ingest_id, 'ingest', 'ingest',
           CASE WHEN objects.id % 2 = 0 THEN 'waiting' ELSE 'done' END, 0, tasks.work, 1, 0, 0,
           0, '', 0, tasks.created_ms, tasks.due_ms - objects.id % 1000
    FROM objects CROSS JOIN tasks WHERE objects.id >= 1000000
"""


def fill(rig: Rig, count: int) -> None:
    """So many waiting tasks and so many that have ended, of one ingest."""
    rig.create(MP4)
    rig.change(text(NUMBERS).bindparams(count=2 * count))
    rig.change(text(MANY_TASKS))
    with rig.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE tasks" if rig.db.dialect == "postgresql" else "PRAGMA optimize")


def explained(rig: Rig, scraped: Scraped) -> Iterator[tuple[str, str]]:
    """The queries of a scrape that name a table, with their plans."""
    queries: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if "FROM" in sql:
            queries.append((sql, parameters))

    event.listen(rig.db.engine, "before_cursor_execute", note)
    assert scraped.all("tasks")["ingest", "waiting"] == 100_001
    event.remove(rig.db.engine, "before_cursor_execute", note)
    how = "EXPLAIN" if rig.db.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
    with rig.db.engine.connect() as conn:
        for sql, parameters in queries:
            plan = conn.exec_driver_sql(f"{how} {sql}", parameters).all()
            yield " ".join(sql.split()), "\n".join(str(row[-1]) for row in plan)


def reads_indexes_alone(rig: Rig, sql: str, plan: str, table: str) -> bool:
    """Whether a plan walks an index of open rows, or seeks the few that run."""
    if "tasks.state =" in sql:  # the running tasks, of which there are no more than slots
        return "ix_tasks_" in plan and "Seq Scan" not in plan and "SCAN" not in plan
    index = "ix_tasks_open_media" if "media_ms" in sql else f"ix_{table}_open"
    if rig.db.dialect == "postgresql":
        small = table == "jobs"  # a table of one row is read as it is
        return f"Index Only Scan using {index}" in plan or small
    return f"USING COVERING INDEX {index}" in plan
