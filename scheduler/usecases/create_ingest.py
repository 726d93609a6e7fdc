"""Create an ingest without jobs."""

from sqlalchemy import Connection

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedIngestView, CreateIngest
from scheduler.store.database import Database
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.new_rows import insert_ingest
from scheduler.usecases.sources import check_source_url


def create_ingest(db: Database, request: CreateIngest, *, fetch: FetchPolicy | None = None) -> CreatedIngestView:
    """Accept a source; the same `request_id` gets the first answer again, also when both arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a source may have; None: none.

    Raises:
        SpecError: the source was refused.
    """
    answered = first_answer(db, request, CreatedIngestView)
    if answered is not None:
        return answered
    check_source_url(request.source_url, fetch)
    return create_once(db, request, CreatedIngestView, lambda conn: _insert(conn, request))


def _insert(conn: Connection, request: CreateIngest) -> CreatedIngestView:
    reference = request.customer_reference_id
    ingest_id, source_id = insert_ingest(
        conn, request.account_id, request.source_url, title=request.title, customer_reference_id=reference
    )
    return CreatedIngestView(ingest_id=ingest_id, input_media_id=source_id, customer_reference_id=reference)
