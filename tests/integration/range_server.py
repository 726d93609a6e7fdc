"""An HTTP server that sends ranges, with the faults that such servers have."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: How long a server waits for what a test makes happen; only a failing test waits so long.
PATIENCE_S = 30


@dataclass(frozen=True)
class Asked:
    """One request: its number from 0 on, and the range that it asked for; `first` is None without one."""

    number: int
    first: int | None
    last: int
    if_range: str


@dataclass
class RangeServer:
    """What is served and how it goes wrong; each fault is asked with the request."""

    body: bytes
    etag: str = '"v1"'
    accept_ranges: str = "bytes"
    honours_if_range: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    status: Callable[[Asked], int] = lambda _asked: 0  # 0: the right one
    location: str = ""
    version: Callable[[Asked], tuple[bytes, str] | None] = lambda _asked: None  # another body and ETag
    cut_after: Callable[[Asked], int | None] = lambda _asked: None
    stall_after: Callable[[Asked], int | None] = lambda _asked: None
    part: Callable[[Asked, int], tuple[int, int, int] | None] = lambda _asked, _size: None  # first, last, total
    before_body: Callable[[Asked], None] = lambda _asked: None
    pace: Callable[[int], None] = lambda _count: None  # called for each 16 KiB that were sent
    requests: list[Asked] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))  # a stall began
    ranged: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))  # a range was asked for
    url: str = ""

    def hold_the_whole(self, asked: Asked) -> None:
        """For `before_body`: the answer to a request for the whole waits until a range was asked for."""
        if asked.first is None:
            assert self.ranged.acquire(timeout=PATIENCE_S)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The ranges that were asked for, in their order."""
        return [(asked.first, asked.last) for asked in self.requests if asked.first is not None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: RangeServer
    lock: threading.Lock

    def do_GET(self) -> None:
        served = self.served
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        with self.lock:
            first, last = (int(match[1]), int(match[2] or len(served.body) - 1)) if match else (None, 0)
            asked = Asked(len(served.requests), first, last, self.headers.get("If-Range", ""))
            served.requests.append(asked)
            if first is not None:
                served.ranged.release()
            else:
                served.ranged = threading.Semaphore(0)  # only what is asked for from here on counts
        body, etag = served.version(asked) or (served.body, served.etag)
        status = served.status(asked)
        if status == 0 and asked.first is not None and asked.first >= len(body):
            status = 416
        if status >= 300:
            self._refuse(status)
            return
        matches = not served.honours_if_range or asked.if_range in {"", etag}
        is_part = status == 206 or (status == 0 and asked.first is not None and matches)
        self._send(asked, body, etag, is_part=is_part)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if self.served.location:
            self.send_header("Location", self.served.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, asked: Asked, body: bytes, etag: str, *, is_part: bool) -> None:
        served = self.served
        first, last, total = (asked.first or 0, min(asked.last, len(body) - 1), len(body)) if is_part else (0, 0, 0)
        if is_part:
            first, last, total = served.part(asked, len(body)) or (first, last, total)
            data = body[first : last + 1]
        else:
            data = body
        self.send_response(206 if is_part else 200)
        fields = {"ETag": etag, "Accept-Ranges": served.accept_ranges, "Content-Length": str(len(data))}
        if is_part:
            fields["Content-Range"] = f"bytes {first}-{last}/{total}"
        for name, value in (fields | served.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        served.before_body(asked)
        self._send_body(asked, data)

    def _send_body(self, asked: Asked, data: bytes) -> None:
        served = self.served
        cut, stall = served.cut_after(asked), served.stall_after(asked)
        end = next((at for at in (cut, stall) if at is not None and at < len(data)), len(data))
        for at in range(0, end, 16384):
            self.wfile.write(data[at : min(at + 16384, end)])
            served.pace(16384)
        if end == len(data):
            return
        self.close_connection = True
        if stall is not None:
            served.reached.release()
            served.release.wait(PATIENCE_S)

    def log_message(self, *_args: object) -> None:
        """Tests read the recorded requests instead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle are part of the tests."""


@contextmanager
def serving(served: RangeServer) -> Iterator[RangeServer]:
    """Serve on a free loopback port; `url` is set."""
    handler = type("Handler", (_Handler,), {"served": served, "lock": threading.Lock()})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/clip.mp4"
    try:
        yield served
    finally:
        served.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
