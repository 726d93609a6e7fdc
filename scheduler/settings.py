"""Every setting of a scheduler, and which of them go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.settings import (
    REQUIRED,
    BrokerSettings,
    FetchSettings,
    LogSettings,
    MailSettings,
    MetricsSettings,
    RpcSettings,
    SettingsError,
    StorageSettings,
    TracesSettings,
    setting,
)
from reelyard.cluster.work import Queue
from reelyard.media.catalogue import gpu_encoders, probed_encoders, scarce_encoders

#: A lease must outlast this many beats: one that is late or lost is no reason to take a node's work away.
BEATS_IN_A_LEASE = 3


def database_url(value: str) -> str:
    """Where the database is: `sqlite:///folder/file.db` (always an absolute path) or `postgresql://...`."""
    valid = "sqlite:///folder/file.db or postgresql://user:password@host:5432/database"
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError(valid) from None
    if parts.scheme == "sqlite" and not parts.netloc and parts.path.strip("/"):
        # SQLAlchemy reads three slashes as a relative path and four as an absolute one; here both are absolute.
        return "sqlite:////" + value.removeprefix("sqlite:").lstrip("/")
    if parts.scheme == "postgresql" and parts.path.strip("/"):
        return value
    raise ValueError(valid)


def listen_address(value: str) -> str:
    """The `host:port` to serve; port 0 is any free one."""
    parsers.host_port(value)
    return value


def api_key(value: str) -> str:
    """A key that fits into a header and a URL: printable ASCII without spaces."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("a key of printable ASCII characters without spaces")
    return value


