"""Settings of an encoder node."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from encoder_node.mail_server import MailServer, mail_server
from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.settings import (
    BrokerSettings,
    FetchSettings,
    LogSettings,
    MailSettings,
    MetricsSettings,
    RpcSettings,
    SchedulerAddressSettings,
    SettingsError,
    StorageSettings,
    setting,
)
from reelyard.cluster.work import Queue


@dataclass(frozen=True, kw_only=True)
class NodeSettings(
    StorageSettings,
    BrokerSettings,
    SchedulerAddressSettings,
    RpcSettings,
    FetchSettings,
    MailSettings,
    MetricsSettings,
    LogSettings,
):
    """What a node is told at its start.

    Raises:
        SettingsError: two settings contradict each other.
    """

    node_name: str = setting(
        "REELYARD_NODE_NAME",
        "",
        parsers.text,
        "Name of the node for people, the same after a restart; unset: the machine's host name.",
    )
    slots: Mapping[str, int] | None = setting(
        "REELYARD_SLOTS",
        None,
        parsers.slots(Queue),
        "Tasks at once by queue, as in ingest:2,encode.cpu:1; a queue that is left out is not served. "
        "Unset: ingest:2,store:2,distribute:4, encode.cpu one for four cores, encode.gpu:1 with a working GPU.",
    )
    scratch: Path = setting(
        "REELYARD_SCRATCH",
        Path("/var/tmp/reelyard"),  # noqa: S108  # only its owner's folders are made in it; a disk, unlike /tmp
        parsers.folder,
        "Folder for files in work: a disk with room for source and output of every slot.",
    )
    drain_seconds: float = setting(
        "REELYARD_DRAIN_SECONDS",
        20.0,
        parsers.seconds(),
        "How long running tasks may go on when the node is told to stop; then they are handed back.",
    )
    stall_seconds: float = setting(
        "REELYARD_STALL_SECONDS",
        120.0,
        parsers.seconds(1),
        "An encode without progress for this long is ended.",
    )
    task_seconds: float = setting(
        "REELYARD_TASK_SECONDS",
        86400.0,
        parsers.seconds(1),
        "No download and no run of ffmpeg lasts longer.",
    )
    task_memory_mb: int = setting(
        "REELYARD_TASK_MEMORY_MB",
        8192,
        parsers.integer(0),
        "Address space of one run of ffmpeg in megabytes; 0: no limit. Runs on a GPU have none.",
    )
    max_source_mb: int = setting(
        "REELYARD_MAX_SOURCE_MB",
        100_000,
        parsers.integer(1),
        "Largest source that is fetched, in megabytes.",
    )
    max_output_mb: int = setting(
        "REELYARD_MAX_OUTPUT_MB",
        100_000,
        parsers.integer(1),
        "Largest file that ffmpeg may write, in megabytes.",
    )
    fetch_stall_seconds: float = setting(
        "REELYARD_FETCH_STALL_SECONDS",
        20.0,
        parsers.seconds(0.1),
        "A source that sends nothing for this long counts as unreachable.",
    )
    fetch_connections: int = setting(
        "REELYARD_FETCH_CONNECTIONS",
        4,
        parsers.integer(1, 16),
        "Connections at once to fetch one large source, where its server can send ranges; 1: never several.",
    )
    fetch_piece_mb: int = setting(
        "REELYARD_FETCH_PIECE_MB",
        16,
        parsers.integer(1, 1024),
        "Range of a large source that one request asks for, in megabytes.",
    )
    fetch_parallel_mb: int = setting(
        "REELYARD_FETCH_PARALLEL_MB",
        32,
        parsers.integer(1),
        "A source of fewer megabytes comes over one connection.",
    )
    delivery_stall_seconds: float = setting(
        "REELYARD_DELIVERY_STALL_SECONDS",
        60.0,
        parsers.seconds(0.1),
        "A delivery location that takes nothing and says nothing for this long counts as failed.",
    )
    ca_file: Path | None = setting(
        "REELYARD_CA_FILE",
        None,
        parsers.authorities,
        "PEM file of certificate authorities that sources, deliveries and notifications may use beside the system's.",
    )
    verify_decode_seconds: int = setting(
        "REELYARD_VERIFY_DECODE_SECONDS",
        15,
        parsers.integer(0),
        "How much of each output is decoded to verify it, in seconds; shorter ones whole; 0: always all of it.",
    )
    notify_timeout_seconds: float = setting(
        "REELYARD_NOTIFY_TIMEOUT_SECONDS",
        10.0,
        parsers.seconds(0.1),
        "How long the receiver of a notification may take to answer.",
    )
    smtp_url: MailServer | None = setting(
        "REELYARD_SMTP_URL",
        None,
        mail_server,
        "Mail server: smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465, or "
        "smtp+plain://host:25 without encryption and login. It goes with REELYARD_MAIL_FROM.",
        secret=True,
    )
    node_cost_per_hour: float | None = setting(
        "REELYARD_NODE_COST_PER_HOUR",
        None,
        parsers.amount,
        "What this node costs an hour, for the metrics of cost; unset: no such metric.",
    )
    node_cost_currency: str = setting(
        "REELYARD_NODE_COST_CURRENCY",
        "USD",
        parsers.currency,
        "Currency of REELYARD_NODE_COST_PER_HOUR, in three letters.",
    )
    node_class: str = setting(
        "REELYARD_NODE_CLASS",
        "default",
        parsers.label,
        "What nodes of this cost are called in the metrics, such as spot or l4: the same for all that cost the same.",
    )
    tool_path: str = setting(
        "PATH",
        "/usr/local/bin:/usr/bin:/bin",
        parsers.text,
        "Where ffmpeg, ffprobe, dvdauthor, genisoimage, setpriv and prlimit are looked for.",
    )

    def __post_init__(self) -> None:
        if (self.smtp_url is None) != (not self.mail_from):
            there, lacking = "REELYARD_MAIL_FROM", "REELYARD_SMTP_URL"
            if self.smtp_url is not None:
                there, lacking = lacking, there
            raise SettingsError([f"{there} is set and {lacking} is not: a node needs both to send mails, or neither."])
