"""Which side a failure is on: a handful of classes for metrics and alerts, where a code for each would be too fine.

An objective such as "99.5 % of jobs succeed" leaves out what no operator can mend: the user's own input and a
receiver of the user's choosing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from reelyard.media.errors import ErrorCode


class ErrorClass(StrEnum):
    """Who can mend it."""

    NONE = "none"  # nothing failed
    USER_INPUT = "user_input"  # whoever asked: the request, or the source that it names
    RECEIVER = "receiver"  # whoever runs the place of a delivery or notification
    STORAGE = "storage"  # the operator: the object store, or a full disk
    ENCODE = "encode"  # the operator: an encoder that failed or hung
    NODE = "node"  # the operator: nodes that went away
    CAPABILITY = "capability"  # the operator: no node has the encoder
    UNAVAILABLE = "unavailable"  # the operator: a part of the cluster is down
    INTERNAL = "internal"  # us: a bug
    CANCELLED = "cancelled"  # somebody wanted it so


_BY_CODE: Mapping[ErrorCode, ErrorClass] = MappingProxyType(
    {
        ErrorCode.INTERNAL_ERROR: ErrorClass.INTERNAL,
        ErrorCode.STALE_TOKEN: ErrorClass.INTERNAL,
        ErrorCode.UNAVAILABLE: ErrorClass.UNAVAILABLE,
        ErrorCode.CODEC_UNAVAILABLE: ErrorClass.CAPABILITY,
        ErrorCode.ENCODE_FAILED: ErrorClass.ENCODE,
        ErrorCode.ENCODE_TIMEOUT: ErrorClass.ENCODE,
        ErrorCode.STORAGE_FAILED: ErrorClass.STORAGE,
        ErrorCode.DELIVERY_FAILED: ErrorClass.RECEIVER,
        ErrorCode.DELIVERY_DENIED: ErrorClass.RECEIVER,
        ErrorCode.NODE_LOST: ErrorClass.NODE,
        ErrorCode.CANCELLED: ErrorClass.CANCELLED,
    }
)


def error_class(code: str) -> ErrorClass:
    """The class of an error code; "" is no error, and a code that is not listed is the user's own input."""
    return _BY_CODE.get(ErrorCode(code), ErrorClass.USER_INPUT) if code else ErrorClass.NONE
