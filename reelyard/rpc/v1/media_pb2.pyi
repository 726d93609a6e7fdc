from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VideoTrack(_message.Message):
    __slots__ = ("index", "codec", "profile", "width", "height", "rotation", "sample_aspect", "pix_fmt", "frame_rate", "base_frame_rate", "field_order", "bitrate_bps", "frames", "duration_us", "start_us", "color_range", "color_primaries", "color_transfer", "color_matrix", "is_default", "undecodable", "reorder_frames")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_ASPECT_FIELD_NUMBER: _ClassVar[int]
    PIX_FMT_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    BASE_FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    FIELD_ORDER_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    START_US_FIELD_NUMBER: _ClassVar[int]
    COLOR_RANGE_FIELD_NUMBER: _ClassVar[int]
    COLOR_PRIMARIES_FIELD_NUMBER: _ClassVar[int]
    COLOR_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    COLOR_MATRIX_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    UNDECODABLE_FIELD_NUMBER: _ClassVar[int]
    REORDER_FRAMES_FIELD_NUMBER: _ClassVar[int]
    index: int
    codec: str
    profile: str
    width: int
    height: int
    rotation: int
    sample_aspect: str
    pix_fmt: str
    frame_rate: str
    base_frame_rate: str
    field_order: str
    bitrate_bps: int
    frames: int
    duration_us: int
    start_us: int
    color_range: str
    color_primaries: str
    color_transfer: str
    color_matrix: str
    is_default: bool
    undecodable: bool
    reorder_frames: int
    def __init__(self, index: _Optional[int] = ..., codec: _Optional[str] = ..., profile: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., rotation: _Optional[int] = ..., sample_aspect: _Optional[str] = ..., pix_fmt: _Optional[str] = ..., frame_rate: _Optional[str] = ..., base_frame_rate: _Optional[str] = ..., field_order: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., frames: _Optional[int] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ..., color_range: _Optional[str] = ..., color_primaries: _Optional[str] = ..., color_transfer: _Optional[str] = ..., color_matrix: _Optional[str] = ..., is_default: _Optional[bool] = ..., undecodable: _Optional[bool] = ..., reorder_frames: _Optional[int] = ...) -> None: ...

class AudioTrack(_message.Message):
    __slots__ = ("index", "codec", "profile", "sample_rate_hz", "channels", "channel_layout", "bitrate_bps", "duration_us", "start_us", "is_default", "undecodable")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_LAYOUT_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    START_US_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    UNDECODABLE_FIELD_NUMBER: _ClassVar[int]
    index: int
    codec: str
    profile: str
    sample_rate_hz: int
    channels: int
    channel_layout: str
    bitrate_bps: int
    duration_us: int
    start_us: int
    is_default: bool
    undecodable: bool
    def __init__(self, index: _Optional[int] = ..., codec: _Optional[str] = ..., profile: _Optional[str] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ..., channel_layout: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ..., is_default: _Optional[bool] = ..., undecodable: _Optional[bool] = ...) -> None: ...

class MediaInfo(_message.Message):
    __slots__ = ("container", "duration_us", "start_us", "size_bytes", "bitrate_bps", "video", "audio", "announced_us")
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    START_US_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_US_FIELD_NUMBER: _ClassVar[int]
    container: str
    duration_us: int
    start_us: int
    size_bytes: int
    bitrate_bps: int
    video: _containers.RepeatedCompositeFieldContainer[VideoTrack]
    audio: _containers.RepeatedCompositeFieldContainer[AudioTrack]
    announced_us: int
    def __init__(self, container: _Optional[str] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ..., size_bytes: _Optional[int] = ..., bitrate_bps: _Optional[int] = ..., video: _Optional[_Iterable[_Union[VideoTrack, _Mapping]]] = ..., audio: _Optional[_Iterable[_Union[AudioTrack, _Mapping]]] = ..., announced_us: _Optional[int] = ...) -> None: ...

