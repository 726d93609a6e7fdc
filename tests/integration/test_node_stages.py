"""Encode, store, distribute and clean with real ffmpeg and a real folder store."""

import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from encoder_node.attempt import Attempt
from encoder_node.capabilities import working_encoders
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.stages.clean import CleanStage
from encoder_node.stages.distribute import DistributeStage
from encoder_node.stages.encode import EncodeStage
from encoder_node.stages.store import StoreStage
from encoder_node.stop import StoppedError, StopReason, StopSignal
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.store import ObjectMissingError, StorageError
from reelyard.cluster.work import (
    CleanWork,
    DistributeWork,
    EncodedPart,
    EncodeResult,
    EncodeSource,
    EncodeWork,
    StoreWork,
    TaskKind,
)
from reelyard.media.containers import NONE
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from tests.integration.node_peers import TOOLS, RemoteStore, new_attempt


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


SPEC = OutputSpec(container="mp4", video_codec="h264", audio_codec="aac", width=80)


@pytest.fixture
def ingested(clip: Path, tmp_path: Path, store: FolderStore) -> tuple[MediaInfo, EncodeWork]:
    copy = tmp_path / "copy.mp4"
    shutil.copy(clip, copy)
    info = TOOLS.probe(copy, folder=tmp_path, stop=StopSignal(), phase=Phase.SOURCE)
    stored = store.put_file("ingest/3/7/1/source", copy, mime_type="video/mp4")
    plan = plan_output(SPEC, [info])
    return info, EncodeWork(plan=plan, sources=(EncodeSource(object=stored, info=info),))


def encode(work: EncodeWork, tmp_path: Path, store: FolderStore) -> tuple[EncodeResult, Attempt]:
    attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/3/8/1/")
    return EncodeStage(TOOLS).run(attempt), attempt


