# ruff: noqa: RUF009  # member() describes a field, it makes no value that would be shared
"""Calls about the delivery log, below /notification, and their bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from fastapi import APIRouter
from starlette.responses import Response

from gateway.gomi.bodies import REASON
from gateway.gomi.calls import PREFIX, BodilessCall, Call, OptionalBodyCall, answers
from gateway.gomi.description import Instant, XmlShape, member
from gateway.gomi.query import query_value
from gateway.object_id import read_object_id
from reelyard.cluster.views import NotificationAttemptView, NotificationView

router = APIRouter(prefix=f"{PREFIX}/notification")

#: Parameters of the list, and what they name.
JOB_ID = "JobID"
INGEST_ID = "IngestID"

_TYPES: Mapping[str, str] = MappingProxyType({"ping": "Ping", "mail": "Mail"})
_STATUSES: Mapping[str, str] = MappingProxyType({"waiting": "Waiting", "delivered": "Delivered", "failed": "Failed"})


@dataclass(frozen=True, kw_only=True)
class AttemptItem:
    """One attempt that has ended; without an error code it delivered the notification."""

    xml: ClassVar[XmlShape] = XmlShape("NotificationAttempt")

    attempt: int = member("Attempt")
    started: Instant = member("DateUTC")
    http_status: int | None = member("HttpStatus", json_null=True)
    error_code: str = member("ErrorCode", xml_empty_is_nil=True)
    error_message: str = member("ErrorMessage", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class NotificationItem:
    """One notification; one of the two IDs is null."""

    xml: ClassVar[XmlShape] = XmlShape("NotificationItem")

    notification_id: int = member("NotificationID")
    type: str = member("Type")
    job_id: int | None = member("JobID", json_null=True)
    ingest_id: int | None = member("IngestID", json_null=True)
    job_type: str = member("JobType")
    target: str = member("Target")
    status: str = member("Status")
    delivery_id: str = member("DeliveryID")
    created: Instant = member("DateCreatedUTC")
    updated: Instant = member("DateUpdatedUTC")
    next_attempt: Instant | None = member("NextAttemptUTC", json_null=True)
    attempts: tuple[AttemptItem, ...] = member("Attempts")
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class NotificationListAnswer:
    """Of GET /notification."""

    xml: ClassVar[XmlShape] = XmlShape("GetNotificationListResponse", REASON)

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    notifications: tuple[NotificationItem, ...] = member("notifications")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class NotificationAnswer:
    """Of GET /notification/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetNotificationResponse", REASON)

    notification: NotificationItem = member("notification")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@router.get("", dependencies=[answers(NotificationListAnswer)])
async def list_notifications(call: BodilessCall) -> Response:
    """The notifications of the account, or of one job or ingest, the newest first."""
    page = call.page
    found = await call.client.list_notifications(
        call.account_id, page.size, page.number, job_id=_named_id(call, JOB_ID), ingest_id=_named_id(call, INGEST_ID)
    )
    return call.answer(
        NotificationListAnswer(
            total_item_count=found.total,
            page_size=page.size,
            page_number=page.number,
            notifications=tuple(_item(each) for each in found.notifications),
        )
    )


@router.get("/{notification_id}", dependencies=[answers(NotificationAnswer)])
async def get_notification(call: BodilessCall, notification_id: str) -> Response:
    """One notification with its attempts."""
    view = await call.client.get_notification(call.account_id, read_object_id("notification ID", notification_id))
    return call.answer(NotificationAnswer(notification=_item(view)))


@router.post("/{notification_id}/replay", dependencies=[answers(NotificationAnswer)])
async def replay_notification(call: OptionalBodyCall, notification_id: str) -> Response:
    """Send a notification again, and show the new one."""
    view = await call.client.replay_notification(call.account_id, read_object_id("notification ID", notification_id))
    return call.answer(NotificationAnswer(notification=_item(view)))


def _named_id(call: Call, name: str) -> int:
    """The ID that a parameter of the query names; 0 where it is absent or empty."""
    said = query_value(call.request.scope["query_string"], name)
    return read_object_id(name, said) if said else 0


def _item(view: NotificationView) -> NotificationItem:
    return NotificationItem(
        notification_id=view.notification_id,
        type=_TYPES.get(view.type, view.type),
        job_id=view.job_id or None,
        ingest_id=view.ingest_id or None,
        job_type="Ingest" if view.ingest_id else "Encoding",
        target=view.target,
        status=_STATUSES.get(view.status, view.status),
        delivery_id=view.delivery_id,
        created=Instant(view.created_ms),
        updated=Instant(view.updated_ms),
        next_attempt=Instant(view.next_attempt_ms) if view.next_attempt_ms else None,
        attempts=tuple(_attempt(each) for each in view.attempts),
        self_path=f"notification/{view.notification_id}",
    )


def _attempt(view: NotificationAttemptView) -> AttemptItem:
    return AttemptItem(
        attempt=view.attempt,
        started=Instant(view.started_ms),
        http_status=view.http_status or None,
        error_code=view.error_code,
        error_message=view.error_message,
    )
