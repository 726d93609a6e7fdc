"""The server's side of every call: who may call, what an error becomes, what is logged and measured.

server = build_server(token=settings.rpc_token, registry=registry, threads=16)
node_pb2_grpc.add_NodeServiceServicer_to_server(servicer, server)
health = add_health_and_reflection(server, ["reelyard.rpc.v1.NodeService"])
"""

import contextvars
import functools
import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeAlias

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry, Counter, Histogram

from reelyard.cluster.request_id import request_id_or_new
from reelyard.cluster.rpc_channel import KEEPALIVE_TIME_MS, REQUEST_ID_METADATA
from reelyard.cluster.rpc_errors import abort_with
from reelyard.cluster.rpc_protocol import check_protocol
from reelyard.cluster.trace_rpc import server_span
from reelyard.cluster.tracing import TRACEPARENT
from reelyard.media.errors import ClusterTokenError, ErrorCode, ReelyardError, UnavailableError

log = structlog.get_logger(__name__)

Behaviour = Callable[[Any, grpc.ServicerContext], Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in the type stubs only

# Kubernetes' own gRPC probe cannot send a token, and the answer says nothing but "serving"
_OPEN_TO_ALL = f"/{health.SERVICE_NAME}/"
#: Services that people or Kubernetes call say no protocol.
_OURS = "/reelyard.rpc."
#: Addresses of outdated callers that are told of; a bound, since addresses of pods are many.
_REFUSED_KNOWN = 1000
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

# what a call is answered with when nobody has blundered in the code of a client
_USUAL_CODES = (
    grpc.StatusCode.OK,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
)

_SERVER_OPTIONS = (
    # admit the clients' keepalive pings; gRPC's default closes such a connection as abusive
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_TIME_MS // 2),
    ("grpc.http2.max_ping_strikes", 0),
    # two schedulers given the same port must not share it silently
    ("grpc.so_reuseport", 0),
)


class TokenInterceptor(grpc.ServerInterceptor):
    """Refuses calls that do not carry the shared secret; with an empty one, all are admitted."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode() if token else b""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "Handler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """See grpc.ServerInterceptor."""
        if self._expected and not handler_call_details.method.startswith(_OPEN_TO_ALL):
            given = str(_metadata(handler_call_details).get("authorization", "")).encode()
            if not hmac.compare_digest(given, self._expected):
                return grpc.unary_unary_rpc_method_handler(_refuse)
        return continuation(handler_call_details)


def _refuse(_request: object, context: grpc.ServicerContext) -> NoReturn:
    abort_with(context, ClusterTokenError("The call carries no valid REELYARD_RPC_TOKEN."))


class ProtocolInterceptor(grpc.ServerInterceptor):
    """Refuses callers whose protocol is too old, and says so in the log once for each address."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "Handler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """See grpc.ServerInterceptor."""
        method = handler_call_details.method
        if not method.startswith(_OURS):
            return continuation(handler_call_details)
        try:
            check_protocol(_metadata(handler_call_details))
        except UnavailableError as error:
            return grpc.unary_unary_rpc_method_handler(self._refusal(error))
        return continuation(handler_call_details)

    def _refusal(self, error: UnavailableError) -> Behaviour:
        def refuse(_request: object, context: grpc.ServicerContext) -> NoReturn:
            # The port changes with each connection, the address stays.
            address = context.peer().rpartition(":")[0]
            if address not in self._refused and len(self._refused) < _REFUSED_KNOWN:
                self._refused.add(address)
                log.warning("caller_outdated", peer=address, error=error.message)
            abort_with(context, error)

        return refuse


class CallInterceptor(grpc.ServerInterceptor):
    """Turns errors into statuses, binds the request ID to the log, and measures each call.

    An exception that is none of ours becomes `internal_error` with the request ID and nothing else; the log has
    its traceback under the same ID.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._handled = Counter(
            "reelyard_grpc_server_handled",
            "Calls that were answered.",
            ["grpc_service", "grpc_method", "grpc_code"],
            registry=registry,
        )
        self._duration = Histogram(
            "reelyard_grpc_server_handling_seconds",
            "Time to answer a call.",
            ["grpc_service", "grpc_method"],
            registry=registry,
            buckets=_SECONDS,
        )

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "Handler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """See grpc.ServerInterceptor."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:  # unknown, or reflection's and health's streams
            return handler
        if handler_call_details.method.startswith(_OPEN_TO_ALL):  # probes: they have a thread of their own, see below
            return handler
        full_name = handler_call_details.method.removeprefix("/")
        service, _, method = full_name.rpartition("/")
        for code in _USUAL_CODES:
            self._handled.labels(service, method, code_name(code))  # the first of each is an increase from 0
        metadata = _metadata(handler_call_details)
        request_id = request_id_or_new(str(metadata.get(REQUEST_ID_METADATA, "")))
        guarded = self._guarded(handler.unary_unary, (service, method), request_id)
        return grpc.unary_unary_rpc_method_handler(
            _traced(guarded, full_name, str(metadata.get(TRACEPARENT, ""))),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _guarded(self, behaviour: Behaviour, name: tuple[str, str], request_id: str) -> Behaviour:
        service, method = name

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            started = time.perf_counter()
            with structlog.contextvars.bound_contextvars(request_id=request_id, rpc=method):
                code = "ok"
                try:
                    return behaviour(request, context)
                except ReelyardError as error:
                    code = error.code.value
                    abort_with(context, error)
                except Exception:
                    code = ErrorCode.INTERNAL_ERROR.value
                    if _already_aborted(context):
                        raise
                    log.exception("rpc_failed")
                    # A call about a task is told under the ID of the request that made its job.
                    told = structlog.contextvars.get_contextvars().get("request_id", request_id)
                    message = f"Internal error; the log has it under request ID {told}."
                    abort_with(context, ReelyardError(message))
                finally:
                    elapsed = time.perf_counter() - started
                    self._handled.labels(service, method, code_name(_status(context))).inc()
                    self._duration.labels(service, method).observe(elapsed)
                    log.debug("rpc_answered", code=code, seconds=round(elapsed, 4))

        return answer


def _traced(behaviour: Behaviour, method: str, traceparent: str) -> Behaviour:
    """The behaviour in a span, if the call came with a trace. What it binds to log and trace ends with the call."""

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        with server_span(method, traceparent) as span:
            try:
                return behaviour(request, context)
            except Exception:
                if _already_aborted(context):
                    span.fail(_status(context).name)
                raise

    return lambda request, context: contextvars.copy_context().run(answer, request, context)


def code_name(code: grpc.StatusCode) -> str:
    """The name of a status as metrics of gRPC write it everywhere: that of grpc-go, such as NotFound."""
    special = {grpc.StatusCode.OK: "OK", grpc.StatusCode.CANCELLED: "Canceled"}
    return special.get(code) or "".join(word.capitalize() for word in code.name.split("_"))


def _status(context: grpc.ServicerContext) -> grpc.StatusCode:
    """What a call is answered with, at its end."""
    code: grpc.StatusCode | None = context.code()  # type: ignore[attr-defined]
    return code or grpc.StatusCode.OK


def _already_aborted(context: grpc.ServicerContext) -> bool:
    """Whether the servicer called `context.abort` itself, which ends it by a bare Exception."""
    return context.code() is not None  # type: ignore[attr-defined]


def _metadata(details: grpc.HandlerCallDetails) -> dict[str, str | bytes]:
    return {key: value for key, value in details.invocation_metadata or ()}  # noqa: C416


def build_server(
    *, token: str, registry: CollectorRegistry, threads: int, interceptors: Sequence[grpc.ServerInterceptor] = ()
) -> grpc.Server:
    """A server with the interceptors and options that every service of ours needs; add servicers and a port.

    Further `interceptors` see only calls that were admitted, and what they raise is answered as a servicer's error.
    """
    return grpc.server(
        ThreadPoolExecutor(max_workers=threads, thread_name_prefix="rpc"),
        interceptors=[TokenInterceptor(token), ProtocolInterceptor(), CallInterceptor(registry), *interceptors],
        options=_SERVER_OPTIONS,
    )


def add_health_and_reflection(server: grpc.Server, services: Iterable[str]) -> health.HealthServicer:
    """Serve the standard health and reflection services; health begins as SERVING.

    Call `enter_graceful_shutdown()` of what is returned first when stopping, so that clients go elsewhere.
    """
    names = tuple(services)
    servicer = _health_servicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *names):
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return servicer


def _health_servicer() -> health.HealthServicer:
    """A health service whose checks are answered while every thread of the server is taken.

    All of them wait when the database stands still. A probe in the queue behind them would have the process restarted
    for a fault that is not its own. gRPC takes the thread pool of a behaviour from this attribute of it.
    """
    servicer = health.HealthServicer()
    check = functools.partial(servicer.Check)
    vars(check)["experimental_thread_pool"] = ThreadPoolExecutor(1, thread_name_prefix="health-check")
    vars(servicer)["Check"] = check
    return servicer
