"""What an account may see of its objects: the answers of the scheduler's gateway service.

Each class mirrors the message of the same name (without `View`) in `proto/reelyard/rpc/v1/gateway.proto`; a test
holds the fields together. Times are milliseconds since 1970 UTC, progress is percent, 0 and "" mean "none".
"""

from dataclasses import dataclass, field

from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputFormat, OutputRequest
from reelyard.media.plan import Adjustment


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom an API key belongs to."""

    account_id: int
    key_id: int
    disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class SpecErrorView:
    """Why a member of a request was refused; `message` names members as `{field}`."""

    code: str
    field: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateJobs:
    """A request for one ingest and one job an output."""

    account_id: int
    request_id: str
    source_url: str = field(repr=False)
    outputs: tuple[OutputRequest, ...] = ()
    base_url: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateJobsFromInput:
    """A request for one job an output of an input medium, or of several: `input_media_ids`, joined in this order."""

    account_id: int
    request_id: str
    input_media_id: int = 0
    outputs: tuple[OutputRequest, ...] = ()
    base_url: str = ""
    input_media_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreatedJobView:
    """The fate of one output of a create request; `job_id` is 0 when it was refused."""

    job_id: int = 0
    customer_reference_id: str = ""
    error: SpecErrorView | None = None


@dataclass(frozen=True, kw_only=True)
class CreatedJobsView:
    """The answer to a create request.

    `ingest_id` is the first that the jobs wait for: 0 when no output was accepted, or all inputs are there already.
    `input_media_ids` are all inputs in the order in which they are joined, `input_media_id` is the first.
    """

    ingest_id: int = 0
    input_media_id: int = 0
    jobs: tuple[CreatedJobView, ...] = ()
    input_media_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateIngest:
    """A request for one ingest without jobs."""

    account_id: int
    request_id: str
    source_url: str = field(repr=False)
    title: str = ""
    customer_reference_id: str = ""
    ping_url: str = field(default="", repr=False)
    notification_email: str = ""
    base_url: str = ""


@dataclass(frozen=True, kw_only=True)
class CreatedIngestView:
    """The answer to a request for an ingest."""

    ingest_id: int
    input_media_id: int
    customer_reference_id: str = ""


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One encoding job."""

    job_id: int
    ingest_id: int = 0
    input_media_id: int = 0
    output_media_id: int = 0
    title: str = ""
    customer_reference_id: str = ""
    status: str
    importing_progress: int = 0
    encoding_progress: int = 0
    storing_progress: int = 0
    distribution_progress: int = 0
    error_code: str = ""
    error_message: str = ""
    created_ms: int
    updated_ms: int
    started_ms: int = 0
    thumbnail_path: str = ""
    input_media_ids: tuple[int, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobListView:
    """A page of jobs and how many there are in all."""

    jobs: tuple[JobView, ...] = ()
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class IngestView:
    """One ingest; `source_url` is without credentials."""

    ingest_id: int
    input_media_id: int = 0
    title: str = ""
    customer_reference_id: str = ""
    status: str
    size_bytes: int = 0
    mime_type: str = ""
    source_url: str = ""
    transfer_progress: int = 0
    storing_progress: int = 0
    error_code: str = ""
    error_message: str = ""
    created_ms: int
    updated_ms: int
    started_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class IngestListView:
    """A page of ingests and how many there are in all."""

    ingests: tuple[IngestView, ...] = ()
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class NotificationAttemptView:
    """An attempt to deliver a notification that has ended; without an error code it delivered it."""

    attempt: int
    started_ms: int
    http_status: int = 0
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, kw_only=True)
class NotificationView:
    """One webhook ("ping") or mail about a job or an ingest; `target` is without credentials."""

    notification_id: int
    type: str
    job_id: int = 0
    ingest_id: int = 0
    target: str
    status: str
    delivery_id: str
    created_ms: int
    updated_ms: int
    next_attempt_ms: int = 0
    attempts: tuple[NotificationAttemptView, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotificationListView:
    """A page of notifications and how many there are in all."""

    notifications: tuple[NotificationView, ...] = ()
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class MediaView:
    """One input or output medium; paths are below the base of URLs."""

    media_id: int
    kind: str
    title: str = ""
    filename: str = ""
    status: str
    mime_type: str = ""
    size_bytes: int = 0
    file_path: str = ""
    thumbnail_path: str = ""
    info: MediaInfo | None = None
    created_ms: int
    updated_ms: int
    container: str = ""
    sha256: str = ""
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MediaListView:
    """A page of media and how many there are in all."""

    media: tuple[MediaView, ...] = ()
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class DownloadView:
    """The stored object behind a download URL."""

    key: str
    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    updated_ms: int


@dataclass(frozen=True, kw_only=True)
class FormatListView:
    """A page of output formats and how many there are in all."""

    formats: tuple[OutputFormat, ...] = ()
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """One account."""

    account_id: int
    name: str
    disabled: bool = False
    created_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class KeyView:
    """One API key, without its secret; `prefix` tells keys apart."""

    key_id: int
    account_id: int
    label: str = ""
    prefix: str = ""
    created_ms: int = 0
    last_used_ms: int = 0
    revoked_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class CreatedKeyView:
    """A new key with its secret, which is shown this once and stored nowhere."""

    key: KeyView
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class KeyListView:
    """All keys of an account."""

    keys: tuple[KeyView, ...] = ()
