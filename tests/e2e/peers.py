"""What stands around the service: a web server with the sources, and a receiver of notifications."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    #: The library's 5 are fewer than the nodes of a cluster connect at once; one too many waits for a second or more.
    request_queue_size = 128


class Server:
    """An HTTP server on a free loopback port, in a thread of its own."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.http = _Listener(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def empty(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Sources(Server):
    """Serves the files of a folder, with Range.

    `/status/404` answers that status, `/stall/NAME` stops sending half-way, `/cut/NAME` breaks off half-way though it
    announced the whole, `/moved/NAME` redirects to it, `/away?to=URL` redirects anywhere.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        self.release = threading.Event()
        outer = self

        class Handler(_SourceHandler):
            sources = outer

        super().__init__(Handler)

    def __exit__(self, *args: object) -> None:
        self.release.set()
        super().__exit__(*args)


class _SourceHandler(_Quiet):
    sources: Sources

    def do_GET(self) -> None:
        self.sources.requests.append(self.path)
        parts = urlsplit(self.path)
        kind, _, name = parts.path.strip("/").partition("/")
        if kind == "status":
            return self.empty(int(name))
        if kind == "moved":
            return self.empty(302, Location=f"/file/{name}")
        if kind == "away":
            return self.empty(302, Location=parse_qs(parts.query)["to"][0])
        path = self.sources.folder / Path(name).name
        if not path.is_file():
            return self.empty(404)
        if kind in {"stall", "cut"}:
            return self.half(path.read_bytes(), stall=kind == "stall")
        return self.whole_or_part(path.read_bytes())

    def half(self, data: bytes, *, stall: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        if stall:
            self.sources.release.wait(120)
        self.close_connection = True

    def whole_or_part(self, data: bytes) -> None:
        start, end = 0, len(data)
        wanted = self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else len(data)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{len(data)}"')
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self.wfile.write(data[start:end])


@dataclass
class Ping:
    """One notification as it came in."""

    path: str
    headers: dict[str, str]
    raw: bytes
    fields: dict[str, str] = field(default_factory=dict)
    answered: int = 200


class Pings(Server):
    """Receives notifications; `fail_first` of them are answered with 500. `on_ping` is called for each."""

    def __init__(self, fail_first: int = 0, on_ping: Callable[[], object] = lambda: None) -> None:
        self.seen: list[Ping] = []
        self.fail_first = fail_first
        lock = threading.Lock()
        outer = self

        class Handler(_Quiet):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                fields = {k: v[0] for k, v in parse_qs(raw.decode(), keep_blank_values=True).items()}
                with lock:
                    status = 500 if outer.fail_first > 0 else 200
                    outer.fail_first -= 1
                    outer.seen.append(Ping(self.path, dict(self.headers), raw, fields, status))
                self.empty(status)
                on_ping()

        super().__init__(Handler)

    def accepted(self, job_id: int) -> list[Ping]:
        """The notifications of a job that were answered with success."""
        return [p for p in list(self.seen) if p.answered == 200 and p.fields.get("JobID") == str(job_id)]
