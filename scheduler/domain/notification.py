"""What a notification says, as the form of a webhook and as the words of a mail, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from reelyard.media.errors import ErrorCode
from scheduler.domain.task import TASK, TaskState

#: Characters of a title in a subject; the text has all of it.
_TITLE_IN_SUBJECT = 100


class JobType(StrEnum):
    """What ended, as the field JobType says it."""

    ENCODING = "Encoding"
    INGEST = "Ingest"


class NotificationStatus(StrEnum):
    """How far a notification is, as its account sees it."""

    WAITING = "waiting"  # being sent, or to be sent (again)
    DELIVERED = "delivered"
    FAILED = "failed"


def notification_status(state: TaskState) -> NotificationStatus:
    """How far a notification is whose task is in this state."""
    if state in TASK.active:
        return NotificationStatus.WAITING
    return NotificationStatus.DELIVERED if state is TaskState.DONE else NotificationStatus.FAILED


@dataclass(frozen=True, kw_only=True)
class JobOutcome:
    """How a job or an ingest ended; 0 and "" mean "no value". `error_code` is empty when it succeeded.

    Several inputs stand in the notification with bars between them, as a request names them.
    """

    job_id: int
    job_type: JobType = JobType.ENCODING
    title: str = ""
    error_code: str = ""
    error_message: str = ""
    filename: str = ""
    input_media_ids: tuple[int, ...] = ()
    download_url: str = ""
    output_media_id: int = 0
    customer_reference_id: str = ""


def notification_body(outcome: JobOutcome) -> str:
    """The webhook's body, `application/x-www-form-urlencoded`: every field, empty where it has no value."""
    return urlencode(_fields(outcome))


def mail_subject(outcome: JobOutcome) -> str:
    """One line: what ended, how, and its title where it has one."""
    title = _one_line(outcome.title)
    short = title if len(title) <= _TITLE_IN_SUBJECT else f"{title[:_TITLE_IN_SUBJECT]}…"
    return _ended(outcome) + (f": {short}" if short else "")


def mail_text(outcome: JobOutcome) -> str:
    """The same fields as the webhook's, for a person: one a line, those without a value left out."""
    said = {"Title": outcome.title, **_fields(outcome)}
    width = max(len(name) for name in said)
    lines = [f"{name + ':':<{width + 1}} {_one_line(str(value))}" for name, value in said.items() if value]
    return "\n".join([f"{_ended(outcome)}.", "", *lines, ""])


def _fields(outcome: JobOutcome) -> dict[str, object]:
    """The fields in the order of the seed."""
    return {
        "JobID": outcome.job_id,
        "JobType": outcome.job_type.value,
        "Result": "Failed" if outcome.error_code else "Success",
        "ErrorCode": outcome.error_code,
        "ErrorMessage": outcome.error_message,
        "FileName": outcome.filename,
        "InputMediaID": "|".join(str(media_id) for media_id in outcome.input_media_ids),
        "DownloadURL": outcome.download_url,
        "OutputMediaID": outcome.output_media_id or "",
        "CustomerReferenceID": outcome.customer_reference_id,
    }


def _ended(outcome: JobOutcome) -> str:
    how = "completed"
    if outcome.error_code:
        how = "was cancelled" if outcome.error_code == ErrorCode.CANCELLED else "failed"
    what = "Ingest" if outcome.job_type is JobType.INGEST else "Encoding job"
    return f"{what} {outcome.job_id} {how}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
