"""What a client may send before anybody knows who it is: bounded in bytes and in time, over a real connection."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway import http_protocol
from gateway.http_protocol import HEAD_MAX_BYTES
from tests.integration.gateway_rig import Rig, running_rig

_PIECE = b"x-more: " + b"a" * 1000 + b"\r\n"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("heads")) as running:
        yield running


def _connected(rig: Rig) -> socket.socket:
    host, _, port = rig.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def _rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass  # it closed over what it had not read
    return received


def _refusal(received: bytes) -> tuple[int, str]:
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["ErrorCode"]


@pytest.mark.parametrize(
    "begin", [b"GET /healthz HTTP/1.1\r\nhost: x\r\n", b"GET /healthz HTTP/1.1\r\nx-one: ", b"GET /"], ids=str
)
def test_a_head_without_end_is_refused_when_it_is_too_large(rig: Rig, begin: bytes) -> None:
    with closing(_connected(rig)) as connection:
        connection.sendall(begin)
        piece = _PIECE if begin.endswith(b"\r\n") else b"a" * 1000
        for _ in range(HEAD_MAX_BYTES // len(piece) + 1):
            connection.sendall(piece)

        assert _refusal(_rest(connection)) == (431, "request_too_large")


def test_a_head_just_below_the_limit_is_served(rig: Rig) -> None:
    with closing(_connected(rig)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + _PIECE * 60 + b"\r\n")

        assert _rest(connection).startswith(b"HTTP/1.1 200")


def test_many_requests_over_one_connection_are_not_taken_for_one_large_head(rig: Rig) -> None:
    request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + _PIECE * 20 + b"\r\n"
    with closing(_connected(rig)) as connection:
        for _ in range(5):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_head_that_does_not_become_whole_ends_its_connection(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_WITHIN_S", 0.2)
    with closing(_connected(rig)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost:")

        assert _refusal(_rest(connection)) == (408, "malformed_request")


def test_a_large_body_is_no_head(rig: Rig) -> None:
    text = b'{"ApiKey": "unknown", "more": "' + b"a" * (4 * HEAD_MAX_BYTES) + b'"}'
    head = f"POST /api/v1/job/create HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(text)}\r\n\r\n"
    with closing(_connected(rig)) as connection:
        connection.sendall(head.encode() + text)

        assert _refusal(_rest(connection)) == (401, "unauthorized")


def test_what_is_not_http_is_told_so_in_the_body_that_every_error_has(rig: Rig) -> None:
    with closing(_connected(rig)) as connection:
        connection.sendall(b"hello\r\n\r\n")

        assert _refusal(_rest(connection)) == (400, "malformed_request")
