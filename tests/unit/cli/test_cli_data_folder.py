import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reelyard.cli.data_folder import DataFolder, DataFolderError, DataSettings, choose_data_folder
from tests.secret_key import SECRET_KEY

HOLD = """
import sys
from pathlib import Path
from reelyard.cli.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


def test_the_folder_of_the_command_line_wins_over_the_setting(tmp_path: Path) -> None:
    settings = DataSettings(data=tmp_path / "set")

    chosen = [choose_data_folder(said, settings, {}).path for said in (tmp_path / "said", None)]

    assert chosen == [tmp_path / "said", tmp_path / "set"]


def test_a_relative_folder_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert choose_data_folder(Path("here"), DataSettings(), {}).path == tmp_path / "here"


def test_the_default_is_the_users_and_not_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    default = choose_data_folder(None, DataSettings(), {})
    moved = choose_data_folder(None, DataSettings(), {"XDG_DATA_HOME": "/srv/share"})

    assert default.path == tmp_path / ".local/share/reelyard"
    assert moved.path == Path("/srv/share/reelyard")


def test_only_the_owner_may_look_into_a_new_folder(folder: DataFolder) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder.path, folder.path / "media")}

    assert modes == {"data": 0o700, "media": 0o700}


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataFolderError, match="--data or REELYARD_DATA"):
        DataFolder(tmp_path / "file" / "data").make()


def test_two_processes_never_share_a_folder(folder: DataFolder) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(DataFolderError, match=f"in use by another Reelyard .process {holder.pid}"), folder.locked():
            pytest.fail("both have it")
        holder.communicate("")


def test_the_lock_of_a_killed_process_does_not_stay(folder: DataFolder) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()

        with folder.locked():
            written = (folder.path / "lock").read_text()

    assert written == f"{os.getpid()}\n"


def test_a_folder_has_a_database_once_it_was_used(folder: DataFolder) -> None:
    before = folder.has_database()
    Path(folder.database_url.removeprefix("sqlite:///")).touch()

    assert (before, folder.has_database()) == (False, True)


def test_a_key_is_made_once_and_is_for_its_owner_alone(folder: DataFolder) -> None:
    folder.make()

    first = folder.secret_keys()

    assert folder.secret_keys() == first
    assert len(first) == 1
    assert (folder.path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.path.glob(".secret*")] == []


def test_a_rotated_key_file_holds_several(folder: DataFolder) -> None:
    folder.make()
    (old,) = folder.secret_keys()
    (folder.path / "secret.key").write_text(f"{SECRET_KEY},{old}\n")

    assert folder.secret_keys() == (SECRET_KEY, old)


def test_a_damaged_key_file_is_told_and_not_replaced(folder: DataFolder) -> None:
    folder.make()
    (folder.path / "secret.key").write_text("half-a-ke")

    with pytest.raises(DataFolderError, match=r"secret\.key is damaged") as told:
        folder.secret_keys()

    assert "half-a-ke" not in str(told.value)
    assert (folder.path / "secret.key").read_text() == "half-a-ke"
