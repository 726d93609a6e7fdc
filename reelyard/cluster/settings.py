"""Settings: one frozen dataclass a process, read once from the environment, every problem told at once.

A process composes its class of the groups below and of fields of its own:

    @dataclass(frozen=True, kw_only=True)
    class GatewaySettings(SchedulerAddressSettings, RpcSettings, LogSettings):
        http_port: int = setting("REELYARD_HTTP_PORT", 8080, parsers.port, "TCP port of the API.")

    settings = read_settings(GatewaySettings, os.environ)

Only `__main__` and the command line pass `os.environ`; nothing else reads it.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.redact import redact_text
from reelyard.cluster.setting_names import SETTING_NAMES

T = TypeVar("T")
S = TypeVar("S")

PREFIX = "REELYARD_"


class SettingsError(Exception):
    """One or more settings are wrong; `problems` has a line for each, written for the operator."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Required:
    """Marks a setting that has no default."""

    def __repr__(self) -> str:
        return "required"


REQUIRED: Final[Any] = _Required()


@dataclass(frozen=True, kw_only=True)
class SettingInfo:
    """What is known of one setting without reading it; `default` is text for people."""

    name: str
    default: str
    meaning: str
    secret: bool


@dataclass(frozen=True)
class _Spec:
    name: str
    parse: Callable[[str], Any]
    meaning: str
    secret: bool


def setting(name: str, default: T, parse: Callable[[str], S], meaning: str, *, secret: bool = False) -> Any:
    """Declare one field of a settings class.

    Args:
        name: the environment variable.
        default: the value (not its text) when the variable is unset or empty, or `REQUIRED`.
        parse: text to value; raises ValueError with what is valid. See `settings_parsers`.
        meaning: one sentence for the list of settings.
        secret: the value is never shown: not in an error, not in the settings object's repr.
    """
    metadata = {"setting": _Spec(name, parse, meaning, secret)}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def read_settings(cls: type[T], environ: Mapping[str, str], *, known: Iterable[str] = ()) -> T:
    """Build a settings object from the environment.

    Args:
        cls: a frozen dataclass made of `setting` fields.
        environ: the environment.
        known: further names to accept beside the product's own (`SETTING_NAMES`) and the class's.

    Raises:
        SettingsError: with a line for each wrong, missing or unknown setting.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    specs = _specs(cls)
    for field, spec in specs.items():
        text = environ.get(spec.name, "").strip()
        if not text:
            if _default(cls, field) is REQUIRED:
                problems.append(f"{spec.name} is required and not set: {spec.meaning}")
            continue
        try:
            values[field] = spec.parse(text)
        except ValueError as error:
            shown = "has a wrong value (not shown)" if spec.secret else f"is '{redact_text(text)}'"
            problems.append(f"{spec.name} {shown}; valid is {error}.")
    names = {spec.name for spec in specs.values()} | SETTING_NAMES | set(known)
    problems += _unknown_names(environ, names)
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def describe(cls: type[Any]) -> tuple[SettingInfo, ...]:
    """Every setting of a class, by name, with its default as text and its meaning."""
    rows = (
        SettingInfo(name=s.name, default=_shown(_default(cls, field)), meaning=s.meaning, secret=s.secret)
        for field, s in _specs(cls).items()
    )
    return tuple(sorted(rows, key=lambda row: row.name))


def _specs(cls: type[Any]) -> dict[str, _Spec]:
    return {f.name: f.metadata["setting"] for f in dataclasses.fields(cls) if "setting" in f.metadata}


def _default(cls: type[Any], name: str) -> Any:
    (field,) = (f for f in dataclasses.fields(cls) if f.name == name)
    return REQUIRED if field.default is dataclasses.MISSING else field.default


def _shown(value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ",".join(_shown(item) for item in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{item}" for key, item in value.items())
    return str(value)


def _unknown_names(environ: Mapping[str, str], names: set[str]) -> list[str]:
    problems = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names:
            # without the prefix, which would make all names alike
            near = difflib.get_close_matches(name.removeprefix(PREFIX), [n.removeprefix(PREFIX) for n in names], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "`reelyard settings` lists them all."
            problems.append(f"{name} is not a setting; {hint}")
    return problems


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Where objects are kept."""

    storage_url: str = setting(
        "REELYARD_STORAGE_URL",
        REQUIRED,
        parsers.url("file", "s3"),
        "The object store: file:///absolute/folder, or s3://bucket/prefix?endpoint=http://host:port&region=us-east-1.",
    )
    storage_public_url: str = setting(
        "REELYARD_STORAGE_PUBLIC_URL",
        "",
        parsers.http_base_url,
        "Address under which clients reach the S3 endpoint; set, downloads are redirected to signed URLs there.",
    )
    storage_access_key: str = setting("AWS_ACCESS_KEY_ID", "", parsers.text, "Access key of the S3 store.", secret=True)
    storage_secret_key: str = setting(
        "AWS_SECRET_ACCESS_KEY", "", parsers.text, "Secret key of the S3 store.", secret=True
    )


