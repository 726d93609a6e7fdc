"""The one spawner, with real children. /bin/sh stands in for a tool that misbehaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from encoder_node.pipes import FIRST_LINES, LAST_LINES
from encoder_node.process import Ended, Limits, Outcome, Usage, run
from encoder_node.stop import StoppedError, StopReason, StopSignal

ENVIRONMENT = {"PATH": os.defpath}


class Lines:
    """Collects lines; a line that begins with "+" counts as progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.first = threading.Event()

    def feed(self, line: str) -> bool:
        self.lines.append(line)
        self.first.set()
        return line.startswith("+")


def sh(
    script: str,
    cwd: Path,
    *,
    stop: StopSignal | None = None,
    reader: Lines | None = None,
    limits: Limits | None = None,
    on_use: Callable[[Usage], None] | None = None,
) -> Outcome:
    return run(
        ["/bin/sh", "-c", script],
        cwd=cwd,
        limits=limits or Limits(hard_s=60),
        stop=stop or StopSignal(),
        environment=ENVIRONMENT,
        reader=reader,
        on_use=on_use,
    )


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that its new parent has not reaped yet counts."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_gone(pid)


def test_output_and_exit_status_come_back(tmp_path: Path) -> None:
    outcome = sh("echo out; echo err >&2; exit 3", tmp_path)

    assert (outcome.ended, outcome.exit_status, outcome.ok) == (Ended.EXITED, 3, False)
    assert outcome.stdout == b"out\n"
    assert outcome.errors.kept() == ["err"]


def test_what_a_child_uses_is_told_as_it_writes_and_exactly_at_its_end(tmp_path: Path) -> None:
    """The shell's own time, and that of its children that have ended: what the kernel gives at the end."""
    busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    used: list[Usage] = []
    outcome = sh(f"{busy}; echo one; /bin/sh -c '{busy}'; echo two", tmp_path, reader=Lines(), on_use=used.append)

    first, *_, last = used
    assert len(used) >= 3
    assert used == sorted(used, key=lambda each: (each.seconds, each.cpu_s))
    assert used == sorted(used, key=lambda each: each.cpu_s)
    assert 0 < first.cpu_s < last.cpu_s
    assert (last.seconds, last.cpu_s) == (outcome.seconds, outcome.cpu_s)
    assert used[-2].cpu_s <= last.cpu_s


def test_a_child_that_is_ended_has_told_what_it_used(tmp_path: Path) -> None:
    used: list[Usage] = []
    reader, stop = Lines(), StopSignal()
    stopper = threading.Thread(target=lambda: (reader.first.wait(20), stop.set(StopReason.DRAIN)))
    stopper.start()
    outcome = sh("echo one; exec sleep 60", tmp_path, reader=reader, stop=stop, on_use=used.append)
    stopper.join()

    assert outcome.ended is Ended.STOPPED
    assert used[-1] == Usage(outcome.seconds, outcome.cpu_s)


def test_a_child_killed_from_outside_reports_the_signal(tmp_path: Path) -> None:
    outcome = sh("kill -9 $$", tmp_path)

    assert (outcome.ended, outcome.exit_status) == (Ended.EXITED, -signal.SIGKILL)


def test_the_child_has_no_input_its_own_folder_and_a_bare_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    outcome = sh("cat; pwd; env", tmp_path)

    lines = outcome.stdout.decode().splitlines()
    assert lines[0] == str(tmp_path)
    assert {line.partition("=")[0] for line in lines[1:]} <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}


def test_limits_reach_the_child(tmp_path: Path) -> None:
    limits = Limits(memory_bytes=512 * 1024 * 1024, file_bytes=8192, open_files=32, hard_s=60)

    outcome = sh("ulimit -c; ulimit -v; ulimit -n; ulimit -f", tmp_path, limits=limits)

    assert outcome.stdout.split() == [b"0", b"524288", b"32", b"16"]


def test_a_file_over_the_limit_ends_the_child(tmp_path: Path) -> None:
    outcome = sh("exec head -c 100000 /dev/zero > big", tmp_path, limits=Limits(file_bytes=10_000, hard_s=60))

    assert not outcome.ok
    assert (tmp_path / "big").stat().st_size <= 10_000


def test_a_flood_on_both_pipes_does_not_block_and_is_bounded(tmp_path: Path) -> None:
    reader = Lines()

    outcome = sh(
        "i=0; while [ $i -lt 20000 ]; do echo $i; echo error $i >&2; i=$((i+1)); done", tmp_path, reader=reader
    )

    assert outcome.ok
    assert len(reader.lines) == 20_000
    assert outcome.errors.total == 20_000
    kept = outcome.errors.kept()
    assert len(kept) == FIRST_LINES + LAST_LINES + 1
    assert (kept[0], kept[-1]) == ("error 0", "error 19999")


