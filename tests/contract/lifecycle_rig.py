"""Drives the scheduler's use cases as nodes and gateways do, with made-up results and a clock that tests move."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Row, insert, select, update

from reelyard.cluster.views import CreatedJobsView, CreateJobs
from reelyard.cluster.work import (
    CleanResult,
    DistributeResult,
    EncodedPart,
    EncodeResult,
    EncodeWork,
    IngestResult,
    MailResult,
    NotifyResult,
    OverlayResult,
    Queue,
    Result,
    StoredObject,
    StoreResult,
    StoreWork,
    TaskKind,
    TaskSpec,
)
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack
from reelyard.media.output import OutputRequest
from scheduler.domain.policy import Policy
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.tables import accounts, events, ingests, jobs, media, media_files, metadata, nodes, tasks
from scheduler.usecases.claim_task import claim_task
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.fail_task import FailureOutcome, fail_task
from scheduler.usecases.finish_task import finish_task
from scheduler.usecases.register_node import register_node
from scheduler.usecases.select_tasks import Hint, select_tasks

SOURCE_URL = "http://user:secret@media.example/holiday.mov?signature=abc"
ALL_QUEUES = dict.fromkeys((Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE), 4)
GPU_QUEUES = ALL_QUEUES | {Queue.ENCODE_GPU: 2}
STAGE_KINDS = {
    Queue.INGEST: TaskKind.INGEST,
    Queue.ENCODE_CPU: TaskKind.ENCODE,
    Queue.ENCODE_GPU: TaskKind.ENCODE,
    Queue.STORE: TaskKind.STORE,
    Queue.DISTRIBUTE: TaskKind.DISTRIBUTE,
}
POLICY = Policy()

MP4 = OutputRequest(output_format_id=0, container="mp4", customer_reference_id="ref-mp4")
WEBM = OutputRequest(output_format_id=0, container="webm", customer_reference_id="ref-webm")
BAD = OutputRequest(output_format_id=0, container="mp4", video_codec="vp99", customer_reference_id="ref-bad")


def source_info(*, video: bool = True) -> MediaInfo:
    """Two seconds of a made-up source."""
    track = VideoTrack(
        index=0,
        codec="h264",
        width=160,
        height=120,
        pix_fmt="yuv420p",
        frame_rate="25/1",
        base_frame_rate="25/1",
        frames=50,
        duration_us=2_000_000,
    )
    sound = AudioTrack(
        index=1, codec="aac", sample_rate_hz=48_000, channels=2, channel_layout="stereo", duration_us=2_000_000
    )
    return MediaInfo(
        container="mov,mp4,m4a,3gp,3g2,mj2",
        duration_us=2_000_000,
        size_bytes=1_000,
        video=(track,) if video else (),
        audio=(sound,),
    )


def stored(key: str, *, mime_type: str = "video/mp4") -> StoredObject:
    """A made-up object."""
    return StoredObject(key=key, size_bytes=1_000, sha256="0" * 64, mime_type=mime_type)


class Held:
    """A task that a made-up node holds."""

    def __init__(self, node_id: str, token: str, spec: TaskSpec) -> None:
        self.node_id = node_id
        self.token = token
        self.spec = spec


class Rig:
    """One database with one account."""

    def __init__(self, db: Database, account: str = "first") -> None:
        self.db = db
        metadata.create_all(db.engine)
        self.account_id = self.account(account)

    def account(self, name: str, *, weight: int = 1, webhook_secret: str = "") -> int:
        with self.db.write() as conn:
            account_id = new_id(conn, "account")
            conn.execute(
                insert(accounts).values(
                    id=account_id,
                    name=name,
                    weight=weight,
                    webhook_secret=webhook_secret,
                    created_ms=now_ms(),
                )
            )
        return account_id

    def create(self, *outputs: OutputRequest, **members: Any) -> CreatedJobsView:
        request = {
            "account_id": self.account_id,
            "request_id": str(uuid.uuid4()),
            "source_url": SOURCE_URL,
            "outputs": outputs or (MP4,),
            "base_url": "http://gateway.example/",
        }
        return create_jobs(self.db, CreateJobs(**(request | members)), sends_mail=True)

    def node(self, name: str, *, slots: dict[Queue, int] | None = None, encoders: tuple[str, ...] = ()) -> str:
        node_id = str(uuid.uuid4())
        register_node(
            self.db,
            node_id,
            name=name,
            version="1",
            encoders=("libx264", *encoders),
            slots={str(queue): count for queue, count in (slots or ALL_QUEUES).items()},
        )
        return node_id

    def hints(self, queue: Queue) -> list[Hint]:
        """What the dispatcher would send now, with every wait over."""
        self.end_waits()
        return select_tasks(self.db, queue)

    def try_claim(self, node_id: str, hint: Hint, token: str | None = None) -> Held | str:
        """Claim a hint's task; the refusal when there is one."""
        token = token or str(uuid.uuid4())
        claim = claim_task(self.db, node_id, hint.task_id, hint.attempt, token, policy=POLICY)
        return Held(node_id, token, claim.task) if claim.task is not None else claim.refusal

    def take(self, node_id: str, queue: Queue, kind: TaskKind | None = None) -> Held:
        """Dispatch a queue and claim the first task of a kind, by default the stage's own."""
        self.hints(queue)
        for hint in self.queued(queue):
            if self.task(hint.task_id).kind != (kind or STAGE_KINDS[queue]):
                continue
            held = self.try_claim(node_id, hint)
            assert isinstance(held, Held), held
            return held
        raise AssertionError(f"nothing to claim in {queue}")

    def queued(self, queue: Queue) -> list[Hint]:
        """The hints that are out."""
        query = select(tasks).where(tasks.c.queue == queue, tasks.c.state == "queued").order_by(tasks.c.id)
        with self.db.read() as conn:
            return [Hint(queue=queue, task_id=row.id, attempt=row.attempt) for row in conn.execute(query)]

    def finish(self, held: Held, result: Result | None = None) -> None:
        finish_task(
            self.db,
            held.node_id,
            held.spec.task_id,
            held.token,
            result or made_up_result(held.spec),
            policy=POLICY,
        )

    def fail(self, held: Held, code: ErrorCode, message: str = "it broke") -> FailureOutcome:
        error = WorkError(code, message)
        return fail_task(self.db, held.node_id, held.spec.task_id, held.token, error, policy=POLICY)

    def do(self, node_id: str, queue: Queue, kind: TaskKind | None = None) -> TaskSpec:
        """Take one task and finish it."""
        held = self.take(node_id, queue, kind)
        self.finish(held)
        return held.spec

    def through(self, node_id: str, *queues: Queue) -> None:
        """Take and finish one task of each queue in turn."""
        for queue in queues:
            self.do(node_id, queue)

    def job(self, job_id: int) -> Row[Any]:
        return self._one(select(jobs).where(jobs.c.id == job_id))

    def ingest(self, ingest_id: int) -> Row[Any]:
        return self._one(select(ingests).where(ingests.c.id == ingest_id))

    def medium(self, media_id: int) -> Row[Any]:
        return self._one(select(media).where(media.c.id == media_id))

    def task(self, task_id: int) -> Row[Any]:
        return self._one(select(tasks).where(tasks.c.id == task_id))

    def node_row(self, node_id: str) -> Row[Any]:
        return self._one(select(nodes).where(nodes.c.id == node_id))

    def tasks(self, **columns: Any) -> list[Row[Any]]:
        query = select(tasks).where(*(tasks.c[name] == value for name, value in columns.items()))
        with self.db.read() as conn:
            return list(conn.execute(query.order_by(tasks.c.id)))

    def files(self, media_id: int) -> dict[str, str]:
        query = select(media_files).where(media_files.c.media_id == media_id)
        with self.db.read() as conn:
            return {row.role: row.key for row in conn.execute(query)}

    def events(self, entity: str, entity_id: int) -> list[str]:
        query = select(events).where(events.c.entity == entity, events.c.entity_id == entity_id)
        with self.db.read() as conn:
            return [row.event for row in conn.execute(query.order_by(events.c.id))]

    def snapshot(self) -> dict[str, list[Any]]:
        """Every row of every table, to show that nothing changed."""
        with self.db.read() as conn:
            return {table.name: [tuple(row) for row in conn.execute(select(table))] for table in metadata.sorted_tables}

    def end_waits(self) -> None:
        """Make every waiting task due."""
        self.change(update(tasks).where(tasks.c.not_before_ms > 0).values(not_before_ms=1))

    def let_lapse(self, task_id: int) -> None:
        """Move the task's lease into the past."""
        self.change(update(tasks).where(tasks.c.id == task_id).values(lease_until_ms=now_ms() - 1))

    def change(self, statement: Any) -> None:
        with self.db.write() as conn:
            conn.execute(statement)

    def _one(self, query: Any) -> Row[Any]:
        with self.db.read() as conn:
            return conn.execute(query).one()


