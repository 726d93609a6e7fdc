"""Paths of the API are matched without regard to case, and with or without a slash at their end."""

from starlette.types import ASGIApp, Receive, Scope, Send


class FoldedPaths:
    """ASGI middleware that writes the path of an API request in the one form that the routes know.

    Download paths keep theirs: case counts in tokens and file names.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""
        if scope["type"] == "http":
            folded = scope["path"].lower().rstrip("/")
            if folded.startswith(self._prefix + "/"):
                scope = dict(scope, path=folded)
        await self._app(scope, receive, send)
