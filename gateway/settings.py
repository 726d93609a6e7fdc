"""Settings of the gateway."""

from dataclasses import dataclass

from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.settings import (
    LogSettings,
    MetricsSettings,
    RpcSettings,
    SchedulerAddressSettings,
    StorageSettings,
    TracesSettings,
    setting,
)

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, kw_only=True)
class GatewaySettings(
    StorageSettings, SchedulerAddressSettings, RpcSettings, MetricsSettings, LogSettings, TracesSettings
):
    """What a gateway is told at its start."""

    http_host: str = setting(
        "REELYARD_HTTP_HOST",
        "127.0.0.1",
        parsers.text,
        "Address that HTTP is served on; :: for every address of the machine, 0.0.0.0 for every IPv4 one.",
    )
    http_port: int = setting(
        "REELYARD_HTTP_PORT", 8080, parsers.port, "TCP port that HTTP is served on; 0 for any free one."
    )
    public_url: str = setting(
        "REELYARD_PUBLIC_URL",
        "",
        parsers.http_base_url,
        "Base of the URLs that are handed out; unset, the address that each client itself used.",
    )
    max_request_bytes: int = setting(
        "REELYARD_MAX_REQUEST_BYTES",
        _MIB,
        parsers.integer(_KIB, 64 * _MIB),
        "Largest body of an API request, in bytes.",
    )
    download_redirect: bool = setting(
        "REELYARD_DOWNLOAD_REDIRECT",
        True,
        parsers.boolean,
        "Redirect downloads to the object store where it has a public address; else they all come through here.",
    )
    http_stop_seconds: int = setting(
        "REELYARD_HTTP_STOP_SECONDS",
        10,
        parsers.integer(0, 3600),
        "How long running requests and downloads may go on when the gateway is told to stop, in seconds.",
    )
