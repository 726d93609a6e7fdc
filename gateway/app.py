"""The HTTP application: routes, middleware, and what each error becomes."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.download import routes as downloads
from gateway.error_answers import error_answer, internal_error_answer
from gateway.errors import MethodNotAllowedError, PathNotFoundError
from gateway.gomi import account, account_keys, calls, formats, ingests, jobs, media, notifications
from gateway.gomi.statuses import http_status
from gateway.openapi import routes as openapi
from gateway.openapi.document import describe
from gateway.operations import metrics_router
from gateway.operations import router as operations_router
from gateway.parts import Parts
from gateway.paths import FoldedPaths
from gateway.rate_headers import RateHeaders
from gateway.request_scope import RequestMetrics, RequestScope, shown_path
from reelyard.media.errors import ErrorCode, ReelyardError

#: The calls of the API, by their paths.
CALLS = tuple(each.router for each in (jobs, ingests, media, formats, account, account_keys, notifications))

_ROUTERS = (*CALLS, downloads.router, openapi.router, operations_router, metrics_router)

#: FastAPI's own telemetry would tell whole queries, in which there are keys, and be set by other variables than ours.
_NO_TELEMETRY_OF_ITS_OWN = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)

#: What the objective of quick answers is about: its first request, for which everything is cold, counts too.
_CREATING = ("/job/create", "/job/createjobfrominputmedia", "/ingest/create")

log = structlog.get_logger(__name__)


def create_app(parts: Parts, *, with_metrics: bool = True) -> FastAPI:
    """The application over its parts; `with_metrics` serves /metrics beside the API.

    FastAPI's own description is off: the calls read and write their bodies themselves, so it would say nothing true
    of them. `gateway.openapi` makes one from what the calls are made of.
    """
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=_NO_TELEMETRY_OF_ITS_OWN
    )
    app.state.parts = parts
    for each in (*CALLS, operations_router):
        _answer_head(each)
    for each in CALLS:
        app.include_router(each)
    app.state.openapi_document = describe(route for each in CALLS for route in each.routes)
    app.include_router(downloads.router)
    app.include_router(openapi.router)
    app.include_router(operations_router)
    if with_metrics:
        app.include_router(metrics_router)
    app.add_exception_handler(ReelyardError, _answer_ours)
    app.add_exception_handler(HTTPException, _answer_routing)
    app.add_middleware(RateHeaders)
    metrics = RequestMetrics(parts.registry)
    for path in _CREATING:
        metrics.expect(calls.PREFIX + path, "POST")
    app.add_middleware(RequestScope, metrics=metrics)
    app.add_middleware(FoldedPaths, prefix=calls.PREFIX)
    return app


def _answer_head(router: APIRouter) -> None:
    """Let every call of a router that answers GET answer HEAD too; the server leaves the body out, its length stays."""
    for route in router.routes:
        if isinstance(route, APIRoute) and route.methods and "GET" in route.methods:
            route.methods.add("HEAD")


async def _answer_ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, ReelyardError):
        raise error
    if error.code is ErrorCode.INTERNAL_ERROR:
        log.error("request_failed", path=shown_path(request.url.path), error=error.message, exc_info=error)
        return internal_error_answer(request.scope, structlog.contextvars.get_contextvars()["request_id"])
    of_download = request.url.path.startswith(downloads.PREFIX)
    status = downloads.http_status(error.code) if of_download else http_status(error.code)
    return error_answer(request.scope, error, status)


async def _answer_routing(request: Request, error: Exception) -> Response:
    """The answer where no route fits: the framework raises its own errors for that."""
    if not isinstance(error, HTTPException):
        raise error
    path = shown_path(request.url.path)[:200]
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            nothing = PathNotFoundError(f"There is no call with the path {path}.")
            return error_answer(request.scope, nothing, HTTPStatus.NOT_FOUND)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            refusal = MethodNotAllowedError(f"The path {path} has no method {request.method[:20]}.")
            allowed = {"Allow": _allowed_methods(request.url.path)}
            return error_answer(request.scope, refusal, HTTPStatus.METHOD_NOT_ALLOWED, allowed)
        case _:
            raise error


def _allowed_methods(path: str) -> str:
    """Every method that a path has, for the Allow header; the framework would name those of one of its routes."""
    routes = [
        route
        for router in _ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.endpoint is not calls.refuse_reading and route.path_regex.match(path)
    ]
    named = [route for route in routes if route.path == path]  # `create` is a path of its own, no ID of a job
    return ", ".join(sorted({method for route in named or routes for method in route.methods or ()}))
