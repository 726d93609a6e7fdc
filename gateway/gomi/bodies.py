# ruff: noqa: RUF009  # member() and optional() describe a field, they make no value that would be shared
"""Every answer of the Gomi API, described once.

A field's `member` gives its name on the wire; the order of the fields is the order of the seed's JSON samples. A
writer (`json_answer`) walks the fields, so an answer in another format needs a writer and nothing here. None is left
out, except where `member` says `null`.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from fractions import Fraction
from typing import Any

_NAME = "name"
_NULL = "null"
_SORTED = "sorted"


def member(name: str, *, default: Any = MISSING, null: bool = False, by_name: bool = False) -> Any:
    """A field that is written as `name`.

    `default`: as of any dataclass field. `null`: None is written as null instead of being left out. `by_name`: the
    members of the value are written in the order of their names, as some of the seed's samples have them, not in
    the order of its fields.
    """
    return field(default=default, metadata={_NAME: name, _NULL: null, _SORTED: by_name})


def optional(name: str) -> Any:
    """A field that is written as `name`, or left out while it is None (its default)."""
    return member(name, default=None)


@dataclass(frozen=True)
class Instant:
    """A point in time, milliseconds since 1970 UTC; each format writes it its own way."""

    ms: int


@dataclass(frozen=True)
class WireMember:
    """How one field of a body is written."""

    name: str
    attribute: str
    null: bool
    by_name: bool


def wire_members(body: Any) -> tuple[WireMember, ...]:
    """The members of a body, in the order of its fields."""
    return tuple(_described(described) for described in fields(body))


def _described(described: "Field[Any]") -> WireMember:
    meta = described.metadata
    return WireMember(meta[_NAME], described.name, null=meta[_NULL], by_name=meta[_SORTED])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What every answer holds, and the whole of an answer to a request that failed as one."""

    success: bool = member("Success")
    error_code: str = member("ErrorCode")
    message: str = member("Message")


@dataclass(frozen=True, kw_only=True)
class OutputJob:
    """The fate of one output of a create request; `error_code` and `message` where it was refused."""

    job_id: int = member("JobID")
    customer_reference_id: str = member("CustomerReferenceID")
    success: bool = member("Success")
    error_code: str | None = optional("ErrorCode")
    message: str | None = optional("Message")
    job_status_location: str = member("JobStatusLocation")


@dataclass(frozen=True, kw_only=True)
class CreateJobAnswer:
    """Of POST /job/create. The seed has InputMediaID as a string here and as a number everywhere else."""

    ingest_job_id: int = member("IngestJobID")
    ingest_job_status_location: str = member("IngestJobStatusLocation")
    input_media_id: str = member("InputMediaID")
    output_jobs: tuple[OutputJob, ...] = member("OutputJobs")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class JobItem:
    """One job of the active list."""

    job_id: int = member("JobID")
    thumbnail_url: str = member("ThumbnailURL")
    started_minutes_ago: int = member("StartedMinutesAgo")
    media_title: str = member("MediaTitle")
    status: str = member("Status")
    importing_progress: int = member("ImportingProgress")
    encoding_progress: int = member("EncodingProgress")
    storing_progress: int = member("StoringProgress")
    distribution_progress: int = member("DistributionProgress")
    created: Instant = member("DateCreatedUTC")
    updated: Instant = member("DateUpdatedUTC")
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class JobDetail(JobItem):
    """One job by itself."""

    error_code: str = member("ErrorCode")
    error_message: str = member("ErrorMessage")
    input_media_id: int = member("InputMediaID")
    output_media_id: int = member("OutputMediaID")
    customer_reference_id: str = member("CustomerReferenceID")


@dataclass(frozen=True, kw_only=True)
class JobListAnswer:
    """Of GET /job/active."""

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    jobs: tuple[JobItem, ...] = member("jobs")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class JobAnswer:
    """Of GET /job/{id}."""

    job: JobDetail = member("job")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class IngestItem:
    """One ingest of the active list."""

    ingest_id: int = member("IngestID")
    started_minutes_ago: int = member("StartedMinutesAgo")
    title: str = member("Title")
    ingest_status: str = member("IngestStatus")
    size_bytes: int = member("SizeBytes")
    pretty_size: str = member("PrettySize")
    mime_type: str = member("MimeType")
    transfer_progress: int = member("TransferProgress")
    storing_progress: int = member("StoringProgress")
    input_media_id: int = member("InputMediaID")
    created: Instant = member("DateCreatedUTC")
    updated: Instant = member("DateUpdatedUTC")
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class IngestDetail(IngestItem):
    """One ingest by itself. An ingest has no output medium: `output_media_id` is there for the shape, always 0."""

    error_code: str = member("ErrorCode")
    error_message: str = member("ErrorMessage")
    remote_url: str = member("RemoteURL")
    output_media_id: int = member("OutputMediaID")
    customer_reference_id: str = member("CustomerReferenceID")


