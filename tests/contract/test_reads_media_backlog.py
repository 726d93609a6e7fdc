"""The backlog in seconds of media, by which pools are scaled."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text, update

from reelyard.cluster.node_client import Progress
from reelyard.cluster.work import Queue, TaskKind
from reelyard.media.errors import ErrorCode
from reelyard.media.output import OutputRequest
from scheduler.domain.media_time import FIRST_GUESS_MS, LIGHT_MS
from scheduler.entrypoints.backlog_metrics import BacklogCollector
from scheduler.store.tables import media, tasks
from scheduler.usecases.heartbeat import heartbeat
from scheduler.usecases.leave_node import leave_node
from scheduler.usecases.read_media_backlog import open_media, read_media_backlog
from scheduler.usecases.retry_job import retry_job
from tests.contract.lifecycle_rig import ALL_QUEUES, MP4, POLICY, Held, Rig

CLIP_S = 2.0
FIRST_GUESS_S = FIRST_GUESS_MS / 1000
LIGHT_S = LIGHT_MS / 1000
PINGED = OutputRequest(output_format_id=0, container="mp4", ping_url="http://hooks.example/done")


def backlog(rig: Rig) -> dict[str, float]:
    """The queues that have something to do."""
    return {queue: seconds for queue, seconds in read_media_backlog(rig.db).items() if seconds}


def encodes(rig: Rig) -> float:
    return read_media_backlog(rig.db)[Queue.ENCODE_CPU]


def progress(rig: Rig, held: Held, permille: int) -> None:
    item = Progress(task_id=held.spec.task_id, token=held.token, permille=permille)
    heartbeat(rig.db, held.node_id, [item], policy=POLICY)


def test_every_queue_is_there_and_empty_before_anything_was_asked(rig: Rig) -> None:
    assert read_media_backlog(rig.db) == dict.fromkeys(Queue, 0.0)


def test_an_ingest_counts_as_a_first_guess_and_then_as_the_mean_of_recent_inputs(rig: Rig) -> None:
    rig.create()
    rig.create()
    assert backlog(rig) == {"ingest": 2 * FIRST_GUESS_S}

    rig.do(rig.node("alpha"), Queue.INGEST)

    assert backlog(rig) == {"ingest": CLIP_S, "encode.cpu": CLIP_S}


def test_an_input_longer_than_36_minutes_is_no_negative_number(rig: Rig) -> None:
    rig.create()
    rig.create()
    rig.do(rig.node("alpha"), Queue.INGEST)
    (done, _) = rig.tasks(kind="ingest")
    medium = rig.ingest(done.ingest_id).input_media_id
    long = rig.medium(medium).info | {"duration_us": 7_200_000_000}
    rig.change(update(media).where(media.c.id == medium).values(info=long))

    assert backlog(rig)["ingest"] == 7200


def test_a_job_counts_its_duration_in_the_queue_where_it_is(rig: Rig) -> None:
    rig.create(PINGED)
    node = rig.node("alpha")
    found = []
    for queue in (Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE):
        rig.do(node, queue)
        found.append(backlog(rig))

    clean = LIGHT_S  # of the ingest; that its time came is the rig's doing
    assert found[0] == {"encode.cpu": CLIP_S}, "the clean-up waits for its time"
    assert found[1:3] == [{"store": CLIP_S + clean}, {"store": clean, "distribute": CLIP_S}]
    assert found[3] == {"store": clean, "distribute": LIGHT_S}, "the notification"


def test_what_a_running_task_has_done_does_not_count(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    rig.hints(Queue.ENCODE_CPU)
    assert encodes(rig) == CLIP_S, "a hint that is out counts whole"
    held = rig.take(node, Queue.ENCODE_CPU)
    assert encodes(rig) == CLIP_S

    progress(rig, held, 750)
    assert encodes(rig) == CLIP_S / 4

    rig.fail(held, ErrorCode.ENCODE_FAILED)
    assert encodes(rig) == 0, "the retry waits for its time"
    rig.end_waits()
    assert encodes(rig) == CLIP_S


def test_work_for_a_pool_at_zero_counts(rig: Rig) -> None:
    rig.create()
    node = rig.node("alpha", slots={queue: 1 for queue in ALL_QUEUES if queue != Queue.ENCODE_CPU})
    rig.do(node, Queue.INGEST)
    leave_node(rig.db, node)

    assert backlog(rig) == {"encode.cpu": CLIP_S}


def test_a_task_of_an_older_version_counts_as_the_mean(rig: Rig) -> None:
    rig.create()
    rig.do(rig.node("alpha"), Queue.INGEST)
    rig.change(update(tasks).where(tasks.c.kind == TaskKind.ENCODE).values(media_ms=0))

    assert backlog(rig) == {"encode.cpu": CLIP_S}


def test_a_repeated_task_knows_its_length_still(rig: Rig) -> None:
    created = rig.create()
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE)
    rig.fail(rig.take(node, Queue.DISTRIBUTE), ErrorCode.DELIVERY_DENIED)
    retry_job(rig.db, rig.account_id, created.jobs[0].job_id, POLICY)

    assert [task.media_ms for task in rig.tasks(kind="distribute")] == [CLIP_S * 1000]


def test_a_cancelled_or_finished_task_counts_no_more(rig: Rig) -> None:
    rig.create(MP4, MP4)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    rig.do(node, Queue.ENCODE_CPU)
    rig.fail(rig.take(node, Queue.ENCODE_CPU), ErrorCode.INCOMPATIBLE_FORMAT)

    assert encodes(rig) == 0
    assert backlog(rig)["store"] == CLIP_S + LIGHT_S, "what is encoded, and the ingest's clean-up"


def test_the_metric_shows_every_queue_so_that_zero_is_not_unknown(rig: Rig) -> None:
    rig.create()
    registry = CollectorRegistry()
    registry.register(BacklogCollector(rig.db))

    shown = generate_latest(registry).decode().splitlines()

    assert 'reelyard_queue_backlog_media_seconds{queue="ingest"} 300.0' in shown
    assert 'reelyard_queue_backlog_media_seconds{queue="encode.gpu"} 0.0' in shown
    assert sum(line.startswith("reelyard_queue_backlog_media_seconds{") for line in shown) == len(Queue)


def test_a_backlog_is_summed_from_an_index_and_reads_no_row_of_it(rig: Rig) -> None:
    if rig.db.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by its statistics; tests/bench/scaling measures it")
    with rig.db.read() as conn:
        query = text(f"EXPLAIN QUERY PLAN {open_media(conn, 1)}")
        plan = " ".join(row[3] for row in conn.execute(query, {"now": 1}))

    assert "COVERING INDEX ix_tasks_open_media" in plan
