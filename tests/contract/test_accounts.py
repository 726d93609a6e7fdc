"""Accounts by themselves and beside each other: settings, defaults, formats, roles, and walls between them."""

import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reelyard.cli.main import run
from reelyard.cluster.settings_parsers import networks
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreateIngest, CreateJobsFromInput, UpdateAccount, UpdateFormat
from reelyard.cluster.work import NotifyWork, Queue, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, NotFoundError, SpecError
from reelyard.media.output import OutputRequest
from reelyard.media.presets import PRESETS
from scheduler.domain.policy import Policy
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.usecases.account_settings import get_account, update_account
from scheduler.usecases.authenticate import authenticate
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs_from_input import create_jobs_from_input
from scheduler.usecases.delete_media import delete_media
from scheduler.usecases.formats import delete_format, update_format
from scheduler.usecases.keys import create_key, hash_key, list_keys, revoke_key
from scheduler.usecases.paging import Page
from scheduler.usecases.read_formats import get_format, list_formats
from scheduler.usecases.read_ingests import get_ingest, list_active_ingests
from scheduler.usecases.read_jobs import get_job, list_active_jobs
from scheduler.usecases.read_media import get_media, list_media
from tests.contract.format_rig import PING, SHOWN_PING, SMALL, own_format, spec_of
from tests.contract.lifecycle_rig import MP4, SOURCE_URL, Rig
from tests.secret_key import SEALER, SECRET_KEY

DELIVERY = "sftp://me:secret@files.example/in/"


def change(rig: Rig, **settings: Any) -> Any:
    return update_account(rig.db, UpdateAccount(account_id=rig.account_id, **settings), sends_mail=True)


# --- settings


def test_a_new_account_has_no_settings(rig: Rig) -> None:
    shown = get_account(rig.db, rig.account_id, rate_limit=1000)

    assert (shown.account_id, shown.name, shown.rate_limit, shown.key_count) == (rig.account_id, "first", 1000, 0)
    assert (shown.default_ping_url, shown.default_delivery_location, shown.webhook_secret_set) == ("", "", False)
    with pytest.raises(NotFoundError):
        get_account(rig.db, 4711)


def test_what_is_given_is_changed_and_the_rest_stays(rig: Rig) -> None:
    change(rig, default_ping_url="https://a.example/x", default_notification_email="ops@a.example")
    changed = change(rig, default_notification_email="", webhook_secret="a-secret-of-my-own")

    assert changed.default_ping_url == "https://a.example/x"
    assert changed.default_notification_email == ""
    assert changed.webhook_secret_set
    assert get_account(rig.db, rig.account_id) == changed
    assert not change(rig, webhook_secret="").webhook_secret_set


def test_credentials_are_never_shown_and_stay_when_the_shown_url_is_given_back(rig: Rig) -> None:
    shown = change(rig, default_ping_url=PING, default_delivery_location=DELIVERY)

    assert (shown.default_ping_url, shown.default_delivery_location) == (SHOWN_PING, "sftp://files.example/in/")
    assert ":secret" not in repr(shown)
    change(rig, default_ping_url=SHOWN_PING, default_delivery_location="sftp://files.example/in/")
    spec = spec_of(rig, rig.create(MP4).jobs[0].job_id)
    assert (spec.ping_url, spec.delivery_location) == (PING, DELIVERY)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"default_ping_url": "ftp://h.example/x"}, "starts with 'ftp://'; valid are http"),
        ({"default_ping_url": "http://127.0.0.1/x"}, "may not be reached"),
        ({"default_delivery_location": "gopher://h.example/"}, "must begin with one of ftp://"),
        ({"default_delivery_location": "sftp://me:geheim@10.0.0.1/in/"}, "may not be reached"),
        ({"default_notification_email": "ops"}, "no mail address"),
        ({"default_notification_email": "ops@a.example\nBcc: b@c.example"}, "more than one address"),
        ({"webhook_secret": "short"}, "has 5 characters; 16 to 255 are valid"),
        ({"default_ping_url": "https://a.example/" + "x" * 2000}, "is longer than 2000 characters"),
        ({"webhook_secret": "with a space in it"}, "other characters than printable ASCII"),
    ],
)
def test_a_setting_that_is_not_valid_changes_nothing(rig: Rig, settings: dict[str, str], says: str) -> None:
    before = change(rig, default_ping_url="https://a.example/x")

    with pytest.raises(SpecError, match=says) as refused:
        change(rig, **({"default_notification_email": "new@a.example"} | settings))

    assert (refused.value.field, refused.value.code) == (*settings, ErrorCode.INVALID_PARAMETER_VALUE)
    assert "geheim" not in refused.value.message
    assert get_account(rig.db, rig.account_id) == before


def test_private_addresses_may_be_set_where_the_operator_admits_them(rig: Rig) -> None:
    wanted = UpdateAccount(account_id=rig.account_id, default_ping_url="http://10.1.2.3/x")

    changed = update_account(rig.db, wanted, fetch=FetchPolicy(networks("10.0.0.0/8")))

    assert changed.default_ping_url == "http://10.1.2.3/x"


