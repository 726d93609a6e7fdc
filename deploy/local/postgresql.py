"""A private PostgreSQL cluster, run as an ordinary user because it refuses root.

Its data may lie where that user may not walk to, as in a clone below /root. So each program inherits the opened
data folder and is told to use `/proc/self/fd/9`, which Linux follows without looking at the folders above.
"""

import os
import pwd
import secrets
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import psycopg

from deploy.local.process import Launch, LocalServerError, Process, run_once
from deploy.local.server import Server

_INSTALLED = Path("/usr/lib/postgresql")
_PACKAGE = "It is in the Debian package postgresql: apt-get install postgresql (or run: make dev)."
_UNPRIVILEGED = "postgres"  # the user that the Debian package makes
_ROLE = "reelyard"
_OPENED = "/proc/self/fd/9"
# Arguments: the data folder, then the command; it replaces the shell, so the PID is the server's.
_OPEN_AND_RUN = 'cd / && exec 9<"$1" && shift && exec "$@"'


class PostgreSQL(Server):
    """A private PostgreSQL; `url` names its database `postgres`, as a superuser with a password.

    With `fsync` off it does not wait for the disk: killing it loses nothing still, but a machine that loses its power
    may lose the database (https://www.postgresql.org/docs/15/runtime-config-wal.html). For tests, whose many databases
    can have a slow disk stand still for seconds.
    """

    kind = "postgresql"

    def __init__(self, folder: Path | None = None, *, env: Mapping[str, str] | None = None, fsync: bool = True) -> None:
        super().__init__(folder, env=env)
        self._fsync = fsync
        self._password = ""

    @property
    def url(self) -> str:
        """`postgresql://user:password@127.0.0.1:port/postgres`, once it was started."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """The URL of a database, which may have to be made yet (`create_database`)."""
        return f"postgresql://{_ROLE}:{self._password}@127.0.0.1:{self.port()}/{name}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its URL; one that exists is left as it is."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.database_url(name)

    def _prepare(self) -> None:
        programs = _programs()
        _give_to_user(self.folder)
        password = self.folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_hex(16))
            _give_to_user(password)  # initdb reads it
        self._password = password.read_text()
        if self._data.exists():
            return
        new = self.folder / "data.new"  # renamed when it is whole: an initdb that is broken off leaves files too
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        _give_to_user(new)
        run_once(
            Launch(
                name="initdb",
                command=(
                    *(*_with_opened(new), str(programs / "initdb"), "--pgdata", _OPENED),
                    *("--username", _ROLE, "--pwfile", f"{_OPENED}/../{password.name}"),
                    *("--auth", "scram-sha-256", "--encoding", "UTF8"),
                    *("--locale", "C.UTF-8", "--no-instructions"),
                ),
                env=self.environment(),
                log=self.folder / "initdb.log",
            )
        )
        new.rename(self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _launch(self) -> Launch:
        return Launch(
            name="postgresql",
            command=(
                *(*_with_opened(self._data), str(_programs() / "postgres"), "-D", _OPENED),
                *("-p", str(self.port())),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", "max_connections=200", "-c", f"fsync={'on' if self._fsync else 'off'}"),
            ),
            env=self.environment(),
            log=self.folder / "postgresql.log",
        )

    def _ready(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _shut_down(self, process: Process) -> None:
        # SIGTERM would wait until every client has gone; SIGINT ends their sessions and shuts down cleanly.
        process.stop(ask=signal.SIGINT, grace_s=30)


def _programs() -> Path:
    versions = sorted(
        (folder for folder in _INSTALLED.glob("*/bin") if (folder / "initdb").is_file()),
        key=lambda folder: float(folder.parent.name),
    )
    if not versions:
        raise LocalServerError(f"initdb is missing below {_INSTALLED}. {_PACKAGE}")
    return versions[-1]


def _with_opened(folder: Path) -> tuple[str, ...]:
    """The words before a program that give it the opened folder and, from root, make it an ordinary user's."""
    opened = ("/bin/sh", "-c", _OPEN_AND_RUN, "sh", str(folder))
    if os.geteuid() != 0:
        return opened
    if shutil.which("setpriv") is None:
        raise LocalServerError(
            "PostgreSQL refuses to run as root, and setpriv, which changes the user, is missing. "
            "It is in the Debian package util-linux."
        )
    user = _user()
    return (*opened, "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")


def _give_to_user(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, _user().pw_uid, _user().pw_gid)


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as exc:
        raise LocalServerError(
            f"PostgreSQL refuses to run as root, and the user {_UNPRIVILEGED!r} does not exist. {_PACKAGE}"
        ) from exc
