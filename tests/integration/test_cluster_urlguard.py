"""Clients' URLs are fetched from checked addresses only, whatever names and redirects say."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

import pytest
import urllib3

from reelyard.cluster.urlguard import FetchPolicy, ForbiddenAddressError, follow, guarded_http
from reelyard.media.errors import ErrorCode

LOOPBACK = FetchPolicy((ip_network("127.0.0.0/8"),))


class Site:
    """A loopback HTTP server that redirects /to?<url> there, and notes what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 302
        self.location = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.asked.append((self.command, self.path, dict(self.headers), body))
                where = site.location or self.path.partition("?")[2]
                self.send_response(site.status if where else 200)
                if where:
                    self.send_header("Location", where)
                self.send_header("Content-Length", "2")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(b"ok")

            do_POST = do_HEAD = do_GET  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as opened:
        yield opened


@contextmanager
def pool_for(policy: FetchPolicy) -> Iterator[urllib3.PoolManager]:
    pool = guarded_http(policy, connect_timeout_s=5, read_timeout_s=5)
    yield pool
    pool.clear()


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    with pool_for(LOOPBACK) as opened:
        yield opened


def get(pool: urllib3.PoolManager, url: str, **options: Any) -> tuple[int, bytes, str]:
    response, last = follow(pool, "GET", url, **options)
    return response.status, response.data, last


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Answers of the resolver: for each name a list of answers, one a question, the last one repeated."""
    answers: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in answers:
            return real(host, port, *args, **kwargs)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [entry for address in found for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers


def test_an_admitted_range_is_fetched(site: Site, pool: urllib3.PoolManager) -> None:
    assert get(pool, f"http://{site.host}/file") == (200, b"ok", f"http://{site.host}/file")


def test_without_it_loopback_is_refused(site: Site) -> None:
    with pool_for(FetchPolicy()) as pool, pytest.raises(ForbiddenAddressError) as caught:
        get(pool, f"http://{site.host}/file")

    assert caught.value.code is ErrorCode.INVALID_INPUT_URL
    assert site.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_of_a_private_address_is_refused_when_it_is_resolved(
    site: Site, names: dict[str, list[list[str]]], address: str
) -> None:
    names["innocent.example"] = [[address]]

    with pool_for(FetchPolicy()) as pool, pytest.raises(ForbiddenAddressError, match=r"innocent\.example"):
        get(pool, f"http://innocent.example:{site.port}/file")

    assert site.asked == []


def test_the_address_that_was_checked_is_the_one_connected_to(
    site: Site, pool: urllib3.PoolManager, names: dict[str, list[list[str]]]
) -> None:
    # a second question would be answered by an address where nobody listens
    names["rebinding.example"] = [["127.0.0.1"], ["127.0.0.2"]]

    answer = get(pool, f"http://rebinding.example:{site.port}/file")

    assert answer[:2] == (200, b"ok")
    assert site.asked[0][2]["Host"] == f"rebinding.example:{site.port}"
    assert names["rebinding.example"] == [["127.0.0.2"]]


def test_of_several_addresses_only_admitted_ones_are_tried(
    site: Site, pool: urllib3.PoolManager, names: dict[str, list[list[str]]]
) -> None:
    names["mixed.example"] = [["10.255.255.1", "127.0.0.1"]]

    assert get(pool, f"http://mixed.example:{site.port}/file")[0] == 200


def test_the_next_address_is_tried_when_one_refuses(
    site: Site, pool: urllib3.PoolManager, names: dict[str, list[list[str]]]
) -> None:
    names["two.example"] = [["127.0.0.3", "127.0.0.1"]]

    assert get(pool, f"http://two.example:{site.port}/file")[0] == 200


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "localhost", "LOCALHOST."])
def test_other_spellings_of_loopback_are_refused(site: Site, host: str) -> None:
    with pool_for(FetchPolicy()) as pool, pytest.raises(ForbiddenAddressError):
        pool.request("GET", f"http://{host}:{site.port}/file")

    assert site.asked == []


def test_a_pool_never_redirects_by_itself(site: Site, pool: urllib3.PoolManager) -> None:
    response = pool.request("GET", f"http://{site.host}/to?http://{site.host}/file", redirect=True)

    assert response.status == 302
    assert len(site.asked) == 1


def test_redirects_are_followed_also_relative_ones(site: Site, pool: urllib3.PoolManager) -> None:
    assert get(pool, f"http://{site.host}/a/to?b") == (200, b"ok", f"http://{site.host}/a/b")


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::1",
        "http://3232235777/",  # 192.168.1.1
        "http://10.0.0.1:99999/",
        "//10.0.0.1/",
        "http://metadata.google.internal/",
        "ftp://a/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_what_may_not_be_fetched_is_refused(site: Site, pool: urllib3.PoolManager, target: str) -> None:
    site.location = target

    with pytest.raises(ForbiddenAddressError, match="redirects to"):
        get(pool, f"http://{site.host}/file")

    assert len(site.asked) == 1


def test_a_redirect_to_a_name_of_a_private_address_is_refused(
    site: Site, pool: urllib3.PoolManager, names: dict[str, list[list[str]]]
) -> None:
    names["inner.example"] = [["192.168.0.1"]]

    with pytest.raises(ForbiddenAddressError):
        get(pool, f"http://{site.host}/to?http://inner.example/")


def test_endless_redirects_end(site: Site, pool: urllib3.PoolManager) -> None:
    with pytest.raises(ForbiddenAddressError, match="more than 5 times"):
        get(pool, f"http://{site.host}/to?to?to?to?to?to?to?to?to")


def test_user_and_password_become_basic_authentication(site: Site, pool: urllib3.PoolManager) -> None:
    get(pool, f"http://us%40er:p%3Aw@{site.host}/file")

    assert site.asked[0][2]["Authorization"] == "Basic dXNAZXI6cDp3"


def test_credentials_stay_with_their_origin(site: Site, pool: urllib3.PoolManager) -> None:
    with Site() as other:
        get(pool, f"http://u:p@{site.host}/to?to?http://{other.host}/file", headers={"X-Mine": "kept"})

        assert ["Authorization" in headers for _, _, headers, _ in site.asked] == [True, True]
        assert "Authorization" not in other.asked[0][2]
        assert other.asked[0][2]["X-Mine"] == "kept"


def test_a_post_keeps_its_body_over_307_and_stops_at_302(site: Site, pool: urllib3.PoolManager) -> None:
    site.status = 307
    kept, _ = follow(pool, "POST", f"http://{site.host}/to?file", body=b"a=1")
    site.status = 302
    stopped, _ = follow(pool, "POST", f"http://{site.host}/to?file", body=b"a=1")

    assert kept.status == 200
    assert [(method, body) for method, _, _, body in site.asked] == [("POST", b"a=1")] * 3
    assert stopped.status == 302


def test_the_environment_s_proxy_is_not_used(
    site: Site, pool: urllib3.PoolManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert get(pool, f"http://{site.host}/file")[0] == 200


def test_who_refuses_the_connection_is_an_error_of_urllib3(pool: urllib3.PoolManager) -> None:
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        get(pool, "http://127.0.0.1:9/file")


def test_a_name_that_nobody_knows_is_an_error_of_urllib3(
    pool: urllib3.PoolManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(urllib3.exceptions.NameResolutionError):
        get(pool, "http://nowhere.example/file")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=right.example"),
            *("-addext", "subjectAltName=DNS:right.example", "-keyout", str(path), "-out", str(tmp_path / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    return path


def test_the_certificate_is_held_against_the_name_in_the_url(
    certificate: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names["right.example"] = names["wrong.example"] = [["127.0.0.1"]]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    with Site(context) as site, pool_for(LOOPBACK) as pool:
        answer = get(pool, f"https://right.example:{site.port}/file")
        with pytest.raises(urllib3.exceptions.SSLError, match=r"hostname|mismatch"):
            get(pool, f"https://wrong.example:{site.port}/file")
        with pytest.raises(urllib3.exceptions.SSLError):
            get(pool, f"https://127.0.0.1:{site.port}/file")
        with pytest.raises(ForbiddenAddressError, match="from https to http"):
            get(pool, f"https://u:p@right.example:{site.port}/to?http://127.0.0.1:9/file")

    assert answer[0] == 200
    assert [path for _, path, _, _ in site.asked] == ["/file", "/to?http://127.0.0.1:9/file"]
