"""Accounts and API keys: made, found, used, revoked."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event, select, update

from reelyard.media.errors import AuthError, ConflictError, ErrorCode, NotFoundError, SpecError
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.store.tables import accounts, api_keys
from scheduler.usecases.accounts import create_account, find_account, list_accounts
from scheduler.usecases.authenticate import LAST_USED_GRAIN_MS, authenticate
from scheduler.usecases.keys import create_key, ensure_first_key, hash_key, list_keys, revoke_key
from tests.contract.lifecycle_rig import race

OPERATORS_KEY = "a-key-that-an-operator-chose"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def writes(database: Database) -> Callable[[], int]:
    """Counts the statements that changed something since the test began."""
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    return lambda: len(statements)


def test_a_new_key_is_long_random_and_stored_only_as_its_hash(database: Database) -> None:
    account = create_account(database, "acme")
    first = create_key(database, account.account_id, "laptop")
    second = create_key(database, account.account_id)

    assert first.secret.startswith("ry_")
    assert len(first.secret) >= 3 + 32
    assert first.secret != second.secret
    with database.read() as conn:
        row = conn.execute(select(api_keys).where(api_keys.c.id == first.key.key_id)).one()
    assert row.key_sha256 == hash_key(first.secret)
    assert first.secret not in str(tuple(row))
    assert first.secret not in repr(first)
    assert first.key.prefix == first.secret[:8]
    assert first.key.label == "laptop"


def test_a_key_is_known_by_its_hash(database: Database) -> None:
    account = create_account(database, "acme")
    created = create_key(database, account.account_id)

    caller = authenticate(database, hash_key(created.secret))

    assert (caller.account_id, caller.key_id) == (account.account_id, created.key.key_id)
    assert not caller.disabled


def test_an_unknown_key_is_refused(database: Database) -> None:
    with pytest.raises(AuthError) as refused:
        authenticate(database, hash_key("ry_somebody-elses"))

    assert refused.value.code is ErrorCode.UNAUTHORIZED


def test_a_revoked_key_is_refused_and_stays_on_the_list(database: Database) -> None:
    account = create_account(database, "acme")
    created = create_key(database, account.account_id)

    revoked = revoke_key(database, account.account_id, created.key.key_id)

    assert revoked.revoked_ms >= revoked.created_ms > 0
    assert revoke_key(database, account.account_id, created.key.key_id) == revoked  # again: the first time counts
    assert list_keys(database, account.account_id).keys == (revoked,)
    with pytest.raises(AuthError):
        authenticate(database, hash_key(created.secret))


def test_the_last_usable_key_is_kept_where_that_is_wanted(database: Database) -> None:
    mine = create_account(database, "acme").account_id
    create_key(database, create_account(database, "other").account_id)
    first, second = (create_key(database, mine).key.key_id for _ in range(2))

    revoked = revoke_key(database, mine, first, keep_last=True)

    assert revoked.revoked_ms > 0
    with pytest.raises(ConflictError, match=f"key {second} is the account's last usable one"):
        revoke_key(database, mine, second, keep_last=True)
    assert revoke_key(database, mine, first, keep_last=True) == revoked
    assert revoke_key(database, mine, second).revoked_ms > 0  # an operator may


def test_of_keys_that_revoke_each_other_at_once_one_stays(database: Database) -> None:
    mine = create_account(database, "acme").account_id
    first, second = (create_key(database, mine).key.key_id for _ in range(2))

    answers = race(
        lambda: revoke_key(database, mine, first, keep_last=True),
        lambda: revoke_key(database, mine, second, keep_last=True),
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["ConflictError", "KeyView"]
    assert sum(key.revoked_ms == 0 for key in list_keys(database, mine).keys) == 1


def test_the_key_of_a_disabled_account_is_told_from_an_unknown_one(database: Database) -> None:
    account = create_account(database, "acme")
    created = create_key(database, account.account_id)
    with database.write() as conn:
        conn.execute(update(accounts).values(disabled=True))

    assert authenticate(database, hash_key(created.secret)).disabled


def test_the_use_of_a_key_is_written_down_at_most_once_a_minute(database: Database, writes: Callable[[], int]) -> None:
    account = create_account(database, "acme")
    created = create_key(database, account.account_id)
    assert created.key.last_used_ms == 0
    before = writes()

    for _ in range(5):
        authenticate(database, hash_key(created.secret))

    assert writes() - before == 1
    first_use = list_keys(database).keys[0].last_used_ms
    assert first_use > 0
    with database.write() as conn:
        conn.execute(update(api_keys).values(last_used_ms=first_use - LAST_USED_GRAIN_MS))
    authenticate(database, hash_key(created.secret))
    assert list_keys(database).keys[0].last_used_ms >= first_use


def test_another_accounts_key_cannot_be_revoked_or_seen(database: Database) -> None:
    mine = create_account(database, "mine")
    theirs = create_account(database, "theirs")
    created = create_key(database, theirs.account_id)

    with pytest.raises(NotFoundError):
        revoke_key(database, mine.account_id, created.key.key_id)

    assert list_keys(database, mine.account_id).keys == ()
    assert list_keys(database).keys == (created.key,)
    assert authenticate(database, hash_key(created.secret)).account_id == theirs.account_id


def test_a_key_needs_an_account(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no account 4711"):
        create_key(database, 4711)


def test_an_account_has_a_name_of_its_own(database: Database) -> None:
    account = create_account(database, "acme")

    with pytest.raises(ConflictError, match="'acme'"):
        create_account(database, "acme")

    assert find_account(database, "acme") == account
    assert list_accounts(database) == (account,)
    with pytest.raises(NotFoundError, match="'other'"):
        find_account(database, "other")


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("", ErrorCode.PARAMETER_MISSING, "missing"),
        ("x" * 201, ErrorCode.INVALID_PARAMETER_VALUE, "201 characters"),
        ("red\x1b[31m", ErrorCode.INVALID_PARAMETER_VALUE, "control characters"),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(database: Database, name: str, code: ErrorCode, says: str) -> None:
    with pytest.raises(SpecError, match=says) as refused:
        create_account(database, name)

    assert (refused.value.code, refused.value.field) == (code, "name")


def test_the_operators_key_belongs_to_the_default_account(database: Database) -> None:
    ensure_first_key(database, OPERATORS_KEY)
    ensure_first_key(database, OPERATORS_KEY)

    caller = authenticate(database, hash_key(OPERATORS_KEY))
    assert find_account(database, "default").account_id == caller.account_id
    assert len(list_keys(database).keys) == 1
    assert len(list_keys(database).keys[0].prefix) <= 8


def test_another_operators_key_is_added_to_the_same_account(database: Database) -> None:
    ensure_first_key(database, OPERATORS_KEY)
    ensure_first_key(database, "the-next-key-after-it")

    assert {key.account_id for key in list_keys(database).keys} == {find_account(database, "default").account_id}
    assert len(list_keys(database).keys) == 2


def test_the_operators_key_stays_revoked(database: Database) -> None:
    ensure_first_key(database, OPERATORS_KEY)
    revoke_key(database, 0, list_keys(database).keys[0].key_id)

    ensure_first_key(database, OPERATORS_KEY)

    with pytest.raises(AuthError):
        authenticate(database, hash_key(OPERATORS_KEY))


def test_schedulers_that_start_together_make_the_operators_key_once(empty_database_url: str) -> None:
    first = Database(empty_database_url)
    migrate(first)
    starts = threading.Barrier(4)
    failures: list[BaseException] = []

    def start_scheduler() -> None:
        database = Database(empty_database_url)
        starts.wait()
        try:
            ensure_first_key(database, OPERATORS_KEY)
        except BaseException as error:  # told by the assertion below, in the test's thread
            failures.append(error)
        database.close()

    threads = [threading.Thread(target=start_scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert [account.name for account in list_accounts(first)] == ["default"]
    assert len(list_keys(first).keys) == 1
    first.close()
