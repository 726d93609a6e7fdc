"""The answers to requests that changed something, kept so that the same request ID gets its first answer again.

A request ID is a gateway's own, new for each request, or made from the client's Idempotency-Key. The latter may come
back with another request: `body_sha256` tells.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.media.errors import ErrorCode, SpecError
from scheduler.domain.policy import DAY_MS
from scheduler.store.clock import now_ms, read_now
from scheduler.store.database import Database
from scheduler.store.tables import create_requests

V = TypeVar("V")

#: How long an answer is kept, in milliseconds: what clients are promised of an Idempotency-Key.
KEPT_MS = DAY_MS
#: Answers that one sweep removes at most, so that it never holds the database for long.
FORGOTTEN_AT_ONCE = 1000


class Identified(Protocol):
    """A request that may arrive more than once."""

    @property
    def account_id(self) -> int:
        """Whose it is."""

    @property
    def request_id(self) -> str:
        """A UUID of the asker's making, or a hash of the client's own ID."""

    @property
    def body_sha256(self) -> str:
        """What was asked, where the client chose the ID; else ""."""


def first_answer(db: Database, request: Identified, view: type[V]) -> V | None:
    """What this request was answered before; None when it is new.

    Raises:
        SpecError: it has no ID, or another request had the ID that the client chose.
    """
    if not request.request_id:
        raise SpecError("request_id", "{request_id} is required", code=ErrorCode.PARAMETER_MISSING)
    query = select(create_requests).where(
        create_requests.c.account_id == request.account_id, create_requests.c.request_id == request.request_id
    )
    with db.read() as conn:
        row = conn.execute(query).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != request.body_sha256:
        raise SpecError(
            "idempotency_key",
            "{idempotency_key} is one that came with another request in the last 24 hours; send a new one with a new "
            "request, and the same one only with the same request",
        )
    return from_dict(view, row.answer)


def create_once(
    db: Database,
    request: Identified,
    view: type[V],
    create: Callable[[Connection], V],
    *,
    is_made: Callable[[V], bool] = lambda _answer: True,
) -> V:
    """Run `create` in one transaction and keep its answer, a dataclass of the type `view`.

    When the same request arrives twice at once, one creates and both get its answer. An answer by which nothing was
    made (`is_made` says so) is not kept: sent again, such a request is judged anew.

    Raises:
        SpecError: another request with the ID that the client chose was faster.
    """
    try:
        return db.transact(lambda conn: _create(conn, request, create, is_made))
    except IntegrityError:
        answered = first_answer(db, request, view)
        if answered is None:
            raise
        return answered


def do_once(db: Database, account_id: int, request_id: str, act: Callable[[Connection], None]) -> None:
    """Run `act` in one transaction, unless this request was done before; one without an ID is always new.

    A call whose answer was lost is repeated with the same ID. It must not be told that the first one won.
    """
    if not request_id:
        db.transact(act)
        return

    def first(conn: Connection) -> None:
        # The note comes first: a repetition that arrives meanwhile waits for it, and then finds it.
        values = {"account_id": account_id, "request_id": request_id, "answer": {}, "created_ms": now_ms()}
        conn.execute(insert(create_requests).values(values))
        act(conn)

    try:
        db.transact(first)
    except IntegrityError:
        if not _is_done(db, account_id, request_id):
            raise


def _is_done(db: Database, account_id: int, request_id: str) -> bool:
    query = select(create_requests.c.request_id).where(
        create_requests.c.account_id == account_id, create_requests.c.request_id == request_id
    )
    with db.read() as conn:
        return conn.execute(query).one_or_none() is not None


def forget_answers(db: Database) -> int:
    """Remove answers that were kept for long enough; how many."""
    key = tuple_(create_requests.c.account_id, create_requests.c.request_id)
    with db.read() as conn:
        old = create_requests.c.created_ms < read_now(conn) - KEPT_MS
        page = select(create_requests.c.account_id, create_requests.c.request_id).where(old).limit(FORGOTTEN_AT_ONCE)
        found = [tuple(row) for row in conn.execute(page)]
    if not found:
        return 0
    return db.transact(lambda conn: conn.execute(delete(create_requests).where(key.in_(found))).rowcount)


def _create(
    conn: Connection, request: Identified, create: Callable[[Connection], V], is_made: Callable[[V], bool]
) -> V:
    answer = create(conn)
    if not is_made(answer):
        return answer
    conn.execute(
        insert(create_requests).values(
            account_id=request.account_id,
            request_id=request.request_id,
            answer=to_dict(answer),
            created_ms=now_ms(),
            body_sha256=request.body_sha256,
        )
    )
    return answer
