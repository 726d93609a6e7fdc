"""One output: as a client asked for it, and as it was settled.

Field names are our neutral ones; each REST dialect maps its own members to them. Codes are the catalogue's.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class OutputRequest:
    """What a client said of one output; None is "not said". Rates: kbit/s, Hz, thousandths of a frame/s.

    `metadata` is a query string of tags. URLs may hold credentials: they are left out of `repr`.
    """

    output_format_id: int | None = None
    title: str | None = None
    customer_reference_id: str | None = None
    ping_url: str | None = field(default=None, repr=False)
    container: str | None = None
    video_codec: str | None = None
    width: int | None = None
    height: int | None = None
    video_bitrate_kbps: int | None = None
    frame_rate_id: int | None = None
    audio_codec: str | None = None
    audio_bitrate_kbps: int | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    metadata: str | None = None
    delivery_location: str | None = field(default=None, repr=False)
    notification_email: str | None = None
    deinterlace: bool | None = None
    keep_aspect_ratio: bool | None = None
    resize_method: str | None = None
    two_pass: bool | None = None
    overlay_image_url: str | None = field(default=None, repr=False)
    overlay_offset_from: str | None = None
    overlay_offset_x: int | None = None
    overlay_offset_y: int | None = None
    new_filename: str | None = None
    forced_keyframe_interval: int | None = None
    fixed_keyframes: bool | None = None


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """One output after preset, request and container defaults were merged and checked.

    0 and "" mean "as the source" or "the encoder's default"; codec "none" means no such stream.
    """

    output_format_id: int = 0
    title: str = ""
    customer_reference_id: str = ""
    ping_url: str = field(default="", repr=False)
    container: str
    video_codec: str
    width: int = 0
    height: int = 0
    video_bitrate_kbps: int = 0
    frame_rate_id: int = 0
    audio_codec: str
    audio_bitrate_kbps: int = 0
    sample_rate_hz: int = 0
    channels: int = 0
    metadata: str = ""
    delivery_location: str = field(default="", repr=False)
    notification_email: str = ""
    deinterlace: bool = False
    keep_aspect_ratio: bool = False
    resize_method: str = ""
    two_pass: bool = False
    overlay_image_url: str = field(default="", repr=False)
    overlay_offset_from: str = ""
    overlay_offset_x: int = 0
    overlay_offset_y: int = 0
    new_filename: str = ""
    forced_keyframe_interval: int = 0
    fixed_keyframes: bool = False


@dataclass(frozen=True, kw_only=True)
class OutputFormat:
    """A preset that OutputFormatID may name; its ID is fixed for ever once published."""

    id: int
    name: str
    description: str
    parameters: OutputRequest
