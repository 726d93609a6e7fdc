"""Bring a database's schema up to date, safely beside other schedulers that do the same.

Alembic runs the steps and keeps the note of how far a database has come; here stands when they run.
"""

import threading
import time
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text

from reelyard.media.errors import UnavailableError
from scheduler.store.database import Database

#: Whoever holds this PostgreSQL advisory lock may migrate. Any fixed number would do: this is "reelyard".
ADVISORY_LOCK = 0x7265656C79617264
#: How long a scheduler waits for another one that migrates, in milliseconds.
TURN_TIMEOUT_MS = 300_000
#: Seconds between two looks whether it has ended.
TURN_TRY_S = 0.2
#: How long a step may wait for a table that is in use. Every query behind it in the line waits as long.
LOCK_TIMEOUT_MS = 5_000
#: How long one statement of a step may run.
STATEMENT_TIMEOUT_MS = 120_000

# `alembic.op` is one object for the whole process, so two databases can't be migrated at the same moment.
_one_at_a_time = threading.Lock()


class Phase(StrEnum):
    """When a step runs; `scheduler.store.migrations` says what it may do."""

    PRE = "pre"  # while schedulers of the old version may still run
    POST = "post"  # when none of them runs any more


def migrate(database: Database, *, through: Phase | None = None) -> str | None:
    """Run every step that is due, in one transaction: all of them or none.

    On PostgreSQL an index that is built while others write ends a transaction; what was done before it is kept, and a
    migration that was interrupted goes on where it was when it is run again.

    Two schedulers that start together take turns, and the second one finds nothing to do. A database that a
    newer version has already migrated is left as it is: what that added does not hinder this version.

    Args:
        database: whose schema is brought up to date.
        through: PRE leaves out the `post` steps at the end of the list, POST runs them too. Without it:
            POST on SQLite, which only one scheduler uses; PRE on PostgreSQL, where older ones may run.

    Returns:
        The last step that the schema has now; None when the database belongs to a newer version.

    Raises:
        UnavailableError: the database can't be reached, or another scheduler has been migrating for very long.
    """
    if through is None:
        through = Phase.POST if database.dialect == "sqlite" else Phase.PRE
    if database.dialect == "sqlite":
        # SQLite's writing transaction holds the only write lock from its start, so it is the turn as well.
        with database.write() as conn:
            return _upgrade(conn, through)
    with database.session() as conn:
        _take_turn(conn)
        return _upgrade(conn, through)


def _upgrade(conn: Connection, through: Phase) -> str | None:
    steps = steps_in_order(script_directory())
    order = [step.revision for step in steps]
    goal = _goal(steps, through)
    with nullcontext() if conn.in_transaction() else conn.begin():
        done = MigrationContext.configure(conn).get_current_revision()
    if done is not None and done not in order:
        return None
    if done is not None and order.index(done) >= order.index(goal):
        return done
    with _one_at_a_time:
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, goal)
    return goal


def is_ready_for_us(database: Database) -> bool:
    """Whether the schema has what this version reads: every `pre` step has run, here or by a newer version.

    Raises:
        UnavailableError: the database can't be reached.
    """
    steps = steps_in_order(script_directory())
    order = [step.revision for step in steps]
    with database.read() as conn:
        done = MigrationContext.configure(conn).get_current_revision()
    if done is None:
        return False
    return done not in order or order.index(done) >= order.index(_goal(steps, Phase.PRE))


def script_directory() -> ScriptDirectory:
    """The steps of this version."""
    return ScriptDirectory.from_config(_config())


def steps_in_order(directory: ScriptDirectory) -> list[Script]:
    """Every step, the oldest first."""
    return list(directory.walk_revisions())[::-1]


def phase_of(step: Script) -> Phase:
    """When this step runs.

    Raises:
        ValueError: its file does not say so.
    """
    return Phase(getattr(step.module, "phase", "unmarked"))


def _config() -> Config:
    """What alembic.ini would say; an installed package has no such file beside it."""
    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))  # % begins a reference there
    return config


def _goal(steps: list[Script], through: Phase) -> str:
    """The last step to run.

    A `post` step with a `pre` step behind it belongs to a version that is two behind by now: it always runs.
    """
    wanted = [step for step in steps if through is Phase.POST or phase_of(step) is Phase.PRE]
    return wanted[-1].revision


def _take_turn(conn: Connection) -> None:
    """Wait until no other scheduler migrates; the lock goes with the session, however that ends.

    Who waited in the database would hold a snapshot, for whose end the other one's build of an index waits.

    Raises:
        UnavailableError: it is never this one's turn.
    """
    end = time.monotonic() + TURN_TIMEOUT_MS / 1000
    while not _is_ours(conn):
        if time.monotonic() > end:
            raise UnavailableError("another scheduler migrates the database")
        time.sleep(TURN_TRY_S)
    with conn.begin():
        for setting, value in (("lock_timeout", LOCK_TIMEOUT_MS), ("statement_timeout", STATEMENT_TIMEOUT_MS)):
            conn.execute(
                text("SELECT set_config(:setting, :value, false)"),  # false: until the end of this session
                {"setting": setting, "value": str(value)},
            )


def _is_ours(conn: Connection) -> bool:
    with conn.begin():
        return bool(conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}).scalar_one())
