"""HTTP servers with the faults of real ones, and what node tests need to drive a stage without a scheduler."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from encoder_node.attempt import Attempt
from encoder_node.command import ENVIRONMENT
from encoder_node.ffmpeg import Tools
from encoder_node.lease import HeldTask, lease_clock
from encoder_node.process import Limits
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.store import ObjectStore
from reelyard.cluster.work import TaskKind, TaskSpec, Work

TOOLS = Tools(
    environment={"PATH": "/usr/local/bin:/usr/bin:/bin", **ENVIRONMENT},
    limits=Limits(file_bytes=10**9, stall_s=60, hard_s=120),
)


@dataclass
class Faulty:
    """What the server serves, and how it goes wrong. Every request is recorded."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    chunked: bool = False  # whole answers come without a Content-Length
    etag: str = '"v1"'
    cut_at: int = 0  # bytes of the body after which each connection is closed
    cuts: int = 10**6  # how many connections are cut
    stall_at: int = -1  # bytes of the body after which nothing more comes
    stalls: int = 10**6
    change_after: int = 0  # requests after which another version is served
    requests: list[dict[str, str]] = field(default_factory=list)
    posts: list[bytes] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)  # a stall began
    release: threading.Event = field(default_factory=threading.Event)  # stalls end
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def do_GET(self) -> None:
        f = self.faulty
        f.requests.append({k.lower(): v for k, v in self.headers.items()} | {"path": self.path})
        etag = f.etag
        if f.change_after and len(f.requests) > f.change_after:
            etag = '"v2"'
        first = self._first(etag)
        status = f.status if f.status != 200 or first == 0 else 206
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{len(f.body) - 1}/{len(f.body)}")
        for name, value in f.headers.items():
            self.send_header(name, value)
        if f.chunked and status == 200:
            self.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in f.headers:
            self.send_header("Content-Length", str(len(f.body) - first))
        self.end_headers()
        if f.chunked and status == 200:
            self.wfile.write(f"{len(f.body):x}\r\n".encode())  # one chunk, which a cut leaves open
        self._send_body(first)

    def _first(self, etag: str) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or not self.faulty.ranges or self.headers.get("If-Range", etag) != etag:
            return 0
        return int(match[1])

    def _send_body(self, first: int) -> None:
        f = self.faulty
        rest = f.body[first:]
        if f.cut_at and f.cuts > 0 and len(rest) > f.cut_at:
            f.cuts -= 1
            self.wfile.write(rest[: f.cut_at])
            self.close_connection = True
            return
        if f.stall_at >= 0 and f.stalls > 0:
            f.stalls -= 1
            self.wfile.write(rest[: f.stall_at])
            self.wfile.flush()
            f.reached.set()
            f.release.wait(60)
            self.close_connection = True
            return
        self.wfile.write(rest)

    def do_POST(self) -> None:
        f = self.faulty
        f.requests.append({k.lower(): v for k, v in self.headers.items()} | {"path": self.path})
        f.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(f.status)
        for name, value in f.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(f.body)))
        self.end_headers()
        self.wfile.write(f.body)

    def log_message(self, *_args: object) -> None:
        """Tests read the recorded requests instead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle are part of the tests."""


@contextmanager
def serve(faulty: Faulty) -> Iterator[Faulty]:
    """Serve on a free loopback port; `url` is set."""
    handler = type("Handler", (_Handler,), {"faulty": faulty})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    faulty.url = f"http://127.0.0.1:{server.server_address[1]}/clip.mp4"
    try:
        yield faulty
    finally:
        faulty.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class RemoteStore(FolderStore):
    """A folder that behaves like S3: its files cannot be opened in place."""

    def local_path(self, key: str) -> None:
        return None


def new_attempt(kind: TaskKind, work: Work, *, folder: Path, store: ObjectStore, prefix: str) -> Attempt:
    """An attempt as the runner would make it, under a lease that does not end."""
    folder.mkdir(parents=True, exist_ok=True)
    task = TaskSpec(task_id=7, attempt=1, kind=kind, account_id=1, job_id=3, output_prefix=prefix, work=work)
    held = HeldTask(7, "token", lease_clock() + 3600)
    return Attempt(task=task, held=held, folder=folder, store=store)
