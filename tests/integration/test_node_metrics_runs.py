"""What a node counts of real encodes: good ones, killed ones, stalled ones, and those of damaged sources."""

import itertools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from encoder_node.attempt import Attempt
from encoder_node.encode_meter import Done
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.heartbeat import Heartbeat
from encoder_node.lease import HeldTasks
from encoder_node.metrics import NodeMetrics
from encoder_node.process import Outcome
from encoder_node.runner import Runner
from encoder_node.scratch import Scratch
from encoder_node.stages.encode import EncodeStage
from encoder_node.stages.store import StoreStage
from encoder_node.stop import StopReason, StopSignal
from reelyard.cluster.metrics import Registry
from reelyard.cluster.node_client import Claim
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.measured import MeasuredStore, StorageMetrics
from reelyard.cluster.work import EncodeResult, EncodeSource, EncodeWork, StoreWork, TaskKind, TaskSpec, Work
from reelyard.media.output import OutputSpec
from reelyard.media.planning import plan_output
from tests.integration.node_peers import TOOLS, RemoteStore
from tests.unit.encoder_node.scripted_scheduler import ScriptedScheduler
from tests.unit.encoder_node.test_node_lease import IDENTITY

SPEC = OutputSpec(container="mp4", video_codec="h264", audio_codec="aac", width=80)
PICTURES = replace(SPEC, width=0, audio_codec="none")
LABELS = {"codec": "h264", "accelerator": "cpu", "resolution": "sd"}
FULL = LABELS | {"preset": "medium"}


@dataclass(frozen=True, kw_only=True)
class KeepingTools(Tools):
    """The tools; they keep what the kernel said of each encode."""

    encodes: list[Outcome] = field(default_factory=list)

    def succeed(self, argv: Sequence[str], *, watch: Callable[[Outcome], None] | None = None, **how: Any) -> Outcome:
        def both(outcome: Outcome) -> None:
            if watch is not None:  # only encodes are watched
                self.encodes.append(outcome)
                watch(outcome)

        return super().succeed(argv, watch=both, **how)


class RunningEncode(EncodeStage):
    """The encode stage; tells a test the attempt, and keeps what it made and how ffmpeg's runs ended."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(KeepingTools(environment=tools.environment, limits=tools.limits))
        self.begun = threading.Event()
        self.attempt: Attempt | None = None
        self.made: EncodeResult | None = None

    @property
    def outcomes(self) -> list[Outcome]:
        assert isinstance(self._tools, KeepingTools)
        return self._tools.encodes

    def limit(self, **limits: float) -> None:
        self._tools = replace(self._tools, limits=replace(self._tools.limits, **limits))

    def run(self, attempt: Attempt) -> EncodeResult:
        self.attempt = attempt
        self.begun.set()
        self.made = super().run(attempt)
        return self.made


class Rig:
    """A runner with the real stages over a measured store; the scheduler's side is a script."""

    def __init__(self, folder: Path, tools: Tools, store: FolderStore) -> None:
        self.registry = Registry()
        self.metrics = NodeMetrics(self.registry)
        self.metrics.serves({"encode.cpu": 1, "store": 1})
        self.store = MeasuredStore(store, self.registry.once(StorageMetrics))
        self.scratch = Scratch(folder / "scratch", "node")
        self.encode = RunningEncode(tools)
        self.scheduler = ScriptedScheduler()
        held = HeldTasks()
        heartbeat = Heartbeat(self.scheduler, IDENTITY, held)
        heartbeat.register()
        self.runner = Runner(
            client=self.scheduler,
            node_id="n",
            heartbeat=heartbeat,
            held=held,
            stages={TaskKind.ENCODE: self.encode, TaskKind.STORE: StoreStage(tools, 30)},
            scratch=self.scratch,
            store=self.store,
            metrics=self.metrics,
        )

    def do(self, kind: TaskKind, work: Work) -> None:
        task = TaskSpec(task_id=8, attempt=1, kind=kind, account_id=1, job_id=3, output_prefix="job/3/8/1/", work=work)
        self.scheduler.claims = [Claim(granted=True, task=task)]
        self.runner.run_task(8, 1)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"reelyard_{name}", labels)

    def attempts(self, stage: str, outcome: str, error_class: str) -> float | None:
        return self.value("task_attempts_total", stage=stage, outcome=outcome, error_class=error_class)

    def steps(self, stage: str, outcome: str = "ok") -> float | None:
        return self.value("task_stage_duration_seconds_count", stage=stage, accelerator="cpu", outcome=outcome)

    def counted(self) -> Done:
        """What encodes have counted until now."""
        return Done(
            frames=int(self.value("encode_frames_total", **LABELS) or 0),
            media_us=round((self.value("encode_media_seconds_total", **FULL) or 0) * 1_000_000),
            bytes_in=int(self.value("encode_bytes_total", direction="in", codec="h264") or 0),
            bytes_out=int(self.value("encode_bytes_total", direction="out", codec="h264") or 0),
            busy_s=self.value("encode_busy_seconds_total", **FULL) or 0.0,
            cpu_s=self.value("encode_cpu_seconds_total", codec="h264", preset="medium") or 0.0,
        )

    def counted_a_part_only(self, work: EncodeWork) -> bool:
        """Not all of the encode was done, and all that was done was for nothing."""
        done, plan = self.counted(), work.plan
        assert plan.video is not None
        assert done.frames < plan.video.frames
        assert done.media_us < plan.duration_us
        assert done.bytes_in < work.sources[0].object.size_bytes
        assert done.busy_s > 0
        assert self.value("encode_realtime_ratio_count", **LABELS) == 0
        discarded = self.value("encode_discarded_media_seconds_total", **FULL)
        return discarded == pytest.approx(done.media_us / 1_000_000)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, TOOLS, FolderStore(tmp_path / "store"))
    with closing(rig.scratch):
        yield rig


