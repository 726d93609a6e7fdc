import socket
from typing import Any

import pytest
import structlog

from reelyard.cluster.broker import _with_defaults
from reelyard.cluster.rpc_channel import call_metadata, grpc_target


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"one": ["10.0.0.1"], "two": ["fd00::2", "10.0.0.2"], "six": ["fd00::6"], "both": ["10.0.0.3", "10.0.0.4"]}

    def resolve(host: str, port: int, **_options: Any) -> Any:
        if host.replace(".", "").isdigit() or ":" in host:
            found = [host]
        elif host in known:
            found = known[host]
        else:
            raise socket.gaierror("unknown")
        return [
            (socket.AF_INET6 if ":" in name else socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port))
            for name in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    ("addresses", "target"),
    [
        (["one:1"], "dns:///one:1"),
        ("one:1", "dns:///one:1"),
        (["10.0.0.1:1", "10.0.0.2:2"], "ipv4:10.0.0.1:1,10.0.0.2:2"),
        ("10.0.0.1:1, 10.0.0.2:2", "ipv4:10.0.0.1:1,10.0.0.2:2"),
        (["one:1", "two:2"], "ipv6:[::ffff:10.0.0.1]:1,[fd00::2]:2,[::ffff:10.0.0.2]:2"),
        (["one:1", "both:2"], "ipv4:10.0.0.1:1,10.0.0.3:2,10.0.0.4:2"),
        (["one:1", "nobody:2"], "ipv4:10.0.0.1:1"),
        (["nobody:1", "nobody:2"], "dns:///nobody:1"),
        (["six:1", "[fd00::7]:2"], "ipv6:[fd00::6]:1,[fd00::7]:2"),
        (["six:1", "one:2"], "ipv6:[fd00::6]:1,[::ffff:10.0.0.1]:2"),
    ],
)
@pytest.mark.usefixtures("resolver")
def test_addresses_become_one_target(addresses: Any, target: str) -> None:
    assert grpc_target(addresses) == target


def test_a_call_carries_the_secret_and_the_request_id() -> None:
    with structlog.contextvars.bound_contextvars(request_id="r"):
        inside = call_metadata("secret")

    protocol = ("reelyard-protocol", "2")
    assert inside == (protocol, ("authorization", "Bearer secret"), ("x-request-id", "r"))
    assert call_metadata("") == (protocol,)


def test_a_broker_url_keeps_its_own_parameters_and_gets_the_missing_ones() -> None:
    url = _with_defaults("amqp://u:p%40@h:1/%2F?heartbeat=60")

    assert url.startswith("amqp://u:p%40@h:1/%2F?")
    assert "heartbeat=60" in url
    assert "heartbeat=30" not in url
    assert "blocked_connection_timeout=10" in url
