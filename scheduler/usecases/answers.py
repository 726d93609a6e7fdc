"""The answers to requests that changed something, kept so that the same request ID gets its first answer again."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.media.errors import ErrorCode, SpecError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.tables import create_requests

V = TypeVar("V")


class Identified(Protocol):
    """A request that may arrive more than once."""

    @property
    def account_id(self) -> int:
        """Whose it is."""

    @property
    def request_id(self) -> str:
        """A UUID of the asker's making."""


def first_answer(db: Database, request: Identified, view: type[V]) -> V | None:
    """What this request was answered before; None when it is new.

    Raises:
        SpecError: it has no ID.
    """
    if not request.request_id:
        raise SpecError("request_id", "{request_id} is required", code=ErrorCode.PARAMETER_MISSING)
    query = select(create_requests.c.answer).where(
        create_requests.c.account_id == request.account_id, create_requests.c.request_id == request.request_id
    )
    with db.read() as conn:
        answer = conn.execute(query).scalar_one_or_none()
    return None if answer is None else from_dict(view, answer)


def create_once(db: Database, request: Identified, view: type[V], create: Callable[[Connection], V]) -> V:
    """Run `create` in one transaction and keep its answer, a dataclass of the type `view`.

    When the same request arrives twice at once, one creates and both get its answer.
    """
    try:
        return db.transact(lambda conn: _create(conn, request, create))
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


def _create(conn: Connection, request: Identified, create: Callable[[Connection], V]) -> V:
    answer = create(conn)
    conn.execute(
        insert(create_requests).values(
            account_id=request.account_id,
            request_id=request.request_id,
            answer=to_dict(answer),
            created_ms=now_ms(),
        )
    )
    return answer
