"""Records spans with OpenTelemetry's SDK and sends them to a collector by OTLP over gRPC.

Nothing here may hold up or fail a job: ended spans go into a bounded queue, a thread sends them in batches, and what
can't be sent in time is dropped. The log tells once of a collector that takes nothing, and once that it is back.

The SDK's own exporter is not used: it logs each of its tries, and takes addresses, headers and certificates from
variables of the environment that are no settings of ours.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import grpc
import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reelyard.cluster.outage import Outage
from reelyard.cluster.redact import redact_text
from reelyard.cluster.tracing import TRACEPARENT, Attributes, Kind, Span, Value
from reelyard.media.errors import ReelyardError

log = structlog.get_logger(__name__)

#: Spans that wait to be sent; further ones are dropped. About 2 kB each.
QUEUE_SPANS = 4096
BATCH_SPANS = 512
#: Seconds after which a batch that is not full is sent.
BATCH_S = 2.0
#: Seconds that one batch may take, a collector that is being started again included.
EXPORT_S = 5.0
#: Seconds that a process that ends gives to the spans that are left.
FLUSH_S = 3.0

_NS_PER_MS = 1_000_000
_KINDS = {
    Kind.INTERNAL: trace.SpanKind.INTERNAL,
    Kind.SERVER: trace.SpanKind.SERVER,
    Kind.CLIENT: trace.SpanKind.CLIENT,
    Kind.CONSUMER: trace.SpanKind.CONSUMER,
}
_NO_ANSWER = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE})
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # as for calls between the services
    ("grpc.max_reconnect_backoff_ms", 5000),
)


class OtlpTracer:
    """See `reelyard.cluster.tracing.Tracer`.

    Args:
        service: what `service.name` says, behind "reelyard-".
        url: http://host:port, or https://host:port with a certificate of a public authority.
        sample_ratio: the share of new traces that is recorded.
    """

    def __init__(self, *, service: str, url: str, sample_ratio: float) -> None:
        self._exporter = _Exporter(url)
        self._provider = TracerProvider(
            # Not `Resource.create`, which adds what variables of the environment say.
            resource=Resource({"service.name": f"reelyard-{service}", "service.namespace": "reelyard"}),
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=QUEUE_SPANS,
                schedule_delay_millis=BATCH_S * 1000,
                max_export_batch_size=BATCH_SPANS,
                export_timeout_millis=EXPORT_S * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("reelyard")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: Kind, attributes: Attributes, *, parent: str | None, start_ms: int
    ) -> Iterator[Span]:
        """A span that is the current one inside."""
        with self._tracer.start_as_current_span(
            name,
            context=None if parent is None else self._context_of(parent),
            kind=_KINDS[kind],
            attributes=_redacted(attributes),
            start_time=start_ms * _NS_PER_MS or None,
            # A message and a traceback may hold what no collector may have.
            record_exception=False,
            set_status_on_exception=False,
        ) as recorded:
            inside = _Recorded(recorded)
            try:
                yield inside
            except BaseException as error:
                inside.fail(error.code if isinstance(error, ReelyardError) else type(error).__name__)
                raise

    def past(self, name: str, attributes: Attributes, *, parent: str, start_ms: int, end_ms: int) -> None:
        """A span that is over."""
        over = self._tracer.start_span(
            name,
            context=self._context_of(parent),
            attributes=_redacted(attributes),
            start_time=start_ms * _NS_PER_MS,
        )
        over.end(max(start_ms, end_ms) * _NS_PER_MS)

    def ids(self) -> tuple[str, str] | None:
        """Trace ID and span ID of the current span."""
        current = trace.get_current_span().get_span_context()
        if not current.is_valid:
            return None
        return trace.format_trace_id(current.trace_id), trace.format_span_id(current.span_id)

    def traceparent(self) -> str:
        """The current span as W3C writes it."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(TRACEPARENT, "")

    def close(self) -> None:
        """Send what is left for `FLUSH_S` seconds, then drop the rest."""
        # The SDK's own shutdown has no limit that it can be told.
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(FLUSH_S)
        self._exporter.cut()
        ending.join()

    def _context_of(self, traceparent: str) -> Context:
        """The parent that a traceparent names; an invalid one is no parent."""
        return self._propagator.extract({TRACEPARENT: traceparent}, context=Context())


class _Recorded(Span):
    """A span that OpenTelemetry records."""

    def __init__(self, recorded: trace.Span) -> None:
        self._recorded = recorded
        self._failed = False

    def set(self, attributes: Attributes) -> None:
        """Say more of it."""
        self._recorded.set_attributes(_redacted(attributes))

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._recorded.update_name(name)

    def fail(self, why: str) -> None:
        """Mark it as failed; the first reason stays."""
        if not self._failed:
            self._failed = True
            self._recorded.set_status(trace.StatusCode.ERROR, redact_text(why))


class _Exporter(SpanExporter):
    """Sends batches of spans; called by the one thread of the batch processor."""

    def __init__(self, url: str) -> None:
        self._shown = urlsplit(url).netloc.rpartition("@")[2]
        if urlsplit(url).scheme == "https":
            self._channel = grpc.secure_channel(self._shown, grpc.ssl_channel_credentials(), _CHANNEL_OPTIONS)
        else:
            self._channel = grpc.insecure_channel(self._shown, _CHANNEL_OPTIONS)
        self._stub: Any = TraceServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._outage = Outage(log, begins="traces_not_exported", ends="traces_exported_again")
        self._cut = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch; it is dropped when the collector does not take it in time."""
        if self._cut:
            return SpanExportResult.FAILURE
        try:
            answer = self._stub.Export(encode_spans(spans), timeout=EXPORT_S, wait_for_ready=True)
        except grpc.RpcError as error:
            if not self._cut:
                self._outage.failed(f"the collector at {self._shown} {_why(error)}; spans are dropped")
            return SpanExportResult.FAILURE
        refused = answer.partial_success.rejected_spans
        if refused:
            self._outage.failed(f"the collector at {self._shown} refuses spans")
            return SpanExportResult.FAILURE
        self._outage.over()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the connection."""
        self._channel.close()

    def cut(self) -> None:
        """Send no more, and break off what is being sent."""
        self._cut = True
        self._channel.close()


def _why(error: grpc.RpcError) -> str:
    code = error.code()
    return "does not answer" if code in _NO_ANSWER else f"answers {code.name}"


def _redacted(attributes: Attributes) -> dict[str, Value]:
    return {name: redact_text(value) if isinstance(value, str) else value for name, value in attributes.items()}
