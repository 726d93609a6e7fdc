"""A scheduler's settings: read, checked one by one and against each other."""

import base64

import pytest

from reelyard.cluster.setting_names import SETTING_NAMES
from reelyard.cluster.settings import SettingsError, describe, read_settings
from scheduler.settings import SchedulerSettings
from tests.secret_key import SECRET_KEY

ENOUGH = {
    "REELYARD_DATABASE_URL": "postgresql://reelyard:s3cret@db.example:5432/reelyard",
    "REELYARD_BROKER_URL": "amqp://guest:hidden@mq.example:5672/",
    "REELYARD_RPC_TOKEN": "shared",
    "REELYARD_STORAGE_URL": "s3://reelyard?endpoint=http://s3.example:9000",
    "REELYARD_SECRET_KEY": SECRET_KEY,
}


def read(**changes: str) -> SchedulerSettings:
    return read_settings(SchedulerSettings, ENOUGH | changes)


def problems_of(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        read_settings(SchedulerSettings, environ)
    return str(refused.value)


def test_defaults_are_those_of_the_documents() -> None:
    settings = read()

    assert settings.listen == "[::]:50051"
    assert (settings.lease_seconds, settings.heartbeat_seconds) == (20, 2)
    assert settings.retry_seconds == (1, 5, 20, 60, 120, 300)
    assert settings.notify_retry_seconds[-1] == 28800
    assert settings.metrics_port is None


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("sqlite:///var/lib/reelyard/reelyard.db", "sqlite:////var/lib/reelyard/reelyard.db"),
        ("sqlite:////var/lib/reelyard/reelyard.db", "sqlite:////var/lib/reelyard/reelyard.db"),
        ("postgresql://u:p@h/reelyard", "postgresql://u:p@h/reelyard"),
    ],
)
def test_a_database_is_a_file_or_a_server(given: str, read_as: str) -> None:
    assert read(REELYARD_DATABASE_URL=given).database_url == read_as


@pytest.mark.parametrize(
    "given", ["mysql://h/x", "sqlite:", "sqlite://host/x", "postgresql://host", "/a/file", "http://["]
)
def test_another_database_is_refused(given: str) -> None:
    problems = problems_of(ENOUGH | {"REELYARD_DATABASE_URL": given})

    assert "REELYARD_DATABASE_URL" in problems
    assert "postgresql://user:password@host" in problems


def test_the_password_of_a_wrong_database_url_is_not_shown() -> None:
    assert "s3cret" not in problems_of(ENOUGH | {"REELYARD_DATABASE_URL": "mysql://ann:s3cret@h/x"})


def test_every_problem_is_told_at_once() -> None:
    problems = problems_of(
        {"REELYARD_DATABASE_URL": "nothing", "REELYARD_LEASE_SECONDS": "long", "REELYARD_SCHEDULER_LISTEN": "50051"}
    )

    assert [line.split(" ")[0] for line in sorted(problems.splitlines())] == [
        "REELYARD_BROKER_URL",
        "REELYARD_DATABASE_URL",
        "REELYARD_LEASE_SECONDS",
        "REELYARD_SCHEDULER_LISTEN",
        "REELYARD_SECRET_KEY",
        "REELYARD_STORAGE_URL",
    ]


def test_a_lease_must_outlast_a_few_heartbeats() -> None:
    problems = problems_of(ENOUGH | {"REELYARD_LEASE_SECONDS": "5"})

    assert "REELYARD_LEASE_SECONDS is 5 with REELYARD_HEARTBEAT_SECONDS 2" in problems
    assert read(REELYARD_LEASE_SECONDS="5", REELYARD_HEARTBEAT_SECONDS="0.5").lease_seconds == 5


@pytest.mark.parametrize("listen", ["0.0.0.0:50051", "[::]:50051", "10.0.0.7:50051", "scheduler.internal:50051"])
def test_an_address_that_others_reach_needs_a_token(listen: str) -> None:
    problems = problems_of({**ENOUGH, "REELYARD_RPC_TOKEN": "", "REELYARD_SCHEDULER_LISTEN": listen})

    assert "REELYARD_RPC_TOKEN is not set" in problems
    assert listen in problems


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:50051", "[::1]:50051"])
def test_a_loopback_address_needs_no_token(listen: str) -> None:
    assert read(REELYARD_RPC_TOKEN="", REELYARD_SCHEDULER_LISTEN=listen).listen == listen


@pytest.mark.parametrize("key", ["two words", "schlüssel", "tab\tkey"])
def test_a_key_that_fits_no_header_is_refused_unseen(key: str) -> None:
    problems = problems_of(ENOUGH | {"REELYARD_API_KEY": key})

    assert "REELYARD_API_KEY" in problems
    assert key not in problems


def test_secrets_are_not_in_the_settings_repr() -> None:
    shown = repr(read(REELYARD_API_KEY="ry_operators"))

    for secret in ("s3cret", "hidden", "shared", "ry_operators"):
        assert secret not in shown


def test_every_setting_is_among_the_products_names() -> None:
    names = {row.name for row in describe(SchedulerSettings) if row.name.startswith("REELYARD_")}

    assert names <= SETTING_NAMES


def test_several_keys_are_read_in_their_order_and_brought_to_one_alphabet() -> None:
    plain = base64.b64encode(bytes(range(220, 252))).decode()

    settings = read(REELYARD_SECRET_KEY=f"{plain}, {SECRET_KEY}")

    assert "+" in plain
    assert settings.secret_key == (plain.replace("+", "-").replace("/", "_"), SECRET_KEY)
    assert SECRET_KEY not in repr(settings)


@pytest.mark.parametrize(
    "given", ["short", "c2hvcnQ=", "ä" * 44, f"{SECRET_KEY},", f"{SECRET_KEY} {SECRET_KEY}", "x" * 44]
)
def test_what_is_no_key_is_refused_and_not_shown(given: str) -> None:
    problems = problems_of(ENOUGH | {"REELYARD_SECRET_KEY": given})

    assert "reelyard keys new-secret" in problems
    assert given not in problems


def test_without_a_key_a_scheduler_is_told_how_to_make_one() -> None:
    environ = {name: value for name, value in ENOUGH.items() if name != "REELYARD_SECRET_KEY"}

    assert "reelyard keys new-secret" in problems_of(environ)


def test_pools_name_the_encoders_that_they_would_bring() -> None:
    settings = read(REELYARD_POOL_ENCODERS="encode.gpu:h264_nvenc+hevc_nvenc, encode.cpu:wmv3")

    assert settings.pool_encoders == {
        "encode.gpu": frozenset({"h264_nvenc", "hevc_nvenc"}),
        "encode.cpu": frozenset({"wmv3"}),
    }
    assert read().pool_encoders is None
    assert read().pool_wait_seconds == 600


@pytest.mark.parametrize(
    "value",
    [
        *("encode.gpu", "encode.gpu:", "encode.gpu:libx264", "encode.cpu:h264_nvenc", "store:libx264"),
        *("encode.gpu:nvenc", "encode.gpu:h264_nvenc,encode.gpu:hevc_nvenc"),
    ],
)
def test_a_pool_of_unknown_encoders_is_refused_at_the_start(value: str) -> None:
    problems = problems_of(ENOUGH | {"REELYARD_POOL_ENCODERS": value})

    assert "REELYARD_POOL_ENCODERS" in problems
    assert "encode.gpu: h264_nvenc, hevc_nvenc" in problems
