"""The tasks that the scheduler gives to nodes, and what nodes bring back.

Each class mirrors the message of the same name in `proto/reelyard/rpc/v1/node.proto`; `wire` converts, and a test
holds the fields together. Values that are secret are marked: they never reach a log, a metric or a database row of
a task.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan


class Queue(StrEnum):
    """The broker's queues, one a stage (and one a kind of encoder)."""

    INGEST = "ingest"
    ENCODE_CPU = "encode.cpu"
    ENCODE_GPU = "encode.gpu"
    STORE = "store"
    DISTRIBUTE = "distribute"


class TaskKind(StrEnum):
    """What a task does; which queue it waits in follows from it (encode: from its encoder too)."""

    INGEST = "ingest"  # fetch, checksum, probe, thumbnail
    ENCODE = "encode"  # one output, or one chunk of it
    STORE = "store"  # join, package, thumbnail, verify, publish
    DISTRIBUTE = "distribute"  # check what was published, deliver it
    NOTIFY = "notify"  # one webhook
    CLEAN = "clean"  # remove what no record points to any more
    MAIL = "mail"  # one mail
    OVERLAY = "overlay"  # fetch the image that a job lays over its picture


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object in the store, with what is needed to verify it."""

    key: str
    size_bytes: int
    sha256: str
    mime_type: str = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class IngestWork:
    """Bring a source into the object store."""

    input_media_id: int
    source_url: str = field(repr=False)  # may hold credentials


@dataclass(frozen=True, kw_only=True)
class EncodeSource:
    """A stored source with what the probe found in it."""

    object: StoredObject
    info: MediaInfo


@dataclass(frozen=True, kw_only=True)
class EncodeWork:
    """Encode one output (later: one chunk of it). `sources` are the plan's inputs; `overlay` is a PNG."""

    plan: EncodePlan
    sources: tuple[EncodeSource, ...]
    overlay: StoredObject | None = None


@dataclass(frozen=True, kw_only=True)
class EncodedPart:
    """One piece of an output as an encode task left it."""

    object: StoredObject
    info: MediaInfo


@dataclass(frozen=True, kw_only=True)
class StoreWork:
    """Make one finished file of an output's parts and verify it."""

    output_media_id: int
    plan: EncodePlan
    parts: tuple[EncodedPart, ...]


@dataclass(frozen=True, kw_only=True)
class DistributeWork:
    """Check that the published object can be read, and deliver it where the job asks for that.

    Where to is added at claim time, never stored with the task; `filename` is the file's in a folder.
    """

    output_media_id: int
    object: StoredObject
    delivery_url: str = field(default="", repr=False)  # may hold credentials
    filename: str = ""


@dataclass(frozen=True, kw_only=True)
class NotifyWork:
    """Post one webhook. The delivery ID stays the same over all attempts."""

    delivery_id: str
    url: str = field(repr=False)  # may hold credentials
    body: str
    secret: str = field(default="", repr=False)  # added at claim time, never stored with the task


@dataclass(frozen=True, kw_only=True)
class MailWork:
    """Send one mail in plain text. The delivery ID stays the same over all attempts, and when it is sent again."""

    delivery_id: str
    to: str
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CleanWork:
    """Delete every object under a prefix but the kept keys."""

    prefix: str
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OverlayWork:
    """Fetch the image that is laid over a job's picture, and store it as a PNG."""

    image_url: str = field(repr=False)  # may hold credentials; added at claim time, never stored with the task


Work = IngestWork | EncodeWork | StoreWork | DistributeWork | NotifyWork | CleanWork | MailWork | OverlayWork


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """Everything that a node needs to do one task."""

    task_id: int
    attempt: int
    kind: TaskKind
    account_id: int
    job_id: int = 0
    ingest_id: int = 0
    output_prefix: str = ""
    request_id: str = ""
    traceparent: str = ""
    work: Work


@dataclass(frozen=True, kw_only=True)
class IngestResult:
    """An ingested source; `filename` is as the source is called."""

    source: StoredObject
    thumbnail: StoredObject | None = None
    info: MediaInfo
    filename: str


@dataclass(frozen=True, kw_only=True)
class EncodeResult:
    """An encoded and checked part."""

    part: EncodedPart


@dataclass(frozen=True, kw_only=True)
class StoreResult:
    """A finished, verified output."""

    primary: StoredObject
    thumbnail: StoredObject | None = None
    info: MediaInfo


@dataclass(frozen=True, kw_only=True)
class DistributeResult:
    """The published object was there, and was delivered if that was asked."""


@dataclass(frozen=True, kw_only=True)
class NotifyResult:
    """What the receiver answered."""

    http_status: int


@dataclass(frozen=True, kw_only=True)
class CleanResult:
    """How many objects went."""

    deleted: int


@dataclass(frozen=True, kw_only=True)
class MailResult:
    """The mail server took the mail."""


@dataclass(frozen=True, kw_only=True)
class OverlayResult:
    """A stored PNG and its size in pixels."""

    image: StoredObject
    width: int
    height: int


Result = (
    IngestResult
    | EncodeResult
    | StoreResult
    | DistributeResult
    | NotifyResult
    | CleanResult
    | MailResult
    | OverlayResult
)