def pool_encoders(value: str) -> Mapping[str, frozenset[str]]:
    """The encoders of pools that may be at zero: `encode.gpu:h264_nvenc+hevc_nvenc,encode.cpu:wmv3`.

    A hardware encoder belongs to encode.gpu and no other does.
    """
    hardware = gpu_encoders()
    able = {Queue.ENCODE_CPU: frozenset(probed_encoders()) - hardware, Queue.ENCODE_GPU: hardware}
    found: dict[str, frozenset[str]] = {}
    for part in value.split(","):
        name, _, listed = part.strip().partition(":")
        queue = next((each for each in able if each == name), None)
        encoders = frozenset(encoder.strip() for encoder in listed.split("+"))
        if queue is None or queue in found or not encoders <= able[queue]:
            raise ValueError(
                "queue:encoder+encoder with commas between queues, as in"
                f' "encode.gpu:h264_nvenc+hevc_nvenc"; encode.gpu: {", ".join(sorted(hardware))};'
                f" encode.cpu: software encoders, as {', '.join(sorted(scarce_encoders()))}"
            )
        found[queue] = encoders
    return MappingProxyType(found)


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings(
    StorageSettings,
    BrokerSettings,
    RpcSettings,
    FetchSettings,
    MailSettings,
    LogSettings,
    MetricsSettings,
    TracesSettings,
):
    """What a scheduler is told at its start.

    Raises:
        SettingsError: two settings contradict each other.
    """

    database_url: str = setting(
        "REELYARD_DATABASE_URL",
        REQUIRED,
        database_url,
        "The database: postgresql://user:password@host:5432/database, or sqlite:///folder/file.db for one scheduler.",
        secret=True,
    )
    listen: str = setting(
        "REELYARD_SCHEDULER_LISTEN",
        "[::]:50051",
        listen_address,
        "host:port on which the scheduler serves gateways and nodes; port 0: any free one. [::] and 0.0.0.0 both are"
        " every address of the machine, IPv6 and IPv4: gRPC makes no difference.",
    )
    secret_key: tuple[str, ...] = setting(
        "REELYARD_SECRET_KEY",
        REQUIRED,
        parsers.secret_keys,
        "Encrypts stored credentials: a key of `reelyard keys new-secret`, the same for every scheduler; several with"
        " commas: the first encrypts, all decrypt. Standalone makes one in its data folder.",
        secret=True,
    )
    api_key: str = setting(
        "REELYARD_API_KEY",
        "",
        api_key,
        "An API key that shall work from the start; it belongs to the account 'default'.",
        secret=True,
    )
    public_url: str = setting(
        "REELYARD_PUBLIC_URL",
        "",
        parsers.http_base_url,
        "Base of the URLs that clients are given; unset: the address that the client called.",
    )
    rate_limit: int = setting(
        "REELYARD_RATE_LIMIT",
        1000,
        parsers.integer(0, 1_000_000_000),
        "Requests an hour for an account that has no limit of its own (`reelyard accounts limit`); 0 for no limit.",
    )
    lease_seconds: float = setting(
        "REELYARD_LEASE_SECONDS",
        20.0,
        parsers.seconds(0.2, 3600),
        "How long a node keeps its tasks without a heartbeat; then others get them.",
    )
    heartbeat_seconds: float = setting(
        "REELYARD_HEARTBEAT_SECONDS",
        2.0,
        parsers.seconds(0.05, 600),
        "How often a node renews its leases and tells its progress.",
    )
    retry_seconds: tuple[float, ...] = setting(
        "REELYARD_RETRY_SECONDS",
        (1.0, 5.0, 20.0, 60.0, 120.0, 300.0),
        parsers.seconds_list,
        "Waits before the second, third, ... attempt of a failed task; the last one is repeated as needed.",
    )
    keep_failed_hours: int = setting(
        "REELYARD_KEEP_FAILED_HOURS",
        24,
        parsers.integer(0),
        "How long what a failed job has encoded is kept, so that a retry of the job need not encode it again.",
    )
    notify_retry_seconds: tuple[float, ...] = setting(
        "REELYARD_NOTIFY_RETRY_SECONDS",
        (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0),
        parsers.seconds_list,
        "Waits before the second, third, ... attempt of a notification or delivery; then it is given up.",
    )

    pool_encoders: Mapping[str, frozenset[str]] | None = setting(
        "REELYARD_POOL_ENCODERS",
        None,
        pool_encoders,
        "Encoders that a pool of nodes brings when it is started, as in encode.gpu:h264_nvenc+hevc_nvenc: tasks are"
        " made for it while it is at zero. Unset: only nodes that are there count.",
    )
    pool_wait_seconds: float = setting(
        "REELYARD_POOL_WAIT_SECONDS",
        600.0,
        parsers.seconds(),
        "How long tasks wait for a node of such a pool; then the CPU encodes what it can, and the rest fails.",
    )
    input_days: float = setting(
        "REELYARD_INPUT_DAYS",
        3.0,
        parsers.days,
        "How many days an input is kept from when it was fetched; fractions are allowed; 0: for ever.",
    )
    output_days: float = setting(
        "REELYARD_OUTPUT_DAYS",
        2.0,
        parsers.days,
        "How many days an output is kept from when it was published; fractions are allowed; 0: for ever.",
    )
    orphan_hours: float = setting(
        "REELYARD_ORPHAN_HOURS",
        24.0,
        parsers.hours(1),
        "Stored files that no record points to are removed when they are older than this many hours.",
    )
    orphan_sweep_seconds: float = setting(
        "REELYARD_ORPHAN_SWEEP_SECONDS",
        3600.0,
        parsers.seconds(1),
        "How often one of the schedulers searches the object store for such files.",
    )

    def __post_init__(self) -> None:
        problems = []
        if self.lease_seconds < BEATS_IN_A_LEASE * self.heartbeat_seconds:
            problems.append(
                f"REELYARD_LEASE_SECONDS is {self.lease_seconds:g} with REELYARD_HEARTBEAT_SECONDS"
                f" {self.heartbeat_seconds:g}; valid is at least {BEATS_IN_A_LEASE} heartbeats."
            )
        if not self.rpc_token and not _is_loopback(self.listen):
            problems.append(
                f"REELYARD_RPC_TOKEN is not set and REELYARD_SCHEDULER_LISTEN is '{self.listen}': whoever reaches"
                " this address could make API keys. Set the token, the same for every gateway, scheduler and"
                " node, or listen on 127.0.0.1."
            )
        if problems:
            raise SettingsError(problems)


def _is_loopback(listen: str) -> bool:
    host, _ = parsers.host_port(listen)
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name: where it leads to is not known here
        return False
