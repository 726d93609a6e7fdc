"""API keys: where they may be given, and for how long an answer about one is believed."""

import asyncio
from typing import Any

import pytest

from gateway.authentication import (
    KNOWN_FOR_S,
    UNKNOWN_FOR_S,
    Authenticator,
    RecentAnswers,
    bearer_keys,
    the_one_key,
)
from reelyard.cluster.views import Caller
from reelyard.media.errors import AuthError, ErrorCode, UnavailableError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Keys:
    """A scheduler that knows keys by their hash, and counts how often it is asked."""

    def __init__(self, answer: Caller | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def authenticate(self, key_sha256: str) -> Caller:
        self.asked.append(key_sha256)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def authenticator(keys: Keys, clock: Clock) -> Authenticator:
    client: Any = keys
    return Authenticator(client, clock=clock)


def ask(authenticator: Authenticator, key: str = "ry_key") -> Caller:
    return asyncio.run(authenticator.authenticate(key))


def test_the_key_itself_is_not_sent_on() -> None:
    keys = Keys(Caller(account_id=7, key_id=1))

    ask(authenticator(keys, Clock()))

    assert len(keys.asked[0]) == 64
    assert "ry_key" not in keys.asked[0]


def test_a_known_key_is_asked_about_again_after_its_time() -> None:
    keys, clock = Keys(Caller(account_id=7, key_id=1)), Clock()
    asks = authenticator(keys, clock)

    ask(asks)
    clock.now += KNOWN_FOR_S - 0.1
    ask(asks)
    assert len(keys.asked) == 1

    clock.now += 0.1
    keys.answer = AuthError("revoked")
    with pytest.raises(AuthError, match="revoked"):
        ask(asks)
    assert len(keys.asked) == 2


def test_an_unknown_key_is_asked_about_again_sooner() -> None:
    keys, clock = Keys(AuthError("unknown")), Clock()
    asks = authenticator(keys, clock)

    for _ in range(3):
        with pytest.raises(AuthError, match="unknown"):
            ask(asks)
    assert len(keys.asked) == 1

    clock.now += UNKNOWN_FOR_S
    keys.answer = Caller(account_id=7, key_id=1)
    assert ask(asks).account_id == 7


def test_a_scheduler_that_is_down_says_nothing_about_a_key() -> None:
    keys = Keys(UnavailableError("down"))
    asks = authenticator(keys, Clock())
    with pytest.raises(UnavailableError):
        ask(asks)

    keys.answer = Caller(account_id=7, key_id=1)

    assert ask(asks).account_id == 7


def test_a_disabled_account_is_forbidden_not_unknown() -> None:
    asks = authenticator(Keys(Caller(account_id=7, key_id=1, disabled=True)), Clock())

    with pytest.raises(AuthError) as caught:
        ask(asks)
    assert caught.value.code == ErrorCode.FORBIDDEN


def test_a_key_that_is_no_unicode_is_unknown_like_any_other() -> None:
    with pytest.raises(AuthError, match="unknown"):
        ask(authenticator(Keys(AuthError("unknown")), Clock()), key="\ud800")


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    memory = RecentAnswers[int](lifetime_s=10, size=2, clock=Clock())

    for number, name in enumerate(["a", "b", "a", "c"]):
        memory.put(name, number)

    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (2, None, 3)


def test_bearer_is_read_and_other_schemes_are_not() -> None:
    assert bearer_keys(["Bearer ry_a", "bearer  ry_b ", "Basic eDp5", "Bearer"]) == ("ry_a", "ry_b", "")


def test_one_key_may_be_given_in_several_places_two_may_not() -> None:
    assert the_one_key(["", "ry_a", "ry_a"]) == "ry_a"
    assert the_one_key(["", ""]) is None
    with pytest.raises(AuthError, match="different API keys"):
        the_one_key(["ry_a", "ry_b"])
