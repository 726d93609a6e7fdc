"""What an account may see of its objects: the answers of the scheduler's gateway service.

Each class mirrors the message of the same name (without `View`) in `proto/reelyard/rpc/v1/gateway.proto`; a test
holds the fields together. Times are milliseconds since 1970 UTC, progress is percent, 0 and "" mean "none".
"""

from dataclasses import dataclass, field

from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputFormat, OutputRequest
from reelyard.media.plan import Adjustment

#: The roles of a key: one that may call everything, and one that may only read.
FULL = "full"
READ_ONLY = "read-only"
ROLES = (FULL, READ_ONLY)

#: What a page of a list holds when nothing is said, and the most that it may hold.
PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 20, 100
#: Between several inputs of one job, URLs or IDs.
JOIN_MARK = "|"
#: Seconds for which an account's requests are counted together.
RATE_WINDOW_S = 3600


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom an API key belongs to, and where the account stands with its rate limit after this request.

    `rate_limit` is requests in a window, 0 for none; `rate_reset_ms` is milliseconds until the window ends;
    `rate_limited` says that this request is over the limit.
    """

    account_id: int
    key_id: int
    disabled: bool = False
    role: str = FULL
    rate_limit: int = 0
    rate_remaining: int = 0
    rate_reset_ms: int = 0
    rate_limited: bool = False


@dataclass(frozen=True, kw_only=True)
class SpecErrorView:
    """Why a member of a request was refused; `message` names members as `{field}`."""

    code: str
    field: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateJobs:
    """A request for one ingest and one job an output; `body_sha256` where the client chose the request ID."""

    account_id: int
    request_id: str
    source_url: str = field(repr=False)
    outputs: tuple[OutputRequest, ...] = ()
    base_url: str = ""
    body_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class CreateJobsFromInput:
    """A request for one job an output of an input medium, or of several: `input_media_ids`, joined in this order.

    `body_sha256` where the client chose the request ID.
    """

    account_id: int
    request_id: str
    input_media_id: int = 0
    outputs: tuple[OutputRequest, ...] = ()
    base_url: str = ""
    input_media_ids: tuple[int, ...] = ()
    body_sha256: str = ""


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
    """A request for one ingest without jobs; `body_sha256` where the client chose the request ID."""

    account_id: int
    request_id: str
    source_url: str = field(repr=False)
    title: str = ""
    customer_reference_id: str = ""
    ping_url: str = field(default="", repr=False)
    notification_email: str = ""
    base_url: str = ""
    body_sha256: str = ""


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
class CreateFormat:
    """A request for a format of the account's own; `body_sha256` where the client chose the request ID."""

    account_id: int
    request_id: str
    name: str
    description: str = ""
    parameters: OutputRequest
    body_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class UpdateFormat:
    """A format of the account's own as it is to be from now on, whole."""

    account_id: int
    format_id: int
    name: str
    description: str = ""
    parameters: OutputRequest


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """One account; URLs are without credentials, `rate_limit` is requests an hour (0: none), keys are usable ones."""

    account_id: int
    name: str
    disabled: bool = False
    created_ms: int = 0
    default_ping_url: str = ""
    default_notification_email: str = ""
    default_delivery_location: str = ""
    webhook_secret_set: bool = False
    rate_limit: int = 0
    key_count: int = 0


@dataclass(frozen=True, kw_only=True)
class UpdateAccount:
    """A change of an account's settings: None leaves one as it is, "" clears it."""

    account_id: int
    default_ping_url: str | None = field(default=None, repr=False)
    default_notification_email: str | None = None
    default_delivery_location: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class CreateKey:
    """A request for an API key; `request_id` and `body_sha256` where the client chose an ID for it."""

    account_id: int
    label: str = ""
    role: str = FULL
    request_id: str = ""
    body_sha256: str = ""


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
    role: str = FULL


@dataclass(frozen=True, kw_only=True)
class CreatedKeyView:
    """A new key with its secret, which is shown this once and stored nowhere."""

    key: KeyView
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class KeyListView:
    """All keys of an account."""

    keys: tuple[KeyView, ...] = ()
