"""Downloads from servers that go wrong, over real sockets."""

import hashlib
import ipaddress
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from encoder_node.download import download
from encoder_node.fetch.bounds import Downloaded, DownloadLimits
from encoder_node.stop import StoppedError, StopReason, StopSignal
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.node_peers import Faulty, serve

BODY = bytes(range(256)) * 4000
LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
STALL_S = 0.5


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    manager = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=STALL_S)
    yield manager
    manager.clear()


def fetch(
    pool: urllib3.PoolManager,
    url: str,
    path: Path,
    *,
    stop: StopSignal | None = None,
    max_bytes: int = 10**9,
) -> Downloaded:
    limits = DownloadLimits(stall_s=STALL_S, max_bytes=max_bytes, hard_s=60)
    return download(pool, url, path, stop=stop or StopSignal(), limits=limits)


def failure(pool: urllib3.PoolManager, faulty: Faulty, path: Path, *, max_bytes: int = 10**9) -> WorkError:
    with serve(faulty) as server, pytest.raises(WorkError) as caught:
        fetch(pool, server.url, path, max_bytes=max_bytes)
    return caught.value


def test_a_whole_file_arrives_with_its_checksum_and_names(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(
        body=BODY,
        headers={"Content-Type": "video/mp4; x=y", "Content-Disposition": 'attachment; filename="a b.mp4"'},
    )
    with serve(faulty) as server:
        got = fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (got.size_bytes, got.mime_type) == (len(BODY), "video/mp4")
    assert got.disposition == 'attachment; filename="a b.mp4"'


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, ErrorCode.SOURCE_DENIED),
        (403, ErrorCode.SOURCE_DENIED),
        (404, ErrorCode.SOURCE_NOT_FOUND),
        (410, ErrorCode.SOURCE_NOT_FOUND),
        (429, ErrorCode.SOURCE_UNREACHABLE),
        (500, ErrorCode.SOURCE_UNREACHABLE),
        (503, ErrorCode.SOURCE_UNREACHABLE),
        (204, ErrorCode.SOURCE_UNREACHABLE),
    ],
)
def test_each_status_has_its_code(pool: urllib3.PoolManager, tmp_path: Path, status: int, code: ErrorCode) -> None:
    error = failure(pool, Faulty(status=status), tmp_path / "f")

    assert error.code is code
    assert str(status) in error.message


def test_broken_connections_are_resumed_where_they_broke(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(body=BODY, cut_at=300_000)) as server:
        got = fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY
    assert got.sha256 == hashlib.sha256(BODY).hexdigest()
    assert [request.get("range") for request in server.requests] == [
        None,
        "bytes=300000-",
        "bytes=600000-",
        "bytes=900000-",
    ]
    assert server.requests[1]["if-range"] == '"v1"'