@dataclass(frozen=True, kw_only=True)
class IngestListAnswer:
    """Of GET /ingest/active."""

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    ingests: tuple[IngestItem, ...] = member("ingests")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class IngestAnswer:
    """Of GET /ingest/{id}."""

    ingest: IngestDetail = member("ingest")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class VideoTrackBody:
    """The first video track; what the probe could not tell is left out."""

    video_codec: str = member("VideoCodec")
    frame_rate: Fraction | None = optional("FrameRate")
    width: int | None = optional("Width")
    height: int | None = optional("Height")
    video_bitrate_kbps: int | None = optional("VideoBitrateKbps")


@dataclass(frozen=True, kw_only=True)
class AudioTrackBody:
    """The first audio track; what the probe could not tell is left out."""

    audio_codec: str = member("AudioCodec")
    audio_sample_rate_hz: int | None = optional("AudioSampleRateHz")
    audio_channel_count: int | None = optional("AudioChannelCount")
    audio_bitrate_kbps: int | None = optional("AudioBitrateKbps")


@dataclass(frozen=True, kw_only=True)
class InfoBody:
    """What was found in a file."""

    media_container_format: str = member("MediaContainerFormat")
    total_bitrate_kbps: int = member("TotalBitrateKbps")
    duration_seconds: int = member("DurationSeconds")
    video_track: VideoTrackBody | None = optional("VideoTrack")
    audio_track: AudioTrackBody | None = optional("AudioTrack")


@dataclass(frozen=True, kw_only=True)
class InputAsset:
    """One input medium."""

    created: Instant = member("DateCreatedUTC")
    updated: Instant = member("DateUpdatedUTC")
    file_url: str = member("FileURL")
    input_media_id: int = member("InputMediaID")
    mime_type: str = member("MimeType")
    self_path: str = member("Self")
    size_bytes: int = member("SizeBytes")
    source_filename: str = member("SourceFilename")
    status: str = member("Status")
    thumbnail_url: str = member("ThumbnailURL")
    title: str = member("Title")
    info: InfoBody | None = member("info", by_name=True)


@dataclass(frozen=True, kw_only=True)
class InputListAnswer:
    """Of GET /media/input."""

    input_assets: tuple[InputAsset, ...] = member("InputAssets")
    page_number: int = member("PageNumber")
    page_size: int = member("PageSize")
    success: bool = member("Success", default=True)
    total_asset_count: int = member("TotalAssetCount")
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class InputAnswer:
    """Of GET /media/input/{id}."""

    asset: InputAsset = member("asset")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class OutputAsset:
    """One output medium."""

    output_media_id: int = member("OutputMediaID")
    title: str = member("Title")
    size_bytes: int = member("SizeBytes")
    status: str = member("Status")
    thumbnail_url: str = member("ThumbnailURL")
    file_url: str = member("FileURL")
    filename: str = member("Filename")
    created: Instant = member("DateCreatedUTC")
    updated: Instant = member("DateUpdatedUTC")
    info: InfoBody | None = member("info")
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class OutputListAnswer:
    """Of GET /media/output."""

    total_asset_count: int = member("TotalAssetCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    output_assets: tuple[OutputAsset, ...] = member("OutputAssets")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class OutputAnswer:
    """Of GET /media/output/{id}."""

    asset: OutputAsset = member("asset")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class FormatBody:
    """One output format with its whole set of parameters; null is "not set", as a request may say it."""

    output_format_id: int = member("OutputFormatID")
    name: str = member("Name")
    description: str = member("Description")
    container: str | None = member("MediaContainerCode", null=True)
    video_codec: str | None = member("VideoCodecCode", null=True)
    width: int | None = member("Width", null=True)
    height: int | None = member("Height", null=True)
    video_bitrate_kbps: int | None = member("VideoBitrate", null=True)
    frame_rate_id: int | None = member("FrameRateID", null=True)
    audio_codec: str | None = member("AudioCodecCode", null=True)
    audio_bitrate_kbps: int | None = member("AudioBitrate", null=True)
    sample_rate_hz: int | None = member("AudioSampleRateID", null=True)
    channels: int | None = member("AudioChannelsID", null=True)
    self_path: str = member("Self")


@dataclass(frozen=True, kw_only=True)
class FormatListAnswer:
    """Of GET /format."""

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    formats: tuple[FormatBody, ...] = member("formats")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")


@dataclass(frozen=True, kw_only=True)
class FormatAnswer:
    """Of GET /format/{id}."""

    format: FormatBody = member("format")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="")
    message: str = member("Message", default="")