class OutputRequest(_message.Message):
    __slots__ = ("output_format_id", "title", "customer_reference_id", "ping_url", "container", "video_codec", "width", "height", "video_bitrate_kbps", "frame_rate_id", "audio_codec", "audio_bitrate_kbps", "sample_rate_hz", "channels", "metadata", "delivery_location", "notification_email", "deinterlace", "keep_aspect_ratio", "resize_method", "two_pass", "overlay_image_url", "overlay_offset_from", "overlay_offset_x", "overlay_offset_y", "new_filename", "forced_keyframe_interval", "fixed_keyframes")
    OUTPUT_FORMAT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PING_URL_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    VIDEO_CODEC_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VIDEO_BITRATE_KBPS_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_ID_FIELD_NUMBER: _ClassVar[int]
    AUDIO_CODEC_FIELD_NUMBER: _ClassVar[int]
    AUDIO_BITRATE_KBPS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LOCATION_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_EMAIL_FIELD_NUMBER: _ClassVar[int]
    DEINTERLACE_FIELD_NUMBER: _ClassVar[int]
    KEEP_ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    RESIZE_METHOD_FIELD_NUMBER: _ClassVar[int]
    TWO_PASS_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_FROM_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_X_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_Y_FIELD_NUMBER: _ClassVar[int]
    NEW_FILENAME_FIELD_NUMBER: _ClassVar[int]
    FORCED_KEYFRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    FIXED_KEYFRAMES_FIELD_NUMBER: _ClassVar[int]
    output_format_id: int
    title: str
    customer_reference_id: str
    ping_url: str
    container: str
    video_codec: str
    width: int
    height: int
    video_bitrate_kbps: int
    frame_rate_id: int
    audio_codec: str
    audio_bitrate_kbps: int
    sample_rate_hz: int
    channels: int
    metadata: str
    delivery_location: str
    notification_email: str
    deinterlace: bool
    keep_aspect_ratio: bool
    resize_method: str
    two_pass: bool
    overlay_image_url: str
    overlay_offset_from: str
    overlay_offset_x: int
    overlay_offset_y: int
    new_filename: str
    forced_keyframe_interval: int
    fixed_keyframes: bool
    def __init__(self, output_format_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., ping_url: _Optional[str] = ..., container: _Optional[str] = ..., video_codec: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., video_bitrate_kbps: _Optional[int] = ..., frame_rate_id: _Optional[int] = ..., audio_codec: _Optional[str] = ..., audio_bitrate_kbps: _Optional[int] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ..., metadata: _Optional[str] = ..., delivery_location: _Optional[str] = ..., notification_email: _Optional[str] = ..., deinterlace: _Optional[bool] = ..., keep_aspect_ratio: _Optional[bool] = ..., resize_method: _Optional[str] = ..., two_pass: _Optional[bool] = ..., overlay_image_url: _Optional[str] = ..., overlay_offset_from: _Optional[str] = ..., overlay_offset_x: _Optional[int] = ..., overlay_offset_y: _Optional[int] = ..., new_filename: _Optional[str] = ..., forced_keyframe_interval: _Optional[int] = ..., fixed_keyframes: _Optional[bool] = ...) -> None: ...