def work_of(source: Path, store: MeasuredStore, spec: OutputSpec = SPEC) -> EncodeWork:
    copy = source.with_name("given")
    shutil.copy(source, copy)
    info = TOOLS.probe(copy, folder=source.parent, stop=StopSignal(), phase=Phase.SOURCE)
    stored = store.put_file("ingest/3/7/1/source", copy, mime_type="video/mp4")
    return EncodeWork(plan=plan_output(spec, [info]), sources=(EncodeSource(object=stored, info=info),))


def pictures(source: Path, seconds: int, size: str = "320x180") -> Path:
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=30:d={seconds}"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", str(source)),
        ],
        check=True,
    )
    return source


@pytest.fixture
def endless(tmp_path: Path, rig: Rig) -> EncodeWork:
    """Ten minutes of pictures: long enough to be caught in the middle of its encode, whatever the machine."""
    return work_of(pictures(tmp_path / "long.mkv", 600), rig.store, PICTURES)


@pytest.fixture
def lasting(tmp_path: Path, rig: Rig) -> EncodeWork:
    """As much as takes several progress reports, and still comes to its end."""
    return work_of(pictures(tmp_path / "lasting.mkv", 40, "640x360"), rig.store, PICTURES)


def test_a_good_encode_counts_its_frames_exactly_and_its_processor_time(rig: Rig, clip: Path, tmp_path: Path) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    work = work_of(tmp_path / "clip.mp4", rig.store)
    rig.do(TaskKind.ENCODE, work)

    assert rig.scheduler.calls[-1] == "finish"
    made = rig.encode.made
    assert made is not None
    assert rig.value("encode_frames_total", **LABELS) == 50
    media_s = made.part.info.duration_us / 1_000_000
    assert rig.value("encode_media_seconds_total", **FULL) == pytest.approx(media_s)
    assert rig.value("encode_discarded_media_seconds_total", **FULL) == 0
    assert rig.value("encode_bytes_total", direction="in", codec="h264") == work.sources[0].object.size_bytes
    assert rig.value("encode_bytes_total", direction="out", codec="h264") == made.part.object.size_bytes
    busy = rig.value("encode_busy_seconds_total", **FULL)
    assert busy is not None
    assert busy > 0
    assert rig.value("encode_realtime_ratio_sum", **LABELS) == pytest.approx(media_s / busy)
    assert rig.attempts("encode", "ok", "none") == 1
    assert [rig.steps(stage) for stage in ("fetch", "encode", "verify", "upload")] == [1, 1, 1, 1]


def test_a_second_encode_adds_up_and_storing_has_steps_of_its_own(rig: Rig, clip: Path, tmp_path: Path) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    work = work_of(tmp_path / "clip.mp4", rig.store)
    rig.do(TaskKind.ENCODE, work)
    rig.do(TaskKind.ENCODE, work)
    assert rig.encode.made is not None
    rig.do(TaskKind.STORE, StoreWork(output_media_id=9, plan=work.plan, parts=(rig.encode.made.part,)))

    assert rig.value("encode_frames_total", **LABELS) == 100
    assert rig.attempts("store", "ok", "none") == 1
    assert rig.steps("verify") == 3
    assert rig.value("storage_requests_total", op="verify", outcome="ok") == 1


