from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VideoTrack(_message.Message):
    __slots__ = ("index", "codec", "profile", "width", "height", "rotation", "sample_aspect", "pix_fmt", "frame_rate", "base_frame_rate", "field_order", "bitrate_bps", "frames", "duration_us", "start_us")
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
    def __init__(self, index: _Optional[int] = ..., codec: _Optional[str] = ..., profile: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., rotation: _Optional[int] = ..., sample_aspect: _Optional[str] = ..., pix_fmt: _Optional[str] = ..., frame_rate: _Optional[str] = ..., base_frame_rate: _Optional[str] = ..., field_order: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., frames: _Optional[int] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ...) -> None: ...

class AudioTrack(_message.Message):
    __slots__ = ("index", "codec", "profile", "sample_rate_hz", "channels", "channel_layout", "bitrate_bps", "duration_us", "start_us")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_LAYOUT_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    START_US_FIELD_NUMBER: _ClassVar[int]
    index: int
    codec: str
    profile: str
    sample_rate_hz: int
    channels: int
    channel_layout: str
    bitrate_bps: int
    duration_us: int
    start_us: int
    def __init__(self, index: _Optional[int] = ..., codec: _Optional[str] = ..., profile: _Optional[str] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ..., channel_layout: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ...) -> None: ...

class MediaInfo(_message.Message):
    __slots__ = ("container", "duration_us", "start_us", "size_bytes", "bitrate_bps", "video", "audio")
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    START_US_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    container: str
    duration_us: int
    start_us: int
    size_bytes: int
    bitrate_bps: int
    video: _containers.RepeatedCompositeFieldContainer[VideoTrack]
    audio: _containers.RepeatedCompositeFieldContainer[AudioTrack]
    def __init__(self, container: _Optional[str] = ..., duration_us: _Optional[int] = ..., start_us: _Optional[int] = ..., size_bytes: _Optional[int] = ..., bitrate_bps: _Optional[int] = ..., video: _Optional[_Iterable[_Union[VideoTrack, _Mapping]]] = ..., audio: _Optional[_Iterable[_Union[AudioTrack, _Mapping]]] = ...) -> None: ...

class OutputRequest(_message.Message):
    __slots__ = ("output_format_id", "title", "customer_reference_id", "ping_url", "container", "video_codec", "width", "height", "video_bitrate_kbps", "frame_rate_id", "audio_codec", "audio_bitrate_kbps", "sample_rate_hz", "channels")
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
    def __init__(self, output_format_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., ping_url: _Optional[str] = ..., container: _Optional[str] = ..., video_codec: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., video_bitrate_kbps: _Optional[int] = ..., frame_rate_id: _Optional[int] = ..., audio_codec: _Optional[str] = ..., audio_bitrate_kbps: _Optional[int] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class OutputSpec(_message.Message):
    __slots__ = ("output_format_id", "title", "customer_reference_id", "ping_url", "container", "video_codec", "width", "height", "video_bitrate_kbps", "frame_rate_id", "audio_codec", "audio_bitrate_kbps", "sample_rate_hz", "channels")
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
    def __init__(self, output_format_id: _Optional[int] = ..., title: _Optional[str] = ..., customer_reference_id: _Optional[str] = ..., ping_url: _Optional[str] = ..., container: _Optional[str] = ..., video_codec: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., video_bitrate_kbps: _Optional[int] = ..., frame_rate_id: _Optional[int] = ..., audio_codec: _Optional[str] = ..., audio_bitrate_kbps: _Optional[int] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class VideoPlan(_message.Message):
    __slots__ = ("codec", "encoder", "width", "height", "frame_rate", "bitrate_bps", "frames")
    CODEC_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    BITRATE_BPS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    codec: str
    encoder: str
    width: int
    height: int
    frame_rate: str
    bitrate_bps: int
    frames: int
    def __init__(self, codec: _Optional[str] = ..., encoder: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., frame_rate: _Optional[str] = ..., bitrate_bps: _Optional[int] = ..., frames: _Optional[int] = ...) -> None: ...

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

class EncodePlan(_message.Message):
    __slots__ = ("container", "duration_us", "video", "audio", "source_video_index", "source_audio_index", "origin_us")
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VIDEO_INDEX_FIELD_NUMBER: _ClassVar[int]
    SOURCE_AUDIO_INDEX_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_US_FIELD_NUMBER: _ClassVar[int]
    container: str
    duration_us: int
    video: VideoPlan
    audio: AudioPlan
    source_video_index: int
    source_audio_index: int
    origin_us: int
    def __init__(self, container: _Optional[str] = ..., duration_us: _Optional[int] = ..., video: _Optional[_Union[VideoPlan, _Mapping]] = ..., audio: _Optional[_Union[AudioPlan, _Mapping]] = ..., source_video_index: _Optional[int] = ..., source_audio_index: _Optional[int] = ..., origin_us: _Optional[int] = ...) -> None: ...

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
