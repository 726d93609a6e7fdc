"""What a node counts, over a real registry: labels, what is there from the start, and what only a finish counts."""

from pathlib import Path

import pytest
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from encoder_node.encode_labels import encode_labels, queue_of, resolution
from encoder_node.encode_meter import Done
from encoder_node.failures import SessionFailure
from encoder_node.measures import Measures, Stall, Step
from encoder_node.metrics import FINISHED, REFUSED, UNANSWERED, Ending, NodeMetrics, ScratchCollector, failed
from encoder_node.stop import StoppedError, StopReason
from reelyard.cluster.work import (
    CleanWork,
    EncodeWork,
    IngestWork,
    MailWork,
    NotifyWork,
    OverlayWork,
    StoreWork,
    TaskKind,
    TaskSpec,
    Work,
)
from reelyard.media.catalogue import gpu_encoders, probed_encoders
from reelyard.media.error_classes import ErrorClass
from reelyard.media.plan import AudioPlan, EncodePlan, VideoPlan

H264 = VideoPlan(codec="h264", encoder="libx264", width=1280, height=720, frame_rate="25/1", frames=50)
PLAN = EncodePlan(container="mp4", duration_us=2_000_000, video=H264)
ON_GPU = EncodePlan(
    container="mp4", video=VideoPlan(codec="h264", encoder="h264_nvenc", width=1920, height=1080, frame_rate="25/1")
)


def task(kind: TaskKind, work: Work, job_id: int = 3) -> TaskSpec:
    return TaskSpec(task_id=7, attempt=1, kind=kind, account_id=1, job_id=job_id, work=work)


ENCODE = task(TaskKind.ENCODE, EncodeWork(plan=PLAN, sources=()))
SHORT = {"codec": "h264", "accelerator": "cpu", "resolution": "720p"}
FULL = SHORT | {"preset": "medium"}


class Rig:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = NodeMetrics(self.registry)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"reelyard_{name}", labels)


@pytest.fixture
def rig() -> Rig:
    return Rig()


WHOLE = Done(frames=50, media_us=2_000_000, bytes_in=1000, bytes_out=300, busy_s=4.0, cpu_s=7.5)
HALF = Done(frames=25, media_us=1_000_000, bytes_in=500, bytes_out=100, busy_s=2.0, cpu_s=3.5)


def encoded(rig: Rig, *steps: Done) -> Measures:
    """What an encode measured that was so far, one after another."""
    with rig.metrics.working(ENCODE) as measures:
        for done in steps:
            measures.meter.reach(done)
    return measures


def counted(rig: Rig) -> Done:
    """What all encodes together have counted."""
    cpu = {"codec": "h264", "preset": "medium"}
    return Done(
        frames=int(rig.value("encode_frames_total", **SHORT) or 0),
        media_us=round((rig.value("encode_media_seconds_total", **FULL) or 0) * 1_000_000),
        bytes_in=int(rig.value("encode_bytes_total", direction="in", codec="h264") or 0),
        bytes_out=int(rig.value("encode_bytes_total", direction="out", codec="h264") or 0),
        busy_s=rig.value("encode_busy_seconds_total", **FULL) or 0,
        cpu_s=rig.value("encode_cpu_seconds_total", **cpu) or 0,
    )


def test_slots_are_shown_while_nothing_runs(rig: Rig) -> None:
    rig.metrics.serves({"ingest": 2, "encode.cpu": 1, "encode.gpu": 3})

    for queue, accelerator, slots in (("ingest", "cpu", 2), ("encode.cpu", "cpu", 1), ("encode.gpu", "nvidia", 3)):
        assert rig.value("encoder_slots", queue=queue, accelerator=accelerator) == slots
        assert rig.value("encoder_slots_in_use", queue=queue, accelerator=accelerator) == 0


