"""What the handlers of requests work with; `wiring` builds it, `app` hands it to each request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from gateway.authentication import Authenticator
from gateway.download.files import StoredFiles
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import CollectorRegistry


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The services behind the HTTP layer."""

    client: GatewayClient
    authenticator: Authenticator
    files: StoredFiles
    readiness: Readiness
    registry: CollectorRegistry
    public_url: str = ""
    max_request_bytes: int


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves a request."""
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(parts_of)]
