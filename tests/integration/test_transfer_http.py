"""Deliveries by PUT to real HTTP servers."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from encoder_node.stages.distribute import DistributeStage
from encoder_node.stop import StoppedError, StopReason
from encoder_node.transfer.reach import Reach
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.media.errors import ErrorCode
from tests.integration.transfer_rig import (
    BODY,
    LOGIN,
    LOOPBACK,
    SECRETS,
    Delivery,
    everything_logged,
    trusting_test_authority,
)


@dataclass
class Taker:
    """A server that takes PUTs, and how it goes wrong."""

    status: int = 201
    location: str = ""
    answer: bytes = b""
    echo: bool = False  # the answer repeats the Authorization header
    cut_at: int = 0
    stall: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    host: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    taker: Taker

    def do_PUT(self) -> None:
        taker = self.taker
        taker.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if taker.cut_at:
            self.rfile.read(taker.cut_at)
            taker.cut_at = 0
            self.close_connection = True
            return
        taker.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        if taker.stall:
            taker.reached.set()
            taker.release.wait(60)
            self.close_connection = True
            return
        answer = self.headers["Authorization"].encode() if taker.echo else taker.answer
        self.send_response(taker.status)
        if taker.location:
            self.send_header("Location", taker.location)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Tests read what was recorded instead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle are part of the tests."""


@contextmanager
def serve(taker: Taker, tls: ssl.SSLContext | None = None) -> Iterator[Taker]:
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"taker": taker}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    taker.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield taker
    finally:
        taker.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


def test_one_request_brings_the_whole_file_and_keeps_the_query(delivery: Delivery) -> None:
    with serve(Taker()) as taker:
        delivery.run(f"http://{LOGIN}@{taker.host}/in%2Fhere/?signature=a%2Bb")

    ((path, headers),) = taker.asked
    assert path == "/in%2Fhere/63119-h%C3%A4llo%20w%C3%B6rld%20100%25.mp4?signature=a%2Bb"
    assert (headers["content-length"], headers["content-type"]) == (str(len(BODY)), "video/mp4")
    assert headers["authorization"].startswith("Basic ")
    assert "transfer-encoding" not in headers
    assert taker.bodies == [BODY]


def test_a_file_is_put_under_the_name_that_the_url_gives(delivery: Delivery) -> None:
    with serve(Taker(status=204)) as taker:
        delivery.run(f"http://{taker.host}/a%20b.mp4")

    assert [path for path, _ in taker.asked] == ["/a%20b.mp4"]


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_is_followed_without_the_password(delivery: Delivery, status: int) -> None:
    with serve(Taker()) as target, serve(Taker(status=status, location=f"http://{target.host}/there")) as taker:
        delivery.run(f"http://{LOGIN}@{taker.host}/x.mp4")

    assert target.bodies == [BODY]
    assert "authorization" not in target.asked[0][1]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_is_not_followed(delivery: Delivery, status: int) -> None:
    with serve(Taker()) as target, serve(Taker(status=status, location=f"http://{target.host}/there")) as taker:
        error = delivery.failing(f"http://{taker.host}/x.mp4")

    assert (error.code, error.http_status) == (ErrorCode.DELIVERY_FAILED, status)
    assert target.asked == []


def test_a_redirect_to_a_forbidden_address_is_denied(delivery: Delivery) -> None:
    with serve(Taker(status=307, location="http://169.254.169.254/latest")) as taker:
        error = delivery.failing(f"http://{taker.host}/x.mp4")

    assert error.code is ErrorCode.DELIVERY_DENIED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, ErrorCode.DELIVERY_DENIED),
        (403, ErrorCode.DELIVERY_DENIED),
        (404, ErrorCode.DELIVERY_FAILED),
        (507, ErrorCode.DELIVERY_FAILED),
    ],
)
def test_any_other_status_is_a_failure_and_shows_no_secret(delivery: Delivery, status: int, code: ErrorCode) -> None:
    with serve(Taker(status=status, echo=True)) as taker, everything_logged() as logged:
        error = delivery.failing(f"http://{LOGIN}@{taker.host}/x.mp4?X-Signature=s1gned")

    sent = taker.asked[0][1]["authorization"].removeprefix("Basic ")
    assert (error.code, error.http_status) == (code, status)
    assert f"http://{taker.host}/x.mp4" in error.message
    for secret in (*SECRETS, "s1gned", sent):
        assert secret not in error.message + error.evidence + "\n".join(logged)


def test_a_cut_connection_is_a_failure_and_the_next_attempt_delivers(delivery: Delivery) -> None:
    with serve(Taker(cut_at=100_000)) as taker:
        error = delivery.failing(f"http://{taker.host}/x.mp4")
        delivery.run(f"http://{taker.host}/x.mp4", number=2)

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert taker.bodies == [BODY]


def test_a_server_that_does_not_answer_fails_after_the_stall_limit(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=2))
    with serve(Taker(stall=True)) as taker:
        error = delivery.failing(f"http://{taker.host}/x.mp4")

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert "did not answer in time" in error.message


def test_a_stop_ends_a_delivery_that_waits_for_its_answer(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, reach=Reach(policy=LOOPBACK, connect_s=5, stall_s=3600))
    with serve(Taker(stall=True)) as taker:
        attempt = delivery.attempt(f"http://{taker.host}/x.mp4")

        def stop() -> None:
            taker.reached.wait(60)
            attempt.stop.set(StopReason.CANCELLED)

        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(StoppedError):
            DistributeStage(delivery.reach).run(attempt)


def test_a_forbidden_address_is_never_connected_to(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, reach=Reach(policy=FetchPolicy(), connect_s=5, stall_s=5))
    with serve(Taker()) as taker:
        error = delivery.failing(f"http://{taker.host}/x.mp4")

    assert error.code is ErrorCode.DELIVERY_DENIED
    assert taker.asked == []


def test_https_needs_a_certificate_of_an_authority_that_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = Delivery(tmp_path / "a", reach=Reach(policy=LOOPBACK, tls=trusting_test_authority(authority, tmp_path)))
    doubting = Delivery(tmp_path / "b", reach=Reach(policy=LOOPBACK))
    with serve(Taker(), context) as taker:
        error = doubting.failing(f"https://{taker.host}/x.mp4")
        trusting.run(f"https://{taker.host}/x.mp4")

    assert error.code is ErrorCode.DELIVERY_FAILED
    assert "TLS" in error.message
    assert taker.bodies == [BODY]
