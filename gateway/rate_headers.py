"""Tells a client where its account stands with its rate limit, in the headers of every answer to a known caller.

`RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers, the other three those of its
older versions, which many clients still read.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelyard.cluster.views import RATE_WINDOW_S, Caller

_CALLER = "rate_of"
_MS = 1000


def note_rate(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Have the answer to a request tell where its caller stands."""
    scope["state"][_CALLER] = caller


class RateHeaders:
    """ASGI middleware that adds the headers; an account without a limit gets none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""

        async def add(message: Message) -> None:
            caller = scope["state"].get(_CALLER) if message["type"] == "http.response.start" else None
            if caller is not None and caller.rate_limit:
                MutableHeaders(scope=message).update(rate_headers(caller))
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


def rate_headers(caller: Caller) -> dict[str, str]:
    """The headers for a caller with a limit; seconds are rounded up, so that nobody comes back too early."""
    reset_s = str(-(-caller.rate_reset_ms // _MS))
    headers = {
        "RateLimit-Policy": f'"hour";q={caller.rate_limit};w={RATE_WINDOW_S}',
        "RateLimit": f'"hour";r={caller.rate_remaining};t={reset_s}',
        "RateLimit-Limit": str(caller.rate_limit),
        "RateLimit-Remaining": str(caller.rate_remaining),
        "RateLimit-Reset": reset_s,
    }
    return headers | ({"Retry-After": reset_s} if caller.rate_limited else {})
