"""GET /openapi.json, the description for machines, and GET /docs, the same for people. Neither needs a key."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway.openapi.page import page_of

router = APIRouter()

DOCUMENT_PATH = "/openapi.json"
PAGE_PATH = "/docs"

# The page has no script and loads nothing, and a browser is told to see to that.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@router.api_route(DOCUMENT_PATH, methods=["GET", "HEAD"])
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(_described(request))


@router.api_route(PAGE_PATH, methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The description as a page."""
    return HTMLResponse(page_of(_described(request)), headers={"Content-Security-Policy": _POLICY})


def _described(request: Request) -> dict[str, object]:
    document: dict[str, object] = request.app.state.openapi_document
    return document
