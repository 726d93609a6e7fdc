"""Where the stored files of a medium are found: the paths of its URLs, below the base that a gateway puts first."""

from types import MappingProxyType
from urllib.parse import quote

from sqlalchemy import FromClause

from scheduler.domain.media import FileRole, MediaKind
from scheduler.store.tables import media_files

#: The folder of each kind of medium in download URLs, as the seed's samples show them.
FOLDERS = MappingProxyType({MediaKind.INPUT: "sourcemedia", MediaKind.OUTPUT: "output"})


def download_path(kind: str, media_id: int, token: str, name: str) -> str:
    """The path of one stored file; "" for no name."""
    return f"download/{FOLDERS[MediaKind(kind)]}/{media_id}/{token}/{quote(name, safe='')}" if name else ""


def files_of(role: FileRole) -> FromClause:
    """The table of stored files under the name of a role, to be joined once for each role."""
    return media_files.alias(f"{role.value}_file")