def test_a_task_takes_a_slot_of_its_queue_until_it_is_left_however(rig: Rig) -> None:
    rig.metrics.serves({"encode.cpu": 1})
    seen = []

    def break_down() -> None:
        with rig.metrics.working(ENCODE):
            seen.append(rig.value("encoder_slots_in_use", queue="encode.cpu", accelerator="cpu"))
            raise KeyError

    with pytest.raises(KeyError):
        break_down()

    assert seen == [1]
    assert rig.value("encoder_slots_in_use", queue="encode.cpu", accelerator="cpu") == 0


def test_the_first_failure_of_each_kind_is_an_increase(rig: Rig) -> None:
    """Of the kinds that the node takes; what it does not take has no series."""
    rig.metrics.serves({"ingest": 2, "encode.gpu": 1, "store": 0})

    for stage in ("ingest", "overlay", "encode"):
        assert rig.value("task_attempts_total", stage=stage, outcome="ok", error_class="none") == 0
        assert rig.value("task_attempts_total", stage=stage, outcome="failed", error_class="storage") == 0
        assert rig.value("task_attempts_total", stage=stage, outcome="failed", error_class="cancelled") is None
    assert rig.value("task_attempts_total", stage="store", outcome="ok", error_class="none") is None
    assert rig.value("gpu_session_open_failures_total", gpu="0", reason="sessions") == 0


def test_what_alerts_compare_is_there_from_the_start(rig: Rig) -> None:
    for stall in Stall:
        assert rig.value("encode_stalls_total", reason=stall) == 0


def test_the_series_of_an_encode_are_there_when_it_starts(rig: Rig) -> None:
    with rig.metrics.working(ENCODE):
        assert rig.value("encode_frames_total", **SHORT) == 0
        assert rig.value("encode_media_seconds_total", **FULL) == 0
        assert rig.value("encode_busy_seconds_total", **FULL) == 0
        assert rig.value("encode_cpu_seconds_total", codec="h264", preset="medium") == 0
        assert rig.value("encode_bytes_total", direction="out", codec="h264") == 0
        assert rig.value("encode_discarded_media_seconds_total", **FULL) == 0


def test_an_encode_counts_while_it_works_and_nothing_twice(rig: Rig) -> None:
    with rig.metrics.working(ENCODE) as measures:
        measures.meter.reach(HALF)
        measures.meter.reach(HALF)

        assert counted(rig) == HALF

        measures.meter.reach(Done(frames=24, bytes_out=99))

        assert counted(rig) == HALF

        measures.meter.reach(WHOLE)
    rig.metrics.ended(ENCODE, FINISHED, measures)

    assert counted(rig) == WHOLE


def test_a_finished_encode_has_a_speed_and_another_one_adds(rig: Rig) -> None:
    for _ in range(2):
        rig.metrics.ended(ENCODE, FINISHED, encoded(rig, HALF, WHOLE))

    assert rig.value("encode_frames_total", **SHORT) == 100
    assert rig.value("encode_media_seconds_total", **FULL) == 4
    assert rig.value("encode_busy_seconds_total", **FULL) == 8
    assert rig.value("encode_discarded_media_seconds_total", **FULL) == 0
    assert rig.value("encode_realtime_ratio_sum", **SHORT) == 1
    assert rig.value("encode_realtime_ratio_bucket", **SHORT, le="0.5") == 2
    assert rig.value("encode_realtime_ratio_bucket", **SHORT, le="0.25") == 0


@pytest.mark.parametrize("ending", [failed("encode_failed"), REFUSED, UNANSWERED, Ending(StopReason.DRAIN)])
def test_an_encode_that_was_not_finished_counts_what_it_did_as_discarded_too(rig: Rig, ending: Ending) -> None:
    rig.metrics.ended(ENCODE, ending, encoded(rig, HALF))

    assert counted(rig) == HALF
    assert rig.value("encode_discarded_media_seconds_total", **FULL) == 1
    assert rig.value("encode_realtime_ratio_count", **SHORT) == 0


