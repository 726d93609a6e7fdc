"""Delete a medium: its bytes go, its record stays."""

from scheduler.domain.media import MediaEvent, MediaKind
from scheduler.store.database import Database
from scheduler.usecases.answers import do_once
from scheduler.usecases.end_media import end_input, end_output
from scheduler.usecases.read_media import get_media


def delete_media(db: Database, account_id: int, kind: str, media_id: int, *, request_id: str = "") -> None:
    """Delete a medium of a kind (`input` or `output`). Its URLs are closed at once, its bytes go with a task.

    A repeated `request_id` changes nothing and is no error.

    Raises:
        SpecError: no such kind.
        MediaNotFoundError: no such medium on this account, or one that never came to be.
        MediaExpiredError: its bytes are gone already.
        ConflictError: a job that has not ended needs it, or it is still being fetched or made.
    """
    get_media(db, account_id, kind, media_id)
    end = end_input if kind == MediaKind.INPUT else end_output
    do_once(db, account_id, request_id, lambda conn: end(conn, account_id, media_id, MediaEvent.DELETE))
