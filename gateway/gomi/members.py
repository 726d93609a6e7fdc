"""The members of one output of a create request: what each is called on the wire and among ourselves.

The readers of every format and the messages of errors all go by this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from gateway.gomi.raw_values import RawValue
from gateway.gomi.values import read_flag, read_text, read_whole


class Kind(Enum):
    """What a member holds."""

    TEXT = auto()
    WHOLE = auto()
    WHOLE_FROM_1 = auto()  # 0 is unset
    FLAG = auto()


@dataclass(frozen=True)
class OutputMember:
    """A member that becomes the field `field` of `OutputRequest`."""

    name: str
    field: str
    kind: Kind


SOURCE_MEDIA_URL = "SourceMediaURL"
INPUT_MEDIA_ID = "InputMediaID"
OUTPUT_JOBS = "OutputJobs"
API_KEY = "ApiKey"
CUSTOMER_REFERENCE_ID = "CustomerReferenceID"
PING_URL = "PingUrl"
NOTIFICATION_EMAIL_ADDRESS = "NotificationEmailAddress"
LABEL = "Label"
ROLE = "Role"
IDEMPOTENCY_KEY = "Idempotency-Key"

#: The settings that an account may change, each with the field of `UpdateAccount`.
ACCOUNT_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "DefaultPingUrl": "default_ping_url",
        "DefaultNotificationEmailAddress": "default_notification_email",
        "DefaultDeliveryLocation": "default_delivery_location",
        "WebhookSecret": "webhook_secret",
    }
)

#: The members that hold lists, each with the name of its items in XML, where an item has a name.
LISTS: Mapping[str, str] = MappingProxyType({OUTPUT_JOBS: "OutputJobItem"})

OUTPUT_MEMBERS = (
    OutputMember("OutputFormatID", "output_format_id", Kind.WHOLE),
    OutputMember("Title", "title", Kind.TEXT),
    OutputMember(CUSTOMER_REFERENCE_ID, "customer_reference_id", Kind.TEXT),
    OutputMember(PING_URL, "ping_url", Kind.TEXT),
    OutputMember(NOTIFICATION_EMAIL_ADDRESS, "notification_email", Kind.TEXT),
    OutputMember("MediaContainerCode", "container", Kind.TEXT),
    OutputMember("VideoCodecCode", "video_codec", Kind.TEXT),
    OutputMember("Width", "width", Kind.WHOLE_FROM_1),
    OutputMember("Height", "height", Kind.WHOLE_FROM_1),
    OutputMember("VideoBitrate", "video_bitrate_kbps", Kind.WHOLE_FROM_1),
    OutputMember("FrameRateID", "frame_rate_id", Kind.WHOLE),
    OutputMember("AudioCodecCode", "audio_codec", Kind.TEXT),
    OutputMember("AudioBitrate", "audio_bitrate_kbps", Kind.WHOLE_FROM_1),
    OutputMember("AudioSampleRateID", "sample_rate_hz", Kind.WHOLE),
    OutputMember("AudioChannelsID", "channels", Kind.WHOLE),
    OutputMember("DeliveryLocation", "delivery_location", Kind.TEXT),
    OutputMember("Metadata", "metadata", Kind.TEXT),
    OutputMember("TwoPassEncoding", "two_pass", Kind.FLAG),
    OutputMember("NewFilename", "new_filename", Kind.TEXT),
    OutputMember("ForcedKeyFrameInterval", "forced_keyframe_interval", Kind.WHOLE_FROM_1),
    OutputMember("FixedKeyFrameInterval", "fixed_keyframes", Kind.FLAG),
    OutputMember("DeInterlace", "deinterlace", Kind.FLAG),
    OutputMember("KeepAspectRatio", "keep_aspect_ratio", Kind.FLAG),
    OutputMember("VideoResizeMethodCode", "resize_method", Kind.TEXT),
    OutputMember("OverlayOffsetFrom", "overlay_offset_from", Kind.TEXT),
    OutputMember("OverlayImageUri", "overlay_image_url", Kind.TEXT),
    OutputMember("OverlayOffsetX", "overlay_offset_x", Kind.WHOLE),
    OutputMember("OverlayOffsetY", "overlay_offset_y", Kind.WHOLE),
)

#: The wire's name of each neutral field that an error's message may speak of.
WIRE_NAMES: Mapping[str, str] = MappingProxyType(
    {each.field: each.name for each in OUTPUT_MEMBERS}
    | {field: name for name, field in ACCOUNT_MEMBERS.items()}
    | {"source_url": SOURCE_MEDIA_URL, "input_media_id": INPUT_MEDIA_ID, "label": LABEL, "role": ROLE}
    | {"idempotency_key": IDEMPOTENCY_KEY, "name": "Name", "description": "Description"}
)


def read_member(name: str, kind: Kind, raw: RawValue) -> str | int | bool | None:
    """The value of a member of this kind; None is unset.

    Raises:
        SpecError: the value is not of the kind.
    """
    match kind:
        case Kind.TEXT:
            return read_text(name, raw)
        case Kind.FLAG:
            return read_flag(name, raw)
        case Kind.WHOLE | Kind.WHOLE_FROM_1:
            return read_whole(name, raw, zero_is_unset=kind is Kind.WHOLE_FROM_1)
