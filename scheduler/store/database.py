"""Connections and transactions, the same for SQLite and PostgreSQL.

`write` and `read` are the only ways to a connection, so the rules that the rest relies on stand here once:

* SQLite: write-ahead log, foreign keys on, `synchronous=FULL` (a commit that was answered survives a power
  cut; measured at 0.37 ms a transaction against 0.13 ms with NORMAL), every writing transaction takes the write
  lock at its start. One that first reads and then wants to write would otherwise be refused in the middle when
  another one wrote between.
* PostgreSQL: read committed. Whatever must not change under a transaction is locked or guarded by its
  statement; a statement or lock that takes too long is an error, not a hang.
* Values never appear in error messages: rows hold URLs with credentials.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reelyard.media.errors import UnavailableError
from scheduler.store.moves import MOVES_OPTION, AfterCommit, Move
from scheduler.store.sealed import SEALER_OPTION, Sealer

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Connections of one scheduler: its gRPC threads, its loops, the health check and the metrics (`scheduler.wiring`).
POOL_SIZE = 13
#: How long a call waits for a free connection before it is told that the database is unavailable, in seconds.
POOL_WAIT_S = 10
#: How long SQLite waits for another process that writes, in milliseconds; threads of this one queue before it.
SQLITE_BUSY_MS = 10_000
#: PostgreSQL's limits, in milliseconds.
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 30_000
#: A scheduler that froze in the middle of a transaction loses its locks so soon that the nodes whose rows it had locked
#: can still renew their leases, which last 20 s by default.
IDLE_TRANSACTION_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5

#: How often `retrying` runs a transaction before it gives up, and the first wait between two runs in seconds.
MAX_RUNS = 8
FIRST_WAIT_S = 0.005

#: SQLSTATE of serialization_failure, deadlock_detected and lock_not_available.
_TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
#: SQLSTATE of idle_in_transaction_session_timeout: this process had been frozen. Its transaction was undone.
_IDLE_TRANSACTION_ENDED = "25P03"

_WRITE = "reelyard_write"


class _StoodStillError(UnavailableError):
    """The database ended a transaction in which nothing was said for too long."""


class Database:
    """The scheduler's database.

    Args:
        url: `sqlite:////folder/file.db` or `postgresql://user:password@host:port/name`.
        sealer: encrypts credentials; without one none can be stored or read (`scheduler.store.sealed`).
        after_commit: told what each transaction moved that moved anything, in the thread that committed it; what it
            raises is logged, and fails nobody.

    Raises:
        ValueError: the URL is of another kind of database, or SQLite without a file.
    """

    def __init__(self, url: str, sealer: Sealer | None = None, *, after_commit: AfterCommit | None = None) -> None:
        parsed = _parse(url)
        self.dialect = parsed.get_backend_name()
        engine = _sqlite_engine(parsed) if self.dialect == "sqlite" else _postgresql_engine(parsed)
        self.engine = engine.execution_options(**{SEALER_OPTION: sealer})
        self._after_commit = after_commit
        # SQLite has one writer. Its own way to wait is to sleep and try again; a lock wakes the next at once.
        self._writer: AbstractContextManager[Any] = threading.Lock() if self.dialect == "sqlite" else nullcontext()

    def __repr__(self) -> str:
        return f"Database({self.engine.url.render_as_string(hide_password=True)!r})"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end of the block, rolled back when it raises.

        Raises:
            UnavailableError: the database can't be reached.
        """
        moves: list[Move] = []
        with (
            _unreachable_is_unavailable(),
            self._writer,
            self.engine.connect().execution_options(**{_WRITE: True, MOVES_OPTION: moves}) as conn,
            conn.begin(),
        ):
            yield conn
        if moves and self._after_commit is not None:
            _tell(self._after_commit, moves)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction; it can't write.

        Raises:
            UnavailableError: the database can't be reached.
        """
        options: dict[str, Any] = {"postgresql_readonly": True} if self.dialect == "postgresql" else {}
        with (
            _unreachable_is_unavailable(),
            self.engine.connect().execution_options(**options) as conn,
            conn.begin(),
        ):
            yield conn

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection whose transactions are the caller's to begin and end; its settings and locks end with the block.

        Raises:
            UnavailableError: the database can't be reached.
        """
        with _unreachable_is_unavailable(), self.engine.connect() as conn:
            try:
                yield conn
            except PendingRollbackError as error:
                if not conn.invalidated:
                    raise
                # Alembic still commits when the connection broke, and hears of that instead of why.
                raise UnavailableError("the database ended the connection; try again in a few seconds") from error
            finally:
                conn.invalidate()  # closed and not used again

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one writing transaction, again from its start when the database asks for that."""

        def run() -> T:
            with self.write() as conn:
                return work(conn)

        return retrying(run)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _tell(after_commit: AfterCommit, moves: list[Move]) -> None:
    try:
        after_commit(moves)
    except Exception:  # what is committed is done: whoever asked for it must not take it for failed
        log.exception("moves_not_told", moves=len(moves))


def retrying(run: Callable[[], T]) -> T:
    """Run a whole transaction, and again when it lost against another one (deadlock, lock, serialization).

    Also when this process was held up in it (a frozen or a very busy machine) until the database ended it: that undid
    it, and whoever comes back to it judges anew.

    Raises:
        UnavailableError: it lost every time.
    """
    for attempt in range(MAX_RUNS):
        try:
            return run()
        except OperationalError as error:
            if not _is_transient(error):
                raise
            last = error
            time.sleep(FIRST_WAIT_S * 2**attempt)
        except _StoodStillError as error:
            if attempt == MAX_RUNS - 1:
                raise
            log.warning("transaction_stood_still", runs=attempt + 1, error=error.message)
    raise UnavailableError("the database is too busy; try again in a few seconds") from last


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("not a database URL; use sqlite:////folder/file.db or postgresql://...") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("SQLite needs a file: sqlite:////folder/file.db")
        return parsed.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"{backend!r} is not a known kind of database; use sqlite or postgresql")


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        connect_args={"timeout": SQLITE_BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions by itself, and too late
        _switch_to_wal(connection)
        for pragma in (f"busy_timeout={SQLITE_BUSY_MS}", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get(_WRITE, False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Have a database written ahead of its file, which the first connection to it settles for all.

    SQLite does not wait for that as it waits for other locks: of two that switch a new file at once one is told that
    it is busy (https://sqlite.org/wal.html, "Activating And Configuring WAL Mode").
    """
    end = time.monotonic() + SQLITE_BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                raise
            time.sleep(FIRST_WAIT_S)
        else:
            return


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,  # a restarted server costs a reconnect, not a failed call
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": (
                f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
                f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_TIMEOUT_MS}"
            ),
            # A server that vanished without a word is noticed in seconds, not after the system's two hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )


def _is_transient(error: DBAPIError) -> bool:
    """Would the same transaction, run again, probably go through?"""
    if getattr(error.orig, "sqlstate", None) in _TRANSIENT_SQLSTATES:
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


@contextmanager
def _unreachable_is_unavailable() -> Iterator[None]:
    """Translate "no connection" into our error; every other error passes as it is."""
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("the database has no free connection; try again in a few seconds") from error
    except (OperationalError, InterfaceError) as error:
        # A failed connect has no statement; a broken connection is marked by SQLAlchemy.
        if error.connection_invalidated or (error.statement is None and not _is_transient(error)):
            raise UnavailableError("the database does not answer; try again in a few seconds") from error
        raise
    except InternalError as error:
        if getattr(error.orig, "sqlstate", None) == _IDLE_TRANSACTION_ENDED:
            raise _StoodStillError("the database ended a transaction that stood still; try again") from error
        raise
