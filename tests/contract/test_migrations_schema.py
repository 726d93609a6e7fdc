"""The sum of the migrations is the schema of `scheduler.store.tables`."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.store.tables import metadata

#: Everything that PostgreSQL knows of the tables, as it would write it down itself.
POSTGRESQL_SCHEMA = (
    """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
    """,
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)
SQLITE_SCHEMA = ("SELECT tbl_name, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'",)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


def written_down(database: Database) -> set[tuple[object, ...]]:
    """The whole schema as the database itself tells it: columns, constraints (CHECKs too), indexes."""
    queries = SQLITE_SCHEMA if database.dialect == "sqlite" else POSTGRESQL_SCHEMA
    with database.read() as conn:
        rows = {tuple(row) for query in queries for row in conn.execute(text(query))}
    return {normalised(row) for row in rows if "alembic_version" not in row}


def normalised(row: tuple[object, ...]) -> tuple[object, ...]:
    """A row whose SQL, if it is a CREATE statement, does not depend on the order of constraints or on spaces."""
    *names, last = row
    if not (isinstance(last, str) and last.startswith("CREATE TABLE")):
        return row
    head, _, body = last.partition("(")
    return (*names, head.strip(), *sorted(clauses(body.rstrip().removesuffix(")"))))


def clauses(body: str) -> list[str]:
    """What stands between the commas that are in no parentheses: columns and constraints, later ones at the end."""
    found, depth = [""], 0
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [" ".join(clause.split()) for clause in found]


def test_migrations_and_tables_build_the_same_schema(database: Database) -> None:
    migrate(database)
    by_migrations = written_down(database)
    with database.write() as conn:
        metadata.drop_all(conn)
    assert not written_down(database)
    with database.write() as conn:
        metadata.create_all(conn)

    assert by_migrations == written_down(database)


def test_alembic_finds_nothing_to_change_after_the_migrations(database: Database) -> None:
    migrate(database)

    with database.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
