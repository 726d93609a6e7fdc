"""The gateway as a service: an HTTP server in a thread and an event loop of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.http_protocol import BoundedHttpProtocol
from reelyard.cluster.health import Readiness
from reelyard.cluster.listen_address import host_and_port, loopback_of
from reelyard.cluster.listening import listening_socket
from reelyard.cluster.service_process import StartError

log = structlog.get_logger(__name__)

#: Seconds for which an idle connection is kept; above the 60 s of common load balancers, which must close first.
KEEP_ALIVE_S = 75

#: Seconds in which a request whose connection was cut ends; no call to a scheduler may take longer.
CUT_S = 15

_BACKLOG = 2048


class GatewayService:
    """Serves HTTP from `start` to `stop`; may be used once.

    Args:
        address: host and port to listen on; port 0 takes any free one.
        stop_s: how long running requests may go on after `stop`, in seconds.
        readiness: goes false before the port is closed.
        open_app: makes the application inside the event loop, and releases in it what the application uses.
        resources: what else the application uses; released last, also when the start failed.
    """

    def __init__(
        self,
        *,
        address: tuple[str, int],
        stop_s: int,
        readiness: Readiness,
        open_app: Callable[[], AbstractAsyncContextManager[ASGIApp]],
        resources: ExitStack,
    ) -> None:
        self._address = address
        self._stop_s = stop_s
        self.readiness = readiness
        self._open_app = open_app
        self._resources = resources
        self._thread = threading.Thread(target=self._run, name="gateway")
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self._serving_or_ended = threading.Event()
        self._on_end: Callable[[], None] | None = None
        #: What ended the server, when it was not `stop`.
        self.failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where it serves, with the real port; known once it was started."""
        if self._socket is None:
            raise RuntimeError("the gateway was not started")
        return f"http://{host_and_port(loopback_of(self._address[0]), self._port)}"

    def start(self, *, on_end: Callable[[], None] | None = None) -> None:
        """Serve; returns when requests are accepted. `on_end` is called when serving ended, for whatever reason.

        Raises:
            StartError: the address can't be listened on.
        """
        self._on_end = on_end
        try:
            self._socket = _listen(*self._address)
            self._port: int = self._socket.getsockname()[1]
            self._thread.start()
        except BaseException:
            self._release()
            raise
        self._serving_or_ended.wait()
        if self.failure is not None:
            self._release()
            raise self.failure
        log.info("gateway_serving", url=self.url)

    def stop(self) -> None:
        """Be unready, accept nothing more, let running requests end, release everything. Harmless when repeated."""
        self.readiness.stop()
        if self._server is not None:
            self._server.should_exit = True
        self._release()

    def _release(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()
        elif self._socket is not None:
            self._socket.close()
        self.readiness.stop()
        self._resources.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # it ends a thread: whoever started it hears of it
            self.failure = error
            log.exception("gateway_failed")
        finally:
            if self._socket is not None:
                self._socket.close()
            self._serving_or_ended.set()
            if self._on_end is not None:
                self._on_end()

    async def _serve(self) -> None:
        async with self._open_app() as app:
            self._server = _Server(self._config(app), stop_s=self._stop_s, on_started=self._serving_or_ended.set)
            await self._server.serve(sockets=[self._socket] if self._socket else None)

    def _config(self, app: ASGIApp) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,  # its loggers go where the process's go
            access_log=False,  # it would write the query, and a key in it
            log_level="warning",  # its start and end are told by ours
            server_header=False,
            # The public address is a setting: no header of a client can change the URLs that are handed out.
            proxy_headers=False,
            forwarded_allow_ips="",  # else uvicorn reads it from the environment; the same goes for the workers
            workers=1,
            backlog=_BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=self._stop_s + CUT_S,
            reset_contextvars=True,  # else a request's log could carry what another one bound
        )


class _Server(uvicorn.Server):
    """Tells when it accepts requests, and cuts what still runs when the time for it is over."""

    def __init__(self, config: uvicorn.Config, *, stop_s: int, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop_s = stop_s
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Left to itself uvicorn cancels the tasks and closes the loop over connections with unsent data.
        # A cut connection ends its task in good order, as a client that goes away does.
        cut = asyncio.get_running_loop().call_later(self._stop_s, self._cut)
        try:
            await super().shutdown(sockets)
        finally:
            cut.cancel()

    def _cut(self) -> None:
        connections = list(self.server_state.connections)
        log.warning("connections_cut", connections=len(connections))
        for connection in connections:
            connection.transport.abort()


def _listen(host: str, port: int) -> socket.socket:
    """A socket that is bound and listens: a port that is taken is known before anything says it is ready."""
    try:
        return listening_socket(host, port, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise StartError(f"can't listen on '{host}' (REELYARD_HTTP_HOST): {error.strerror}") from error
    except OSError as error:
        raise StartError(
            f"can't listen on {host}, port {port} (REELYARD_HTTP_PORT): {error.strerror}; "
            "choose a free port, or 0 for any"
        ) from error