def test_two_passes_are_both_busy_and_make_their_frames_once(rig: Rig, clip: Path, tmp_path: Path) -> None:
    shutil.copy(clip, tmp_path / "clip.mp4")
    spec = replace(SPEC, video_bitrate_kbps=200, two_pass=True)
    rig.do(TaskKind.ENCODE, work_of(tmp_path / "clip.mp4", rig.store, spec))

    assert rig.scheduler.calls[-1] == "finish"
    assert rig.value("encode_frames_total", **LABELS) == 50
    assert rig.value("encode_realtime_ratio_count", **LABELS) == 1


def ffmpeg_of(attempt: Attempt) -> int:
    """The process of ffmpeg that works in an attempt's folder, once it has made progress."""
    deadline = time.monotonic() + 60
    while attempt.held.progress.permille == 0 and time.monotonic() < deadline:
        attempt.stop.wait(0.01)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if entry.joinpath("cwd").readlink() == attempt.folder:
                return int(entry.name)
        except OSError:
            continue  # it ended meanwhile
    raise AssertionError("no ffmpeg works in the attempt's folder")


def while_it_encodes(rig: Rig, act: Callable[[Attempt], None]) -> threading.Thread:
    """Do something to the encode as soon as it is under way."""

    def wait_and_act() -> None:
        assert rig.encode.begun.wait(60)
        assert rig.encode.attempt is not None
        ffmpeg_of(rig.encode.attempt)
        act(rig.encode.attempt)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_the_counters_grow_while_ffmpeg_works_and_end_at_the_exact_sum(rig: Rig, lasting: EncodeWork) -> None:
    seen: list[Done] = []
    looker = while_it_encodes(rig, lambda attempt: seen.extend(grown(rig, attempt, 3)))
    rig.do(TaskKind.ENCODE, lasting)
    looker.join()

    whole, made = rig.counted(), rig.encode.made
    assert made is not None
    assert len(seen) == 3
    for before, after in itertools.pairwise([*seen, whole]):
        assert 0 < before.frames < after.frames
        assert 0 < before.media_us < after.media_us
        assert 0 < before.bytes_in < after.bytes_in
        assert before.bytes_out <= after.bytes_out
        assert 0 < before.busy_s < after.busy_s
        assert 0 < before.cpu_s < after.cpu_s
    assert (whole.frames, whole.media_us) == (1200, made.part.info.duration_us)
    assert whole.bytes_in == lasting.sources[0].object.size_bytes
    assert whole.bytes_out == made.part.object.size_bytes
    assert whole.busy_s == pytest.approx(sum(each.seconds for each in rig.encode.outcomes))
    assert whole.cpu_s == pytest.approx(sum(each.cpu_s for each in rig.encode.outcomes))


def grown(rig: Rig, attempt: Attempt, times: int) -> Iterator[Done]:
    """What is counted, whenever something of each kind but the output's bytes has come to it.

    Not all do with every word of ffmpeg: its first frame lasts until the second one, and the kernel counts in ticks.
    """
    before, deadline = Done(), time.monotonic() + 60
    while times and time.monotonic() < deadline:
        done = rig.counted()
        growth = done.since(before)
        if min(growth.frames, growth.media_us, growth.bytes_in, growth.busy_s, growth.cpu_s) > 0:
            yield done
            before, times = done, times - 1
        attempt.stop.wait(0.01)


def test_the_first_of_two_passes_counts_its_part(rig: Rig, tmp_path: Path) -> None:
    source = pictures(tmp_path / "lasting.mkv", 40, "640x360")
    work = work_of(source, rig.store, replace(PICTURES, video_bitrate_kbps=300, two_pass=True))
    seen: list[Done] = []
    looker = while_it_encodes(rig, lambda attempt: seen.extend(grown(rig, attempt, 1)))
    rig.do(TaskKind.ENCODE, work)
    looker.join()

    whole, (first, second) = rig.counted(), rig.encode.outcomes
    assert 0 < seen[0].frames < 0.35 * 1200
    assert 0 < seen[0].media_us < 0.35 * work.plan.duration_us
    assert seen[0].bytes_out == 0
    assert whole.frames == 1200
    assert whole.busy_s == pytest.approx(first.seconds + second.seconds)
    assert whole.cpu_s == pytest.approx(first.cpu_s + second.cpu_s)


