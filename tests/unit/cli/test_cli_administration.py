import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from reelyard.cli.data_folder import DataFolder
from reelyard.cli.main import run
from reelyard.cluster.settings_parsers import secret_keys
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.store.sealed import Sealer, unseal

Outcome = tuple[int, str, str]


@pytest.fixture
def reelyard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """The command on a data folder that was used before: status, standard output, standard error."""
    folder = DataFolder(tmp_path / "data")
    folder.make()
    database = Database(folder.database_url)
    migrate(database)
    database.close()
    monkeypatch.setenv("REELYARD_DATA", str(folder.path))

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["reelyard", *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_a_new_key_is_alone_on_standard_output_and_listed_without_its_secret(reelyard: Callable[..., Outcome]) -> None:
    status, secret, told = reelyard("keys", "create", "--label", "ci")
    _, listed, _ = reelyard("keys", "list")

    assert status == 0
    assert re.fullmatch(r"ry_[\w-]{43}\n", secret)
    assert "'default'" in told
    assert secret.strip() not in listed
    assert [line.split()[1:5] for line in listed.splitlines()[1:]] == [["default", f"{secret[:8]}...", "full", "ci"]]


def test_a_revoked_key_is_listed_as_revoked(reelyard: Callable[..., Outcome]) -> None:
    key_id = re.findall(r"key (\d+)", reelyard("keys", "create")[2])[0]

    status, told, _ = reelyard("keys", "revoke", key_id)
    _, listed, _ = reelyard("keys", "list")

    assert (status, told.startswith(f"key {key_id} (")) == (0, True)
    assert listed.splitlines()[1].endswith(told.split()[-2])


def test_revoking_an_unknown_key_fails_and_names_it(reelyard: Callable[..., Outcome]) -> None:
    status, out, err = reelyard("keys", "revoke", "4711")

    assert (status, out) == (1, "")
    assert "4711" in err
    assert "Traceback" not in err


def test_an_account_is_made_and_given_a_key(reelyard: Callable[..., Outcome]) -> None:
    made, _, _ = reelyard("accounts", "create", "studio")
    keyed, _, _ = reelyard("keys", "create", "--account", "studio")
    _, listed, _ = reelyard("accounts", "list")

    assert (made, keyed) == (0, 0)
    assert [line.split()[1:3] for line in listed.splitlines()[1:]] == [["studio", "active"]]


def test_a_key_for_an_unknown_account_is_refused(reelyard: Callable[..., Outcome]) -> None:
    status, out, err = reelyard("keys", "create", "--account", "nobody")

    assert (status, out) == (1, "")
    assert "'nobody'" in err


def test_a_name_with_control_characters_is_refused_as_misuse(reelyard: Callable[..., Outcome]) -> None:
    status, _, err = reelyard("accounts", "create", "a\x1bb")

    assert status == 2
    assert "{" not in err


def test_a_folder_that_was_never_used_is_not_made_into_an_installation(
    reelyard: Callable[..., Outcome], tmp_path: Path
) -> None:
    status, _, err = reelyard("keys", "create", "--data", str(tmp_path / "typo"))

    assert status == 1
    assert str(tmp_path / "typo") in err
    assert not (tmp_path / "typo").exists()


def test_an_account_is_disabled_and_enabled(reelyard: Callable[..., Outcome]) -> None:
    reelyard("accounts", "create", "studio")

    disabled, _, _ = reelyard("accounts", "disable", "studio")
    _, listed, _ = reelyard("accounts", "list")
    enabled, _, _ = reelyard("accounts", "enable", "studio")
    _, listed_again, _ = reelyard("accounts", "list")

    assert (disabled, enabled) == (0, 0)
    assert listed.splitlines()[1].split()[1:3] == ["studio", "disabled"]
    assert listed_again.splitlines()[1].split()[1:3] == ["studio", "active"]


def test_a_new_webhook_secret_is_alone_on_standard_output(reelyard: Callable[..., Outcome]) -> None:
    reelyard("accounts", "create", "studio")

    _, first, _ = reelyard("accounts", "sign", "studio")
    _, second, _ = reelyard("accounts", "sign", "studio")
    status, told, _ = reelyard("accounts", "sign", "studio", "--off")

    assert re.fullmatch(r"whsec_[\w-]{43}\n", first)
    assert first != second
    assert (status, "not signed" in told) == (0, True)


@pytest.mark.parametrize("command", ["sign", "disable", "enable", "show"])
def test_an_unknown_account_is_named(reelyard: Callable[..., Outcome], command: str) -> None:
    status, out, err = reelyard("accounts", command, "nobody")

    assert (status, out) == (1, "")
    assert "'nobody'" in err
    assert "Traceback" not in err


def test_a_new_secret_is_a_key_and_is_alone_on_standard_output(reelyard: Callable[..., Outcome]) -> None:
    (_, one, _), (_, two, _) = reelyard("keys", "new-secret"), reelyard("keys", "new-secret")

    assert one != two
    assert secret_keys(one.strip()) == (one.strip(),)


def test_a_signing_secret_is_stored_encrypted_with_the_folders_key(
    reelyard: Callable[..., Outcome], tmp_path: Path
) -> None:
    reelyard("keys", "create")

    _, secret, _ = reelyard("accounts", "sign")

    database = Database(DataFolder(tmp_path / "data").database_url, Sealer(DataFolder(tmp_path / "data").secret_keys()))
    with database.read() as conn:
        stored = conn.execute(text("SELECT webhook_secret FROM accounts")).scalar_one()
        opened = unseal(conn, stored)
    database.close()
    assert secret.strip() not in stored
    assert opened == secret.strip()


def test_credentials_of_a_lost_key_are_forgotten(reelyard: Callable[..., Outcome], tmp_path: Path) -> None:
    reelyard("keys", "create")
    reelyard("accounts", "sign")
    (tmp_path / "data" / "secret.key").unlink()

    found, listed, advice = reelyard("keys", "drop-lost", "--yes")
    (lost_key,) = re.findall(r"^([0-9a-f]{12}) +1$", listed, re.MULTILINE)
    unknown = reelyard("keys", "drop-lost", "0123456789ab", "--yes")
    status, told, _ = reelyard("keys", "drop-lost", lost_key, "--yes")
    after = reelyard("keys", "drop-lost")

    assert (found, "put them back" in advice) == (1, True)
    assert (unknown[0], lost_key in unknown[2], "Traceback" in unknown[2]) == (2, True, False)
    assert (status, told.split()[0]) == (0, "1")
    assert (after[0], after[1].startswith("no key is missing")) == (0, True)