@dataclass(frozen=True, kw_only=True)
class BrokerSettings:
    """Where task hints go."""

    broker_url: str = setting(
        "REELYARD_BROKER_URL",
        REQUIRED,
        parsers.url("amqp", "amqps", "memory"),
        "RabbitMQ: amqp://user:password@host:5672/vhost; memory: is the broker inside one process.",
        secret=True,
    )


@dataclass(frozen=True, kw_only=True)
class RpcSettings:
    """How calls between the services are admitted."""

    rpc_token: str = setting(
        "REELYARD_RPC_TOKEN",
        "",
        parsers.text,
        "Shared secret of gateways, schedulers and nodes; set, calls without it are refused.",
        secret=True,
    )


@dataclass(frozen=True, kw_only=True)
class SchedulerAddressSettings:
    """Where the schedulers are."""

    scheduler_address: tuple[str, ...] = setting(
        "REELYARD_SCHEDULER_ADDRESS",
        ("127.0.0.1:50051",),
        parsers.addresses,
        "host:port of every scheduler, with commas between them; one DNS name may stand for several.",
    )


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """What is logged, and how it looks."""

    log_level: str = setting(
        "REELYARD_LOG_LEVEL",
        "info",
        parsers.choice("debug", "info", "warning", "error"),
        "Least level that is logged: debug, info, warning or error.",
    )
    log_format: str = setting(
        "REELYARD_LOG_FORMAT",
        "auto",
        parsers.choice("auto", "json", "console"),
        "json: one object a line; console: columns for people; auto: console at a terminal, else json.",
    )


@dataclass(frozen=True, kw_only=True)
class FetchSettings:
    """Which addresses sources and webhooks may reach."""

    fetch_allow_cidrs: tuple[parsers.Network, ...] = setting(
        "REELYARD_FETCH_ALLOW_CIDRS",
        (),
        parsers.networks,
        "Private address ranges that sources and webhooks may reach, with commas between them.",
    )


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """Whom mails come from."""

    mail_from: str = setting(
        "REELYARD_MAIL_FROM",
        "",
        parsers.mail_address,
        "Sender of mails, for schedulers and nodes alike; unset: no mail is sent, and requests for one are refused.",
    )


@dataclass(frozen=True, kw_only=True)
class MetricsSettings:
    """Where Prometheus scrapes and the kubelet probes."""

    metrics_port: int | None = setting(
        "REELYARD_METRICS_PORT",
        None,
        parsers.port,
        "TCP port that serves /metrics, /healthz and /readyz; unset: off.",
    )


@dataclass(frozen=True, kw_only=True)
class TracesSettings:
    """Where traces go."""

    traces_url: str = setting(
        "REELYARD_TRACES_URL",
        "",
        parsers.otlp_url,
        "OpenTelemetry collector that takes traces by OTLP over gRPC, as in http://collector:4317; unset: no traces.",
    )
    traces_sample_ratio: float = setting(
        "REELYARD_TRACES_SAMPLE_RATIO",
        1.0,
        parsers.ratio,
        "Share of new traces that is recorded, 0 to 1; a request that comes with a trace does as its sender does.",
    )