@pytest.mark.parametrize(
    ("ending", "outcome", "error_class"),
    [
        (FINISHED, "ok", "none"),
        (failed("source_corrupt"), "failed", "user_input"),
        (failed("storage_failed"), "failed", "storage"),
        (failed("encode_timeout"), "failed", "encode"),
        (failed("internal_error"), "failed", "internal"),
        (REFUSED, "stopped", "node"),
        (UNANSWERED, "stopped", "unavailable"),
        *((Ending(reason), "stopped", of_class) for reason, of_class in zip(
            StopReason, (ErrorClass.CANCELLED, ErrorClass.NODE, ErrorClass.NONE), strict=True
        )),
    ],
)  # fmt: skip
def test_every_ending_has_an_outcome_and_a_class(rig: Rig, ending: Ending, outcome: str, error_class: str) -> None:
    rig.metrics.ended(ENCODE, ending, Measures())

    assert rig.value("task_attempts_total", stage="encode", outcome=outcome, error_class=error_class) == 1


def test_steps_are_counted_by_how_they_ended(rig: Rig) -> None:
    measures = Measures()
    with measures.step(Step.FETCH):
        pass
    with pytest.raises(StoppedError), measures.step(Step.ENCODE):
        raise StoppedError(StopReason.DRAIN)
    with pytest.raises(OSError, match="full"), measures.step(Step.UPLOAD):
        raise OSError("full")
    rig.metrics.ended(ENCODE, failed("storage_failed"), measures)

    for stage, outcome in (("fetch", "ok"), ("encode", "stopped"), ("upload", "failed")):
        labels = {"stage": stage, "accelerator": "cpu", "outcome": outcome}
        assert rig.value("task_stage_duration_seconds_count", **labels) == 1


def test_the_steps_of_an_encode_on_a_gpu_are_the_gpus(rig: Rig) -> None:
    measures = Measures()
    with measures.step(Step.FETCH):
        pass
    measures.runs.session_failures.append(SessionFailure.SESSIONS)
    gpu_task = task(TaskKind.ENCODE, EncodeWork(plan=ON_GPU, sources=()))
    with rig.metrics.working(gpu_task):
        pass
    rig.metrics.ended(gpu_task, failed("encode_failed"), measures)

    assert rig.value("task_stage_duration_seconds_count", stage="fetch", accelerator="nvidia", outcome="ok") == 1
    assert rig.value("gpu_session_open_failures_total", gpu="0", reason="sessions") == 1
    assert (
        rig.value(
            "encode_busy_seconds_total", codec="h264", accelerator="nvidia", preset="p5", resolution="1080p"
        )
        == 0
    )  # fmt: skip


def test_numbers_of_a_job_lead_to_it(rig: Rig) -> None:
    measures = encoded(rig, WHOLE)
    with measures.step(Step.ENCODE):
        pass
    rig.metrics.ended(ENCODE, FINISHED, measures)

    lines = generate_latest(rig.registry).decode().splitlines()
    for name in ("reelyard_task_stage_duration_seconds_bucket", "reelyard_encode_realtime_ratio_bucket"):
        assert any(line.startswith(name) and ' # {job_id="3"} ' in line for line in lines)
    for name in ("reelyard_task_attempts_total", "reelyard_encode_frames_total"):
        assert any(line.startswith(name) and ' # {job_id="3"} ' in line for line in lines)


def test_numbers_of_no_job_lead_nowhere(rig: Rig) -> None:
    rig.metrics.ended(task(TaskKind.CLEAN, CleanWork(prefix="job/1/"), job_id=0), FINISHED, Measures())

    assert rig.value("task_attempts_total", stage="clean", outcome="ok", error_class="none") == 1
    assert "job_id" not in generate_latest(rig.registry).decode()


def test_every_encoder_that_was_tried_says_whether_it_works(rig: Rig) -> None:
    rig.metrics.tried({"libx264", "aac"})

    for name in probed_encoders():
        accelerator = "nvidia" if name in gpu_encoders() else "cpu"
        works = rig.value("capability_selftest", accelerator=accelerator, codec=name)
        assert works == (1 if name in {"libx264", "aac"} else 0)


