"""The data folder of a standalone Reelyard, and the guarantee that one process at a time works in it."""

import base64
import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reelyard.cluster import settings_parsers as parsers
from reelyard.cluster.settings import setting

_DATABASE = "reelyard.db"
_KEY_FILE = "secret.key"
_LOCK = "lock"


class DataFolderError(Exception):
    """The data folder cannot be used; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Where a standalone Reelyard keeps everything."""

    data: Path | None = setting(
        "REELYARD_DATA",
        None,
        parsers.folder,
        "Folder of a standalone Reelyard: database, media, scratch; unset: ~/.local/share/reelyard.",
    )


@dataclass(frozen=True)
class DataFolder:
    """The data folder: `reelyard.db`, `secret.key`, `media/`, `scratch/`, `lock`."""

    path: Path

    @property
    def database_url(self) -> str:
        """Of the SQLite database, for REELYARD_DATABASE_URL."""
        return f"sqlite:///{self.path / _DATABASE}"

    @property
    def storage_url(self) -> str:
        """Of the folder with the media, for REELYARD_STORAGE_URL."""
        return (self.path / "media").as_uri()

    @property
    def scratch(self) -> Path:
        """Where attempts work."""
        return self.path / "scratch"

    def has_database(self) -> bool:
        """Whether a Reelyard was started on it before."""
        return (self.path / _DATABASE).is_file()

    def make(self) -> None:
        """Create it with its parts, for its owner alone: it holds the accounts and everybody's media.

        Raises:
            DataFolderError: it cannot be created or written.
        """
        try:
            for folder in (self.path, self.path / "media", self.scratch):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise DataFolderError(
                f"the data folder {self.path} cannot be used: {exc.strerror}. "
                "Choose another one with --data or REELYARD_DATA."
            ) from exc

    def secret_keys(self) -> tuple[str, ...]:
        """The keys that encrypt stored credentials; one is made, for its owner alone, when there is no file of them.

        Raises:
            DataFolderError: the file cannot be read or made, or holds something else.
        """
        path = self.path / _KEY_FILE
        try:
            if not path.exists():
                _write_private(path, base64.urlsafe_b64encode(os.urandom(parsers.SECRET_KEY_BYTES)).decode())
            return parsers.secret_keys(path.read_text().strip())
        except OSError as exc:
            raise DataFolderError(f"the key file {path} cannot be used: {exc.strerror}") from exc
        except ValueError as exc:
            raise DataFolderError(f"the key file {path} is damaged; it holds {exc}") from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out; the lock vanishes with this process, however that ends.

        Raises:
            DataFolderError: another process works in it, or it cannot be written.
        """
        try:
            handle = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise DataFolderError(f"the data folder {self.path} cannot be written: {exc.strerror}") from exc
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
                raise DataFolderError(
                    f"the data folder {self.path} is in use by another Reelyard (process {holder}). "
                    "Stop that one, or choose another folder with --data or REELYARD_DATA."
                ) from exc
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)


def _write_private(path: Path, text: str) -> None:
    """Make a file that only its owner may read, whole or not at all; one that is there meanwhile stays."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(new)
    finally:
        new.unlink()


def choose_data_folder(chosen: Path | None, settings: DataSettings, environ: Mapping[str, str]) -> DataFolder:
    """The folder of the command line, else of the setting, else of the user.

    The last is `~/.local/share/reelyard` (or below XDG_DATA_HOME), not a folder beside whatever the current one is:
    started from anywhere, Reelyard finds its library again.
    """
    if chosen is not None:
        return DataFolder(chosen.expanduser().absolute())
    if settings.data is not None:
        return DataFolder(settings.data)
    base = environ.get("XDG_DATA_HOME", "")
    shared = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    return DataFolder(shared / "reelyard")
