"""How migrations are run: once, by one scheduler at a time, all or nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from scheduler.store import migrate as migrating
from scheduler.store.database import Database
from scheduler.store.migrate import Phase, migrate
from scheduler.store.tables import metadata

FIRST = "0001"
#: The last step of this version.
HEAD = migrating.steps_in_order(migrating.script_directory())[-1].revision


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


def tables_of(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def revision_of(database: Database) -> str:
    with database.read() as conn:
        return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()


def write_step(folder: Path, number: str, after: str, phase: str, statement: str) -> None:
    (folder / "versions" / f"{number}_step.py").write_text(
        f'''"""A step."""
from alembic import op

revision = "{number}"
down_revision = "{after}"
phase = "{phase}"


def upgrade() -> None:
    op.execute("{statement}")
'''
    )


@pytest.fixture
def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the steps, as a later version of the scheduler would bring them, to add further ones to."""
    source = Path(migrating.__file__).with_name("migrations")
    folder = tmp_path / "later" / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_first_schema.py"):
        (folder / name).write_text((source / name).read_text())
    monkeypatch.setattr(migrating, "__file__", str(folder.parent / "migrate.py"))
    return folder


def test_an_empty_database_gets_every_table(database: Database) -> None:
    assert migrate(database) == HEAD

    assert tables_of(database) == {*metadata.tables, "alembic_version"}


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)
    with database.write() as conn:
        conn.execute(text("INSERT INTO objects (kind) VALUES ('job')"))

    assert migrate(database) == HEAD

    with database.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM objects")).scalar_one() == 1


def test_schedulers_that_start_together_migrate_once(empty_database_url: str) -> None:
    starts = threading.Barrier(4)
    done: list[str | None] = []

    def start_scheduler() -> None:
        database = Database(empty_database_url)
        starts.wait()
        done.append(migrate(database))
        database.close()

    threads = [threading.Thread(target=start_scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [HEAD] * 4


def test_a_step_that_fails_leaves_nothing_of_itself_or_the_ones_before(database: Database, later_version: Path) -> None:
    migrate(database)
    write_step(later_version, "0002", FIRST, "pre", "CREATE TABLE half (id INTEGER)")
    write_step(later_version, "0003", "0002", "pre", "CREATE TABLE half (id INTEGER)")

    with pytest.raises(Exception, match="half"):
        migrate(database)

    assert "half" not in tables_of(database)
    assert revision_of(database) == FIRST


def test_a_post_step_waits_while_older_schedulers_may_run(database: Database, later_version: Path) -> None:
    write_step(later_version, "0002", FIRST, "post", "ALTER TABLE jobs DROP COLUMN base_url")

    assert migrate(database, through=Phase.PRE) == FIRST
    assert migrate(database, through=Phase.POST) == "0002"
    assert "base_url" not in {column["name"] for column in inspect(database.engine).get_columns("jobs")}


def test_a_post_step_is_run_at_once_only_where_there_is_one_scheduler(database: Database, later_version: Path) -> None:
    write_step(later_version, "0002", FIRST, "post", "ALTER TABLE jobs DROP COLUMN base_url")

    assert migrate(database) == ("0002" if database.dialect == "sqlite" else FIRST)


def test_a_post_step_with_a_pre_step_behind_it_is_due(database: Database, later_version: Path) -> None:
    write_step(later_version, "0002", FIRST, "post", "ALTER TABLE jobs DROP COLUMN base_url")
    write_step(later_version, "0003", "0002", "pre", "CREATE TABLE extra (id INTEGER)")

    assert migrate(database, through=Phase.PRE) == "0003"


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    migrate(database)
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert migrate(database) is None
    assert revision_of(database) == "9999"


def test_every_step_says_whether_it_runs_before_or_after_the_deployment() -> None:
    steps = migrating.steps_in_order(migrating.script_directory())

    assert steps[0].revision == FIRST
    assert all(isinstance(migrating.phase_of(step), Phase) for step in steps)


def test_a_step_that_waits_for_a_table_in_use_gives_up_soon(
    postgresql: Any, later_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite locks its whole file: there a step waits in line with every other writer.
    database = Database(postgresql.create_database("test_lock_timeout"))
    migrate(database)
    write_step(later_version, "0002", FIRST, "pre", "ALTER TABLE jobs ADD COLUMN extra INTEGER")
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT_MS", 50)
    with database.write() as conn:
        conn.execute(text("LOCK TABLE jobs"))

        with pytest.raises(Exception, match="lock timeout"):
            migrate(database)

    assert migrate(database) == "0002"
    database.close()
