"""API keys: made here, shown once, kept only as a hash."""

import hashlib
import secrets
from typing import Any

import structlog
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.views import FULL, ROLES, CreatedKeyView, CreateKey, KeyListView, KeyView
from reelyard.media.errors import ConflictError, SpecError
from scheduler.errors import AccountNotFoundError, KeyNotFoundError
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.ids import new_id
from scheduler.store.tables import accounts, api_keys
from scheduler.usecases.accounts import check_label, insert_account
from scheduler.usecases.answers import create_once, first_answer

#: Begins every key that is made here, so that people and secret scanners know one when they see it.
KEY_START = "ry_"
#: Random bytes of a key: 256 bits, 43 characters.
KEY_BYTES = 32
#: How much of a key is kept to tell it from others: this many characters, and never over a third of it.
PREFIX_LENGTH = 8
#: The account that owns the key of REELYARD_API_KEY.
FIRST_ACCOUNT = "default"

log = structlog.get_logger(__name__)


def hash_key(secret: str) -> str:
    """What is stored of a key, and what a gateway sends: its hexadecimal SHA-256.

    No salt and no slow hash: a key has 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def create_key(database: Database, account_id: int, label: str = "", role: str = FULL) -> CreatedKeyView:
    """A new key for an account, with its secret.

    Raises:
        AccountNotFoundError: no such account.
        SpecError: the label is too long or holds control characters, or there is no such role.
    """
    _check(label, role)
    secret = _new_secret()
    view = database.transact(lambda conn: _insert_for(conn, account_id, secret, label, role))
    return CreatedKeyView(key=view, secret=secret)


def create_key_once(database: Database, request: CreateKey) -> CreatedKeyView:
    """A new key for an account, with its secret, and no second one for the same request ID.

    The secret of the first is stored nowhere, so it can't be told again: the repetition only hears which key it was.

    Raises:
        AccountNotFoundError, SpecError: as of `create_key`.
        ConflictError: this request ID made a key before.
    """
    role = request.role or FULL
    if not request.request_id:
        return create_key(database, request.account_id, request.label, role)
    _check(request.label, role)
    secret = _new_secret()

    def work(conn: Connection) -> KeyView:
        return _insert_for(conn, request.account_id, secret, request.label, role)

    made = first_answer(database, request, KeyView)
    if made is None:
        made = create_once(database, request, KeyView, work)
        if _is_of(database, made.key_id, secret):
            return CreatedKeyView(key=made, secret=secret)
    raise ConflictError(
        f"key {made.key_id} ({made.prefix}...) was created with this Idempotency-Key; its secret was in that answer "
        "alone and is stored nowhere. If the answer was lost, revoke the key and create another with a new "
        "Idempotency-Key"
    )


def _check(label: str, role: str) -> None:
    check_label("label", label)
    if role not in ROLES:
        raise SpecError("role", f"{{role}} is {role[:40]!r}; {' and '.join(repr(each) for each in ROLES)} are valid")


def _new_secret() -> str:
    return KEY_START + secrets.token_urlsafe(KEY_BYTES)


def _is_of(database: Database, key_id: int, secret: str) -> bool:
    """Whether the key has this secret: else another request made it at the same moment."""
    query = select(api_keys.c.id).where(api_keys.c.id == key_id, api_keys.c.key_sha256 == hash_key(secret))
    with database.read() as conn:
        return conn.execute(query).one_or_none() is not None


def list_keys(database: Database, account_id: int = 0) -> KeyListView:
    """The keys of an account, or of all (0), the oldest first; revoked ones too."""
    query = select(api_keys).order_by(api_keys.c.id)
    if account_id:
        query = query.where(api_keys.c.account_id == account_id)
    with database.read() as conn:
        return KeyListView(keys=tuple(_view(row) for row in conn.execute(query)))


def revoke_key(database: Database, account_id: int, key_id: int, *, keep_last: bool = False) -> KeyView:
    """End a key of an account (0: of any); one that is revoked already stays as it is.

    `keep_last` is for the account's own calls: with its last usable full key gone nobody could make another.

    Raises:
        KeyNotFoundError: no such key on this account.
        ConflictError: it is the account's last usable full key, and that is to be kept.
    """
    mine = [api_keys.c.id == key_id]
    if account_id:
        mine.append(api_keys.c.account_id == account_id)

    def work(conn: Connection) -> KeyView:
        if keep_last:
            _keep_last(conn, account_id, key_id)
        conn.execute(update(api_keys).where(*mine, api_keys.c.revoked_ms.is_(None)).values(revoked_ms=now_ms()))
        row = conn.execute(select(api_keys).where(*mine)).one_or_none()
        if row is None:
            raise KeyNotFoundError(f"there is no API key {key_id} on this account")
        return _view(row)

    return database.transact(work)


def _keep_last(conn: Connection, account_id: int, key_id: int) -> None:
    # Of two keys that revoke each other at once one must stay: the account's row lets one look after the other.
    conn.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))
    # One that may only read could not make another.
    usable = select(api_keys.c.id).where(
        api_keys.c.account_id == account_id, api_keys.c.revoked_ms.is_(None), api_keys.c.role == FULL
    )
    if conn.execute(usable).scalars().all() == [key_id]:
        raise ConflictError(
            f"key {key_id} is the account's last usable one with the role {FULL!r}; create another before revoking it"
        )


def ensure_first_key(database: Database, secret: str) -> None:
    """See to it that the operator's own key (REELYARD_API_KEY) works; it belongs to the account `default`.

    Running it again, or in two schedulers at once, changes nothing. A key that was revoked stays revoked.
    """

    def work(conn: Connection) -> None:
        row = conn.execute(select(api_keys).where(api_keys.c.key_sha256 == hash_key(secret))).one_or_none()
        if row is not None:
            if row.revoked_ms is not None:
                log.warning("first_key_is_revoked", key_id=row.id, setting="REELYARD_API_KEY")
            return
        account_id = conn.execute(select(accounts.c.id).where(accounts.c.name == FIRST_ACCOUNT)).scalar_one_or_none()
        if account_id is None:
            account_id = insert_account(conn, FIRST_ACCOUNT).account_id
        _insert_key(conn, account_id, secret, "REELYARD_API_KEY")

    try:
        database.transact(work)
    except IntegrityError:
        database.transact(work)  # another scheduler was faster by a moment; now its rows are there to be seen


def _insert_for(conn: Connection, account_id: int, secret: str, label: str, role: str) -> KeyView:
    if conn.execute(select(accounts.c.id).where(accounts.c.id == account_id)).one_or_none() is None:
        raise AccountNotFoundError(f"there is no account {account_id}")
    return _insert_key(conn, account_id, secret, label, role)


def _insert_key(conn: Connection, account_id: int, secret: str, label: str, role: str = FULL) -> KeyView:
    key = KeyView(
        key_id=new_id(conn, "key"),
        account_id=account_id,
        label=label,
        prefix=secret[: min(PREFIX_LENGTH, len(secret) // 3)],
        created_ms=read_now(conn),
        role=role,
    )
    conn.execute(
        insert(api_keys).values(
            id=key.key_id,
            account_id=account_id,
            key_sha256=hash_key(secret),
            prefix=key.prefix,
            label=label,
            created_ms=key.created_ms,
            role=role,
        )
    )
    return key


def _view(row: Row[Any]) -> KeyView:
    return KeyView(
        key_id=row.id,
        account_id=row.account_id,
        label=row.label,
        prefix=row.prefix,
        created_ms=row.created_ms,
        last_used_ms=row.last_used_ms or 0,
        revoked_ms=row.revoked_ms or 0,
        role=row.role,
    )
