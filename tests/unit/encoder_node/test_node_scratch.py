"""Scratch folders on a real file system; a dead process is one whose lock the kernel has dropped."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from encoder_node.scratch import Scratch

#: A node's process that does something just before it asks the kernel for something: {event} of Python's audit events,
#: {at} whether it is that one, {do} what it does then, {then} what it does with its folder.
AT_A_MOMENT = """
import os, signal, sys
from pathlib import Path
from encoder_node.scratch import Scratch

root = Path(sys.argv[1])

def seen(event, arguments):
    if event == {event!r} and {at}:
        {do}

sys.addaudithook(seen)
scratch = Scratch(root, "dead")
(scratch.folder / "left").write_bytes(b"x")
{then}
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
#: The lock file of a new folder is about to be made; the folder is there.
MAKES = {"event": "open", "at": "str(arguments[0]).endswith('/.lock') and Path(arguments[0]).parent != root"}


def test_an_attempt_has_a_folder_as_long_as_it_runs(tmp_path: Path) -> None:
    with Scratch(tmp_path, "node-a") as scratch:
        with scratch.attempt_folder(7, 1, "token") as folder:
            (folder / "source").write_bytes(b"x")
            assert folder.parent == tmp_path / "node-a"
        assert not folder.exists()


def test_the_folder_goes_when_the_attempt_breaks(tmp_path: Path) -> None:
    with Scratch(tmp_path, "node-a") as scratch:
        with pytest.raises(FileNotFoundError), scratch.attempt_folder(7, 1, "token") as folder:
            _leave_something_and_break(folder)
        assert not folder.exists()


def test_closing_removes_the_nodes_folder(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "made" / "here", "node-a")
    scratch.close()
    scratch.close()

    assert [path.name for path in (tmp_path / "made" / "here").iterdir()] == [".lock"]


def test_what_a_killed_node_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal\nfrom pathlib import Path\nfrom encoder_node.scratch import Scratch\n"
        "scratch = Scratch(Path(sys.argv[1]), 'dead')\n(scratch.folder / 'left').write_bytes(b'x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert (tmp_path / "dead" / "left").exists()

    with Scratch(tmp_path, "alive"), Scratch(tmp_path, "second"):
        assert not (tmp_path / "dead").exists()
        assert (tmp_path / "alive").is_dir()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(MAKES | {"do": KILL, "then": ""}, id="makes it"),
        pytest.param({"event": "os.rmdir", "at": "True", "do": KILL, "then": "scratch.close()"}, id="removes it"),
    ],
)
def test_a_node_that_is_killed_while_it_makes_or_removes_its_folder_leaves_nothing_for_ever(
    moment: dict[str, str], tmp_path: Path
) -> None:
    killed = subprocess.run([sys.executable, "-c", AT_A_MOMENT.format(**moment), str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.iterdir())) == 2, "the root's lock, and what was killed with it"

    with Scratch(tmp_path, "alive"):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "alive"]


def test_a_folder_in_the_making_is_safe_from_a_node_that_starts(tmp_path: Path) -> None:
    """It waits for the root's lock before it looks for what others left."""
    pause = MAKES | {"do": "print('making', flush=True), sys.stdin.readline()", "then": "sys.stdin.readline()"}
    program = [sys.executable, "-c", AT_A_MOMENT.format(**pause), str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "making\n"
        with (tmp_path / ".lock").open("rb") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.stdin.write("\n")
        other.stdin.flush()

        with Scratch(tmp_path, "second"):
            assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "dead", "second"]
            other.stdin.close()


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"x")

    Scratch(tmp_path, "node-a").close()

    assert (tmp_path / "precious" / "file").exists()


def _leave_something_and_break(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_bytes(b"x")
    (folder / "missing").read_bytes()
