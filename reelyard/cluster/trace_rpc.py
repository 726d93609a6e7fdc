"""Spans around the calls between the services; their metadata carries the trace (`rpc_channel.call_metadata`)."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from reelyard.cluster import tracing
from reelyard.cluster.tracing import Attributes, Kind, Span


def method_names(stub: Any, service: str) -> Mapping[object, str]:
    """The "package.Service/Method" behind each callable of a stub."""
    return {method: f"{service}/{name}" for name, method in vars(stub).items()}


def client_span(method: str) -> AbstractContextManager[Span]:
    """Around a call inside a span; other calls, as heartbeats, belong to no request and have none."""
    return tracing.span(method, rpc_attributes(method), kind=Kind.CLIENT)


def server_span(method: str, traceparent: str) -> AbstractContextManager[Span]:
    """Around the answer to a call that came with a trace."""
    return tracing.continued(method, Kind.SERVER, rpc_attributes(method), traceparent=traceparent)


def rpc_attributes(method: str) -> Attributes:
    """What a span says of a call."""
    service, _, name = method.partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