def test_a_download_of_unknown_size_is_resumed_too(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(body=BODY, chunked=True, cut_at=300_000, cuts=1)
    with serve(faulty) as server:
        fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY
    assert server.requests[1]["range"] == "bytes=300000-"


def test_a_file_that_changed_is_read_again_from_its_beginning(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(body=BODY, cut_at=300_000, cuts=1, change_after=1)) as server:
        fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY


def test_a_server_without_ranges_is_asked_for_the_whole_once_more(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(body=BODY, cut_at=300_000, cuts=1, ranges=False)) as server:
        fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY
    assert len(server.requests) == 2


def test_a_server_that_always_breaks_off_without_ranges_is_truncated(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    error = failure(pool, Faulty(body=BODY, cut_at=300_000, ranges=False), tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED
    assert f"300000 of {len(BODY)} announced bytes" in error.message


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_resumed(pool: urllib3.PoolManager, tmp_path: Path, etag: str) -> None:
    faulty = Faulty(body=BODY, cut_at=300_000, etag=etag)
    error = failure(pool, faulty, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED
    assert len(faulty.requests) == 1


def test_less_than_announced_is_truncated(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(body=BODY, etag="", headers={"Content-Length": str(len(BODY) + 5), "Connection": "close"})
    error = failure(pool, faulty, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_TRUNCATED


def test_a_silent_server_is_unreachable(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    error = failure(pool, Faulty(body=BODY, stall_at=1000, etag=""), tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert "stopped sending" in error.message
    assert "after 1000 bytes" in error.message


def test_a_stall_is_resumed_once_it_is_over(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(body=BODY, stall_at=200_000, stalls=1)) as server:
        fetch(pool, server.url, tmp_path / "f")

    assert (tmp_path / "f").read_bytes() == BODY
    assert server.requests[1]["range"] == "bytes=200000-"


def test_a_server_that_stalls_again_at_once_is_given_up(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(body=BODY, stall_at=0)
    error = failure(pool, faulty, tmp_path / "f")

    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert len(faulty.requests) == 1


def test_an_announced_size_over_the_limit_is_refused_before_it_is_read(
    pool: urllib3.PoolManager, tmp_path: Path
) -> None:
    error = failure(pool, Faulty(body=BODY), tmp_path / "f", max_bytes=1000)

    assert error.code is ErrorCode.SOURCE_TOO_LARGE
    assert (tmp_path / "f").stat().st_size == 0


def test_a_size_over_the_limit_is_noticed_without_an_announcement(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(body=BODY, headers={"Content-Length": "", "Connection": "close"})
    error = failure(pool, faulty, tmp_path / "f", max_bytes=300_000)

    assert error.code is ErrorCode.SOURCE_TOO_LARGE


def test_a_refused_connection_is_unreachable(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.mp4"
        with pytest.raises(WorkError) as caught:
            fetch(pool, url, tmp_path / "f")

    assert caught.value.code is ErrorCode.SOURCE_UNREACHABLE


def test_an_unknown_host_is_unreachable(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with pytest.raises(WorkError) as caught:
        fetch(pool, "http://no-such-host.invalid/a.mp4", tmp_path / "f")

    assert caught.value.code is ErrorCode.SOURCE_UNREACHABLE
    assert "host name" in caught.value.message


def test_plain_http_on_a_tls_url_is_unreachable(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(body=BODY)) as server, pytest.raises(WorkError) as caught:
        fetch(pool, server.url.replace("http:", "https:"), tmp_path / "f")

    assert caught.value.code is ErrorCode.SOURCE_UNREACHABLE


def test_a_forbidden_address_is_refused(tmp_path: Path) -> None:
    strict = guarded_http(FetchPolicy(), connect_timeout_s=5, read_timeout_s=STALL_S)
    with serve(Faulty(body=BODY)) as server, pytest.raises(WorkError) as caught:
        fetch(strict, server.url, tmp_path / "f")

    assert caught.value.code is ErrorCode.INVALID_INPUT_URL
    assert server.requests == []


def test_a_redirect_to_a_forbidden_address_is_refused(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    faulty = Faulty(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    error = failure(pool, faulty, tmp_path / "f")

    assert error.code is ErrorCode.INVALID_INPUT_URL


def test_a_stop_interrupts_a_read_that_waits(tmp_path: Path) -> None:
    patient = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=3600)
    stop = StopSignal()
    with serve(Faulty(body=BODY, stall_at=1000)) as server:
        stopper = threading.Thread(target=lambda: (server.reached.wait(), stop.set(StopReason.CANCELLED)), daemon=True)
        stopper.start()
        limits = DownloadLimits(stall_s=3600, max_bytes=10**9, hard_s=3600)
        with pytest.raises(StoppedError) as caught:
            download(patient, server.url, tmp_path / "f", stop=stop, limits=limits)

    assert caught.value.reason is StopReason.CANCELLED


def test_the_secrets_of_a_url_are_in_no_message(pool: urllib3.PoolManager, tmp_path: Path) -> None:
    with serve(Faulty(status=404)) as server, pytest.raises(WorkError) as caught:
        fetch(pool, server.url.replace("://", "://user:hush@") + "?signature=hush", tmp_path / "f")

    assert "hush" not in caught.value.message
    assert "clip.mp4" in caught.value.message
