"""The rate limit of an account: counted once, in the database, whoever asks."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, update

from reelyard.cluster.views import Caller
from reelyard.media.errors import NotFoundError, SpecError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.store.tables import rate_windows
from scheduler.usecases.accounts import create_account, find_account, list_accounts, set_disabled, set_rate_limit
from scheduler.usecases.authenticate import authenticate
from scheduler.usecases.keys import create_key, hash_key
from scheduler.usecases.rate_limit import WINDOW_MS

LIMIT = 40


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def key(database: Database) -> str:
    """The hash of a key of the account `acme`, once its use was noted."""
    account = create_account(database, "acme")
    digest = hash_key(create_key(database, account.account_id).secret)
    authenticate(database, digest)
    return digest


def ask(database: Database, key: str, limit: int = LIMIT) -> Caller:
    return authenticate(database, key, rate_limit=limit)


def move_window(database: Database, milliseconds: int) -> None:
    """Let a window have begun earlier."""
    with database.write() as conn:
        conn.execute(update(rate_windows).values(started_ms=rate_windows.c.started_ms - milliseconds))


def test_each_request_leaves_one_fewer(database: Database, key: str) -> None:
    callers = [ask(database, key, 3) for _ in range(5)]

    assert [caller.rate_remaining for caller in callers] == [2, 1, 0, 0, 0]
    assert [caller.rate_limited for caller in callers] == [False, False, False, True, True]
    assert {caller.rate_limit for caller in callers} == {3}
    assert all(0 < caller.rate_reset_ms <= WINDOW_MS for caller in callers)


def test_a_window_begins_with_the_first_request_and_ends_an_hour_later(database: Database, key: str) -> None:
    for _ in range(3):
        ask(database, key, 2)

    move_window(database, WINDOW_MS - 60_000)
    full = ask(database, key, 2)
    move_window(database, 60_000)
    again = ask(database, key, 2)

    assert full.rate_limited
    assert 0 < full.rate_reset_ms <= 60_000
    assert (again.rate_limited, again.rate_remaining) == (False, 1)
    assert again.rate_reset_ms > WINDOW_MS - 60_000


def test_requests_at_once_from_several_schedulers_are_counted_exactly(empty_database_url: str) -> None:
    schedulers = [Database(empty_database_url) for _ in range(2)]
    migrate(schedulers[0])
    account = create_account(schedulers[0], "acme")
    key = hash_key(create_key(schedulers[0], account.account_id).secret)
    start = threading.Barrier(8)

    def hammer(number: int) -> list[bool]:
        start.wait(timeout=30)
        return [ask(schedulers[number % 2], key).rate_limited for _ in range(11)]

    with ThreadPoolExecutor(max_workers=8) as pool:
        refused = [each for answers in pool.map(hammer, range(8)) for each in answers]
    for scheduler in schedulers:
        scheduler.close()

    assert refused.count(False) == LIMIT
    assert len(refused) == 88


def test_a_window_that_ended_is_begun_once_by_requests_at_once(database: Database, key: str) -> None:
    ask(database, key)
    move_window(database, WINDOW_MS)
    start = threading.Barrier(4)

    def hammer(_number: int) -> list[int]:
        start.wait(timeout=30)
        return [ask(database, key).rate_remaining for _ in range(5)]

    with ThreadPoolExecutor(max_workers=4) as pool:
        remaining = [each for answers in pool.map(hammer, range(4)) for each in answers]

    assert sorted(remaining, reverse=True) == list(range(LIMIT - 1, LIMIT - 21, -1))


def test_a_refusal_writes_nothing(database: Database, key: str) -> None:
    for _ in range(2):
        ask(database, key, 2)
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    assert ask(database, key, 2).rate_limited
    assert statements == []


def test_no_limit_counts_nothing(database: Database, key: str) -> None:
    caller = ask(database, key, 0)

    assert (caller.rate_limit, caller.rate_limited, caller.rate_remaining) == (0, False, 0)
    with database.read() as conn:
        assert conn.execute(rate_windows.select()).all() == []


def test_an_account_may_have_a_limit_of_its_own(database: Database, key: str) -> None:
    create_account(database, "other")

    set_rate_limit(database, "acme", 5)
    assert ask(database, key).rate_limit == 5
    assert [account.rate_limit for account in list_accounts(database, rate_limit=LIMIT)] == [5, LIMIT]
    set_rate_limit(database, "acme", 0)
    assert ask(database, key).rate_limit == 0
    set_rate_limit(database, "acme", None)
    assert ask(database, key).rate_limit == LIMIT
    assert find_account(database, "acme", rate_limit=LIMIT).rate_limit == LIMIT


def test_a_raised_limit_holds_at_once_and_a_lowered_one_too(database: Database, key: str) -> None:
    for _ in range(3):
        ask(database, key, 2)

    assert not ask(database, key, 3).rate_limited
    assert ask(database, key, 1).rate_limited


def test_accounts_are_counted_apart_and_keys_of_one_together(database: Database, key: str) -> None:
    acme = find_account(database, "acme").account_id
    second = hash_key(create_key(database, acme).secret)
    other = hash_key(create_key(database, create_account(database, "other").account_id).secret)

    assert [ask(database, each, 3).rate_remaining for each in (key, second, other)] == [2, 1, 2]


def test_a_disabled_account_is_not_counted(database: Database, key: str) -> None:
    set_disabled(database, "acme", disabled=True)

    assert ask(database, key, 1).disabled
    assert ask(database, key, 1).rate_limited is False
    set_disabled(database, "acme", disabled=False)
    assert ask(database, key, 1).rate_limited is False


@pytest.mark.parametrize("limit", [-1, 10**12])
def test_a_limit_beyond_use_is_refused(database: Database, key: str, limit: int) -> None:
    with pytest.raises(SpecError, match="requests an hour are valid"):
        set_rate_limit(database, "acme", limit)
    with pytest.raises(NotFoundError, match="'nobody'"):
        set_rate_limit(database, "nobody", 5)


def test_the_databases_clock_decides(database: Database, key: str) -> None:
    caller = ask(database, key)

    with database.read() as conn:
        started = conn.execute(rate_windows.select()).one().started_ms
        now = conn.execute(now_ms().select()).scalar_one()
    assert now - 60_000 < started <= now
    assert caller.rate_reset_ms == WINDOW_MS
