"""Our errors on the wire and back: google.rpc.Status with an ErrorInfo.

`reason` is the error code, so it crosses the hop unchanged; `metadata` keeps which of our classes it was and what
that class knows beside its message.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from reelyard.media.errors import (
    AuthError,
    ClusterTokenError,
    ConflictError,
    ErrorCode,
    NotFoundError,
    ReelyardError,
    SpecError,
    StaleTokenError,
    UnavailableError,
    WorkError,
)

DOMAIN = "reelyard"

#: Bytes of one text as gRPC sends it. It refuses trailing metadata of over 8 KiB (at random up to 16 KiB, always
#: above), and the message is in it twice: percent-encoded, and as it is.
_MAX_TEXT_BYTES = 3000
_CUT = "…"

_KINDS: dict[str, tuple[type[ReelyardError], grpc.StatusCode]] = {
    "spec": (SpecError, grpc.StatusCode.INVALID_ARGUMENT),
    "not_found": (NotFoundError, grpc.StatusCode.NOT_FOUND),
    "conflict": (ConflictError, grpc.StatusCode.FAILED_PRECONDITION),
    "stale_token": (StaleTokenError, grpc.StatusCode.FAILED_PRECONDITION),
    "auth": (AuthError, grpc.StatusCode.UNAUTHENTICATED),
    "cluster_token": (ClusterTokenError, grpc.StatusCode.UNAUTHENTICATED),
    "unavailable": (UnavailableError, grpc.StatusCode.UNAVAILABLE),
    "work": (WorkError, grpc.StatusCode.ABORTED),
    "other": (ReelyardError, grpc.StatusCode.INTERNAL),
}

_NO_ANSWER = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})


def status_of(error: ReelyardError) -> status_pb2.Status:
    """The rich status of one of our errors."""
    kind, code = next((name, code) for name, (cls, code) in _KINDS.items() if isinstance(error, cls))
    if error.code is ErrorCode.FORBIDDEN:
        code = grpc.StatusCode.PERMISSION_DENIED
    metadata = {"kind": kind}
    if isinstance(error, SpecError):
        metadata["field"] = _cut(error.field, 300)
    if isinstance(error, StaleTokenError):
        metadata["already_ended_by_token"] = str(error.already_ended_by_token).lower()
    detail = AnyMessage()
    detail.Pack(error_details_pb2.ErrorInfo(reason=error.code.value, domain=DOMAIN, metadata=metadata))
    return status_pb2.Status(code=code.value[0], message=_cut(error.message), details=[detail])


def _cut(text: str, limit: int = _MAX_TEXT_BYTES) -> str:
    """As much of a text as fits, percent-encoded as gRPC's HTTP/2 mapping asks, into so many bytes."""
    sizes = [1 if " " <= char <= "~" and char != "%" else 3 * len(char.encode()) for char in text]
    if sum(sizes) <= limit:
        return text
    room = limit - 3 * len(_CUT.encode())
    return text[: bisect_right(list(accumulate(sizes)), room)] + _CUT


def abort_with(context: grpc.ServicerContext, error: ReelyardError) -> NoReturn:
    """End a call with one of our errors; raises, as `context.abort` does."""
    context.abort_with_status(rpc_status.to_status(status_of(error)))


def error_from_rpc(exc: grpc.RpcError) -> ReelyardError:
    """The error that the other side raised, or what the lack of an answer means."""
    info = _error_info(exc)
    call: Any = exc  # what a stub raises is also a Call; grpc's types do not say so
    code, text = call.code(), call.details() or ""
    if info is not None:
        return _rebuild(info, text)
    if code in _NO_ANSWER:
        return UnavailableError("No scheduler answers. Please try again shortly.")
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return AuthError("The scheduler refused the call.")
    return ReelyardError(f"The scheduler failed ({code.name}): {text}")


def _error_info(exc: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    call: Any = exc
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # the status in the trailers is not the call's own: a proxy changed one of them
        return None
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return info
    return None


def _rebuild(info: error_details_pb2.ErrorInfo, message: str) -> ReelyardError:
    try:
        code = ErrorCode(info.reason)
    except ValueError:  # a newer scheduler's code
        code = ErrorCode.INTERNAL_ERROR
    cls = _KINDS.get(info.metadata.get("kind", ""), (ReelyardError, None))[0]
    if cls is SpecError:
        return SpecError(info.metadata.get("field", ""), message, code=code)
    if cls is StaleTokenError:
        ended = info.metadata.get("already_ended_by_token") == "true"
        return StaleTokenError(message, already_ended_by_token=ended)
    if cls is WorkError:
        return WorkError(code, message)
    return cls(message, code=code)