def test_the_secret_that_was_set_signs_notifications(rig: Rig) -> None:
    change(rig, webhook_secret="a-secret-of-my-own", default_ping_url="https://a.example/x")
    rig.create(MP4)
    node = rig.node("n")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)

    work = rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).spec.work

    assert isinstance(work, NotifyWork)
    assert (work.url, work.secret) == ("https://a.example/x", "a-secret-of-my-own")


def test_defaults_fill_in_what_neither_request_nor_format_says(rig: Rig) -> None:
    change(
        rig,
        default_ping_url="https://a.example/default",
        default_notification_email="ops@a.example",
        default_delivery_location=DELIVERY,
    )
    own = own_format(rig, replace(SMALL, ping_url="https://a.example/format"))

    created = rig.create(
        MP4,
        replace(MP4, ping_url="https://a.example/request"),
        OutputRequest(output_format_id=own.id),
        OutputRequest(output_format_id=own.id, ping_url="https://a.example/request"),
    )

    specs = [spec_of(rig, each.job_id) for each in created.jobs]
    paths = [spec.ping_url.rpartition("/")[2] for spec in specs]
    assert paths == ["default", "request", "format", "request"]
    assert {(spec.notification_email, spec.delivery_location) for spec in specs} == {("ops@a.example", DELIVERY)}


def test_defaults_are_the_accounts_own(rig: Rig) -> None:
    change(rig, default_ping_url=PING)
    other = rig.account("second")

    assert spec_of(rig, rig.create(MP4, account_id=other).jobs[0].job_id).ping_url == ""


# --- roles


def test_a_key_has_a_role_and_the_last_full_one_is_kept(rig: Rig) -> None:
    full = create_key(rig.db, rig.account_id, "a")
    reader = create_key(rig.db, rig.account_id, "b", "read-only")

    assert (full.key.role, reader.key.role) == ("full", "read-only")
    assert authenticate(rig.db, hash_key(reader.secret)).role == "read-only"
    assert [key.role for key in list_keys(rig.db, rig.account_id).keys] == ["full", "read-only"]
    with pytest.raises(ConflictError, match="last usable one with the role 'full'"):
        revoke_key(rig.db, rig.account_id, full.key.key_id, keep_last=True)
    assert revoke_key(rig.db, rig.account_id, reader.key.key_id, keep_last=True).revoked_ms
    assert get_account(rig.db, rig.account_id).key_count == 1
    with pytest.raises(SpecError, match="'full' and 'read-only' are valid"):
        create_key(rig.db, rig.account_id, "c", "admin")


# --- walls


