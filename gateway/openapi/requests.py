"""JSON Schemas of the bodies that calls read, made from the tables that read them (`gateway.gomi.members`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.gomi.create_ingest import TITLE
from gateway.gomi.create_request import OUTPUTS_MAX
from gateway.gomi.format_bodies import DESCRIPTION, FORMAT_MEMBERS, NAME
from gateway.gomi.members import (
    ACCOUNT_MEMBERS,
    API_KEY,
    CUSTOMER_REFERENCE_ID,
    INPUT_MEDIA_ID,
    LABEL,
    LISTS,
    NOTIFICATION_EMAIL_ADDRESS,
    OUTPUT_JOBS,
    OUTPUT_MEMBERS,
    PING_URL,
    ROLE,
    SOURCE_MEDIA_URL,
    Kind,
    OutputMember,
)
from gateway.gomi.notifications import INGEST_ID, JOB_ID
from gateway.gomi.xml_answer import NAMESPACE
from reelyard.cluster.views import ROLES
from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, COPY, NONE, VIDEO_CODECS
from reelyard.media.published import AS_SOURCE, FRAME_RATES, SAMPLE_RATES
from reelyard.media.values import MAX_DESCRIPTION, MAX_NAME, MAX_REFERENCE, MAX_TITLE

Schema = dict[str, Any]

_OUTPUT = "OutputJobItem"
_TEXT: Schema = {"type": ["string", "null"]}
_TYPES: Mapping[Kind, Schema] = MappingProxyType(
    {
        Kind.TEXT: _TEXT,
        Kind.FLAG: {"type": ["boolean", "null"]},
        Kind.WHOLE: {"type": ["integer", "null"]},
        Kind.WHOLE_FROM_1: {"type": ["integer", "null"], "minimum": 0, "description": "0 is unset."},
    }
)
#: What is valid for a field, where that is a list or a length.
_VALID: Mapping[str, Schema] = MappingProxyType(
    {
        "container": {"enum": [*CONTAINERS, None]},
        "video_codec": {"enum": [*VIDEO_CODECS, COPY, NONE, None]},
        "audio_codec": {"enum": [*AUDIO_CODECS, COPY, NONE, None]},
        "frame_rate_id": {"enum": [AS_SOURCE, *FRAME_RATES, None], "description": "Thousandths of a frame a second."},
        "sample_rate_hz": {"enum": [AS_SOURCE, *SAMPLE_RATES, None], "description": "Hz; -1 is as the source."},
        "channels": {"enum": [1, 2, None]},
        "title": {"maxLength": MAX_TITLE},
        "customer_reference_id": {"maxLength": MAX_REFERENCE},
        "ping_url": {"format": "uri", "description": "Gets the outcome by POST; http or https."},
        "notification_email": {"format": "email", "description": "Gets the outcome by mail."},
        "output_format_id": {
            "type": "integer",
            "minimum": 0,
            "description": "An output format of GET /format whose settings this output's members override; 0: none.",
        },
        "video_bitrate_kbps": {"description": "kbit/s; 0 is unset."},
        "audio_bitrate_kbps": {"description": "kbit/s; 0 is unset."},
    }
)
_KEY: Schema = {"type": ["string", "null"], "description": "The API key, unless the query or a header has it."}
_SOURCE: Schema = {"type": "string", "description": "The URL of the source."}
_REFERENCE: Schema = {"type": ["string", "null"], "maxLength": MAX_REFERENCE, "description": "Yours; told back."}


@dataclass(frozen=True)
class _Request:
    """The body of one call: the root that its XML samples have, its members, and those that must be there."""

    name: str
    members: Mapping[str, Schema]
    required: tuple[str, ...] = ()
    may_be_absent: bool = False

    @property
    def schema(self) -> Schema:
        schema: Schema = {
            "type": "object",
            "properties": {API_KEY: _KEY, **self.members},
            "xml": {"name": self.name, "namespace": NAMESPACE},
        }
        return schema | ({"required": list(self.required)} if self.required else {})


def _outputs() -> Schema:
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": OUTPUTS_MAX,
        "items": {"$ref": f"#/components/schemas/{_OUTPUT}"},
        "xml": {"wrapped": True},
    }


def output_member(each: OutputMember) -> Schema:
    """The schema of one member of an output."""
    return {**_TYPES[each.kind], **_VALID.get(each.field, {})}


_SETTING: Schema = {
    "type": ["string", "null"],
    "description": "Null leaves the setting as it is, an empty text clears it.",
}
_FORMAT = _Request(
    "OutputFormat",
    {
        NAME: {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        DESCRIPTION: {**_TEXT, "maxLength": MAX_DESCRIPTION},
        **{each.name: output_member(each) for each in FORMAT_MEMBERS},
    },
    (NAME, "MediaContainerCode"),
)
_ONLY_A_KEY = _Request("Call", {}, may_be_absent=True)
_REQUESTS: Mapping[tuple[str, str], _Request] = MappingProxyType(
    {
        ("POST", "/job/create"): _Request(
            "CreateJob", {SOURCE_MEDIA_URL: _SOURCE, OUTPUT_JOBS: _outputs()}, (SOURCE_MEDIA_URL, OUTPUT_JOBS)
        ),
        ("POST", "/job/createjobfrominputmedia"): _Request(
            "CreateJobFromInputMedia",
            {
                INPUT_MEDIA_ID: {
                    "type": ["string", "integer"],
                    "description": "The ID of an input medium; several, to be joined, with | between them.",
                },
                OUTPUT_JOBS: _outputs(),
            },
            (INPUT_MEDIA_ID, OUTPUT_JOBS),
        ),
        ("POST", "/job/{job_id}/cancel"): _ONLY_A_KEY,
        ("POST", "/job/{job_id}/retry"): _ONLY_A_KEY,
        ("POST", "/ingest/create"): _Request(
            "CreateIngest",
            {
                SOURCE_MEDIA_URL: _SOURCE,
                TITLE: {**_TEXT, "maxLength": MAX_TITLE},
                CUSTOMER_REFERENCE_ID: _REFERENCE,
                PING_URL: {"type": ["string", "null"], **_VALID["ping_url"]},
                NOTIFICATION_EMAIL_ADDRESS: {"type": ["string", "null"], **_VALID["notification_email"]},
            },
            (SOURCE_MEDIA_URL,),
        ),
        ("POST", "/ingest/{ingest_id}/cancel"): _ONLY_A_KEY,
        ("POST", "/notification/{notification_id}/replay"): _ONLY_A_KEY,
        ("POST", "/account/keys"): _Request(
            "CreateKey", {LABEL: {**_TEXT, "maxLength": MAX_NAME}, ROLE: {"enum": [*ROLES, None]}}, may_be_absent=True
        ),
        ("PUT", "/account"): _Request("UpdateAccount", dict.fromkeys(ACCOUNT_MEMBERS, _SETTING)),
        ("POST", "/format"): _FORMAT,
        ("PUT", "/format/{format_id}"): _FORMAT,
    }
)


#: Parameters of the query that one call alone has, by method and path below the API's prefix.
QUERIES: Mapping[tuple[str, str], Mapping[str, Schema]] = MappingProxyType(
    {
        ("GET", "/notification"): {
            JOB_ID: {"type": "integer", "minimum": 1},
            INGEST_ID: {"type": "integer", "minimum": 1},
        }
    }
)


#: The calls that answer a repeated Idempotency-Key with their first answer.
CREATES = frozenset(
    ("POST", path)
    for path in ("/job/create", "/job/createjobfrominputmedia", "/ingest/create", "/account/keys", "/format")
)


def requests_of_calls() -> Mapping[tuple[str, str], str]:
    """The names of the schemas of bodies, by method and path below the API's prefix."""
    return {call: request.name for call, request in _REQUESTS.items()}


def optional_requests() -> frozenset[str]:
    """Those of them that need not be sent."""
    return frozenset(request.name for request in _REQUESTS.values() if request.may_be_absent)


def request_schemas() -> dict[str, Schema]:
    """The schemas of bodies by their names."""
    item: Schema = {
        "type": "object",
        "properties": {each.name: output_member(each) for each in OUTPUT_MEMBERS},
        "required": ["OutputFormatID"],
        "xml": {"name": LISTS[OUTPUT_JOBS]},
    }
    return {request.name: request.schema for request in _REQUESTS.values()} | {_OUTPUT: item}
