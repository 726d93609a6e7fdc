"""Finds out whom a request's API key belongs to.

The key is hashed here and never kept, logged or sent on. The scheduler is asked for every request of an account that
has a rate limit, since asking is what counts a request. What it says of other hashes is remembered for a few seconds,
so a revoked key of such an account works for at most `KNOWN_FOR_S` longer.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from reelyard.cluster.gateway_client import GatewayClient
from reelyard.cluster.views import Caller
from reelyard.media.errors import AuthError, ErrorCode

V = TypeVar("V")

#: Seconds for which an answer about a key is believed.
KNOWN_FOR_S = 10.0
UNKNOWN_FOR_S = 2.0

#: Keys remembered at most, known and unknown apart: a flood of wrong keys can't push out the right ones.
REMEMBERED_MAX = 10_000

_BEARER = "bearer"
_HOW = "the ApiKey query parameter, ApiKey in the body, or the header 'Authorization: Bearer KEY'"


class RecentAnswers(Generic[V]):
    """A bounded memory of answers that each hold for the same time; the oldest goes first."""

    def __init__(self, *, lifetime_s: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime_s = lifetime_s
        self._size = size
        self._clock = clock
        self._answers: dict[str, tuple[float, V]] = {}

    def get(self, key: str) -> V | None:
        """The answer, None when there is none that still holds."""
        found = self._answers.get(key)
        if found is None:
            return None
        until, answer = found
        if self._clock() < until:
            return answer
        del self._answers[key]
        return None

    def put(self, key: str, answer: V) -> None:
        """Remember an answer from now on."""
        self._answers.pop(key, None)  # a dict keeps the place of a key that it has: this one is the newest now
        while len(self._answers) >= self._size:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = (self._clock() + self._lifetime_s, answer)


class Authenticator:
    """Answers whom a key belongs to, from memory or by asking the scheduler, who counts the request."""

    def __init__(self, client: GatewayClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._known = RecentAnswers[Caller](lifetime_s=KNOWN_FOR_S, size=REMEMBERED_MAX, clock=clock)
        self._unknown = RecentAnswers[str](lifetime_s=UNKNOWN_FOR_S, size=REMEMBERED_MAX, clock=clock)

    async def authenticate(self, key: str) -> Caller:
        """The caller behind a key, who may be over the account's rate limit.

        Raises:
            AuthError: the key is unknown or revoked (`unauthorized`), or its account is disabled (`forbidden`).
            UnavailableError: the scheduler does not answer.
        """
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        caller = self._known.get(digest) or await self._ask(digest)
        if caller.disabled:
            raise AuthError("The account of this API key is disabled.", code=ErrorCode.FORBIDDEN)
        return caller

    async def _ask(self, digest: str) -> Caller:
        refusal = self._unknown.get(digest)
        if refusal is not None:
            raise AuthError(refusal)
        try:
            caller = await self._client.authenticate(digest)
        except AuthError as error:
            if error.code == ErrorCode.UNAUTHORIZED:
                self._unknown.put(digest, error.message)
            raise
        if not caller.rate_limit:
            self._known.put(digest, caller)
        return caller


def bearer_keys(authorization: Iterable[str]) -> tuple[str, ...]:
    """The keys in a request's Authorization headers; other schemes than Bearer are somebody else's."""
    split = (header.strip().partition(" ") for header in authorization)
    return tuple(key.strip() for scheme, _, key in split if scheme.lower() == _BEARER)


def the_one_key(keys: Iterable[str]) -> str | None:
    """The key that a request gives, in however many places; None when it gives none. Empty ones are not there.

    Raises:
        AuthError: it gives several that differ.
    """
    given = {key for key in keys if key}
    if len(given) > 1:
        raise AuthError(f"The request gives different API keys; give one ({_HOW}), or the same everywhere.")
    return given.pop() if given else None


def missing_key() -> AuthError:
    """The error for a request that gives no key."""
    return AuthError(f"The request gives no API key; give one as {_HOW}.")
