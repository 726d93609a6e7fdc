"""One suite over each pair of back ends: fixtures that run a test once on either."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from reelyard.cluster.objectstore.open import open_store
from reelyard.cluster.objectstore.store import ObjectStore
from scheduler.store.database import Database
from scheduler.store.tables import metadata
from tests.contract.lifecycle_rig import Rig
from tests.contract.metrics_rig import Counted
from tests.secret_key import SEALER

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table: a new SQLite file, or a new database of a private PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'reelyard.db'}"
    server = request.getfixturevalue("postgresql")
    return server.create_database(f"test_{next(_numbers)}")


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every table and no row, for copying: making the tables anew for each test takes longer than most."""
    path = tmp_path_factory.mktemp("tables") / "reelyard.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_tables(postgresql: Any) -> str:
    """The name of a database with every table and no row, in the same way."""
    _make_tables(postgresql.create_database("tables"))
    return "tables"


def _make_tables(url: str) -> None:
    database = Database(url, SEALER)
    metadata.create_all(database.engine)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database with every table, in a SQLite file or a private PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "reelyard.db"
        shutil.copy(request.getfixturevalue("sqlite_tables"), path)
        return f"sqlite:///{path}"
    template, server = request.getfixturevalue("postgresql_tables"), request.getfixturevalue("postgresql")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    return server.database_url(name)


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    """The scheduler's use cases on a database with the whole schema and one account."""
    database = Database(database_url, SEALER)
    yield Rig(database)
    database.close()


@pytest.fixture
def counted(empty_database_url: str) -> Iterator[Counted]:
    """The same, with the registry that counts what happens there."""
    counted = Counted(empty_database_url)
    yield counted
    counted.db.close()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        opened = open_store((tmp_path / "store").as_uri())
    else:
        server = request.getfixturevalue("s3")
        opened = open_store(
            server.storage_url(f"bucket-{os.urandom(6).hex()}").replace("?", "/some/prefix?"),
            access_key=server.access_key,
            secret_key=server.secret_key,
        )
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.bin"
    path.write_bytes(b"0123456789" * 1000)
    return path
