from reelyard.rpc.v1 import media_pb2 as _media_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuthenticateRequest(_message.Message):
    __slots__ = ("key_sha256",)
    KEY_SHA256_FIELD_NUMBER: _ClassVar[int]
    key_sha256: str
    def __init__(self, key_sha256: _Optional[str] = ...) -> None: ...

class AuthenticateResponse(_message.Message):
    __slots__ = ("account_id", "key_id", "disabled", "role", "rate_limit", "rate_remaining", "rate_reset_ms", "rate_limited")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    RATE_REMAINING_FIELD_NUMBER: _ClassVar[int]
    RATE_RESET_MS_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITED_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_id: int
    disabled: bool
    role: str
    rate_limit: int
    rate_remaining: int
    rate_reset_ms: int
    rate_limited: bool
    def __init__(self, account_id: _Optional[int] = ..., key_id: _Optional[int] = ..., disabled: _Optional[bool] = ..., role: _Optional[str] = ..., rate_limit: _Optional[int] = ..., rate_remaining: _Optional[int] = ..., rate_reset_ms: _Optional[int] = ..., rate_limited: _Optional[bool] = ...) -> None: ...

class CreateJobsRequest(_message.Message):
    __slots__ = ("account_id", "request_id", "source_url", "outputs", "base_url", "body_sha256")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    BODY_SHA256_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    request_id: str
    source_url: str
    outputs: _containers.RepeatedCompositeFieldContainer[_media_pb2.OutputRequest]
    base_url: str
    body_sha256: str
    def __init__(self, account_id: _Optional[int] = ..., request_id: _Optional[str] = ..., source_url: _Optional[str] = ..., outputs: _Optional[_Iterable[_Union[_media_pb2.OutputRequest, _Mapping]]] = ..., base_url: _Optional[str] = ..., body_sha256: _Optional[str] = ...) -> None: ...

class CreateJobsFromInputRequest(_message.Message):
    __slots__ = ("account_id", "request_id", "input_media_id", "outputs", "base_url", "input_media_ids", "body_sha256")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    BODY_SHA256_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    request_id: str
    input_media_id: int
    outputs: _containers.RepeatedCompositeFieldContainer[_media_pb2.OutputRequest]
    base_url: str
    input_media_ids: _containers.RepeatedScalarFieldContainer[int]
    body_sha256: str
    def __init__(self, account_id: _Optional[int] = ..., request_id: _Optional[str] = ..., input_media_id: _Optional[int] = ..., outputs: _Optional[_Iterable[_Union[_media_pb2.OutputRequest, _Mapping]]] = ..., base_url: _Optional[str] = ..., input_media_ids: _Optional[_Iterable[int]] = ..., body_sha256: _Optional[str] = ...) -> None: ...

class CreateJobsResponse(_message.Message):
    __slots__ = ("ingest_id", "input_media_id", "jobs", "input_media_ids")
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    ingest_id: int
    input_media_id: int
    jobs: _containers.RepeatedCompositeFieldContainer[CreatedJob]
    input_media_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, ingest_id: _Optional[int] = ..., input_media_id: _Optional[int] = ..., jobs: _Optional[_Iterable[_Union[CreatedJob, _Mapping]]] = ..., input_media_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class CreatedJob(_message.Message):
    __slots__ = ("job_id", "customer_reference_id", "error")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    customer_reference_id: str
    error: SpecError
    def __init__(self, job_id: _Optional[int] = ..., customer_reference_id: _Optional[str] = ..., error: _Optional[_Union[SpecError, _Mapping]] = ...) -> None: ...

class CreateIngestRequest(_message.Message):
    __slots__ = ("account_id", "request_id", "source_url", "title", "customer_reference_id", "ping_url", "notification_email", "base_url", "body_sha256")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PING_URL_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_EMAIL_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    BODY_SHA256_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    request_id: str
    source_url: str
    title: str
    customer_reference_id: str
    ping_url: str
    notification_email: str
    base_url: str
    body_sha256: str
    def __init__(self, account_id: _Optional[int] = ..., request_id: _Optional[str] = ..., source_url: _Optional[str] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., ping_url: _Optional[str] = ..., notification_email: _Optional[str] = ..., base_url: _Optional[str] = ..., body_sha256: _Optional[str] = ...) -> None: ...