def made_up_result(spec: TaskSpec) -> Result:
    """What a node would bring for the task."""
    prefix = spec.output_prefix
    results: dict[TaskKind, Callable[[], Result]] = {
        TaskKind.INGEST: lambda: IngestResult(
            source=stored(f"{prefix}source"),
            thumbnail=stored(f"{prefix}thumbnail.jpg", mime_type="image/jpeg"),
            info=source_info(),
            filename="holiday.mov",
        ),
        TaskKind.ENCODE: lambda: EncodeResult(
            part=EncodedPart(
                object=stored(f"{prefix}output.{_work(spec, EncodeWork).plan.container}"), info=source_info()
            )
        ),
        TaskKind.STORE: lambda: StoreResult(
            primary=_work(spec, StoreWork).parts[0].object,
            thumbnail=stored(f"{prefix}thumbnail.jpg", mime_type="image/jpeg"),
            info=source_info(),
        ),
        TaskKind.DISTRIBUTE: DistributeResult,
        TaskKind.NOTIFY: lambda: NotifyResult(http_status=200),
        TaskKind.CLEAN: lambda: CleanResult(deleted=3),
        TaskKind.MAIL: MailResult,
        TaskKind.OVERLAY: lambda: OverlayResult(
            image=stored(f"{prefix}overlay.png", mime_type="image/png"), width=40, height=20
        ),
    }
    return results[spec.kind]()


def _work(spec: TaskSpec, cls: type[Any]) -> Any:
    assert isinstance(spec.work, cls)
    return spec.work


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; each one's answer or the error that it raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait(timeout=30)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))
