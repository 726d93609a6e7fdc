import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from reelyard.cluster import settings as shared
from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.setting_names import SETTING_NAMES
from reelyard.cluster.settings import REQUIRED, SettingsError, describe, read_settings, setting


@dataclass(frozen=True, kw_only=True)
class Mixin:
    level: str = setting("REELYARD_LOG_LEVEL", "info", parsers.choice("info", "debug"), "The level.")


@dataclass(frozen=True, kw_only=True)
class Sample(Mixin):
    port: int = setting("REELYARD_HTTP_PORT", 8080, parsers.port, "The port.")
    url: str = setting("REELYARD_DATABASE_URL", REQUIRED, parsers.url("sqlite", "postgresql"), "The database.")
    token: str = setting("REELYARD_RPC_TOKEN", "", parsers.text, "The secret.", secret=True)
    waits: tuple[float, ...] = setting("REELYARD_RETRY_SECONDS", (1.0, 5.0), parsers.seconds_list, "The waits.")
    slots: Mapping[str, int] | None = setting("REELYARD_SLOTS", None, parsers.slots(["a", "b.c"]), "The slots.")


MINIMUM = {"REELYARD_DATABASE_URL": "sqlite:///x"}


def test_unset_and_empty_settings_have_their_defaults() -> None:
    read = read_settings(Sample, {**MINIMUM, "REELYARD_HTTP_PORT": "", "HOME": "/root"})

    assert read == Sample(url="sqlite:///x")
    assert (read.port, read.level, read.waits) == (8080, "info", (1.0, 5.0))


def test_values_are_read_with_their_types() -> None:
    read = read_settings(
        Sample,
        {
            **MINIMUM,
            "REELYARD_HTTP_PORT": " 0 ",
            "REELYARD_LOG_LEVEL": "DEBUG",
            "REELYARD_RETRY_SECONDS": "1, 2.5",
            "REELYARD_SLOTS": "a:2,b.c:0",
        },
    )

    assert read.port == 0
    assert read.level == "debug"
    assert read.waits == (1.0, 2.5)
    assert read.slots == {"a": 2, "b.c": 0}


def test_all_problems_are_told_at_once_with_name_value_and_what_is_valid() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(Sample, {"REELYARD_HTTP_PORT": "70000", "REELYARD_SLOTS": "x:1", "REELYARD_HTPP_PORT": "1"})

    assert caught.value.problems == (
        "REELYARD_HTTP_PORT is '70000'; valid is a whole number from 0 to 65535.",
        "REELYARD_DATABASE_URL is required and not set: The database.",
        "REELYARD_SLOTS is 'x:1'; valid is queue:number with commas between them, as in \"a:2\"; queues: a, b.c.",
        "REELYARD_HTPP_PORT is not a setting; did you mean REELYARD_HTTP_PORT?",
    )


def test_an_unknown_name_without_a_near_one_points_to_the_list() -> None:
    with pytest.raises(SettingsError, match="REELYARD_QQQQQQ is not a setting; `reelyard settings` lists them all"):
        read_settings(Sample, {**MINIMUM, "REELYARD_QQQQQQ": "1"})


def test_settings_of_other_processes_and_extra_known_names_are_no_problem() -> None:
    environ = {**MINIMUM, "REELYARD_SCRATCH": "/tmp", "REELYARD_MINE": "1"}

    assert read_settings(Sample, environ, known=["REELYARD_MINE"]).port == 8080


def test_secrets_are_not_shown() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Secret:
        url: str = setting("REELYARD_BROKER_URL", "", parsers.url("amqp"), "The broker.", secret=True)
        other: str = setting("REELYARD_STORAGE_URL", "", parsers.url("s3"), "The store.")

    with pytest.raises(SettingsError) as caught:
        read_settings(
            Secret, {"REELYARD_BROKER_URL": "http://u:hunter2@h", "REELYARD_STORAGE_URL": "http://u:hunter2@h/p"}
        )

    assert "hunter2" not in str(caught.value)
    assert "REELYARD_STORAGE_URL is 'http://h/p'" in str(caught.value)
    assert "hunter2" not in repr(Secret(url="amqp://u:hunter2@h"))


def test_a_class_is_described_by_name_default_and_meaning() -> None:
    rows = {row.name: row for row in describe(Sample)}

    assert list(rows) == sorted(rows)
    assert rows["REELYARD_RETRY_SECONDS"].default == "1,5"
    assert rows["REELYARD_DATABASE_URL"].default == "required"
    assert rows["REELYARD_SLOTS"].default == ""
    assert rows["REELYARD_HTTP_PORT"].meaning == "The port."
    assert rows["REELYARD_RPC_TOKEN"].secret


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parsers.boolean, "Yes", True),
        (parsers.boolean, "0", False),
        (parsers.amount, "0.45", 0.45),
        (parsers.currency, "eur", "EUR"),
        (parsers.label, "g5.xlarge-spot", "g5.xlarge-spot"),
        (parsers.seconds(0.5, 2), "1.5", 1.5),
        (parsers.networks, "10.0.0.1/8, fd00::/8", (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))),
        (parsers.addresses, "a:1, [::1]:2", ("a:1", "[::1]:2")),
        (parsers.host_port, "[::1]:2", ("::1", 2)),
        (parsers.http_base_url, "https://x/base/", "https://x/base"),
        (parsers.folder, "/a/b", Path("/a/b")),
    ],
)
def test_a_parser_reads_what_is_valid(parse: Any, text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parsers.boolean, "maybe"),
        (parsers.amount, "-1"),
        (parsers.amount, "nan"),
        (parsers.amount, "inf"),
        (parsers.amount, "$2"),
        (parsers.currency, "euro"),
        (parsers.label, "a b"),
        (parsers.label, "-a"),
        (parsers.label, "a" * 64),
        (parsers.integer(1), "0"),
        (parsers.integer(1), "1.5"),
        (parsers.seconds(), "nan"),
        (parsers.seconds(), "inf"),
        (parsers.seconds(), "-1"),
        (parsers.seconds_list, "1,,2"),
        (parsers.networks, "10.0.0.0/33"),
        (parsers.addresses, ""),
        (parsers.addresses, "host"),
        (parsers.addresses, "host:99999"),
        (parsers.host_port, "::1:50051"),
        (parsers.http_base_url, "ftp://x"),
        (parsers.authorities, "/nowhere/ca.pem"),
        (parsers.authorities, __file__),
        (parsers.http_base_url, "http://"),
        (parsers.http_base_url, "http://x/?a"),
        (parsers.url("s3"), "s4://x"),
        (parsers.slots(["a"]), "a:1,a:2"),
        (parsers.slots(["a"]), "a:-1"),
        (parsers.slots(["a"]), "a"),
    ],
)
def test_a_parser_refuses_what_is_not(parse: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse(text)

    assert "invalid literal" not in str(caught.value)


def _settings_classes() -> list[type]:
    modules = ["gateway.settings", "scheduler.settings", "encoder_node.settings"]
    modules += ["reelyard.cli.data_folder", "reelyard.cli.standalone", "reelyard.cli.administration"]
    found = [shared.StorageSettings, shared.BrokerSettings, shared.SchedulerAddressSettings]
    for name in modules:
        module = importlib.import_module(name)
        found += [cls for cls in vars(module).values() if dataclasses.is_dataclass(cls) and describe(cls)]
    return found


def test_the_list_of_names_holds_exactly_the_settings_of_all_processes() -> None:
    names = {row.name for cls in _settings_classes() for row in describe(cls)}

    assert {name for name in names if name.startswith("REELYARD_")} == SETTING_NAMES
