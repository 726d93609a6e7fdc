"""Around every request: an ID, one line in the log, the measurements, and an answer to what nobody foresaw."""

import re
import time
from collections.abc import Iterable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
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
from reelyard.cluster import tracing
from reelyard.cluster.logs import bound
from reelyard.cluster.metrics import CollectorRegistry
from reelyard.cluster.request_id import request_id_or_new
from reelyard.cluster.tracing import TRACEPARENT, Kind, Span

log = structlog.get_logger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "none"
_OK = str(HTTPStatus.OK.value)
#: The answers that count against the objective of availability: a bug, and a cluster that is not all there.
_FAULTS = (str(HTTPStatus.INTERNAL_SERVER_ERROR.value), str(HTTPStatus.SERVICE_UNAVAILABLE.value))
_MS = 1000
#: Seconds; 0.3 is the objective for requests that create something, and downloads take minutes.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 60, 600)

_PATH_SHOWN = 300

#: The status that the log has for a client that left before it was answered, as nginx writes it.
LEFT = 499

#: What a request may be about, as its lines in the log name it.
_IDS = ("job_id", "job_ids", "ingest_id")

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
            buckets=_SECONDS,
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

    def expect(self, route: str, method: str) -> None:
        """Have the series of a route begin at 0, before its first request: that is seen as an increase then."""
        self._duration.labels(route, method)
        self._requests.labels(route, method, _OK)
        self._expect_faults(route, method)

    def _expect_faults(self, route: str, method: str) -> None:
        for code in _FAULTS:
            self._requests.labels(route, method, code)

    def observe(self, *, route: str, method: str, status: int, seconds: float, rejection: str = "") -> None:
        """Count one request; `rejection` is one of REASONS when it was refused."""
        method = method if method in _METHODS else "other"
        self._expect_faults(route, method)
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
        headers = Headers(scope=scope)
        request_id = request_id_or_new(headers.get(REQUEST_ID_HEADER, ""))
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        with (
            bound(request_id=request_id),
            _span(scope, headers, request_id) as span,
            self._metrics.in_flight.track_inprogress(),
        ):
            try:
                await self._answer(scope, receive, answer, request_id)
            finally:
                self._note(scope, answer.status, time.perf_counter() - started)
                _end_span(span, scope, answer.status)
                structlog.contextvars.unbind_contextvars(*_IDS)

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
        route = _route(scope)
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


def note_job(job_id: int) -> None:
    """Say which job the request that is being served is about: its further lines in the log have that."""
    structlog.contextvars.bind_contextvars(job_id=job_id)


def note_ingest(ingest_id: int) -> None:
    """As `note_job`, of an ingest."""
    structlog.contextvars.bind_contextvars(ingest_id=ingest_id)


def note_created(ingest_id: int, job_ids: Iterable[int]) -> None:
    """Say what the request that is being served has made: a line for each job, so that its ID finds the request."""
    made = [job_id for job_id in job_ids if job_id]
    if ingest_id:
        note_ingest(ingest_id)
    for job_id in made:
        log.info("job_accepted", job_id=job_id)
    if len(made) == 1:
        note_job(made[0])
    elif made:
        structlog.contextvars.bind_contextvars(job_ids=made)


def _route(scope: MutableMapping[str, Any]) -> str:
    return getattr(scope.get("route"), "path", _NO_ROUTE)


def _span(scope: Scope, headers: Headers, request_id: str) -> AbstractContextManager[Span]:
    """The span of a request, which probes and scrapes have none of; named when its route is known."""
    if scope["path"] in QUIET_PATHS:
        return nullcontext(Span())
    method = scope["method"]
    return tracing.begun(
        method if method in _METHODS else "other",
        Kind.SERVER,
        {"http.request.method": method[:20], "reelyard.request_id": request_id},
        traceparent=headers.get(TRACEPARENT, ""),
    )


def _end_span(span: Span, scope: Scope, status: int) -> None:
    if not tracing.is_on():
        return
    route, fields = _route(scope), structlog.contextvars.get_contextvars()
    span.rename(f"{scope['method'] if scope['method'] in _METHODS else 'other'} {route}")
    span.set({"http.route": route, "http.response.status_code": status or LEFT})
    span.set({f"reelyard.{name}": fields[name] for name in _IDS if name in fields})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))
