"""Ingests with real ffmpeg, a real folder store and real HTTP servers: what is stored, and what is refused."""

import hashlib
import ipaddress
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from encoder_node.attempt import Attempt
from encoder_node.fetch.bounds import DownloadLimits
from encoder_node.ffmpeg import Tools
from encoder_node.stages.ingest import IngestStage
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.cluster.work import IngestResult, IngestWork, TaskKind
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.node_peers import TOOLS, Faulty, new_attempt, serve

LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
LIMITS = DownloadLimits(stall_s=5, max_bytes=10**9, hard_s=60)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def ingest(faulty: Faulty, tmp_path: Path, store: FolderStore, tools: Tools = TOOLS) -> tuple[IngestResult, Attempt]:
    pool = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=5)
    with serve(faulty) as server:
        work = IngestWork(input_media_id=1, source_url=server.url)
        attempt = new_attempt(TaskKind.INGEST, work, folder=tmp_path / "work", store=store, prefix="ingest/3/7/1/")
        return IngestStage(pool, tools, LIMITS).run(attempt), attempt


def refused(faulty: Faulty, tmp_path: Path, store: FolderStore, tools: Tools = TOOLS) -> WorkError:
    with pytest.raises(WorkError) as caught:
        ingest(faulty, tmp_path, store, tools)
    assert list(store.list_keys("ingest/")) == []
    return caught.value


def test_a_source_is_stored_with_its_facts_and_a_thumbnail(clip: Path, tmp_path: Path, store: FolderStore) -> None:
    body = clip.read_bytes()
    result, attempt = ingest(Faulty(body=body, headers={"Content-Type": "video/mp4"}), tmp_path, store)

    assert result.filename == "clip.mp4"
    assert result.source.key == "ingest/3/7/1/source"
    assert (result.source.size_bytes, result.source.sha256) == (
        len(body),
        hashlib.sha256(body).hexdigest(),
    )
    assert result.source.mime_type == "video/mp4"
    assert result.info.video[0].frames == 50
    assert (result.info.video[0].width, result.info.audio[0].channels) == (160, 2)
    assert result.thumbnail is not None
    picture = store.local_path(result.thumbnail.key)
    assert picture is not None
    assert picture.read_bytes()[:3] == b"\xff\xd8\xff"
    progress = attempt.held.progress
    assert (progress.permille, progress.storing_permille) == (1000, 1000)
    assert (progress.size_bytes, progress.mime_type) == (len(body), "video/mp4")


def test_audio_alone_has_no_thumbnail(tmp_path: Path, store: FolderStore) -> None:
    source = tmp_path / "tone.mp3"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", str(source))

    result, _ = ingest(Faulty(body=source.read_bytes()), tmp_path, store)

    assert (result.thumbnail, result.info.video) == (None, ())


def test_cover_art_is_no_video(tmp_path: Path, store: FolderStore) -> None:
    source = tmp_path / "song.mp3"
    picture = ("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04", "-frames:v", "1")
    ffmpeg(
        *("-f", "lavfi", "-i", "sine=d=1"),
        *picture[:4],
        *("-map", "0", "-map", "1", "-c:v", "mjpeg", "-frames:v", "1"),
        *("-disposition:v", "attached_pic", str(source)),
    )

    result, _ = ingest(Faulty(body=source.read_bytes()), tmp_path, store)

    assert (result.thumbnail, result.info.video) == (None, ())


def test_a_stream_that_is_announced_and_never_comes_is_passed_over(
    clip: Path, tmp_path: Path, store: FolderStore
) -> None:
    """As in recordings of broadcasts: the table names a second sound, and there is no packet of it."""
    full = tmp_path / "full.ts"
    sounds = ("-map", "0:v", "-map", "0:a", "-map", "0:a", "-c:v", "copy", "-c:a", "mp2")
    ffmpeg("-i", str(clip), *sounds, "-f", "mpegts", str(full))
    data = full.read_bytes()
    packets = (data[at : at + 188] for at in range(0, len(data), 188))
    ghost = b"".join(each for each in packets if int.from_bytes(each[1:3]) & 0x1FFF != 0x102)  # the second sound's PID

    result, _ = ingest(Faulty(body=ghost), tmp_path, store)

    assert [track.undecodable for track in result.info.audio] == [False, True]


def test_an_empty_source_is_no_media(tmp_path: Path, store: FolderStore) -> None:
    error = refused(Faulty(body=b""), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA
    assert "empty" in error.message


def test_text_is_no_media(tmp_path: Path, store: FolderStore) -> None:
    error = refused(Faulty(body=b"not a video at all\n" * 100), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA
    assert "clip.mp4" in error.evidence or "source" in error.evidence


def test_a_web_page_is_no_media_and_the_message_says_what_came(tmp_path: Path, store: FolderStore) -> None:
    page = Faulty(body=b"<!doctype html><p>Please log in</p>", headers={"Content-Type": "text/html; charset=utf-8"})
    error = refused(page, tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA
    assert "text/html" in error.message


def test_a_playlist_is_no_media(tmp_path: Path, store: FolderStore) -> None:
    playlist = b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    error = refused(Faulty(body=playlist), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA


def test_zero_seconds_are_no_media(tmp_path: Path, store: FolderStore) -> None:
    source = tmp_path / "nothing.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-t", "0", "-c:v", "libx264", str(source))

    error = refused(Faulty(body=source.read_bytes()), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA


def test_a_file_cut_off_in_its_middle_is_corrupt(clip: Path, tmp_path: Path, store: FolderStore) -> None:
    # The index stands in front (faststart), so the head alone looks like the whole file.
    body = clip.read_bytes()
    error = refused(Faulty(body=body[: len(body) // 2]), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_CORRUPT
    assert "2.00 s" in error.message


def test_a_file_without_its_index_is_corrupt(tmp_path: Path, store: FolderStore) -> None:
    source = tmp_path / "late.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1", "-c:v", "libx264", "-preset", "ultrafast"),
        str(source),
    )
    body = source.read_bytes()

    error = refused(Faulty(body=body[: len(body) - 1500]), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_CORRUPT
    assert "moov" in error.message


@pytest.mark.parametrize("number", [15, 9])
def test_a_check_that_was_killed_says_nothing_of_the_source(
    number: int, clip: Path, tmp_path: Path, store: FolderStore
) -> None:
    """A service manager signals a service's children with it, and the kernel kills for memory."""
    folder = tmp_path / "bin"
    folder.mkdir()
    ffmpeg_that_dies = folder / "ffmpeg"
    ffmpeg_that_dies.write_text(
        f"#!/bin/sh\ncase $* in *'-f null'*) kill -{number} $$; esac\nexec /usr/bin/ffmpeg \"$@\"\n"
    )
    ffmpeg_that_dies.chmod(0o755)
    tools = replace(TOOLS, environment={**TOOLS.environment, "PATH": f"{folder}:{TOOLS.environment['PATH']}"})

    error = refused(Faulty(body=clip.read_bytes()), tmp_path, store, tools)

    assert error.code is ErrorCode.ENCODE_FAILED  # tried again, on another node
    assert "from outside" in error.message
