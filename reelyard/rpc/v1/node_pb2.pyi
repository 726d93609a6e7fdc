from reelyard.rpc.v1 import media_pb2 as _media_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QueueSlots(_message.Message):
    __slots__ = ("queue", "slots")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    queue: str
    slots: int
    def __init__(self, queue: _Optional[str] = ..., slots: _Optional[int] = ...) -> None: ...

class RegisterRequest(_message.Message):
    __slots__ = ("node_id", "name", "version", "encoders", "queues")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENCODERS_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    name: str
    version: str
    encoders: _containers.RepeatedScalarFieldContainer[str]
    queues: _containers.RepeatedCompositeFieldContainer[QueueSlots]
    def __init__(self, node_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., encoders: _Optional[_Iterable[str]] = ..., queues: _Optional[_Iterable[_Union[QueueSlots, _Mapping]]] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("heartbeat_ms", "lease_ms")
    HEARTBEAT_MS_FIELD_NUMBER: _ClassVar[int]
    LEASE_MS_FIELD_NUMBER: _ClassVar[int]
    heartbeat_ms: int
    lease_ms: int
    def __init__(self, heartbeat_ms: _Optional[int] = ..., lease_ms: _Optional[int] = ...) -> None: ...

class ClaimRequest(_message.Message):
    __slots__ = ("node_id", "task_id", "attempt", "token")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    task_id: int
    attempt: int
    token: str
    def __init__(self, node_id: _Optional[str] = ..., task_id: _Optional[int] = ..., attempt: _Optional[int] = ..., token: _Optional[str] = ...) -> None: ...

class ClaimResponse(_message.Message):
    __slots__ = ("granted", "refusal", "task")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    granted: bool
    refusal: str
    task: TaskSpec
    def __init__(self, granted: _Optional[bool] = ..., refusal: _Optional[str] = ..., task: _Optional[_Union[TaskSpec, _Mapping]] = ...) -> None: ...

class TaskSpec(_message.Message):
    __slots__ = ("task_id", "attempt", "kind", "account_id", "job_id", "ingest_id", "output_prefix", "request_id", "traceparent", "ingest", "encode", "store", "distribute", "notify", "clean", "overlay", "mail")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    INGEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_PREFIX_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    INGEST_FIELD_NUMBER: _ClassVar[int]
    ENCODE_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_FIELD_NUMBER: _ClassVar[int]
    CLEAN_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    MAIL_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    attempt: int
    kind: str
    account_id: int
    job_id: int
    ingest_id: int
    output_prefix: str
    request_id: str
    traceparent: str
    ingest: IngestWork
    encode: EncodeWork
    store: StoreWork
    distribute: DistributeWork
    notify: NotifyWork
    clean: CleanWork
    overlay: OverlayWork
    mail: MailWork
    def __init__(self, task_id: _Optional[int] = ..., attempt: _Optional[int] = ..., kind: _Optional[str] = ..., account_id: _Optional[int] = ..., job_id: _Optional[int] = ..., ingest_id: _Optional[int] = ..., output_prefix: _Optional[str] = ..., request_id: _Optional[str] = ..., traceparent: _Optional[str] = ..., ingest: _Optional[_Union[IngestWork, _Mapping]] = ..., encode: _Optional[_Union[EncodeWork, _Mapping]] = ..., store: _Optional[_Union[StoreWork, _Mapping]] = ..., distribute: _Optional[_Union[DistributeWork, _Mapping]] = ..., notify: _Optional[_Union[NotifyWork, _Mapping]] = ..., clean: _Optional[_Union[CleanWork, _Mapping]] = ..., overlay: _Optional[_Union[OverlayWork, _Mapping]] = ..., mail: _Optional[_Union[MailWork, _Mapping]] = ...) -> None: ...

class StoredObject(_message.Message):
    __slots__ = ("key", "size_bytes", "sha256", "mime_type")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    key: str
    size_bytes: int
    sha256: str
    mime_type: str
    def __init__(self, key: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ..., mime_type: _Optional[str] = ...) -> None: ...

class IngestWork(_message.Message):
    __slots__ = ("input_media_id", "source_url")
    INPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_URL_FIELD_NUMBER: _ClassVar[int]
    input_media_id: int
    source_url: str
    def __init__(self, input_media_id: _Optional[int] = ..., source_url: _Optional[str] = ...) -> None: ...

class EncodeSource(_message.Message):
    __slots__ = ("object", "info")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    object: StoredObject
    info: _media_pb2.MediaInfo
    def __init__(self, object: _Optional[_Union[StoredObject, _Mapping]] = ..., info: _Optional[_Union[_media_pb2.MediaInfo, _Mapping]] = ...) -> None: ...

class EncodeWork(_message.Message):
    __slots__ = ("plan", "sources", "overlay")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    plan: _media_pb2.EncodePlan
    sources: _containers.RepeatedCompositeFieldContainer[EncodeSource]
    overlay: StoredObject
    def __init__(self, plan: _Optional[_Union[_media_pb2.EncodePlan, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[EncodeSource, _Mapping]]] = ..., overlay: _Optional[_Union[StoredObject, _Mapping]] = ...) -> None: ...

class EncodedPart(_message.Message):
    __slots__ = ("object", "info")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    object: StoredObject
    info: _media_pb2.MediaInfo
    def __init__(self, object: _Optional[_Union[StoredObject, _Mapping]] = ..., info: _Optional[_Union[_media_pb2.MediaInfo, _Mapping]] = ...) -> None: ...

class StoreWork(_message.Message):
    __slots__ = ("output_media_id", "plan", "parts")
    OUTPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    output_media_id: int
    plan: _media_pb2.EncodePlan
    parts: _containers.RepeatedCompositeFieldContainer[EncodedPart]
    def __init__(self, output_media_id: _Optional[int] = ..., plan: _Optional[_Union[_media_pb2.EncodePlan, _Mapping]] = ..., parts: _Optional[_Iterable[_Union[EncodedPart, _Mapping]]] = ...) -> None: ...

class DistributeWork(_message.Message):
    __slots__ = ("output_media_id", "object", "delivery_url", "filename")
    OUTPUT_MEDIA_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_URL_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    output_media_id: int
    object: StoredObject
    delivery_url: str
    filename: str
    def __init__(self, output_media_id: _Optional[int] = ..., object: _Optional[_Union[StoredObject, _Mapping]] = ..., delivery_url: _Optional[str] = ..., filename: _Optional[str] = ...) -> None: ...

class NotifyWork(_message.Message):
    __slots__ = ("delivery_id", "url", "body", "secret")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    url: str
    body: str
    secret: str
    def __init__(self, delivery_id: _Optional[str] = ..., url: _Optional[str] = ..., body: _Optional[str] = ..., secret: _Optional[str] = ...) -> None: ...

class MailWork(_message.Message):
    __slots__ = ("delivery_id", "to", "subject", "text")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    to: str
    subject: str
    text: str
    def __init__(self, delivery_id: _Optional[str] = ..., to: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class CleanWork(_message.Message):
    __slots__ = ("prefix", "keep")
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    prefix: str
    keep: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, prefix: _Optional[str] = ..., keep: _Optional[_Iterable[str]] = ...) -> None: ...

class OverlayWork(_message.Message):
    __slots__ = ("image_url",)
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    image_url: str
    def __init__(self, image_url: _Optional[str] = ...) -> None: ...

class TaskProgress(_message.Message):
    __slots__ = ("task_id", "token", "permille", "storing_permille", "size_bytes", "mime_type")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERMILLE_FIELD_NUMBER: _ClassVar[int]
    STORING_PERMILLE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    token: str
    permille: int
    storing_permille: int
    size_bytes: int
    mime_type: str
    def __init__(self, task_id: _Optional[int] = ..., token: _Optional[str] = ..., permille: _Optional[int] = ..., storing_permille: _Optional[int] = ..., size_bytes: _Optional[int] = ..., mime_type: _Optional[str] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("node_id", "tasks", "draining")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    tasks: _containers.RepeatedCompositeFieldContainer[TaskProgress]
    draining: bool
    def __init__(self, node_id: _Optional[str] = ..., tasks: _Optional[_Iterable[_Union[TaskProgress, _Mapping]]] = ..., draining: _Optional[bool] = ...) -> None: ...

class HeartbeatResponse(_message.Message):
    __slots__ = ("known", "stop")
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    known: bool
    stop: _containers.RepeatedCompositeFieldContainer[StoppedTask]
    def __init__(self, known: _Optional[bool] = ..., stop: _Optional[_Iterable[_Union[StoppedTask, _Mapping]]] = ...) -> None: ...

class StoppedTask(_message.Message):
    __slots__ = ("task_id", "token", "reason")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    token: str
    reason: str
    def __init__(self, task_id: _Optional[int] = ..., token: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class TaskResult(_message.Message):
    __slots__ = ("ingest", "encode", "store", "distribute", "notify", "clean", "overlay", "mail")
    INGEST_FIELD_NUMBER: _ClassVar[int]
    ENCODE_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    NOTIFY_FIELD_NUMBER: _ClassVar[int]
    CLEAN_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    MAIL_FIELD_NUMBER: _ClassVar[int]
    ingest: IngestResult
    encode: EncodeResult
    store: StoreResult
    distribute: DistributeResult
    notify: NotifyResult
    clean: CleanResult
    overlay: OverlayResult
    mail: MailResult
    def __init__(self, ingest: _Optional[_Union[IngestResult, _Mapping]] = ..., encode: _Optional[_Union[EncodeResult, _Mapping]] = ..., store: _Optional[_Union[StoreResult, _Mapping]] = ..., distribute: _Optional[_Union[DistributeResult, _Mapping]] = ..., notify: _Optional[_Union[NotifyResult, _Mapping]] = ..., clean: _Optional[_Union[CleanResult, _Mapping]] = ..., overlay: _Optional[_Union[OverlayResult, _Mapping]] = ..., mail: _Optional[_Union[MailResult, _Mapping]] = ...) -> None: ...

class IngestResult(_message.Message):
    __slots__ = ("source", "thumbnail", "info", "filename")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    source: StoredObject
    thumbnail: StoredObject
    info: _media_pb2.MediaInfo
    filename: str
    def __init__(self, source: _Optional[_Union[StoredObject, _Mapping]] = ..., thumbnail: _Optional[_Union[StoredObject, _Mapping]] = ..., info: _Optional[_Union[_media_pb2.MediaInfo, _Mapping]] = ..., filename: _Optional[str] = ...) -> None: ...

class EncodeResult(_message.Message):
    __slots__ = ("part",)
    PART_FIELD_NUMBER: _ClassVar[int]
    part: EncodedPart
    def __init__(self, part: _Optional[_Union[EncodedPart, _Mapping]] = ...) -> None: ...

class StoreResult(_message.Message):
    __slots__ = ("primary", "thumbnail", "info")
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    primary: StoredObject
    thumbnail: StoredObject
    info: _media_pb2.MediaInfo
    def __init__(self, primary: _Optional[_Union[StoredObject, _Mapping]] = ..., thumbnail: _Optional[_Union[StoredObject, _Mapping]] = ..., info: _Optional[_Union[_media_pb2.MediaInfo, _Mapping]] = ...) -> None: ...

class DistributeResult(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NotifyResult(_message.Message):
    __slots__ = ("http_status",)
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    http_status: int
    def __init__(self, http_status: _Optional[int] = ...) -> None: ...

class MailResult(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CleanResult(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: int
    def __init__(self, deleted: _Optional[int] = ...) -> None: ...

class OverlayResult(_message.Message):
    __slots__ = ("image", "width", "height")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    image: StoredObject
    width: int
    height: int
    def __init__(self, image: _Optional[_Union[StoredObject, _Mapping]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class FinishRequest(_message.Message):
    __slots__ = ("node_id", "task_id", "token", "result")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    task_id: int
    token: str
    result: TaskResult
    def __init__(self, node_id: _Optional[str] = ..., task_id: _Optional[int] = ..., token: _Optional[str] = ..., result: _Optional[_Union[TaskResult, _Mapping]] = ...) -> None: ...

class FinishResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FailRequest(_message.Message):
    __slots__ = ("node_id", "task_id", "token", "code", "message", "evidence", "http_status")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    task_id: int
    token: str
    code: str
    message: str
    evidence: str
    http_status: int
    def __init__(self, node_id: _Optional[str] = ..., task_id: _Optional[int] = ..., token: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., evidence: _Optional[str] = ..., http_status: _Optional[int] = ...) -> None: ...

class FailResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("node_id", "task_id", "token")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    task_id: int
    token: str
    def __init__(self, node_id: _Optional[str] = ..., task_id: _Optional[int] = ..., token: _Optional[str] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Drain(_message.Message):
    __slots__ = ("outcome", "duration_ms")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    outcome: str
    duration_ms: int
    def __init__(self, outcome: _Optional[str] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class LeaveRequest(_message.Message):
    __slots__ = ("node_id", "drain")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    drain: Drain
    def __init__(self, node_id: _Optional[str] = ..., drain: _Optional[_Union[Drain, _Mapping]] = ...) -> None: ...

class LeaveResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