def test_another_accounts_objects_look_as_if_they_were_not_there(rig: Rig) -> None:
    """Every call that names an object, from an account that does not own it: not found, and nothing changed."""
    other = rig.account("second")
    key = create_key(rig.db, rig.account_id).key
    own = own_format(rig)
    ready = rig.create(OutputRequest(output_format_id=own.id))
    rig.through(rig.node("n"), Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    waiting = rig.create(MP4)
    output_id = rig.job(ready.jobs[0].job_id).output_media_id
    before = rig.snapshot()

    attempts: list[tuple[ErrorCode, Callable[[], Any]]] = [
        (ErrorCode.JOB_NOT_FOUND, lambda: get_job(rig.db, other, waiting.jobs[0].job_id)),
        (ErrorCode.JOB_NOT_FOUND, lambda: cancel_job(rig.db, other, waiting.jobs[0].job_id, Policy())),
        (ErrorCode.INGEST_NOT_FOUND, lambda: get_ingest(rig.db, other, waiting.ingest_id)),
        (ErrorCode.INGEST_NOT_FOUND, lambda: cancel_ingest(rig.db, other, waiting.ingest_id, Policy())),
        (ErrorCode.ASSET_NOT_FOUND, lambda: get_media(rig.db, other, "input", ready.input_media_id)),
        (ErrorCode.ASSET_NOT_FOUND, lambda: get_media(rig.db, other, "output", output_id)),
        (ErrorCode.ASSET_NOT_FOUND, lambda: delete_media(rig.db, other, "input", ready.input_media_id)),
        (ErrorCode.ASSET_NOT_FOUND, lambda: delete_media(rig.db, other, "output", output_id)),
        (ErrorCode.ASSET_NOT_FOUND, lambda: create_jobs_from_input(rig.db, from_input(other, ready.input_media_id))),
        (ErrorCode.PROFILE_NOT_FOUND, lambda: get_format(rig.db, other, own.id)),
        (ErrorCode.PROFILE_NOT_FOUND, lambda: delete_format(rig.db, other, own.id)),
        (
            ErrorCode.PROFILE_NOT_FOUND,
            lambda: update_format(rig.db, UpdateFormat(account_id=other, format_id=own.id, name="x", parameters=SMALL)),
        ),
        (ErrorCode.NOT_FOUND, lambda: revoke_key(rig.db, other, key.key_id, keep_last=True)),
    ]
    for code, attempt in attempts:
        with pytest.raises(NotFoundError) as refused:
            attempt()
        assert refused.value.code is code

    assert rig.snapshot() == before
    (judged,) = rig.create(OutputRequest(output_format_id=own.id), account_id=other).jobs
    assert judged.error is not None
    assert judged.error.code == ErrorCode.PROFILE_NOT_FOUND
    page = Page()
    assert list_active_jobs(rig.db, other, page).total == 0
    assert list_active_ingests(rig.db, other, page).total == 0
    assert [list_media(rig.db, other, kind, page).total for kind in ("input", "output")] == [0, 0]
    assert list_formats(rig.db, other, page).total == len(PRESETS)
    assert list_keys(rig.db, other).keys == ()


def test_a_request_id_of_one_account_is_nothing_to_another(rig: Rig) -> None:
    other = rig.account("second")
    request = CreateIngest(account_id=rig.account_id, request_id="same", source_url=SOURCE_URL, body_sha256="a")

    mine = create_ingest(rig.db, request)
    theirs = create_ingest(rig.db, replace(request, account_id=other, body_sha256="b"))

    assert mine.ingest_id != theirs.ingest_id


def from_input(account_id: int, media_id: int) -> CreateJobsFromInput:
    return CreateJobsFromInput(
        account_id=account_id, request_id=str(uuid.uuid4()), input_media_id=media_id, outputs=(MP4,)
    )


# --- the operator's commands, over either database


@pytest.fixture
def reelyard(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command on a database: status, standard output, standard error."""
    monkeypatch.setenv("REELYARD_DATABASE_URL", empty_database_url.replace("postgresql+psycopg", "postgresql"))
    monkeypatch.setenv("REELYARD_SECRET_KEY", SECRET_KEY)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["reelyard", *arguments])
        with pytest.raises(SystemExit) as ended:
            run()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_an_operator_manages_accounts_and_keys(reelyard: Any, empty_database_url: str) -> None:
    reelyard("accounts", "create", "studio")
    status, secret, _ = reelyard("keys", "create", "--account", "studio", "--role", "read-only")
    limited, said, _ = reelyard("accounts", "limit", "studio", "50")
    reelyard("accounts", "sign", "studio")

    database = Database(empty_database_url, SEALER)
    caller = authenticate(database, hash_key(secret.strip()), rate_limit=1000)
    update_account(database, UpdateAccount(account_id=caller.account_id, default_ping_url=PING))
    database.close()

    assert (status, limited, caller.role, caller.rate_limit) == (0, 0, "read-only", 50)
    assert said == "account 'studio' may make 50 requests an hour\n"
    listed = reelyard("accounts", "list")[1].splitlines()[1].split()
    assert listed[1:5] == ["studio", "active", "50", "1"]
    shown = reelyard("accounts", "show", "studio")[1]
    assert "notifications signed  yes" in shown
    assert SHOWN_PING in shown
    assert "secret@" not in shown
    assert reelyard("keys", "list")[1].splitlines()[1].split()[1:4] == ["studio", f"{secret[:8]}...", "read-only"]
    assert "limit of the installation" in reelyard("accounts", "limit", "studio", "default")[1]
    assert reelyard("accounts", "list")[1].splitlines()[1].split()[3] == "default"


@pytest.mark.parametrize("limit", ["-1", "many", "1" * 30, "1.5"])
def test_a_limit_that_is_none_is_refused(reelyard: Any, limit: str) -> None:
    reelyard("accounts", "create", "studio")

    status, out, err = reelyard("accounts", "limit", "studio", "--", limit)

    assert (status, out) == (2, "")
    assert limit[:5] in err
    assert reelyard("keys", "create", "--account", "studio", "--role", "root")[0] == 2


def test_old_rows_have_the_role_full_and_no_limit_of_their_own(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    migrate(database)
    with database.write() as conn:
        conn.exec_driver_sql("INSERT INTO objects (kind) VALUES ('account'), ('key')")
        conn.exec_driver_sql(
            "INSERT INTO accounts (id, name, disabled, weight, webhook_secret, created_ms)"
            f" VALUES (1, 'old', {'false' if database.dialect == 'postgresql' else 0}, 1, '', 5)"
        )
        conn.exec_driver_sql(
            "INSERT INTO api_keys (id, account_id, key_sha256, prefix, label, created_ms)"
            f" VALUES (2, 1, '{hash_key('ry_old')}', 'ry_old', '', 5)"
        )

    caller = authenticate(database, hash_key("ry_old"), rate_limit=7)

    assert (caller.role, caller.rate_limit, caller.rate_remaining) == ("full", 7, 6)
    assert get_account(database, 1).default_ping_url == ""
    database.close()
