"""How the clients reach the schedulers: target, channel options, call credentials.

Several schedulers serve at once. Calls go round those that are connected; a call that finds none, or whose
connection breaks, is tried again within its deadline, which is safe because every call may be repeated. A dead
scheduler is noticed by its closed connection, a frozen one by keepalive.
"""

import json
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import structlog

from reelyard.cluster.listen_address import host_and_port
from reelyard.cluster.rpc_protocol import PROTOCOL, PROTOCOL_METADATA
from reelyard.cluster.settings_parsers import host_port
from reelyard.cluster.tracing import TRACEPARENT, current_traceparent

log = structlog.get_logger(__name__)

REQUEST_ID_METADATA = "x-request-id"

# Calls that do something new each time and have no ID of their own to tell a repetition.
_NOT_REPEATABLE = ("CreateAccount", "CreateKey", "DeleteFormat")
_RETRY_POLICY = {
    "maxAttempts": 5,  # gRPC's upper limit; with the waits below 1.5 s at most
    "initialBackoff": "0.1s",
    "maxBackoff": "0.8s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {"name": [{}], "retryPolicy": _RETRY_POLICY},
        {"name": [{"service": "reelyard.rpc.v1.GatewayService", "method": m} for m in _NOT_REPEATABLE]},
    ],
}

# Together less than a call's deadline, so that a call to a frozen scheduler is still tried at another one
KEEPALIVE_TIME_MS = 1_500
PING_TIMEOUT_MS = 3_000

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # A scheduler that was restarted is found again within a second, not within gRPC's two minutes
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),  # also how long one attempt to connect may last
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # Between calls too: a frozen or unplugged scheduler is dropped from the round within seconds
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", PING_TIMEOUT_MS),
    # gRPC's own pings, which measure the line, have a limit of their own, a minute; while one is out, keepalive waits
    ("grpc.http2.ping_timeout_ms", PING_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Calls inside the cluster never go through the proxy that the environment names
    ("grpc.enable_http_proxy", 0),
)


def grpc_target(addresses: str | Sequence[str]) -> str:
    """The gRPC target for `host:port` addresses; a text may hold several with commas between them.

    One name is resolved again whenever connections break, and may stand for several schedulers. gRPC has no target
    of several names, so those are resolved here, once.
    """
    if isinstance(addresses, str):
        addresses = [part.strip() for part in addresses.split(",")]
    if len(addresses) == 1:
        return f"dns:///{addresses[0]}"
    found = [address for entry in addresses for address in _resolve(entry)]
    if not found:
        # left to gRPC, which goes on trying, so that a process may start before its schedulers' names are known
        return f"dns:///{addresses[0]}"
    six = any(address.startswith("[") for address in found)
    if six:
        return "ipv6:" + ",".join(_as_ipv6(address) for address in found)
    return "ipv4:" + ",".join(found)


def call_metadata(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a call: our protocol, what admits it, the request ID that the log has, and the trace, if any."""
    metadata: list[tuple[str, str]] = [(PROTOCOL_METADATA, str(PROTOCOL))]
    if token:
        metadata.append(("authorization", f"Bearer {token}"))
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        metadata.append((REQUEST_ID_METADATA, str(request_id)))
    traceparent = current_traceparent()
    if traceparent:
        metadata.append((TRACEPARENT, traceparent))
    return tuple(metadata)


def _resolve(entry: str) -> list[str]:
    host, port = host_port(entry)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        log.warning("scheduler_name_not_resolved", host=host, reason=str(error))
        return []
    # Of both families: which of them leads there from here is known when it is connected, and calls go round those
    hosts = dict.fromkeys(str(address[0]) for *_, address in found)
    return [host_and_port(name, port) for name in hosts]


def _as_ipv6(address: str) -> str:
    """An address for the `ipv6:` target, which takes IPv4 ones in mapped form only."""
    host, port = host_port(address)
    number = ip_address(host)
    return f"[::ffff:{host}]:{port}" if number.version == 4 else f"[{host}]:{port}"  # noqa: PLR2004