class CreateIngestResponse(_message.Message):
    __slots__ = ("ingest_id", "input_media_id", "customer_reference_id")
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ingest_id: int
    input_media_id: int
    customer_reference_id: str
    def __init__(self, ingest_id: _Optional[int] = ..., input_media_id: _Optional[int] = ..., customer_reference_id: _Optional[str] = ...) -> None: ...

class SpecError(_message.Message):
    __slots__ = ("code", "field", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    field: str
    message: str
    def __init__(self, code: _Optional[str] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("account_id", "job_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    job_id: int
    def __init__(self, account_id: _Optional[int] = ..., job_id: _Optional[int] = ...) -> None: ...

class GetIngestRequest(_message.Message):
    __slots__ = ("account_id", "ingest_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    ingest_id: int
    def __init__(self, account_id: _Optional[int] = ..., ingest_id: _Optional[int] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("account_id", "job_id", "request_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    job_id: int
    request_id: str
    def __init__(self, account_id: _Optional[int] = ..., job_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class RetryJobRequest(_message.Message):
    __slots__ = ("account_id", "job_id", "request_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    job_id: int
    request_id: str
    def __init__(self, account_id: _Optional[int] = ..., job_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class CancelIngestRequest(_message.Message):
    __slots__ = ("account_id", "ingest_id", "request_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    ingest_id: int
    request_id: str
    def __init__(self, account_id: _Optional[int] = ..., ingest_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_number")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    page_size: int
    page_number: int
    def __init__(self, account_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_number: _Optional[int] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "ingest_id", "input_media_id", "output_media_id", "title", "customer_reference_id", "status", "importing_progress", "encoding_progress", "storing_progress", "distribution_progress", "error_code", "error_message", "created_ms", "updated_ms", "started_ms", "thumbnail_path", "input_media_ids", "adjustments")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IMPORTING_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ENCODING_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STORING_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_MS_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_PATH_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_IDS_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENTS_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    ingest_id: int
    input_media_id: int
    output_media_id: int
    title: str
    customer_reference_id: str
    status: str
    importing_progress: int
    encoding_progress: int
    storing_progress: int
    distribution_progress: int
    error_code: str
    error_message: str
    created_ms: int
    updated_ms: int
    started_ms: int
    thumbnail_path: str
    input_media_ids: _containers.RepeatedScalarFieldContainer[int]
    adjustments: _containers.RepeatedCompositeFieldContainer[_media_pb2.Adjustment]
    def __init__(self, job_id: _Optional[int] = ..., ingest_id: _Optional[int] = ..., input_media_id: _Optional[int] = ..., output_media_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., status: _Optional[str] = ..., importing_progress: _Optional[int] = ..., encoding_progress: _Optional[int] = ..., storing_progress: _Optional[int] = ..., distribution_progress: _Optional[int] = ..., error_code: _Optional[str] = ..., error_message: _Optional[str] = ..., created_ms: _Optional[int] = ..., updated_ms: _Optional[int] = ..., started_ms: _Optional[int] = ..., thumbnail_path: _Optional[str] = ..., input_media_ids: _Optional[_Iterable[int]] = ..., adjustments: _Optional[_Iterable[_Union[_media_pb2.Adjustment, _Mapping]]] = ...) -> None: ...

class JobList(_message.Message):
    __slots__ = ("jobs", "total")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    total: int
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class Ingest(_message.Message):
    __slots__ = ("ingest_id", "input_media_id", "title", "customer_reference_id", "status", "size_bytes", "mime_type", "source_url", "transfer_progress", "storing_progress", "error_code", "error_message", "created_ms", "updated_ms", "started_ms")
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STORING_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_MS_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    ingest_id: int
    input_media_id: int
    title: str
    customer_reference_id: str
    status: str
    size_bytes: int
    mime_type: str
    source_url: str
    transfer_progress: int
    storing_progress: int
    error_code: str
    error_message: str
    created_ms: int
    updated_ms: int
    started_ms: int
    def __init__(self, ingest_id: _Optional[int] = ..., input_media_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., status: _Optional[str] = ..., size_bytes: _Optional[int] = ..., mime_type: _Optional[str] = ..., source_url: _Optional[str] = ..., transfer_progress: _Optional[int] = ..., storing_progress: _Optional[int] = ..., error_code: _Optional[str] = ..., error_message: _Optional[str] = ..., created_ms: _Optional[int] = ..., updated_ms: _Optional[int] = ..., started_ms: _Optional[int] = ...) -> None: ...

class IngestList(_message.Message):
    __slots__ = ("ingests", "total")
    INGESTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ingests: _containers.RepeatedCompositeFieldContainer[Ingest]
    total: int
    def __init__(self, ingests: _Optional[_Iterable[_Union[Ingest, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class ListNotificationsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_number", "job_id", "ingest_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    page_size: int
    page_number: int
    job_id: int
    ingest_id: int
    def __init__(self, account_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_number: _Optional[int] = ..., job_id: _Optional[int] = ..., ingest_id: _Optional[int] = ...) -> None: ...

class GetNotificationRequest(_message.Message):
    __slots__ = ("account_id", "notification_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    notification_id: int
    def __init__(self, account_id: _Optional[int] = ..., notification_id: _Optional[int] = ...) -> None: ...

class ReplayNotificationRequest(_message.Message):
    __slots__ = ("account_id", "notification_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    notification_id: int
    def __init__(self, account_id: _Optional[int] = ..., notification_id: _Optional[int] = ...) -> None: ...

class Notification(_message.Message):
    __slots__ = ("notification_id", "type", "job_id", "ingest_id", "target", "status", "delivery_id", "created_ms", "updated_ms", "next_attempt_ms", "attempts")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_MS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_MS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    notification_id: int
    type: str
    job_id: int
    ingest_id: int
    target: str
    status: str
    delivery_id: str
    created_ms: int
    updated_ms: int
    next_attempt_ms: int
    attempts: _containers.RepeatedCompositeFieldContainer[NotificationAttempt]
    def __init__(self, notification_id: _Optional[int] = ..., type: _Optional[str] = ..., job_id: _Optional[int] = ..., ingest_id: _Optional[int] = ..., target: _Optional[str] = ..., status: _Optional[str] = ..., delivery_id: _Optional[str] = ..., created_ms: _Optional[int] = ..., updated_ms: _Optional[int] = ..., next_attempt_ms: _Optional[int] = ..., attempts: _Optional[_Iterable[_Union[NotificationAttempt, _Mapping]]] = ...) -> None: ...

class NotificationAttempt(_message.Message):
    __slots__ = ("attempt", "started_ms", "http_status", "error_code", "error_message")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    attempt: int
    started_ms: int
    http_status: int
    error_code: str
    error_message: str
    def __init__(self, attempt: _Optional[int] = ..., started_ms: _Optional[int] = ..., http_status: _Optional[int] = ..., error_code: _Optional[str] = ..., error_message: _Optional[str] = ...) -> None: ...

class NotificationList(_message.Message):
    __slots__ = ("notifications", "total")
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[Notification]
    total: int
    def __init__(self, notifications: _Optional[_Iterable[_Union[Notification, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class GetMediaRequest(_message.Message):
    __slots__ = ("account_id", "kind", "media_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    kind: str
    media_id: int
    def __init__(self, account_id: _Optional[int] = ..., kind: _Optional[str] = ..., media_id: _Optional[int] = ...) -> None: ...

class DeleteMediaRequest(_message.Message):
    __slots__ = ("account_id", "kind", "media_id", "request_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    kind: str
    media_id: int
    request_id: str
    def __init__(self, account_id: _Optional[int] = ..., kind: _Optional[str] = ..., media_id: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListMediaRequest(_message.Message):
    __slots__ = ("account_id", "kind", "page_size", "page_number")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    kind: str
    page_size: int
    page_number: int
    def __init__(self, account_id: _Optional[int] = ..., kind: _Optional[str] = ..., page_size: _Optional[int] = ..., page_number: _Optional[int] = ...) -> None: ...

class Media(_message.Message):
    __slots__ = ("media_id", "kind", "title", "filename", "status", "mime_type", "size_bytes", "file_path", "thumbnail_path", "info", "created_ms", "updated_ms", "container", "sha256", "adjustments")
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FILE_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_PATH_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_MS_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENTS_FIELD_NUMBER: _ClassVar[int]
    media_id: int
    kind: str
    title: str
    filename: str
    status: str
    mime_type: str
    size_bytes: int
    file_path: str
    thumbnail_path: str
    info: _media_pb2.MediaInfo
    created_ms: int
    updated_ms: int
    container: str
    sha256: str
    adjustments: _containers.RepeatedCompositeFieldContainer[_media_pb2.Adjustment]
    def __init__(self, media_id: _Optional[int] = ..., kind: _Optional[str] = ..., title: _Optional[str] = ..., filename: _Optional[str] = ..., status: _Optional[str] = ..., mime_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., file_path: _Optional[str] = ..., thumbnail_path: _Optional[str] = ..., info: _Optional[_Union[_media_pb2.MediaInfo, _Mapping]] = ..., created_ms: _Optional[int] = ..., updated_ms: _Optional[int] = ..., container: _Optional[str] = ..., sha256: _Optional[str] = ..., adjustments: _Optional[_Iterable[_Union[_media_pb2.Adjustment, _Mapping]]] = ...) -> None: ...

class MediaList(_message.Message):
    __slots__ = ("media", "total")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    media: _containers.RepeatedCompositeFieldContainer[Media]
    total: int
    def __init__(self, media: _Optional[_Iterable[_Union[Media, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class ResolveDownloadRequest(_message.Message):
    __slots__ = ("kind", "media_id", "token", "name")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    media_id: int
    token: str
    name: str
    def __init__(self, kind: _Optional[str] = ..., media_id: _Optional[int] = ..., token: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Download(_message.Message):
    __slots__ = ("key", "filename", "mime_type", "size_bytes", "sha256", "updated_ms")
    KEY_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    UPDATED_MS_FIELD_NUMBER: _ClassVar[int]
    key: str
    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    updated_ms: int
    def __init__(self, key: _Optional[str] = ..., filename: _Optional[str] = ..., mime_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ..., updated_ms: _Optional[int] = ...) -> None: ...

class GetFormatRequest(_message.Message):
    __slots__ = ("account_id", "format_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    format_id: int
    def __init__(self, account_id: _Optional[int] = ..., format_id: _Optional[int] = ...) -> None: ...

class ListFormatsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_number")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    page_size: int
    page_number: int
    def __init__(self, account_id: _Optional[int] = ..., page_size: _Optional[int] = ..., page_number: _Optional[int] = ...) -> None: ...

class FormatList(_message.Message):
    __slots__ = ("formats", "total")
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    formats: _containers.RepeatedCompositeFieldContainer[_media_pb2.OutputFormat]
    total: int
    def __init__(self, formats: _Optional[_Iterable[_Union[_media_pb2.OutputFormat, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class CreateFormatRequest(_message.Message):
    __slots__ = ("account_id", "request_id", "name", "description", "parameters", "body_sha256")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    BODY_SHA256_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    request_id: str
    name: str
    description: str
    parameters: _media_pb2.OutputRequest
    body_sha256: str
    def __init__(self, account_id: _Optional[int] = ..., request_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Union[_media_pb2.OutputRequest, _Mapping]] = ..., body_sha256: _Optional[str] = ...) -> None: ...

class UpdateFormatRequest(_message.Message):
    __slots__ = ("account_id", "format_id", "name", "description", "parameters")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    format_id: int
    name: str
    description: str
    parameters: _media_pb2.OutputRequest
    def __init__(self, account_id: _Optional[int] = ..., format_id: _Optional[int] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Union[_media_pb2.OutputRequest, _Mapping]] = ...) -> None: ...

class DeleteFormatRequest(_message.Message):
    __slots__ = ("account_id", "format_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    format_id: int
    def __init__(self, account_id: _Optional[int] = ..., format_id: _Optional[int] = ...) -> None: ...

class CreateAccountRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    def __init__(self, account_id: _Optional[int] = ...) -> None: ...

class UpdateAccountRequest(_message.Message):
    __slots__ = ("account_id", "default_ping_url", "default_notification_email", "default_delivery_location", "webhook_secret")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PING_URL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_NOTIFICATION_EMAIL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DELIVERY_LOCATION_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_SECRET_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    default_ping_url: str
    default_notification_email: str
    default_delivery_location: str
    webhook_secret: str
    def __init__(self, account_id: _Optional[int] = ..., default_ping_url: _Optional[str] = ..., default_notification_email: _Optional[str] = ..., default_delivery_location: _Optional[str] = ..., webhook_secret: _Optional[str] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("account_id", "name", "disabled", "created_ms", "default_ping_url", "default_notification_email", "default_delivery_location", "webhook_secret_set", "rate_limit", "key_count")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PING_URL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_NOTIFICATION_EMAIL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DELIVERY_LOCATION_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_SECRET_SET_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEY_COUNT_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    name: str
    disabled: bool
    created_ms: int
    default_ping_url: str
    default_notification_email: str
    default_delivery_location: str
    webhook_secret_set: bool
    rate_limit: int
    key_count: int
    def __init__(self, account_id: _Optional[int] = ..., name: _Optional[str] = ..., disabled: _Optional[bool] = ..., created_ms: _Optional[int] = ..., default_ping_url: _Optional[str] = ..., default_notification_email: _Optional[str] = ..., default_delivery_location: _Optional[str] = ..., webhook_secret_set: _Optional[bool] = ..., rate_limit: _Optional[int] = ..., key_count: _Optional[int] = ...) -> None: ...

class CreateKeyRequest(_message.Message):
    __slots__ = ("account_id", "label", "role", "request_id", "body_sha256")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_SHA256_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    label: str
    role: str
    request_id: str
    body_sha256: str
    def __init__(self, account_id: _Optional[int] = ..., label: _Optional[str] = ..., role: _Optional[str] = ..., request_id: _Optional[str] = ..., body_sha256: _Optional[str] = ...) -> None: ...

class CreateKeyResponse(_message.Message):
    __slots__ = ("key", "secret")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    key: Key
    secret: str
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class ListKeysRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    def __init__(self, account_id: _Optional[int] = ...) -> None: ...

class KeyList(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class RevokeKeyRequest(_message.Message):
    __slots__ = ("account_id", "key_id", "keep_last")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEEP_LAST_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    key_id: int
    keep_last: bool
    def __init__(self, account_id: _Optional[int] = ..., key_id: _Optional[int] = ..., keep_last: _Optional[bool] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("key_id", "account_id", "label", "prefix", "created_ms", "last_used_ms", "revoked_ms", "role")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_USED_MS_FIELD_NUMBER: _ClassVar[int]
    REVOKED_MS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    key_id: int
    account_id: int
    label: str
    prefix: str
    created_ms: int
    last_used_ms: int
    revoked_ms: int
    role: str
    def __init__(self, key_id: _Optional[int] = ..., account_id: _Optional[int] = ..., label: _Optional[str] = ..., prefix: _Optional[str] = ..., created_ms: _Optional[int] = ..., last_used_ms: _Optional[int] = ..., revoked_ms: _Optional[int] = ..., role: _Optional[str] = ...) -> None: ...
