"""What every call of the Gomi API has in common: a caller, a base of URLs, an answer in the right format."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from gateway.authentication import bearer_keys, missing_key, the_one_key
from gateway.base_url import base_url_of
from gateway.error_answers import note_answer
from gateway.errors import RateLimitedError, RoleError
from gateway.gomi.answer_format import AnswerFormat, answer_format, body_reader
from gateway.gomi.description import Body
from gateway.gomi.idempotency import Identity, identity_of
from gateway.gomi.members import API_KEY
from gateway.gomi.paging import Page, read_page
from gateway.gomi.query import query_values
from gateway.gomi.raw_values import RawValue
from gateway.gomi.values import Members
from gateway.parts import Parts, parts_of
from gateway.rate_headers import note_rate
from gateway.request_body import read_body
from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.views import FULL, READ_ONLY, Caller
from reelyard.media.errors import AuthError

PREFIX = "/api/v1"

_MS = 1000
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Call:
    """One request of a known caller; `members` are those of its body, none for a request without one."""

    request: Request
    parts: Parts
    caller: Caller
    format: AnswerFormat
    members: Members

    @property
    def client(self) -> GatewayClient:
        """The scheduler."""
        return self.parts.client

    @property
    def account_id(self) -> int:
        """The caller's account."""
        return self.caller.account_id

    @property
    def base_url(self) -> str:
        """The base of the URLs in the answer."""
        return base_url_of(self.request, self.parts.public_url)

    @property
    def identity(self) -> Identity:
        """By what the scheduler knows this request again when it is repeated.

        Raises:
            SpecError: the client's Idempotency-Key is not valid.
        """
        return identity_of(self.request, self.members.raw)

    @property
    def page(self) -> Page:
        """The page that the query asks for."""
        return read_page(self.request.scope["query_string"])

    @property
    def now_ms(self) -> int:
        """Now, milliseconds since 1970 UTC, by this machine's clock: good for "minutes ago" and nothing else."""
        return int(time.time() * _MS)

    def answer(self, body: Body) -> Response:
        """The answer with this body, one of `gateway.gomi.bodies`."""
        return Response(
            self.format.write(body, ""), media_type=self.format.media_type, headers={"Cache-Control": "no-store"}
        )


@dataclass(frozen=True)
class AnswersWith:
    """What a route depends on to say which body it answers with: an error of the call has its root in XML."""

    body: type[Body]

    async def __call__(self, request: Request) -> None:
        """Note it for the request that is being served."""
        note_answer(request.scope, self.body)


def answers(body: type[Body]) -> Any:
    """A dependency of a route that answers with this body."""
    return Depends(AnswersWith(body))


def answer_body_of(route: APIRoute) -> type[Body] | None:
    """The body that a route answers with; None for a route that is no call."""
    said = (each.dependency for each in route.dependencies)
    return next((each.body for each in said if isinstance(each, AnswersWith)), None)


async def refuse_reading() -> Response:
    """Answer 405 where a path can only be posted to; as another one its last part would be taken for an ID."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


async def call_without_body(request: Request) -> Call:
    """A call whose key is in the query or in a header.

    Raises:
        ReelyardError: the key is missing or not good, or the answer is wanted in a format that there is not.
    """
    wanted = answer_format(request.scope)
    parts = parts_of(request)
    caller = await _authenticate(request, parts, _outer_keys(request))
    return Call(request, parts, caller, wanted, Members({}))


async def call_with_body(request: Request) -> Call:
    """A call whose body is an object, and may hold the key.

    A key outside of the body is checked before the body is read.

    Raises:
        ReelyardError: as of `call_without_body`, or the body can't be read.
    """
    wanted = answer_format(request.scope)
    read = body_reader(request.headers.get("content-type", ""))
    parts = parts_of(request)
    outer = _outer_keys(request)
    known = await _authenticate(request, parts, outer) if any(outer) else None
    members = Members(read(await read_body(request, parts.max_request_bytes)))
    keys = (*outer, _inner_key(members.get(API_KEY)))
    the_one_key(keys)
    return Call(request, parts, known or await _authenticate(request, parts, keys), wanted, members)


async def call_with_optional_body(request: Request) -> Call:
    """A call that needs no body; one that has an object for its body may hold the key in it.

    Raises:
        ReelyardError: as of `call_with_body`.
    """
    headers = request.headers
    empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    return await (call_without_body(request) if empty else call_with_body(request))


BodilessCall = Annotated[Call, Depends(call_without_body)]
BodyCall = Annotated[Call, Depends(call_with_body)]
OptionalBodyCall = Annotated[Call, Depends(call_with_optional_body)]


def _outer_keys(request: Request) -> tuple[str, ...]:
    return (
        *query_values(request.scope["query_string"], API_KEY),
        *bearer_keys(request.headers.getlist("authorization")),
    )


def _inner_key(raw: RawValue) -> str:
    if raw is None or isinstance(raw, str):
        return raw or ""
    raise AuthError(f"{API_KEY} in the body is not a text.")


async def _authenticate(request: Request, parts: Parts, keys: tuple[str, ...]) -> Caller:
    key = the_one_key(keys)
    if key is None:
        raise missing_key()
    caller = await parts.authenticator.authenticate(key)
    request.state.account_id = caller.account_id  # for the log of requests
    note_rate(request.scope, caller)
    if caller.rate_limited:
        raise RateLimitedError(
            f"The account made the {caller.rate_limit} requests that it may make in an hour; come back in "
            f"{-(-caller.rate_reset_ms // _MS)} seconds."
        )
    if caller.role == READ_ONLY and request.method not in _READING:
        raise RoleError(
            f"The API key has the role {READ_ONLY!r}, which may only read (GET and HEAD); {request.method} needs a key "
            f"with the role {FULL!r}."
        )
    return caller
