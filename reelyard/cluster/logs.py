"""Logs: events with fields, one formatter for our own and the libraries'.

An event is a constant snake_case name plus fields: `log.info("task_claimed", task_id=7)`. What is true of a whole
request or task is bound once at its edge, with `bound(job_id=..., attempt=...)`, and is on every line inside. URLs
lose their secrets in every field, text and traceback, whoever wrote it.
"""

import contextvars
import functools
import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, TextIO, TypeVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from reelyard.cluster.redact import REDACTED, redact_text
from reelyard.cluster.tracing import current_ids

P = ParamSpec("P")
R = TypeVar("R")

_SECRET_FIELDS = frozenset(
    {"api_key", "authorization", "key_secret", "password", "rpc_token", "secret", "secret_key", "token"}
)
# Libraries that tell each step of their work: what matters of it is in our own events or in an exception.
_QUIET = {
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "dramatiq": logging.ERROR,  # it warns of each second worker on a broker, as standalone has them
    "grpc": logging.WARNING,
    "opentelemetry": logging.CRITICAL,  # a collector that is away is told by `cluster.trace_export`, once
    "paramiko": logging.CRITICAL,  # whole tracebacks of connections that broke; our errors tell what failed
    "pika": logging.CRITICAL,  # a lost connection is told by dramatiq once more
    "urllib3": logging.ERROR,  # its warnings hold whole URLs; our errors tell what failed
    "uvicorn.access": logging.WARNING,  # the gateway logs its requests itself
}

# Dramatiq calls each of the two tries a second while the broker is away critical; `cluster.broker` tells of it once.
_TOLD_ELSEWHERE = "Consumer encountered a connection error"


def configure_logs(*, service: str, level: str = "info", fmt: str = "auto", stream: TextIO | None = None) -> None:
    """Send all logs of the process, also the libraries', to one stream.

    Args:
        service: name of the process, a field of every line.
        level: the least level that is logged; "debug", "info", "warning" or "error".
        fmt: "json", "console", or "auto" for console at a terminal and JSON else.
        stream: where to; standard error by default, since standard output is for what scripts read.
    """
    out = stream or sys.stderr
    console = fmt == "console" or (fmt == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.addFilter(lambda record: not str(record.msg).startswith(_TOLD_ELSEWHERE))
    handler.setFormatter(_formatter(service, console=console, colors=out.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(service),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def bound(**fields: Any) -> AbstractContextManager[None]:
    """Have the fields on every line that this thread or asyncio task logs inside the context."""
    return structlog.contextvars.bound_contextvars(**fields)


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """The function with all that is bound here, log fields and span, to be called once in another thread."""
    return functools.partial(contextvars.copy_context().run, function)


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take secrets out of a finished event, as a structlog processor."""
    return {name: REDACTED if name in _SECRET_FIELDS and value else _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    if isinstance(value, dict):
        return {key: _redacted(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def _shared(service: str) -> list[Processor]:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        ids = current_ids()
        if ids is not None:
            event["trace_id"], event["span_id"] = ids
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_service,
    ]


def _formatter(service: str, *, console: bool, colors: bool) -> logging.Formatter:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    # the traceback becomes text before redaction, so that a URL in it is seen
    finish: list[Processor] = [remove_meta, structlog.processors.format_exc_info, redact_event]
    if console:
        finish.append(structlog.dev.ConsoleRenderer(colors=colors))
    else:
        finish.append(structlog.processors.JSONRenderer())
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared(service)], processors=finish
    )
