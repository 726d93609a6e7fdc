"""Spans where traces are off, where they are sampled, and what is told of them."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reelyard.cluster import tracing
from reelyard.cluster.logs import bound, carried
from reelyard.cluster.metrics import exemplar
from reelyard.cluster.request_id import request_id_or_new
from reelyard.cluster.tracing import Kind
from reelyard.media.errors import ErrorCode, WorkError
from tests.e2e.otlp_receiver import Collector

TRACE, PARENT = "1" * 32, "2" * 16
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.mark.parametrize(
    ("service", "package"),
    # FastAPI imports the API of OpenTelemetry by itself, which alone records nothing.
    [("scheduler", "opentelemetry"), ("encoder_node", "opentelemetry"), ("gateway", "opentelemetry.sdk")],
)
def test_no_service_imports_opentelemetry_while_traces_are_off(service: str, package: str) -> None:
    program = (
        f"import sys, {service}.__main__\n"
        "from reelyard.cluster import tracing\n"
        "with tracing.tracing(service='x', url='', sample_ratio=1.0), tracing.begun('a', 'server', traceparent=''):\n"
        "    assert tracing.current_ids() is None\n"
        f"print([name for name in sys.modules if name.startswith('{package}')])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_off_nothing_is_handed_on() -> None:
    with tracing.begun("a", Kind.SERVER, traceparent=SAMPLED):
        assert tracing.current_traceparent() == ""


def test_a_span_continues_the_trace_that_it_was_given(collector: Collector) -> None:
    with tracing.tracing(service="x", url=collector.url, sample_ratio=1.0):
        with tracing.begun("a", Kind.SERVER, traceparent=SAMPLED):
            handed_on = tracing.current_traceparent()
            with tracing.span("b"):
                ids = tracing.current_ids()
        assert tracing.current_ids() is None

    spans = {span.name: span for span in collector.of_trace(TRACE)}
    assert spans["a"].parent_id == PARENT
    assert spans["b"].parent_id == spans["a"].span_id
    assert handed_on == f"00-{TRACE}-{spans['a'].span_id}-01"
    assert ids == (TRACE, spans["b"].span_id)


@pytest.mark.parametrize("given", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
def test_what_is_no_traceparent_begins_a_new_trace(collector: Collector, given: str) -> None:
    with (
        tracing.tracing(service="x", url=collector.url, sample_ratio=1.0),
        tracing.begun("a", Kind.SERVER, traceparent=given),
    ):
        assert tracing.current_ids() is not None

    (span,) = collector.all()
    assert span.parent_id == ""


def test_only_new_traces_are_sampled_by_our_ratio(collector: Collector) -> None:
    with tracing.tracing(service="x", url=collector.url, sample_ratio=0.0):
        with tracing.begun("new", Kind.SERVER, traceparent=""):
            assert int(tracing.current_traceparent()[-2:], 16) & 1 == 0
        with tracing.begun("wanted", Kind.SERVER, traceparent=SAMPLED):
            pass
        with tracing.begun("not wanted", Kind.SERVER, traceparent=UNSAMPLED), tracing.span("inside"):
            pass

    assert [span.name for span in collector.all()] == ["wanted"]


def test_outside_of_a_trace_there_are_no_spans(collector: Collector) -> None:
    with tracing.tracing(service="x", url=collector.url, sample_ratio=1.0):
        with tracing.span("a"), tracing.continued("b", Kind.CONSUMER, traceparent=""):
            assert tracing.current_ids() is None
        tracing.past("c", traceparent="", start_ms=1, end_ms=2)

    assert collector.all() == []


def test_of_an_exception_only_its_code_is_told_and_urls_are_redacted(collector: Collector) -> None:
    def broken() -> None:
        with tracing.span("b", {"url.full": "ftp://me:pass-word@host/x?key=pass-word"}):
            raise WorkError(ErrorCode.SOURCE_DENIED, "pass-word", evidence="pass-word")

    with (
        tracing.tracing(service="x", url=collector.url, sample_ratio=1.0),
        tracing.begun("a", Kind.SERVER, traceparent=SAMPLED),
        pytest.raises(WorkError),
    ):
        broken()

    spans = {span.name: span for span in collector.all()}
    assert (spans["b"].failed, spans["a"].failed) == ("source_denied", "")
    assert spans["b"].attributes["url.full"].startswith("ftp://host")
    assert b"pass-word" not in collector.raw


def test_a_past_span_has_the_times_that_it_was_given(collector: Collector) -> None:
    with tracing.tracing(service="x", url=collector.url, sample_ratio=1.0):
        tracing.past("wait", traceparent=SAMPLED, start_ms=5_000, end_ms=7_000)
        tracing.past("skewed", traceparent=SAMPLED, start_ms=5_000, end_ms=4_000)

    times = {span.name: (span.start_ns, span.end_ns) for span in collector.all()}
    assert times == {"wait": (5_000 * 10**6, 7_000 * 10**6), "skewed": (5_000 * 10**6, 5_000 * 10**6)}


def test_exemplars_lead_to_the_traces_that_are_recorded_and_to_no_others(collector: Collector) -> None:
    assert exemplar() is None
    with tracing.tracing(service="x", url=collector.url, sample_ratio=1.0):
        with tracing.begun("a", Kind.SERVER, traceparent=SAMPLED), tracing.span("inside"):
            assert exemplar(job_id=7) == {"job_id": "7", "trace_id": TRACE}
        with tracing.begun("a", Kind.SERVER, traceparent=UNSAMPLED):
            assert exemplar(job_id=7) == {"job_id": "7"}
        assert exemplar(job_id=7) == {"job_id": "7"}


def test_what_is_bound_goes_along_into_another_thread(collector: Collector) -> None:
    with (
        tracing.tracing(service="x", url=collector.url, sample_ratio=1.0),
        tracing.begun("a", Kind.SERVER, traceparent=SAMPLED),
        bound(job_id=7),
        ThreadPoolExecutor(1) as pool,
    ):
        here = tracing.current_ids()
        assert pool.submit(tracing.current_ids).result() is None
        assert pool.submit(carried(tracing.current_ids)).result() == here


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "new\nline", "ümlaut", "quote'", "a,task=9"])
def test_a_request_id_that_could_do_harm_is_replaced(given: str) -> None:
    assert request_id_or_new(given) != given
    assert request_id_or_new("Trail-7:a.b_c") == "Trail-7:a.b_c"
