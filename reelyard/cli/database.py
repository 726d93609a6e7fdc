"""The scheduler's database, opened by commands that work straight on it."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Annotated

import typer

from reelyard.cli.data_folder import DataFolderError, DataSettings, choose_data_folder
from reelyard.cluster.settings import read_settings, setting
from reelyard.cluster.settings_parsers import secret_keys
from scheduler.settings import database_url
from scheduler.store.database import Database
from scheduler.store.migrate import is_ready_for_us, migrate
from scheduler.store.sealed import Sealer

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder of a standalone Reelyard; default: REELYARD_DATA."),
]


@dataclass(frozen=True, kw_only=True)
class AdministrationSettings(DataSettings):
    """Where the accounts are: the database of a cluster, else the data folder of a standalone Reelyard."""

    database_url: str = setting(
        "REELYARD_DATABASE_URL", "", database_url, "Database of the cluster; unset: the data folder.", secret=True
    )
    secret_key: tuple[str, ...] = setting(
        "REELYARD_SECRET_KEY", (), secret_keys, "Encrypts stored credentials; unset: the data folder's.", secret=True
    )


class Schema(Enum):
    """What is done about the schema before a command works with the database."""

    UPDATE = auto()  # brought up to date, as a scheduler does it
    CHECK = auto()  # an older one is refused
    AS_IS = auto()


@contextlib.contextmanager
def open_database(data: Path | None, *, schema: Schema = Schema.UPDATE) -> Iterator[Database]:
    """The database of the cluster, or of the data folder.

    Raises:
        DataFolderError: no Reelyard was started there yet, or one of an older version (`Schema.CHECK`).
        UnavailableError: the database can't be reached.
    """
    settings = read_settings(AdministrationSettings, os.environ)
    url, secret = settings.database_url, settings.secret_key
    if data is not None or not url:
        folder = choose_data_folder(data, settings, os.environ)
        if not folder.has_database():
            raise DataFolderError(
                f"no Reelyard was started in {folder.path} yet. Start it with `reelyard standalone`, say where its "
                "data are with --data, or set REELYARD_DATABASE_URL for a cluster."
            )
        url = folder.database_url
        secret = secret or folder.secret_keys()
    database = Database(database_url(url), Sealer(secret) if secret else None)
    try:
        if schema is Schema.UPDATE:
            migrate(database)
        elif schema is Schema.CHECK and not is_ready_for_us(database):
            raise DataFolderError(
                "the database is of an older Reelyard than this command; start a scheduler of this version first"
            )
        yield database
    finally:
        database.close()
