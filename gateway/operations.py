"""What operators ask of the process: does it turn, may it be given requests, what has it measured."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.parts import PartsOf
from reelyard.cluster.metrics import expose

router = APIRouter()
metrics_router = APIRouter()

#: Asked every few seconds by machines: not worth a line in the log.
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


@router.get("/healthz")
async def healthz() -> Response:
    """The process turns."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(parts: PartsOf) -> Response:
    """The process may be given requests: the scheduler and the object store answer, and it is not stopping."""
    report = await asyncio.to_thread(parts.readiness.report)
    return JSONResponse(
        {"ready": report.ready, "checks": dict(report.checks)},
        status_code=HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


@metrics_router.get("/metrics")
async def metrics(parts: PartsOf, request: Request) -> Response:
    """What was measured, for Prometheus."""
    asked = request.headers
    shown = await asyncio.to_thread(
        expose,
        parts.registry,
        accept=",".join(asked.getlist("accept")),
        accept_encoding=",".join(asked.getlist("accept-encoding")),
    )
    return Response(shown.body, headers=dict(shown.headers))
