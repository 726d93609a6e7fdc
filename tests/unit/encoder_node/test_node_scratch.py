"""Scratch folders on a real file system; a dead process is one whose lock the kernel has dropped."""

import subprocess
import sys
from pathlib import Path

import pytest

from encoder_node.scratch import Scratch


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


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"x")

    Scratch(tmp_path, "node-a").close()

    assert (tmp_path / "precious" / "file").exists()


def _leave_something_and_break(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_bytes(b"x")
    (folder / "missing").read_bytes()
