import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from reelyard.cluster.logs import bound, configure_logs
from reelyard.cluster.redact import redact_echo_of, redact_text, redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host/path", "http://host/path"),
        ("http://user:pass@host:8080/path", "http://host:8080/path"),
        ("https://host/a?X-Amz-Signature=abc#frag", "https://host/a?[redacted]"),
        ("http://us@er:pa@ss@host/", "http://host/"),
        ("ftp://u:p@[::1]:21/x", "ftp://[::1]:21/x"),
        ("amqp://u:p@h/%2F", "amqp://h/%2F"),
        ("s3://KEY:SEC/RET@bucket/x", "s3://[redacted]"),
        ("ftp://user:12/34@host/x", "ftp://[redacted]"),
        ("ftp://user:pa#ss@host/x", "ftp://[redacted]"),
        ("https://user:pa/ss@host/x", "https://[redacted]"),
        ("https://host/@someone/clip.mp4", "https://host/@someone/clip.mp4"),
        ("http://[broken", "[redacted]"),
        ("user:password@host", "[redacted]"),
        ("file:///a/b", "file:///a/b"),
        ("sqlite:////a/b", "sqlite:////a/b"),
        ("", "[redacted]"),
    ],
)
def test_a_url_loses_user_password_query_and_fragment(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no url here", "no url here"),
        ("see http://u:p@h/x?s=1, then go", "see http://h/x?[redacted], then go"),
        ('"https://u:p@h/x" and (ftp://a:b@c)', '"https://h/x" and (ftp://c)'),
        ("input=https://u:p@h/x?a=1&b=2 -y", "input=https://h/x?[redacted] -y"),
        ("sqlite:////abs/path.db", "sqlite:////abs/path.db"),
    ],
)
def test_urls_inside_a_text_are_redacted(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs(service="test", level="info", fmt="json", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_has_its_fields_and_what_is_bound(stream: io.StringIO) -> None:
    log = structlog.get_logger("reelyard.x")

    with bound(job_id=7, attempt=2):
        log.info("task_claimed", size=1.5)
    log.info("later")
    log.debug("too low")

    first, second = _lines(stream)
    assert first["event"] == "task_claimed"
    assert (first["job_id"], first["attempt"], first["size"]) == (7, 2, 1.5)
    assert (first["level"], first["service"], first["logger"]) == ("info", "test", "reelyard.x")
    assert "job_id" not in second


def test_logs_of_libraries_have_the_same_shape(stream: io.StringIO) -> None:
    with bound(request_id="r"):
        logging.getLogger("some.library").warning("connected to %s", "http://u:hunter2@host/x")

    (line,) = _lines(stream)
    assert line["event"] == "connected to http://host/x"
    assert (line["level"], line["request_id"], line["service"]) == ("warning", "r", "test")


def test_secrets_reach_no_line_also_in_tracebacks(stream: io.StringIO) -> None:
    log = structlog.get_logger()

    try:
        raise RuntimeError("cannot open https://u:hunter2@host/x?sig=hunter2")
    except RuntimeError as error:
        log.exception("failed", error=error, urls=["http://u:hunter2@h/"], nested={"a": "ftp://hunter2:x@h"})
        log.info("called", token="hunter2", authorization="Bearer hunter2", secret="")

    assert "hunter2" not in stream.getvalue()
    failed, called = _lines(stream)
    assert "RuntimeError: cannot open https://host/x?[redacted]" in str(failed["exception"])
    assert called["token"] == "[redacted]"
    assert called["secret"] == ""


def test_chatty_libraries_are_kept_quiet(stream: io.StringIO) -> None:
    logging.getLogger("pika.adapters.blocking_connection").error("Socket failed to connect")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("dramatiq.worker").info("Worker has been shut down.")
    logging.getLogger("dramatiq.worker").critical("Consumer encountered a connection error: refused")
    logging.getLogger("dramatiq.worker").critical("Consumer encountered an unexpected error.")

    assert [line["event"] for line in _lines(stream)] == ["Consumer encountered an unexpected error."]


def test_the_console_has_columns_for_people() -> None:
    root = logging.getLogger()
    handlers = root.handlers[:]
    out = io.StringIO()
    try:
        configure_logs(service="test", fmt="console", stream=out)
        structlog.get_logger().info("task_claimed", task_id=7)
    finally:
        root.handlers[:] = handlers
        structlog.reset_defaults()

    assert "task_claimed" in out.getvalue()
    assert "task_id=7" in out.getvalue()
    assert "{" not in out.getvalue()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("all is well", "all is well"),
        ("GET /x?sig=a%2Fb%3D%3D", "GET /x?[redacted]"),
        ('{"sig": "a/b=="}', '{"sig": "[redacted]"}'),
        ("password pa ss, pa%20ss or pa+ss", "password [redacted], [redacted] or [redacted]"),
        ("Authorization: Basic bWU6cGEgc3M=", "Authorization: Basic [redacted]"),
    ],
)
def test_an_answer_does_not_repeat_what_it_was_told(said: str, shown: str) -> None:
    assert redact_echo_of(said, "https://me:pa%20ss@peer.example/x?sig=a%2Fb%3D%3D") == shown


def test_short_values_of_a_query_do_not_blacken_an_answer() -> None:
    assert redact_echo_of("3 of 10 parts", "https://peer.example/x?n=3&of=10") == "3 of 10 parts"
