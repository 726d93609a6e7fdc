"""The command as a person runs it: `reelyard standalone` and `reelyard demo` as real processes."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REELYARD = str(Path(sys.executable).with_name("reelyard"))
KEY_LINE = re.compile(r"api key \(shown once\): ry_[\w-]{43}\n")
READY_LINE = re.compile(r"reelyard ready http://127\.0\.0\.1:\d+\n")


def environment(**extra: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("REELYARD_")} | extra


def standalone(data: Path) -> subprocess.Popen[str]:
    with data.with_suffix(".log").open("a") as log:
        return subprocess.Popen(
            [REELYARD, "standalone", "--data", str(data), "--http-port", "0"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def lines_until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("reelyard ready"):
            break
    return lines


def mentioning(folder: Path) -> list[str]:
    """Command lines of the processes that know a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            seen = (entry / "cmdline").read_bytes()
            if str(folder).encode() in seen + (entry / "environ").read_bytes():
                found.append(seen.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_first_start_shows_a_key_once_and_every_start_one_ready_line(tmp_path: Path) -> None:
    starts = []
    for _ in range(2):
        with standalone(tmp_path / "data") as process:
            lines = lines_until_ready(process)
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=60)[0]
        starts.append((lines, rest, process.returncode))

    (first, *first_end), (second, *second_end) = starts
    assert len(first) == 2
    assert KEY_LINE.fullmatch(first[0])
    assert READY_LINE.fullmatch(first[1])
    assert len(second) == 1
    assert READY_LINE.fullmatch(second[0])
    assert first_end == second_end == ["", 0]


def test_a_second_standalone_on_the_same_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with standalone(tmp_path / "data") as process:
        lines_until_ready(process)

        refused = subprocess.run(
            [REELYARD, "standalone", "--data", str(tmp_path / "data"), "--http-port", "0"],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        still_running = process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert (refused.returncode, refused.stdout, still_running, process.returncode) == (1, "", True, 0)
    assert f"process {process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_standalone_writes_is_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)  # a folder that was there before and is open to others
    with standalone(data) as process:
        lines_until_ready(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    opened = [path.name for path in data.rglob("*") if path.stat().st_mode & 0o077]

    assert opened == []


def test_the_demonstration_leaves_its_results_and_no_process(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    done = subprocess.run(
        [REELYARD, "demo", "--output", str(tmp_path / "output")],
        env=environment(TMPDIR=str(temporary)),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    results = sorted(path.suffix for path in (tmp_path / "output").iterdir())
    assert results == [".mp3", ".mp4", ".webm"]
    for said in ("h264 640x360, aac 48000 Hz", "vp8 320x180, vorbis 48000 Hz", "mp3 48000 Hz", "Stopped."):
        assert said in done.stdout
    assert done.stdout.count("Success") == 3
    assert list(temporary.iterdir()) == []
    assert mentioning(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [REELYARD, "demo", "--output", str(tmp_path / "output")],
        env=environment(TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Encoding" in line:
                break
        demo.send_signal(number)
        told = demo.communicate(timeout=60)[1]

    assert demo.returncode == 130
    assert told.strip() == "demo: interrupted; everything is stopped"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]
    assert mentioning(tmp_path) == []
