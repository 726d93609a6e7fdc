"""Traces: spans around what is done for a request, from the REST call to the last notification.

Off, which is the default, each function here does next to nothing, and OpenTelemetry is not even imported. On
(`tracing` with a URL, once a process), spans go to a collector (`reelyard.cluster.trace_export`).

    with tracing.begun("POST", traceparent=headers.get("traceparent", "")) as span:   # at an edge
        with tracing.span("fetch", {"reelyard.bytes": size}):                         # inside
            ...

What is told of a span is redacted as the logs are; of an exception only its code or its class is kept.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from types import MappingProxyType
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

Value = str | int | float | bool | list[int] | list[str]
Attributes = Mapping[str, Value]

#: The name of the W3C header, and of the gRPC metadata, that carries a trace.
TRACEPARENT = "traceparent"

_NONE: Attributes = MappingProxyType({})
#: W3C's `00-trace-span-flags`, and the flag that says that the trace is recorded.
_TRACEPARENT_PARTS, _SAMPLED = 4, 1


class Kind(StrEnum):
    """What a span stands for."""

    INTERNAL = "internal"
    SERVER = "server"  # answers a call
    CLIENT = "client"  # makes a call
    CONSUMER = "consumer"  # does what a message told


class Span:
    """A span that nobody records: what there is while traces are off."""

    def set(self, attributes: Attributes) -> None:
        """Say more of it."""

    def rename(self, name: str) -> None:
        """Give it the name that was not known when it began."""

    def fail(self, why: str) -> None:
        """Mark it as failed; the first reason stays."""


class Tracer(Protocol):
    """What records spans."""

    def span(
        self, name: str, kind: Kind, attributes: Attributes, *, parent: str | None, start_ms: int
    ) -> AbstractContextManager[Span]:
        """A span that is the current one inside; `parent` is a traceparent, "" for none, None for the current one."""

    def past(self, name: str, attributes: Attributes, *, parent: str, start_ms: int, end_ms: int) -> None:
        """A span that is over."""

    def ids(self) -> tuple[str, str] | None:
        """Trace ID and span ID of the current span, hexadecimal; None outside of one."""

    def traceparent(self) -> str:
        """The current span as W3C writes it; "" outside of one."""

    def close(self) -> None:
        """Send what is left, for a short time."""


_OFF = nullcontext(Span())
#: The process's one tracer, as it has one log.
_tracer: Tracer | None = None


@contextmanager
def tracing(*, service: str, url: str, sample_ratio: float) -> Iterator[None]:
    """Record spans inside, for the whole process, and send what is left at the end; nothing with an empty URL.

    Args:
        service: "gateway"; a process of several has a name of its own.
        url: of the collector's OTLP gRPC endpoint, http:// or https://.
        sample_ratio: the share of new traces that is recorded, 0 to 1. One that came with a request is recorded if
            its sender does.
    """
    global _tracer  # noqa: PLW0603  # a process-wide switch, as the logs are
    if not url:
        yield
        return
    from reelyard.cluster.trace_export import OtlpTracer  # noqa: PLC0415  # not imported where traces are off

    _tracer = OtlpTracer(service=service, url=url, sample_ratio=sample_ratio)
    try:
        yield
    finally:
        closing, _tracer = _tracer, None
        closing.close()


def is_on() -> bool:
    """Whether spans are recorded in this process."""
    return _tracer is not None


def begun(name: str, kind: Kind, attributes: Attributes = _NONE, *, traceparent: str) -> AbstractContextManager[Span]:
    """A span at the edge of the system: it continues the trace that came with a request, or begins a new one."""
    if _tracer is None:
        return _OFF
    return _tracer.span(name, kind, attributes, parent=traceparent, start_ms=0)


def continued(
    name: str, kind: Kind, attributes: Attributes = _NONE, *, traceparent: str, start_ms: int = 0
) -> AbstractContextManager[Span]:
    """A span that belongs to a trace from elsewhere; nothing when there is none. `start_ms`: since 1970, 0 is now."""
    if _tracer is None or not traceparent:
        return _OFF
    return _tracer.span(name, kind, attributes, parent=traceparent, start_ms=start_ms)


def span(name: str, attributes: Attributes = _NONE, *, kind: Kind = Kind.INTERNAL) -> AbstractContextManager[Span]:
    """A span inside the current one; nothing outside of any, so that what a service does by itself makes no traces."""
    if _tracer is None or _tracer.ids() is None:
        return _OFF
    return _tracer.span(name, kind, attributes, parent=None, start_ms=0)


def past(name: str, attributes: Attributes = _NONE, *, traceparent: str, start_ms: int, end_ms: int) -> None:
    """A span that is over, with its times in ms since 1970; nothing without a trace that it belongs to."""
    if _tracer is not None and traceparent:
        _tracer.past(name, attributes, parent=traceparent, start_ms=start_ms, end_ms=end_ms)


def traced(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make each call of a function a span inside the current one."""

    def around(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name):
                return function(*args, **kwargs)

        return call

    return around


def current_ids() -> tuple[str, str] | None:
    """Trace ID and span ID of the current span; None outside of one."""
    return _tracer.ids() if _tracer is not None else None


def recorded_trace_id() -> str:
    """The trace of the current span, for who leads others to it; "" outside of one and where it is not recorded."""
    parts = current_traceparent().split("-")
    return parts[1] if len(parts) == _TRACEPARENT_PARTS and int(parts[3], 16) & _SAMPLED else ""


def current_traceparent() -> str:
    """The current span for who goes on with it elsewhere, or later; "" outside of one."""
    return _tracer.traceparent() if _tracer is not None else ""
