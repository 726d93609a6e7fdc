"""Around every request: an ID, one line in the log, the measurements, and an answer to what nobody foresaw."""

import re
import time
import uuid
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.error_answers import internal_error_answer
from gateway.operations import QUIET_PATHS
from gateway.rejections import REASONS, rejection_of
from reelyard.cluster.logs import bound
from reelyard.cluster.metrics import CollectorRegistry

log = structlog.get_logger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "none"
_MS = 1000
_PATH_SHOWN = 300

#: The status that the log has for a client that left before it was answered, as nginx writes it.
LEFT = 499

#: /download/{folder}/{media_id}/{token}/{name}: who reads the token in a log could read the file.
_TOKEN = re.compile(r"(/download/[^/]*/[^/]*/)[^/]*", re.IGNORECASE)


class RequestMetrics:
    """What is measured of requests, by the template of their route: paths would make a series for each ID."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "reelyard_http_requests",
            "Requests that were answered.",
            ["route", "method", "code"],
            registry=registry,
        )
        self._duration = Histogram(
            "reelyard_http_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            ["route", "method"],
            registry=registry,
        )
        self.in_flight = Gauge(
            "reelyard_http_requests_in_flight", "Requests that are being answered.", registry=registry
        )
        self._rejected = Counter(
            "reelyard_requests_rejected", "Requests that were refused.", ["reason"], registry=registry
        )
        for reason in REASONS:
            self._rejected.labels(reason)

    def observe(self, *, route: str, method: str, status: int, seconds: float, rejection: str = "") -> None:
        """Count one request; `rejection` is one of REASONS when it was refused."""
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._duration.labels(route, method).observe(seconds)
        if rejection:
            self._rejected.labels(rejection).inc()


class RequestScope:
    """ASGI middleware around everything that answers requests."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        request_id = _request_id(Headers(scope=scope))
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        with bound(request_id=request_id), self._metrics.in_flight.track_inprogress():
            try:
                await self._answer(scope, receive, answer, request_id)
            finally:
                self._note(scope, answer.status, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer", request_id: str) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = answer.status or LEFT
        except Exception:
            log.exception("request_failed", path=shown_path(scope["path"]))
            if answer.status:
                raise  # half an answer can only be broken off, which the server does
            await internal_error_answer(scope, request_id)(scope, receive, answer.send)

    def _note(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        status = status or LEFT
        self._metrics.observe(
            route=route, method=scope["method"], status=status, seconds=seconds, rejection=rejection_of(scope)
        )
        level = "debug" if scope["path"] in QUIET_PATHS and status == HTTPStatus.OK else "info"
        getattr(log, level)(
            "request_answered",
            method=scope["method"],
            path=shown_path(scope["path"]),
            status=status,
            duration_ms=round(seconds * _MS, 1),
            account_id=scope["state"].get("account_id"),
        )


class _Answer:
    """The way of an answer to the client; notes its status and puts the request ID in."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0  # until the answer begins

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self._request_id
        await self._send(message)


def shown_path(path: str) -> str:
    """A path as a log may show it: without the token that opens a download."""
    return _TOKEN.sub(r"\1…", path)[:_PATH_SHOWN]


def _request_id(headers: Headers) -> str:
    """The ID that the client or a proxy gave, if it is a sane one; else a new one."""
    given = headers.get(REQUEST_ID_HEADER, "")
    return given if _SANE_ID.fullmatch(given) else str(uuid.uuid4())
