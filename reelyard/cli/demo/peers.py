"""What stands around the service: a web server with the clip, and a receiver of notifications."""

import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_CHUNK_BYTES = 256 * 1024
_MAX_NOTIFICATION_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Peers:
    """An HTTP server on a free loopback port: GET `clip_url` (with Range), POST `ping_url`."""

    def __init__(self, clip: Path) -> None:
        self._http = _Server(clip)
        base = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.clip_url = f"{base}/{clip.name}"
        self.ping_url = f"{base}/ping"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="demo-peers")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def notifications(self, job_ids: set[int], timeout_s: float) -> list[dict[str, str]]:
        """The notifications that came in, after one for each of the jobs has, or the time is over."""
        wanted = {str(job_id) for job_id in job_ids}

        def complete() -> bool:
            return wanted <= {fields.get("JobID", "") for fields in self._http.notifications}

        with self._http.arrived:
            self._http.arrived.wait_for(complete, timeout_s)
            return list(self._http.notifications)


class _Server(ThreadingHTTPServer):
    """The clip that is served and what came in."""

    daemon_threads = True

    def __init__(self, clip: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.clip = clip
        self.arrived = threading.Condition()
        self.notifications: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Quiet: the terminal belongs to the demonstration."""

    def do_HEAD(self) -> None:
        """The clip's headers."""
        self._send_clip(body=False)

    def do_GET(self) -> None:
        """The clip, or a range of it."""
        self._send_clip(body=True)

    def do_POST(self) -> None:
        """Take a notification."""
        length = min(int(self.headers.get("Content-Length", 0)), _MAX_NOTIFICATION_BYTES)
        fields = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        self._headers(HTTPStatus.OK, 0)
        with self.server.arrived:
            self.server.notifications.append({name: values[0] for name, values in fields.items()})
            self.server.arrived.notify_all()

    def _send_clip(self, *, body: bool) -> None:
        clip = self.server.clip
        if urlsplit(self.path).path != f"/{clip.name}":
            self._headers(HTTPStatus.NOT_FOUND, 0)
            return
        size = clip.stat().st_size
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        end = min(int(wanted[2]) + 1, size) if wanted and wanted[2] else size
        if start >= end:
            self._headers(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0)
            return
        if wanted:
            self._headers(HTTPStatus.PARTIAL_CONTENT, end - start, f"bytes {start}-{end - 1}/{size}")
        else:
            self._headers(HTTPStatus.OK, size)
        if body:
            self._copy(start, end)

    def _headers(self, status: HTTPStatus, length: int, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        if length:
            self.send_header("Content-Type", "video/mp4")
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()

    def _copy(self, start: int, end: int) -> None:
        with self.server.clip.open("rb") as file:
            file.seek(start)
            left = end - start
            while left > 0 and (chunk := file.read(min(_CHUNK_BYTES, left))):
                self.wfile.write(chunk)
                left -= len(chunk)