def test_endless_unread_output_ends_the_child(tmp_path: Path) -> None:
    outcome = sh("exec cat /dev/zero", tmp_path)

    assert outcome.ended is Ended.FLOODED


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    outcome = sh("head -c 5000000 /dev/zero | tr '\\0' x >&2", tmp_path)

    (line,) = outcome.errors.kept()
    assert set(line) == {"x"}
    assert len(line) <= 2000


def test_folded_repeats_are_counted(tmp_path: Path) -> None:
    outcome = sh("printf 'broken\\n    Last message repeated 41 times\\n' >&2", tmp_path)

    assert outcome.errors.total == 42


def test_a_stop_ends_the_child_and_says_so(tmp_path: Path) -> None:
    stop, reader = StopSignal(), Lines()
    threading.Thread(target=lambda: (reader.first.wait(), stop.set(StopReason.CANCELLED))).start()

    outcome = sh("echo $$; exec sleep 600", tmp_path, stop=stop, reader=reader)

    assert (outcome.ended, outcome.exit_status) == (Ended.STOPPED, -signal.SIGTERM)
    assert is_gone(int(reader.lines[0]))


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stop, reader = StopSignal(), Lines()
    threading.Thread(target=lambda: (reader.first.wait(), stop.set(StopReason.LEASE_LOST))).start()

    outcome = sh("trap '' TERM; echo up; while :; do sleep 1; done", tmp_path, stop=stop, reader=reader)

    assert (outcome.ended, outcome.exit_status) == (Ended.STOPPED, -signal.SIGKILL)


def test_nothing_is_started_after_a_stop(tmp_path: Path) -> None:
    stop = StopSignal()
    stop.set(StopReason.DRAIN)

    with pytest.raises(StoppedError):
        sh("touch started", tmp_path, stop=stop)

    assert not (tmp_path / "started").exists()


def test_children_of_the_child_end_with_it(tmp_path: Path) -> None:
    # The grandchild holds the pipes open: a reader that waits for their end would wait for ten minutes.
    outcome = sh("sleep 600 & echo $!", tmp_path)

    assert outcome.ok
    assert wait_gone(int(outcome.stdout))


def test_a_child_without_progress_is_ended(tmp_path: Path) -> None:
    reader = Lines()

    outcome = sh(
        "echo + 1; while :; do echo same; sleep 0.05; done",
        tmp_path,
        reader=reader,
        limits=Limits(stall_s=2, hard_s=60),
    )

    assert outcome.ended is Ended.STALLED
    assert reader.lines[:2] == ["+ 1", "same"]


def test_progress_keeps_a_child_alive(tmp_path: Path) -> None:
    outcome = sh(
        "for i in 1 2 3 4 5 6 7 8; do echo + $i; sleep 0.5; done",
        tmp_path,
        reader=Lines(),
        limits=Limits(stall_s=3, hard_s=60),
    )

    assert outcome.ended is Ended.EXITED


def test_the_hard_limit_ends_a_child_that_makes_progress(tmp_path: Path) -> None:
    outcome = sh(
        "while :; do echo + ; sleep 0.02; done", tmp_path, reader=Lines(), limits=Limits(stall_s=30, hard_s=0.4)
    )

    assert outcome.ended is Ended.TIMED_OUT


