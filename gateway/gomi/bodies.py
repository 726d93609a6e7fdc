# ruff: noqa: RUF009  # member() and optional() describe a field, they make no value that would be shared
"""Every answer of the Gomi API, described once; `json_answer` and `xml_answer` write them by this description."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from gateway.gomi.description import Instant, XmlShape, member, optional

#: What the XML of every answer begins with.
REASON = ("ErrorCode", "Message")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What every answer holds, and the whole of an answer to a request that failed as one."""

    xml: ClassVar[XmlShape] = XmlShape("ErrorResponse", REASON)

    success: bool = member("Success")
    error_code: str = member("ErrorCode")
    message: str = member("Message")


@dataclass(frozen=True, kw_only=True)
class OutputJob:
    """The fate of one output of a create request; `error_code` and `message` where it was refused."""

    xml: ClassVar[XmlShape] = XmlShape("JobCreationStatus")

    job_id: int = member("JobID")
    customer_reference_id: str = member("CustomerReferenceID")
    success: bool = member("Success")
    error_code: str | None = optional("ErrorCode")
    message: str | None = optional("Message", xml_name="ErrorMessage")
    job_status_location: str = member("JobStatusLocation")


@dataclass(frozen=True, kw_only=True)
class CreateJobAnswer:
    """Of POST /job/create. The seed has InputMediaID as a string here and as a number everywhere else."""

    xml: ClassVar[XmlShape] = XmlShape("CreateJobResponse", REASON)

    ingest_job_id: int = member("IngestJobID")
    ingest_job_status_location: str = member("IngestJobStatusLocation")
    input_media_id: str = member("InputMediaID")
    output_jobs: tuple[OutputJob, ...] = member("OutputJobs")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class JobItem:
    """One job of the active list."""

    xml: ClassVar[XmlShape] = XmlShape("JobStatusItem")

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
    error_code: str = member("ErrorCode", xml_only=True, xml_empty_is_nil=True)
    error_message: str = member("ErrorMessage", xml_only=True, xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class AdjustmentBody:
    """What was asked of an output and could not be made exactly; `member` is that of the request."""

    xml: ClassVar[XmlShape] = XmlShape("Adjustment")

    member_name: str = member("Member")
    asked: str = member("Asked")
    made: str = member("Made")
    reason: str = member("Reason")


@dataclass(frozen=True, kw_only=True)
class JobDetail(JobItem):
    """One job by itself. Of a join, `input_media_id` is a text with all IDs, as a request names them."""

    error_code: str = member("ErrorCode", xml_empty_is_nil=True)
    error_message: str = member("ErrorMessage", xml_empty_is_nil=True)
    input_media_id: int | str = member("InputMediaID")
    output_media_id: int = member("OutputMediaID")
    customer_reference_id: str = member("CustomerReferenceID")
    adjustments: tuple[AdjustmentBody, ...] = member("Adjustments")


@dataclass(frozen=True, kw_only=True)
class JobListAnswer:
    """Of GET /job/active."""

    xml: ClassVar[XmlShape] = XmlShape("GetActiveJobsResponse", REASON)

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    jobs: tuple[JobItem, ...] = member("jobs")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class JobAnswer:
    """Of GET /job/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetJobResponse", REASON)

    job: JobDetail = member("job")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class IngestItem:
    """One ingest of the active list."""

    xml: ClassVar[XmlShape] = XmlShape("IngestStatusItem")

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
    error_code: str = member("ErrorCode", xml_only=True, xml_empty_is_nil=True)
    error_message: str = member("ErrorMessage", xml_only=True, xml_empty_is_nil=True)
    remote_url: str = member("RemoteURL", xml_only=True, xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class IngestDetail(IngestItem):
    """One ingest by itself. An ingest has no output medium: `output_media_id` is there for the shape, always 0."""

    error_code: str = member("ErrorCode", xml_empty_is_nil=True)
    error_message: str = member("ErrorMessage", xml_empty_is_nil=True)
    remote_url: str = member("RemoteURL", xml_empty_is_nil=True)
    output_media_id: int = member("OutputMediaID")
    customer_reference_id: str = member("CustomerReferenceID")


@dataclass(frozen=True, kw_only=True)
class IngestListAnswer:
    """Of GET /ingest/active."""

    xml: ClassVar[XmlShape] = XmlShape("GetActiveIngestsResponse", REASON)

    total_item_count: int = member("TotalItemCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    ingests: tuple[IngestItem, ...] = member("ingests")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class IngestAnswer:
    """Of GET /ingest/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetIngestResponse", REASON)

    ingest: IngestDetail = member("ingest")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class VideoTrackBody:
    """The first video track; what the probe could not tell is left out."""

    xml: ClassVar[XmlShape] = XmlShape()

    video_codec: str = member("VideoCodec")
    frame_rate: Fraction | None = optional("FrameRate")
    width: int | None = optional("Width")
    height: int | None = optional("Height")
    video_bitrate_kbps: int | None = optional("VideoBitrateKbps")


@dataclass(frozen=True, kw_only=True)
class AudioTrackBody:
    """The first audio track; what the probe could not tell is left out."""

    xml: ClassVar[XmlShape] = XmlShape()

    audio_codec: str = member("AudioCodec")
    audio_sample_rate_hz: int | None = optional("AudioSampleRateHz")
    audio_channel_count: int | None = optional("AudioChannelCount")
    audio_bitrate_kbps: int | None = optional("AudioBitrateKbps")


@dataclass(frozen=True, kw_only=True)
class InfoBody:
    """What was found in a file."""

    xml: ClassVar[XmlShape] = XmlShape()

    media_container_format: str = member("MediaContainerFormat")
    total_bitrate_kbps: int = member("TotalBitrateKbps")
    duration_seconds: int = member("DurationSeconds")
    video_track: VideoTrackBody | None = optional("VideoTrack")
    audio_track: AudioTrackBody | None = optional("AudioTrack")


@dataclass(frozen=True, kw_only=True)
class InputAsset:
    """One input medium."""

    xml: ClassVar[XmlShape] = XmlShape("InputAsset")

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
    info: InfoBody | None = member("info", json_by_name=True)


@dataclass(frozen=True, kw_only=True)
class InputListAnswer:
    """Of GET /media/input."""

    xml: ClassVar[XmlShape] = XmlShape("GetInputListResponse", REASON)

    input_assets: tuple[InputAsset, ...] = member("InputAssets")
    page_number: int = member("PageNumber")
    page_size: int = member("PageSize")
    success: bool = member("Success", default=True)
    total_asset_count: int = member("TotalAssetCount")
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class InputAnswer:
    """Of GET /media/input/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetInputItemResponse", REASON)

    asset: InputAsset = member("asset", xml_name="InputAsset")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class OutputAsset:
    """One output medium; `adjustments` are there only when there are any, since the published samples have none."""

    xml: ClassVar[XmlShape] = XmlShape("OutputAsset")

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
    adjustments: tuple[AdjustmentBody, ...] | None = member("Adjustments", default=None, xml_none_is_absent=True)


@dataclass(frozen=True, kw_only=True)
class OutputListAnswer:
    """Of GET /media/output."""

    xml: ClassVar[XmlShape] = XmlShape("GetOutputListResponse", REASON)

    total_asset_count: int = member("TotalAssetCount")
    page_size: int = member("PageSize")
    page_number: int = member("PageNumber")
    output_assets: tuple[OutputAsset, ...] = member("OutputAssets")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)


@dataclass(frozen=True, kw_only=True)
class OutputAnswer:
    """Of GET /media/output/{id}."""

    xml: ClassVar[XmlShape] = XmlShape("GetOutputItemResponse", REASON)

    asset: OutputAsset = member("asset")
    success: bool = member("Success", default=True)
    error_code: str = member("ErrorCode", default="", xml_empty_is_nil=True)
    message: str = member("Message", default="", xml_empty_is_nil=True)
