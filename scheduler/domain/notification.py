"""The body of a job completion notification: `application/x-www-form-urlencoded`, fields in the seed's order."""

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, kw_only=True)
class JobOutcome:
    """How a job ended; 0 and "" mean "no value". `error_code` is empty when the job succeeded.

    Several inputs stand in the notification with bars between them, as a request names them.
    """

    job_id: int
    error_code: str = ""
    error_message: str = ""
    filename: str = ""
    input_media_ids: tuple[int, ...] = ()
    download_url: str = ""
    output_media_id: int = 0
    customer_reference_id: str = ""


def notification_body(outcome: JobOutcome) -> str:
    """The body; every field is there, empty where it has no value."""
    return urlencode(
        {
            "JobID": outcome.job_id,
            "JobType": "Encoding",
            "Result": "Failed" if outcome.error_code else "Success",
            "ErrorCode": outcome.error_code,
            "ErrorMessage": outcome.error_message,
            "FileName": outcome.filename,
            "InputMediaID": "|".join(str(media_id) for media_id in outcome.input_media_ids),
            "DownloadURL": outcome.download_url,
            "OutputMediaID": outcome.output_media_id or "",
            "CustomerReferenceID": outcome.customer_reference_id,
        }
    )
