"""From a download URL to the stored object behind it.

The URL carries no key: who knows the medium's token may read it, so a wrong token, a wrong name and a medium that
does not exist all get the same answer.
"""

import hmac

from sqlalchemy import and_, select

from reelyard.cluster.views import DownloadView
from scheduler.domain.media import GONE, MediaState
from scheduler.errors import MediaExpiredError, MediaNotFoundError
from scheduler.store.database import Database
from scheduler.store.tables import media, media_files


def resolve_download(database: Database, kind: str, media_id: int, token: str, name: str) -> DownloadView:
    """The stored file that a download URL names.

    Raises:
        MediaNotFoundError: no such medium, token or file.
        MediaExpiredError: the token is right and the bytes are gone.
    """
    query = (
        select(media.c.state, media.c.token, media.c.updated_ms, media_files)
        .select_from(
            media.outerjoin(media_files, and_(media_files.c.media_id == media.c.id, media_files.c.name == name))
        )
        .where(media.c.id == media_id, media.c.kind == kind)
    )
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
    # Compared in a time that does not tell how much of a guess was right.
    if row is None or not hmac.compare_digest(row.token.encode(), token.encode()):
        raise MediaNotFoundError("there is no such file")
    if row.state in GONE:
        raise MediaExpiredError(f"media {media_id} is {row.state}; its files are gone")
    if row.state != MediaState.AVAILABLE or row.key is None:
        raise MediaNotFoundError("there is no such file")
    return DownloadView(
        key=row.key,
        filename=row.name,
        mime_type=row.mime_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        updated_ms=row.updated_ms,
    )