def test_an_attempt_after_a_killed_one_adds_to_what_that_did(rig: Rig, lasting: EncodeWork) -> None:
    killer = while_it_encodes(rig, lambda attempt: os.kill(ffmpeg_of(attempt), signal.SIGKILL))
    rig.do(TaskKind.ENCODE, lasting)
    killer.join()
    killed = rig.counted()
    rig.do(TaskKind.ENCODE, lasting)

    both, made = rig.counted(), rig.encode.made
    assert made is not None
    assert 0 < killed.frames < 1200
    assert both.frames == killed.frames + 1200
    assert both.media_us == pytest.approx(killed.media_us + made.part.info.duration_us, abs=1)
    assert both.bytes_out == killed.bytes_out + made.part.object.size_bytes
    assert both.cpu_s == pytest.approx(sum(each.cpu_s for each in rig.encode.outcomes))
    discarded = rig.value("encode_discarded_media_seconds_total", **FULL)
    assert discarded == pytest.approx(killed.media_us / 1_000_000)


def test_an_ffmpeg_that_is_killed_counts_as_out_of_memory_and_what_it_took(rig: Rig, endless: EncodeWork) -> None:
    killer = while_it_encodes(rig, lambda attempt: os.kill(ffmpeg_of(attempt), signal.SIGKILL))
    rig.do(TaskKind.ENCODE, endless)
    killer.join()

    assert rig.attempts("encode", "failed", "encode") == 1
    assert rig.value("encode_stalls_total", reason="oom") == 1
    assert rig.steps("encode", "failed") == 1
    (killed,) = rig.encode.outcomes
    assert rig.counted().frames > 0
    assert rig.counted().cpu_s == pytest.approx(killed.cpu_s)
    assert rig.counted_a_part_only(endless)


def test_an_ffmpeg_that_stands_still_counts_as_a_stall(rig: Rig, endless: EncodeWork) -> None:
    rig.encode.limit(stall_s=5.0)
    stopper = while_it_encodes(rig, lambda attempt: os.kill(ffmpeg_of(attempt), signal.SIGSTOP))
    rig.do(TaskKind.ENCODE, endless)
    stopper.join()

    assert rig.attempts("encode", "failed", "encode") == 1
    assert rig.value("encode_stalls_total", reason="no_progress") == 1
    assert rig.value("encode_stalls_total", reason="oom") == 0
    assert rig.counted_a_part_only(endless)


def test_an_encode_over_its_time_limit_counts_as_a_timeout(rig: Rig, endless: EncodeWork) -> None:
    rig.encode.limit(hard_s=1.0)
    rig.do(TaskKind.ENCODE, endless)

    assert rig.value("encode_stalls_total", reason="timeout") == 1
    assert rig.counted_a_part_only(endless)


def test_an_encode_that_is_stopped_is_no_failure_and_took_its_time(rig: Rig, endless: EncodeWork) -> None:
    stopper = while_it_encodes(rig, lambda attempt: attempt.stop.set(StopReason.CANCELLED))
    rig.do(TaskKind.ENCODE, endless)
    stopper.join()

    assert rig.attempts("encode", "stopped", "cancelled") == 1
    assert rig.steps("encode", "stopped") == 1
    (stopped,) = rig.encode.outcomes
    assert rig.counted().frames > 0
    assert rig.counted().busy_s == pytest.approx(stopped.seconds)
    assert rig.counted().cpu_s == pytest.approx(stopped.cpu_s)
    assert rig.counted_a_part_only(endless)
    assert [rig.value("encode_stalls_total", reason=reason) for reason in ("no_progress", "timeout", "oom")] == [0] * 3


def test_a_damaged_object_is_a_storage_failure_and_a_checksum(tmp_path: Path, clip: Path) -> None:
    rig = Rig(tmp_path, TOOLS, RemoteStore(tmp_path / "store"))
    shutil.copy(clip, tmp_path / "clip.mp4")
    work = work_of(tmp_path / "clip.mp4", rig.store)
    (source,) = work.sources
    damaged = replace(source, object=replace(source.object, sha256="0" * 64))
    with closing(rig.scratch):
        rig.do(TaskKind.ENCODE, replace(work, sources=(damaged,)))

    assert rig.attempts("encode", "failed", "storage") == 1
    assert rig.steps("fetch", "failed") == 1
    assert rig.value("storage_requests_total", op="verify", outcome="checksum") == 1
    assert rig.value("storage_transferred_bytes_total", direction="in") == source.object.size_bytes
