"""What POST /ingest/create reads and answers."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.gomi.create_request import read_source_url
from gateway.gomi.description import XmlShape, member
from gateway.gomi.idempotency import Identity
from gateway.gomi.members import CUSTOMER_REFERENCE_ID, NOTIFICATION_EMAIL_ADDRESS, PING_URL
from gateway.gomi.values import Members, read_text
from reelyard.cluster.views import CreatedIngestView, CreateIngest

#: In lower case, unlike an output's `Title`: so the seed has it.
TITLE = "title"


@dataclass(frozen=True, kw_only=True)
class CreateIngestAnswer:
    """Of POST /ingest/create."""

    # Its XML sample has the order of its JSON one, with Success at the end.
    xml: ClassVar[XmlShape] = XmlShape(
        "CreateIngestResponse",
        (
            *("IngestJobID", "IngestJobStatusLocation", "CustomerReferenceID", "InputMediaID"),
            *("ErrorCode", "Message", "Success"),
        ),
    )

    ingest_job_id: int = member("IngestJobID")
    ingest_job_status_location: str = member("IngestJobStatusLocation")
    customer_reference_id: str = member("CustomerReferenceID")
    input_media_id: int = member("InputMediaID")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


def read_create_ingest(members: Members, *, account_id: int, identity: Identity, base_url: str) -> CreateIngest:
    """Read the body.

    Raises:
        SpecError: a member is missing or wrong.
    """
    return CreateIngest(
        account_id=account_id,
        request_id=identity.request_id,
        body_sha256=identity.body_sha256,
        source_url=read_source_url(members),
        title=_text(members, TITLE),
        customer_reference_id=_text(members, CUSTOMER_REFERENCE_ID),
        ping_url=_text(members, PING_URL),
        notification_email=_text(members, NOTIFICATION_EMAIL_ADDRESS),
        base_url=base_url,
    )


def created_answer(view: CreatedIngestView) -> CreateIngestAnswer:
    """The answer for an ingest that was created."""
    return CreateIngestAnswer(
        ingest_job_id=view.ingest_id,
        ingest_job_status_location=f"ingest/{view.ingest_id}",
        customer_reference_id=view.customer_reference_id,
        input_media_id=view.input_media_id,
    )


def _text(members: Members, name: str) -> str:
    return read_text(name, members.get(name)) or ""
