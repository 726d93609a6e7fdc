"""Input and output media as their account sees them.

A medium is shown from the moment that its bytes are there, and for ever after: expired and deleted ones stay on
record. What is still being made, or never came to be, is not shown as a medium: whoever asks for it is told which job
or ingest says more.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from reelyard.cluster.views import MediaListView, MediaView
from reelyard.cluster.wire import from_dict
from reelyard.media.errors import ConflictError, SpecError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan
from scheduler.domain.media import GONE, FileRole, MediaKind, MediaState
from scheduler.errors import MediaNotFoundError
from scheduler.store.database import Database
from scheduler.store.tables import ingests, jobs, media
from scheduler.usecases.media_files import download_path, files_of
from scheduler.usecases.paging import Page

#: The states in which a medium is shown.
SHOWN = (MediaState.AVAILABLE, *GONE)

_primary = files_of(FileRole.PRIMARY)
_thumbnail = files_of(FileRole.THUMBNAIL)


def get_media(database: Database, account_id: int, kind: str, media_id: int) -> MediaView:
    """One medium of a kind (`input` or `output`).

    Raises:
        SpecError: no such kind.
        MediaNotFoundError: no such medium on this account, or one that never came to be.
        ConflictError: it is still being fetched or made.
    """
    query = _shown().where(_listed(account_id, kind), media.c.id == media_id)
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
        if row is None:
            raise _why_not_shown(conn, account_id, kind, media_id)
    return _view(row)


def _why_not_shown(conn: Connection, account_id: int, kind: str, media_id: int) -> ConflictError | MediaNotFoundError:
    maker, owners, made = (
        ("ingest", ingests, ingests.c.input_media_id)
        if kind == MediaKind.INPUT
        else ("job", jobs, jobs.c.output_media_id)
    )
    query = (
        select(media.c.state, owners.c.id.label("maker_id"), owners.c.state.label("maker_state"))
        .join_from(media, owners, made == media.c.id)
        .where(media.c.account_id == account_id, media.c.kind == kind, media.c.id == media_id)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return MediaNotFoundError(f"there is no {kind} media {media_id} on this account")
    said = f"{maker} {row.maker_id}, which is to make it, is {row.maker_state}"
    if row.state == MediaState.PENDING:
        return ConflictError(f"{kind} media {media_id} is not there yet: {said}; ask again when that is completed")
    return MediaNotFoundError(f"{kind} media {media_id} never came to be: {said}")


def list_media(database: Database, account_id: int, kind: str, page: Page) -> MediaListView:
    """A page of an account's media of a kind, the newest first.

    Raises:
        SpecError: no such kind.
    """
    listed = _listed(account_id, kind)
    with database.read() as conn:
        total = conn.execute(select(func.count()).select_from(media).where(listed)).scalar_one()
        query = _shown().where(media.c.id.in_(page.ids(conn, media, listed))).order_by(media.c.id.desc())
        return MediaListView(media=tuple(_view(row) for row in conn.execute(query)), total=total)


def _listed(account_id: int, kind: str) -> ColumnElement[bool]:
    if kind not in tuple(MediaKind):
        raise SpecError("kind", f"{{kind}} is {kind!r}; valid are {', '.join(MediaKind)}")
    return and_(media.c.account_id == account_id, media.c.kind == kind, media.c.state.in_(SHOWN))


def _shown() -> Select[Any]:
    return select(
        media,
        _primary.c.name.label("primary_name"),
        _primary.c.size_bytes,
        _primary.c.sha256,
        _primary.c.mime_type,
        _thumbnail.c.name.label("thumbnail_name"),
        jobs.c.plan,
    ).select_from(
        media.outerjoin(_primary, and_(_primary.c.media_id == media.c.id, _primary.c.role == FileRole.PRIMARY))
        .outerjoin(_thumbnail, and_(_thumbnail.c.media_id == media.c.id, _thumbnail.c.role == FileRole.THUMBNAIL))
        .outerjoin(jobs, jobs.c.output_media_id == media.c.id)
    )


def _view(row: Row[Any]) -> MediaView:
    # The record of the stored file may be gone with its bytes; the URL then still leads to "expired".
    name = row.primary_name or row.filename
    return MediaView(
        media_id=row.id,
        kind=row.kind,
        title=row.title,
        filename=row.filename,
        status=row.state,
        mime_type=row.mime_type or "",
        size_bytes=row.size_bytes or 0,
        file_path=download_path(row.kind, row.id, row.token, name),
        thumbnail_path=download_path(row.kind, row.id, row.token, row.thumbnail_name or ""),
        info=None if row.info is None else from_dict(MediaInfo, row.info),
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        container=row.container,
        sha256=row.sha256 or "",
        adjustments=() if row.plan is None else from_dict(EncodePlan, row.plan).adjustments,
    )
