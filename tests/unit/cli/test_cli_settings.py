import sys
from pathlib import Path

import pytest

from reelyard.cli.main import run
from reelyard.cli.setting_list import all_settings
from reelyard.cli.standalone import read_standalone_settings
from reelyard.cluster.setting_names import SETTING_NAMES
from reelyard.cluster.settings import SettingsError


def test_the_list_has_every_known_setting_and_no_other() -> None:
    listed = {row.name for row in all_settings() if row.name.startswith("REELYARD_")}

    assert listed == SETTING_NAMES


def test_every_setting_says_what_it_means_and_who_uses_it() -> None:
    assert [row.name for row in all_settings() if not row.meaning or not row.used_by] == []


def test_settings_are_listed_without_the_values_of_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REELYARD_API_KEY", "ry_do_not_show")
    monkeypatch.setenv("REELYARD_DATABASE_URL", "postgresql://user:do_not_show@host/name")
    monkeypatch.setattr(sys, "argv", ["reelyard", "settings"])

    with pytest.raises(SystemExit) as ended:
        run()
    shown = capsys.readouterr().out

    assert ended.value.code == 0
    assert "REELYARD_HTTP_PORT" in shown
    assert "do_not_show" not in shown


@pytest.mark.parametrize("command", ["standalone", "gateway", "scheduler", "node"])
def test_wrong_settings_are_all_told_at_once_without_a_traceback(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("REELYARD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("REELYARD_LOG_LEVEL", "loud")
    monkeypatch.setenv("REELYARD_HTPP_PORT", "80")
    monkeypatch.setattr(sys, "argv", ["reelyard", command])

    with pytest.raises(SystemExit) as ended:
        run()
    told = capsys.readouterr()

    assert ended.value.code == 2
    assert told.out == ""
    assert "'loud'" in told.err
    assert "REELYARD_HTPP_PORT" in told.err
    assert "REELYARD_HTTP_PORT" in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "data").exists()


def test_standalone_tells_a_problem_that_its_services_share_only_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_standalone_settings(
            {"REELYARD_LOG_FORMAT": "xml", "REELYARD_HTTP_PORT": "-1"}, data=tmp_path, http_port=None
        )

    named = sorted(problem.split()[0] for problem in refused.value.problems)
    assert named == ["REELYARD_HTTP_PORT", "REELYARD_LOG_FORMAT"]


def test_standalone_keeps_everything_in_its_data_folder_on_the_loopback_address(tmp_path: Path) -> None:
    folder, settings = read_standalone_settings({}, data=tmp_path / "data", http_port=0)

    assert folder.path == tmp_path / "data"
    assert settings.scheduler.database_url == f"sqlite:////{str(tmp_path).lstrip('/')}/data/reelyard.db"
    assert settings.node.storage_url == settings.gateway.storage_url == f"file://{tmp_path}/data/media"
    assert settings.scheduler.listen == "127.0.0.1:0"
    assert settings.scheduler.rpc_token
    assert settings.scheduler.rpc_token == settings.node.rpc_token == settings.gateway.rpc_token
    assert settings.gateway.http_port == 0


def test_two_starts_of_standalone_have_different_tokens(tmp_path: Path) -> None:
    tokens = {read_standalone_settings({}, data=tmp_path, http_port=None)[1].scheduler.rpc_token for _ in range(2)}

    assert len(tokens) == 2


def test_what_the_environment_says_of_database_and_store_wins_in_standalone(tmp_path: Path) -> None:
    given = {
        "REELYARD_DATABASE_URL": "postgresql://user@host/name",
        "REELYARD_STORAGE_URL": "s3://bucket?endpoint=http://host:9000",
    }

    _, settings = read_standalone_settings(given, data=tmp_path, http_port=None)

    assert settings.scheduler.database_url == given["REELYARD_DATABASE_URL"]
    assert settings.gateway.storage_url == given["REELYARD_STORAGE_URL"]
