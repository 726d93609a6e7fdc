import io
from pathlib import Path

import pytest
from rich.console import Console

from reelyard.cli.demo import clip
from reelyard.cli.demo.clip import check_programs, describe, make_clip
from reelyard.cli.demo.errors import DemoError
from reelyard.cli.demo.flow import run_demo
from reelyard.cli.demo.screen import Screen

QUEUED = {
    "Status": "AddedToQueue",
    "ImportingProgress": 0,
    "EncodingProgress": 0,
    "StoringProgress": 0,
    "DistributionProgress": 0,
}
ENCODING = QUEUED | {"Status": "Encoding", "ImportingProgress": 100, "EncodingProgress": 40}


def shown(*moments: dict[str, dict[str, object]], terminal: bool) -> str:
    out = io.StringIO()
    with Screen(Console(file=out, force_terminal=terminal, width=120, legacy_windows=False)) as screen:
        for jobs in moments:
            screen.show(jobs)
    return out.getvalue()


def test_without_a_terminal_every_change_of_a_jobs_status_is_a_line() -> None:
    later = ENCODING | {"EncodingProgress": 90}

    said = shown({"mp4": QUEUED}, {"mp4": ENCODING}, {"mp4": later}, terminal=False)

    assert said.splitlines() == [
        "mp4: AddedToQueue (ingest 0 %, encode 0 %, store 0 %, distribute 0 %)",
        "mp4: Encoding (ingest 100 %, encode 40 %, store 0 %, distribute 0 %)",
    ]


def test_at_a_terminal_the_four_stages_of_each_job_are_bars() -> None:
    said = shown({"mp4": ENCODING, "webm": QUEUED}, terminal=True)

    for word in ("ingest", "encode", "store", "distribute", "mp4", "webm", "Encoding", "━"):
        assert word in said


def test_missing_programs_are_named_with_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(DemoError, match=r"ffmpeg and ffprobe not found.*apt-get install ffmpeg"):
        check_programs()


def test_a_missing_ffmpeg_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    status = run_demo(tmp_path / "output")

    assert status == 1
    assert capsys.readouterr().err.startswith("demo: ffmpeg and ffprobe not found")
    assert not (tmp_path / "output").exists()


def test_the_clip_has_a_picture_and_a_tone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clip, "CLIP_SECONDS", 1)

    make_clip(tmp_path / "clip.mp4")

    seen = describe(tmp_path / "clip.mp4")
    assert "h264 640x360, aac 48000 Hz, 2 channels" in seen
    assert "mov,mp4" in seen
    assert "1.0" in seen


def test_a_file_that_is_no_media_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no media")

    with pytest.raises(DemoError, match="ffprobe failed"):
        describe(tmp_path / "text.mp4")