class OutputSpec(_message.Message):
    __slots__ = ("output_format_id", "title", "customer_reference_id", "ping_url", "container", "video_codec", "width", "height", "video_bitrate_kbps", "frame_rate_id", "audio_codec", "audio_bitrate_kbps", "sample_rate_hz", "channels", "metadata", "delivery_location", "notification_email", "deinterlace", "keep_aspect_ratio", "resize_method", "two_pass", "overlay_image_url", "overlay_offset_from", "overlay_offset_x", "overlay_offset_y", "new_filename", "forced_keyframe_interval", "fixed_keyframes")
    OUTPUT_FORMAT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    PING_URL_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    VIDEO_CODEC_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VIDEO_BITRATE_KBPS_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_ID_FIELD_NUMBER: _ClassVar[int]
    AUDIO_CODEC_FIELD_NUMBER: _ClassVar[int]
    AUDIO_BITRATE_KBPS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LOCATION_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_EMAIL_FIELD_NUMBER: _ClassVar[int]
    DEINTERLACE_FIELD_NUMBER: _ClassVar[int]
    KEEP_ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    RESIZE_METHOD_FIELD_NUMBER: _ClassVar[int]
    TWO_PASS_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_FROM_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_X_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_OFFSET_Y_FIELD_NUMBER: _ClassVar[int]
    NEW_FILENAME_FIELD_NUMBER: _ClassVar[int]
    FORCED_KEYFRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    FIXED_KEYFRAMES_FIELD_NUMBER: _ClassVar[int]
    output_format_id: int
    title: str
    customer_reference_id: str
    ping_url: str
    container: str
    video_codec: str
    width: int
    height: int
    video_bitrate_kbps: int
    frame_rate_id: int
    audio_codec: str
    audio_bitrate_kbps: int
    sample_rate_hz: int
    channels: int
    metadata: str
    delivery_location: str
    notification_email: str
    deinterlace: bool
    keep_aspect_ratio: bool
    resize_method: str
    two_pass: bool
    overlay_image_url: str
    overlay_offset_from: str
    overlay_offset_x: int
    overlay_offset_y: int
    new_filename: str
    forced_keyframe_interval: int
    fixed_keyframes: bool
    def __init__(self, output_format_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., ping_url: _Optional[str] = ..., container: _Optional[str] = ..., video_codec: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., video_bitrate_kbps: _Optional[int] = ..., frame_rate_id: _Optional[int] = ..., audio_codec: _Optional[str] = ..., audio_bitrate_kbps: _Optional[int] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ..., metadata: _Optional[str] = ..., delivery_location: _Optional[str] = ..., notification_email: _Optional[str] = ..., deinterlace: _Optional[bool] = ..., keep_aspect_ratio: _Optional[bool] = ..., resize_method: _Optional[str] = ..., two_pass: _Optional[bool] = ..., overlay_image_url: _Optional[str] = ..., overlay_offset_from: _Optional[str] = ..., overlay_offset_x: _Optional[int] = ..., overlay_offset_y: _Optional[int] = ..., new_filename: _Optional[str] = ..., forced_keyframe_interval: _Optional[int] = ..., fixed_keyframes: _Optional[bool] = ...) -> None: ...

class VideoPlan(_message.Message):
    __slots__ = ("codec", "encoder", "width", "height", "frame_rate", "bitrate_bps", "frames", "sample_aspect", "fit", "two_pass", "keyframe_interval", "fixed_keyframes", "color_range", "color_primaries", "color_transfer", "color_matrix")
    CODEC_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_ASPECT_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    TWO_PASS_FIELD_NUMBER: _ClassVar[int]
    KEYFRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    FIXED_KEYFRAMES_FIELD_NUMBER: _ClassVar[int]
    COLOR_RANGE_FIELD_NUMBER: _ClassVar[int]
    COLOR_PRIMARIES_FIELD_NUMBER: _ClassVar[int]
    COLOR_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    COLOR_MATRIX_FIELD_NUMBER: _ClassVar[int]
    codec: str
    encoder: str
    width: int
    height: int
    frame_rate: str
    bitrate_bps: int
    frames: int
    sample_aspect: str
    fit: str
    two_pass: bool
    keyframe_interval: int
    fixed_keyframes: bool
    color_range: str
    color_primaries: str
    color_transfer: str
    color_matrix: str
    def __init__(self, codec: _Optional[str] = ..., encoder: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., frame_rate: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., frames: _Optional[int] = ..., sample_aspect: _Optional[str] = ..., fit: _Optional[str] = ..., two_pass: _Optional[bool] = ..., keyframe_interval: _Optional[int] = ..., fixed_keyframes: _Optional[bool] = ..., color_range: _Optional[str] = ..., color_primaries: _Optional[str] = ..., color_transfer: _Optional[str] = ..., color_matrix: _Optional[str] = ...) -> None: ...

class AudioPlan(_message.Message):
    __slots__ = ("codec", "encoder", "sample_rate_hz", "channels", "bitrate_bps", "duration_us")
    CODEC_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    codec: str
    encoder: str
    sample_rate_hz: int
    channels: int
    bitrate_bps: int
    duration_us: int
    def __init__(self, codec: _Optional[str] = ..., encoder: _Optional[str] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ..., bitrate_bps: _Optional[int] = ..., duration_us: _Optional[int] = ...) -> None: ...