def test_a_reader_that_breaks_leaves_no_child(tmp_path: Path) -> None:
    class Broken:
        pid = 0

        def feed(self, line: str) -> bool:
            self.pid = int(line)
            raise ValueError("cannot read this")

    reader = Broken()
    with pytest.raises(ValueError, match="cannot read this"):
        run(
            ["/bin/sh", "-c", "echo $$; exec sleep 600"],
            cwd=tmp_path,
            limits=Limits(),
            stop=StopSignal(),
            environment=ENVIRONMENT,
            reader=reader,
        )

    assert is_gone(reader.pid)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    sh("true", tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        sh("echo a; echo b >&2", tmp_path)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_evidence_holds_the_command_and_no_secret(tmp_path: Path) -> None:
    outcome = sh("echo 'cannot open https://user:pass@host/a?sig=1' >&2; exit 1", tmp_path)

    assert "/bin/sh -c" in outcome.evidence()
    assert "exit status 1" in outcome.evidence()
    assert "pass" not in outcome.evidence()
    assert "sig=1" not in outcome.evidence()


def test_a_killed_parent_takes_its_child_along(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from encoder_node.process import Limits, run\n"
        "from encoder_node.stop import StopSignal\n"
        "class Show:\n"
        "    def feed(self, line):\n"
        "        print(line, flush=True)\n"
        "        return True\n"
        "run(['/bin/sh', '-c', 'echo $$; exec sleep 600'], cwd=Path(sys.argv[1]), limits=Limits(),\n"
        "    stop=StopSignal(), environment={'PATH': '/usr/bin:/bin'}, reader=Show())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        # Our own events may come first on standard output.
        child = next(int(line) for line in parent.stdout if line.strip().isdecimal())
        assert not is_gone(child)

        parent.kill()

        assert wait_gone(child)


def test_a_program_carries_the_task_that_it_works_for(tmp_path: Path) -> None:
    with structlog.contextvars.bound_contextvars(job_id=7, task_id=9, attempt=2, request_id="req-1", node="n"):
        labelled = sh("echo $REELYARD_TASK", tmp_path)
    free = sh('echo "[$REELYARD_TASK]"', tmp_path)

    assert labelled.stdout == b"job=7,task=9,attempt=2,request=req-1\n"
    assert free.stdout == b"[]\n"


def test_programs_of_tasks_are_told_and_short_looks_are_not(tmp_path: Path) -> None:
    look = tmp_path / "ffprobe"
    look.symlink_to("/bin/true")

    with structlog.testing.capture_logs() as lines:
        sh("exit 3", tmp_path)
        with structlog.contextvars.bound_contextvars(task_id=9):
            run([str(look)], cwd=tmp_path, limits=Limits(), stop=StopSignal(), environment=ENVIRONMENT)
            sh("exit 3; # http://u:hidden@host/x", tmp_path)

    told = [line for line in lines if line["log_level"] == "info"]
    assert [line["event"] for line in told] == ["process_started", "process_ended"]
    assert told[0]["pid"] == told[1]["pid"]
    assert told[1]["exit_status"] == 3
    assert "hidden" not in told[0]["command"]
    assert len(lines) == 6


#: Uses processor time until it has used 0.3 s of it, in a second thread.
_BURN = (
    "import threading, time\n"
    "def burn():\n"
    "    while time.process_time() < 0.3: pass\n"
    "thread = threading.Thread(target=burn); thread.start(); thread.join()\n"
)


def python(script: str, cwd: Path, *, stop: StopSignal | None = None, reader: Lines | None = None) -> Outcome:
    return run(
        [sys.executable, "-c", script],
        cwd=cwd,
        limits=Limits(hard_s=60),
        stop=stop or StopSignal(),
        environment=ENVIRONMENT,
        reader=reader,
    )


def test_the_processor_time_of_all_threads_of_the_child_comes_back(tmp_path: Path) -> None:
    busy = python(_BURN, tmp_path)
    idle = sh("exec sleep 0.4", tmp_path)

    assert busy.ok
    assert busy.cpu_s >= 0.3
    assert idle.cpu_s < busy.cpu_s


def test_the_processor_time_of_a_child_that_was_killed_comes_back_too(tmp_path: Path) -> None:
    stop, lines = StopSignal(), Lines()

    def stop_after_burning() -> None:
        lines.first.wait(60)
        stop.set(StopReason.CANCELLED)

    watcher = threading.Thread(target=stop_after_burning)
    watcher.start()
    script = _BURN + "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('burnt', flush=True)\n"
    outcome = python(script + "time.sleep(60)", tmp_path, stop=stop, reader=lines)
    watcher.join()

    assert (outcome.ended, outcome.exit_status) == (Ended.STOPPED, -signal.SIGKILL)
    assert outcome.cpu_s >= 0.3


def test_a_child_whose_end_nobody_can_know_is_no_success(tmp_path: Path) -> None:
    """The kernel reaps by itself while SIGCHLD is ignored, and Python then makes it exit status 0."""
    script = (
        "import os, signal\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from pathlib import Path\n"
        "from encoder_node.process import Limits, run\n"
        "from encoder_node.stop import StopSignal\n"
        "open_files = os.listdir('/proc/self/fd')\n"
        "try:\n"
        "    run(['/bin/sh', '-c', 'exit 3'], cwd=Path('/'), limits=Limits(hard_s=60), stop=StopSignal(),\n"
        "        environment={'PATH': os.defpath})\n"
        "except OSError as error:\n"
        "    print('refused', type(error).__name__, os.listdir('/proc/self/fd') == open_files)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    # Which of the two depends on whether it was gone before it could be watched.
    assert done.stdout.splitlines()[-1] in {"refused ChildProcessError True", "refused ProcessLookupError True"}
