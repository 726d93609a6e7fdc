"""The answer to a request that failed as one: the same three members whatever went wrong."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import Scope

from gateway.gomi.answer_format import error_format
from gateway.gomi.bodies import Outcome
from gateway.gomi.description import Body
from gateway.gomi.members import WIRE_NAMES
from gateway.rejections import note_rejection
from reelyard.media.errors import ErrorCode, ReelyardError, SpecError

#: Seconds after which a client may try again: schedulers and stores that restart are back by then.
RETRY_AFTER_S = 2

_HEADERS: Mapping[ErrorCode, Mapping[str, str]] = MappingProxyType(
    {
        ErrorCode.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
        ErrorCode.UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
    }
)


_ROOT = "answer_root"


def note_answer(scope: Scope, body: type[Body]) -> None:
    """Say which body a request is answered with: readers of XML expect its root, also when the request fails."""
    scope["state"][_ROOT] = body.xml.element


def error_answer(
    scope: Scope, error: ReelyardError, status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that tells an error to the client of a request, in the format that the request asks for."""
    note_rejection(scope, error)
    body = Outcome(success=False, error_code=error.code.value, message=message_of(error))
    wanted = error_format(scope)
    return Response(
        wanted.write(body, scope["state"].get(_ROOT, "")),
        status_code=status,
        media_type=wanted.media_type,
        headers={"Cache-Control": "no-store", **_HEADERS.get(error.code, {}), **(headers or {})},
    )


def internal_error_answer(scope: Scope, request_id: str) -> Response:
    """The answer to what is our fault: the ID under which the log has it, and nothing else."""
    error = ReelyardError(f"Something went wrong on our side; the log has it under request ID {request_id}.")
    return error_answer(scope, error, HTTPStatus.INTERNAL_SERVER_ERROR)


def message_of(error: ReelyardError) -> str:
    """The message of an error as a sentence, with the client's own names of the members that it speaks of."""
    return as_sentence(error.render(WIRE_NAMES) if isinstance(error, SpecError) else error.message)


def as_sentence(text: str) -> str:
    """The text with a capital at its beginning, unless it begins with a name such as `pageSize`, and a stop."""
    first, space, rest = text.partition(" ")
    if first.islower():
        first = first[0].upper() + first[1:]
    stop = "" if text.endswith((".", "!", "?")) or not text else "."
    return f"{first}{space}{rest}{stop}"
