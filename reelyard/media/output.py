"""One output: as a client asked for it, and as it was settled.

Field names are our neutral ones; each REST dialect maps its own members to them. Codes are the catalogue's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OutputRequest:
    """What a client said of one output; None is "not said". Rates: kbit/s, Hz, thousandths of a frame/s."""

    output_format_id: int | None = None
    title: str | None = None
    customer_reference_id: str | None = None
    ping_url: str | None = None
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


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """One output after preset, request and container defaults were merged and checked.

    0 and "" mean "as the source" or "the encoder's default"; codec "none" means no such stream.
    """

    output_format_id: int = 0
    title: str = ""
    customer_reference_id: str = ""
    ping_url: str = ""
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


@dataclass(frozen=True, kw_only=True)
class OutputFormat:
    """A preset that OutputFormatID may name; its ID is fixed for ever once published."""

    id: int
    name: str
    description: str
    parameters: OutputRequest