class InputPlan(_message.Message):
    __slots__ = ("video_index", "audio_index", "origin_us", "frames", "duration_us", "deinterlace", "tone_map", "color_range", "color_primaries", "color_transfer", "color_matrix", "audio_mix", "from_first_frame", "still", "picture_width", "picture_height")
    VIDEO_INDEX_FIELD_NUMBER: _ClassVar[int]
    AUDIO_INDEX_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_US_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    DEINTERLACE_FIELD_NUMBER: _ClassVar[int]
    TONE_MAP_FIELD_NUMBER: _ClassVar[int]
    COLOR_RANGE_FIELD_NUMBER: _ClassVar[int]
    COLOR_PRIMARIES_FIELD_NUMBER: _ClassVar[int]
    COLOR_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    COLOR_MATRIX_FIELD_NUMBER: _ClassVar[int]
    AUDIO_MIX_FIELD_NUMBER: _ClassVar[int]
    FROM_FIRST_FRAME_FIELD_NUMBER: _ClassVar[int]
    STILL_FIELD_NUMBER: _ClassVar[int]
    PICTURE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PICTURE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    video_index: int
    audio_index: int
    origin_us: int
    frames: int
    duration_us: int
    deinterlace: str
    tone_map: bool
    color_range: str
    color_primaries: str
    color_transfer: str
    color_matrix: str
    audio_mix: str
    from_first_frame: bool
    still: bool
    picture_width: int
    picture_height: int
    def __init__(self, video_index: _Optional[int] = ..., audio_index: _Optional[int] = ..., origin_us: _Optional[int] = ..., frames: _Optional[int] = ..., duration_us: _Optional[int] = ..., deinterlace: _Optional[str] = ..., tone_map: _Optional[bool] = ..., color_range: _Optional[str] = ..., color_primaries: _Optional[str] = ..., color_transfer: _Optional[str] = ..., color_matrix: _Optional[str] = ..., audio_mix: _Optional[str] = ..., from_first_frame: _Optional[bool] = ..., still: _Optional[bool] = ..., picture_width: _Optional[int] = ..., picture_height: _Optional[int] = ...) -> None: ...

class OverlayPlan(_message.Message):
    __slots__ = ("offset_from", "offset_x", "offset_y")
    OFFSET_FROM_FIELD_NUMBER: _ClassVar[int]
    OFFSET_X_FIELD_NUMBER: _ClassVar[int]
    OFFSET_Y_FIELD_NUMBER: _ClassVar[int]
    offset_from: str
    offset_x: int
    offset_y: int
    def __init__(self, offset_from: _Optional[str] = ..., offset_x: _Optional[int] = ..., offset_y: _Optional[int] = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Adjustment(_message.Message):
    __slots__ = ("field", "asked", "made", "reason")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    field: str
    asked: str
    made: str
    reason: str
    def __init__(self, field: _Optional[str] = ..., asked: _Optional[str] = ..., made: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EncodePlan(_message.Message):
    __slots__ = ("container", "duration_us", "video", "audio", "inputs", "overlay", "tags", "adjustments")
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ADJUSTMENTS_FIELD_NUMBER: _ClassVar[int]
    container: str
    duration_us: int
    video: VideoPlan
    audio: AudioPlan
    inputs: _containers.RepeatedCompositeFieldContainer[InputPlan]
    overlay: OverlayPlan
    tags: _containers.RepeatedCompositeFieldContainer[Tag]
    adjustments: _containers.RepeatedCompositeFieldContainer[Adjustment]
    def __init__(self, container: _Optional[str] = ..., duration_us: _Optional[int] = ..., video: _Optional[_Union[VideoPlan, _Mapping]] = ..., audio: _Optional[_Union[AudioPlan, _Mapping]] = ..., inputs: _Optional[_Iterable[_Union[InputPlan, _Mapping]]] = ..., overlay: _Optional[_Union[OverlayPlan, _Mapping]] = ..., tags: _Optional[_Iterable[_Union[Tag, _Mapping]]] = ..., adjustments: _Optional[_Iterable[_Union[Adjustment, _Mapping]]] = ...) -> None: ...

class OutputFormat(_message.Message):
    __slots__ = ("id", "name", "description", "parameters")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    id: int
    name: str
    description: str
    parameters: OutputRequest
    def __init__(self, id: _Optional[int] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Union[OutputRequest, _Mapping]] = ...) -> None: ...
