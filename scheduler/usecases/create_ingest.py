"""Create an ingest without jobs."""

from sqlalchemy import Connection

from reelyard.cluster.tracing import traced
from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreatedIngestView, CreateIngest
from reelyard.media.mail_address import check_mail_address
from reelyard.media.values import check_texts
from scheduler.store.database import Database
from scheduler.usecases.account_settings import read_defaults
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.new_rows import insert_ingest
from scheduler.usecases.receivers import Receivers, check_allowed_url, check_mail_is_sent, ingest_receivers
from scheduler.usecases.sources import check_source_url


@traced("create ingest")
def create_ingest(
    db: Database,
    request: CreateIngest,
    *,
    fetch: FetchPolicy | None = None,
    public_url: str = "",
    sends_mail: bool = False,
) -> CreatedIngestView:
    """Accept a source; the same `request_id` gets the first answer again, also when both arrive at once.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a source and a notification may have; None: none.
        public_url: base of the URL in the notification; "" uses the request's own.
        sends_mail: whether there is a mail server.

    Raises:
        SpecError: the source, a text or a receiver was refused.
    """
    answered = first_answer(db, request, CreatedIngestView)
    if answered is not None:
        return answered
    check_source_url(request.source_url, fetch)
    check_texts(request.title, request.customer_reference_id)
    check_allowed_url("ping_url", request.ping_url, fetch)
    check_mail_address("notification_email", request.notification_email)
    check_mail_is_sent(request.notification_email, sends_mail=sends_mail)
    base_url = public_url or request.base_url
    return create_once(
        db, request, CreatedIngestView, lambda conn: _insert(conn, request, base_url, sends_mail=sends_mail)
    )


def _insert(conn: Connection, request: CreateIngest, base_url: str, *, sends_mail: bool) -> CreatedIngestView:
    reference = request.customer_reference_id
    asked = Receivers(ping_url=request.ping_url, email=request.notification_email)
    known = read_defaults(conn, request.account_id)
    defaults = Receivers(ping_url=known.ping_url, email=known.notification_email if sends_mail else "")
    ingest_id, source_id = insert_ingest(
        conn,
        request.account_id,
        request.source_url,
        title=request.title,
        customer_reference_id=reference,
        receivers=ingest_receivers(asked, defaults),
        base_url=base_url,
    )
    return CreatedIngestView(ingest_id=ingest_id, input_media_id=source_id, customer_reference_id=reference)