def test_cost_is_shown_only_where_it_is_known(rig: Rig) -> None:
    labels = {"currency": "EUR", "node_class": "spot"}
    assert rig.value("node_cost_per_hour", **labels) is None

    rig.metrics.costs(0.45, currency="EUR", node_class="spot")

    assert rig.value("node_cost_per_hour", **labels) == 0.45


def test_the_disk_of_the_scratch_folder_is_asked_at_each_scrape(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(ScratchCollector(tmp_path))
    used, capacity = (registry.get_sample_value(f"reelyard_scratch_{name}_bytes") for name in ("used", "capacity"))

    assert used is not None
    assert capacity is not None
    assert 0 < used <= capacity


def test_a_scratch_folder_that_is_gone_has_no_numbers_and_breaks_no_scrape(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(ScratchCollector(tmp_path / "gone"))

    assert registry.get_sample_value("reelyard_scratch_used_bytes") is None
    assert b"reelyard_scratch_used_bytes" in generate_latest(registry)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (426, 240, "sd"),
        (640, 360, "sd"),
        (640, 480, "480p"),
        (720, 576, "480p"),
        (854, 480, "480p"),
        (1280, 534, "720p"),
        (1280, 720, "720p"),
        (720, 1280, "720p"),
        (1080, 1080, "1080p"),
        (1920, 1080, "1080p"),
        (1920, 1088, "1080p"),
        (2560, 1440, "1440p"),
        (3840, 2160, "2160p"),
        (4096, 2160, "2160p"),
        (7680, 4320, "larger"),
    ],
)
def test_a_picture_is_of_the_smallest_class_that_it_fits_in(width: int, height: int, expected: str) -> None:
    assert resolution(width, height) == expected


def test_audio_alone_copies_and_encoders_without_presets_have_labels_too() -> None:
    audio = encode_labels(EncodePlan(container="mp3", audio=AudioPlan(codec="mp3", encoder="libmp3lame")))
    copied = encode_labels(
        EncodePlan(container="mp4", video=VideoPlan(codec="h264", encoder="copy", width=10, height=10))
    )
    vp8 = encode_labels(
        EncodePlan(container="webm", video=VideoPlan(codec="libvpx", encoder="libvpx", width=1, height=1))
    )
    unknown = encode_labels(EncodePlan(container="mp4", video=VideoPlan(codec="h264", encoder="of-tomorrow")))

    assert (audio.codec, audio.preset, audio.resolution) == ("mp3", "default", "audio")
    assert (copied.codec, copied.preset, copied.resolution) == ("copy", "default", "sd")
    assert (vp8.codec, vp8.preset) == ("libvpx", "default")
    assert unknown.preset == "default"


@pytest.mark.parametrize(
    ("kind", "work", "queue"),
    [
        (TaskKind.INGEST, IngestWork(input_media_id=1, source_url=""), "ingest"),
        (TaskKind.OVERLAY, OverlayWork(image_url=""), "ingest"),
        (TaskKind.ENCODE, EncodeWork(plan=PLAN, sources=()), "encode.cpu"),
        (TaskKind.ENCODE, EncodeWork(plan=ON_GPU, sources=()), "encode.gpu"),
        (TaskKind.STORE, StoreWork(output_media_id=1, plan=PLAN, parts=()), "store"),
        (TaskKind.CLEAN, CleanWork(prefix=""), "store"),
        (TaskKind.NOTIFY, NotifyWork(delivery_id="", url="", body=""), "distribute"),
        (TaskKind.MAIL, MailWork(delivery_id="", to="", subject="", text=""), "distribute"),
    ],
)
def test_a_task_takes_the_slot_of_its_queue(kind: TaskKind, work: Work, queue: str) -> None:
    assert queue_of(task(kind, work)) == queue