class TestEncode:
    def test_an_output_is_what_was_planned(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        result, attempt = encode(ingested[1], tmp_path, store)

        part = result.part
        assert (part.object.key, part.object.mime_type) == ("job/3/8/1/output.mp4", "video/mp4")
        assert store.stat(part.object.key).size_bytes == part.object.size_bytes
        assert (part.info.video[0].width, part.info.video[0].height) == (80, 60)
        assert part.info.video[0].frames == 50
        assert attempt.held.progress.permille == 999

    def test_a_source_in_a_remote_store_is_fetched_and_checked(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path
    ) -> None:
        remote = RemoteStore(tmp_path / "store")

        result, _ = encode(ingested[1], tmp_path, remote)

        assert result.part.info.video[0].frames == 50

    def test_a_damaged_source_in_a_remote_store_is_a_storage_fault(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path
    ) -> None:
        remote = RemoteStore(tmp_path / "store")
        (source,) = ingested[1].sources
        damaged = replace(source, object=replace(source.object, sha256="0" * 64))
        work = replace(ingested[1], sources=(damaged,))

        with pytest.raises(StorageError, match="SHA-256"):
            encode(work, tmp_path, remote)

    def test_a_missing_source_is_a_storage_fault(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        store.delete(ingested[1].sources[0].object.key)

        with pytest.raises(ObjectMissingError):
            encode(ingested[1], tmp_path, store)

    def test_an_output_that_misses_frames_is_no_success(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        plan = ingested[1].plan
        assert plan.video is not None
        longer = replace(plan, video=replace(plan.video, frames=100), duration_us=4_000_000)

        with pytest.raises(WorkError) as caught:
            encode(replace(ingested[1], plan=longer), tmp_path, store)

        assert caught.value.code is ErrorCode.ENCODE_FAILED
        assert "50 frames" in caught.value.message
        assert list(store.list_keys("job/")) == []

    def test_a_gpu_that_fails_is_told_to_the_scheduler_as_a_failure_that_falls_back(
        self, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        if "h264_nvenc" in working_encoders(TOOLS, tmp_path):
            pytest.skip("this machine has a GPU")
        plan = ingested[1].plan
        assert plan.video is not None
        gpu = replace(plan, video=replace(plan.video, encoder="h264_nvenc"))

        with pytest.raises(WorkError) as caught:
            encode(replace(ingested[1], plan=gpu), tmp_path, store)

        assert caught.value.code in {ErrorCode.ENCODE_FAILED, ErrorCode.CODEC_UNAVAILABLE}
        assert list(store.list_keys("job/")) == []

    def test_a_stop_ends_the_encode_and_leaves_nothing(self, tmp_path: Path, store: FolderStore) -> None:
        source = tmp_path / "long.mkv"
        ffmpeg(
            *("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=10", "-c:v", "libx264"),
            *("-preset", "ultrafast", str(source)),
        )
        info = TOOLS.probe(source, folder=tmp_path, stop=StopSignal(), phase=Phase.SOURCE)
        stored = store.put_file("ingest/3/7/1/source", source, mime_type="video/x-matroska")
        plan = plan_output(replace(SPEC, width=0), [info])
        work = EncodeWork(plan=plan, sources=(EncodeSource(object=stored, info=info),))
        attempt = new_attempt(TaskKind.ENCODE, work, folder=tmp_path / "encode", store=store, prefix="job/3/8/1/")

        def stop_when_it_runs() -> None:
            while attempt.held.progress.permille == 0 and attempt.stop.reason is None:
                attempt.stop.wait(0.01)
            attempt.stop.set(StopReason.CANCELLED)

        watcher = threading.Thread(target=stop_when_it_runs, daemon=True)
        watcher.start()
        with pytest.raises(StoppedError):
            EncodeStage(TOOLS).run(attempt)

        assert list(store.list_keys("job/")) == []


@pytest.fixture
def part(ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore) -> EncodedPart:
    return encode(ingested[1], tmp_path, store)[0].part


def finish(
    plan: EncodePlan,
    parts: tuple[EncodedPart, ...],
    tmp_path: Path,
    store: FolderStore,
    *,
    seconds: int = 30,
    tools: Tools = TOOLS,
) -> tuple[object, Attempt]:
    work = StoreWork(output_media_id=9, plan=plan, parts=parts)
    attempt = new_attempt(TaskKind.STORE, work, folder=tmp_path / "final", store=store, prefix="job/3/9/1/")
    return StoreStage(tools, seconds).run(attempt), attempt


class TestStore:
    @pytest.mark.parametrize("seconds", [30, 1, 0])
    def test_a_good_output_is_published_as_it_is_with_a_thumbnail(
        self,
        part: EncodedPart,
        ingested: tuple[MediaInfo, EncodeWork],
        tmp_path: Path,
        store: FolderStore,
        seconds: int,
    ) -> None:
        result, _ = finish(ingested[1].plan, (part,), tmp_path, store, seconds=seconds)

        assert result.primary == part.object
        assert result.thumbnail.key == "job/3/9/1/thumbnail.jpg"
        assert result.info.video[0].frames == 50

    def test_the_check_keeps_to_the_threads_that_a_quota_leaves(
        self, part: EncodedPart, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        with capture_logs() as logs:
            finish(ingested[1].plan, (part,), tmp_path, store, tools=replace(TOOLS, threads=1))

        started = [line["command"] for line in logs if line["event"] == "process_started"]
        assert ["-threads 1" in command for command in started if "-f null" in command] == [True]

    @pytest.mark.parametrize(("container", "codec"), [("mjpeg", "mjpeg"), ("mpeg2video", "mpeg2video")])
    def test_pictures_in_a_row_last_as_long_as_planned(
        self,
        ingested: tuple[MediaInfo, EncodeWork],
        tmp_path: Path,
        store: FolderStore,
        container: str,
        codec: str,
    ) -> None:
        """Their files say no duration, and M-JPEG no rate either: ffprobe guesses 25."""
        source, work = ingested
        spec = OutputSpec(container=container, video_codec=codec, audio_codec=NONE, frame_rate_id=10_000)
        plan = plan_output(spec, [source])

        part = encode(replace(work, plan=plan), tmp_path, store)[0].part
        result, _ = finish(plan, (part,), tmp_path, store)

        assert result.info.video[0].frame_rate == "10/1"
        assert result.info.duration_us == result.info.video[0].duration_us == 2_000_000
        assert result.thumbnail is not None

    def test_a_copied_film_whose_only_keyframe_is_cut_off_has_a_thumbnail(
        self, clip: Path, tmp_path: Path, store: FolderStore
    ) -> None:
        cut = tmp_path / "cut.mp4"
        ffmpeg("-ss", "1", "-i", str(clip), "-c", "copy", str(cut))
        info = TOOLS.probe(cut, folder=tmp_path, stop=StopSignal(), phase=Phase.SOURCE)
        stored = store.put_file("ingest/3/7/1/source", cut, mime_type="video/mp4")
        plan = plan_output(OutputSpec(container="mp4", video_codec="copy", audio_codec="copy"), [info])
        work = EncodeWork(plan=plan, sources=(EncodeSource(object=stored, info=info),))

        part = encode(work, tmp_path, store)[0].part
        result, _ = finish(plan, (part,), tmp_path, store)

        assert result.thumbnail is not None

    def test_changed_bytes_are_noticed(
        self,
        part: EncodedPart,
        ingested: tuple[MediaInfo, EncodeWork],
        tmp_path: Path,
        store: FolderStore,
    ) -> None:
        path = store.local_path(part.object.key)
        assert path is not None
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 0xFF
        path.write_bytes(body)

        with pytest.raises(StorageError, match="damaged"):
            finish(ingested[1].plan, (part,), tmp_path, store)

    def test_an_output_that_does_not_decode_is_no_success(
        self,
        part: EncodedPart,
        ingested: tuple[MediaInfo, EncodeWork],
        tmp_path: Path,
        store: FolderStore,
    ) -> None:
        path = store.local_path(part.object.key)
        assert path is not None
        body = bytearray(path.read_bytes())
        start = body.index(b"mdat") + 900
        body[start : start + 6000] = bytes(6000)
        bad = tmp_path / "bad.mp4"
        bad.write_bytes(body)
        stored = store.put_file("job/3/8/2/output.mp4", bad, mime_type="video/mp4")

        with pytest.raises(WorkError) as caught:
            finish(ingested[1].plan, (replace(part, object=stored),), tmp_path, store)

        assert caught.value.code is ErrorCode.ENCODE_FAILED

    def test_a_check_that_was_killed_is_told_as_that(
        self, part: EncodedPart, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        ffmpeg_that_dies = folder / "ffmpeg"
        ffmpeg_that_dies.write_text(
            "#!/bin/sh\ncase $* in *'-f null'*) kill -9 $$; esac\nexec /usr/bin/ffmpeg \"$@\"\n"
        )
        ffmpeg_that_dies.chmod(0o755)
        tools = replace(TOOLS, environment={**TOOLS.environment, "PATH": f"{folder}:{TOOLS.environment['PATH']}"})

        with pytest.raises(WorkError, match="killed from outside") as caught:
            finish(ingested[1].plan, (part,), tmp_path, store, tools=tools)

        assert caught.value.code is ErrorCode.ENCODE_FAILED

    def test_several_parts_are_refused_clearly(
        self, part: EncodedPart, ingested: tuple[MediaInfo, EncodeWork], tmp_path: Path, store: FolderStore
    ) -> None:
        with pytest.raises(WorkError, match="2 parts") as caught:
            finish(ingested[1].plan, (part, part), tmp_path, store)

        assert caught.value.code is ErrorCode.INTERNAL_ERROR


class TestDistribute:
    def test_a_published_object_of_the_right_size_passes(
        self, part: EncodedPart, tmp_path: Path, store: FolderStore
    ) -> None:
        work = DistributeWork(output_media_id=9, object=part.object)
        attempt = new_attempt(TaskKind.DISTRIBUTE, work, folder=tmp_path / "d", store=store, prefix="job/3/1/1/")

        assert DistributeStage().run(attempt) is not None

    def test_a_lost_or_changed_object_is_a_storage_fault(
        self, part: EncodedPart, tmp_path: Path, store: FolderStore
    ) -> None:
        for wrong in (replace(part.object, size_bytes=1), replace(part.object, key="job/3/8/1/none.mp4")):
            work = DistributeWork(output_media_id=9, object=wrong)
            attempt = new_attempt(TaskKind.DISTRIBUTE, work, folder=tmp_path / "d", store=store, prefix="job/3/1/1/")
            with pytest.raises(StorageError):
                DistributeStage().run(attempt)


class TestClean:
    def test_all_but_the_kept_keys_go(self, tmp_path: Path, store: FolderStore) -> None:
        for name in ("3/1/1/a", "3/2/1/b", "3/2/1/c", "33/1/1/other"):
            path = tmp_path / "x"
            path.write_bytes(b"x")
            store.put_file(f"job/{name}", path, mime_type="text/plain")
        work = CleanWork(prefix="job/3/", keep=("job/3/2/1/b",))
        attempt = new_attempt(TaskKind.CLEAN, work, folder=tmp_path / "c", store=store, prefix="job/3/5/1/")

        assert CleanStage().run(attempt).deleted == 2
        assert sorted(store.list_keys("job/")) == ["job/3/2/1/b", "job/33/1/1/other"]
        assert CleanStage().run(attempt).deleted == 0


def test_encoders_are_found_by_trying_them(tmp_path: Path) -> None:
    encoders = working_encoders(TOOLS, tmp_path)

    assert {"libx264", "libvpx", "aac"} <= set(encoders)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_a_tool_keeps_its_evidence(tmp_path: Path) -> None:
    with pytest.raises(WorkError) as caught:
        TOOLS.probe(tmp_path / "none.mp4", folder=tmp_path, stop=StopSignal(), phase=Phase.ENCODE)

    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert "ffprobe" in caught.value.evidence
    assert "No such file" in caught.value.evidence
