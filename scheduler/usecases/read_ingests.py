"""Ingests as their account sees them."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from reelyard.cluster.redact import redact_url
from reelyard.cluster.views import IngestListView, IngestView
from reelyard.media.errors import ErrorCode
from scheduler.domain.ingest import CANCELLED_MESSAGE, INGEST, IngestState
from scheduler.errors import IngestNotFoundError
from scheduler.store.database import Database
from scheduler.store.sealed import unseal
from scheduler.store.tables import ingests
from scheduler.usecases.paging import Page


def get_ingest(database: Database, account_id: int, ingest_id: int) -> IngestView:
    """One ingest, ended or not.

    Raises:
        IngestNotFoundError: no such ingest on this account.
    """
    query = select(ingests).where(ingests.c.id == ingest_id, ingests.c.account_id == account_id)
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
        if row is None:
            raise IngestNotFoundError(f"there is no ingest {ingest_id} on this account")
        return _view(conn, row)


def list_active_ingests(database: Database, account_id: int, page: Page) -> IngestListView:
    """A page of the account's ingests that have not ended, the newest first."""
    # "One of the active", not "none of the ended": so the index finds them among all the ended ones.
    listed = (ingests.c.account_id == account_id, ingests.c.state.in_(INGEST.active))
    with database.read() as conn:
        total = conn.execute(select(func.count()).select_from(ingests).where(*listed)).scalar_one()
        shown = page.ids(conn, ingests, *listed)
        query = select(ingests).where(ingests.c.id.in_(shown)).order_by(ingests.c.id.desc())
        return IngestListView(ingests=tuple(_view(conn, row) for row in conn.execute(query)), total=total)


def _view(conn: Connection, row: Row[Any]) -> IngestView:
    return IngestView(
        ingest_id=row.id,
        input_media_id=row.input_media_id,
        title=row.title,
        customer_reference_id=row.customer_reference_id,
        status=row.state,
        size_bytes=row.size_bytes,
        mime_type=row.mime_type,
        source_url=redact_url(unseal(conn, row.source_url)).partition("?")[0],  # a signed query is a credential too
        transfer_progress=row.transfer_progress,
        storing_progress=row.storing_progress,
        error_code=ErrorCode.CANCELLED if row.state == IngestState.CANCELLED else row.error_code,
        error_message=CANCELLED_MESSAGE if row.state == IngestState.CANCELLED else row.error_message,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
        started_ms=row.started_ms or 0,
    )
