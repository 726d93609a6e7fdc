"""Why requests are refused, in the few words that a metric can have."""

from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from gateway.errors import RoleError
from reelyard.media.errors import ErrorCode, ReelyardError, SpecError

#: By the code of the answer. What is not here was no refusal: there is no such object, its state does not allow it, or
#: the fault is ours.
_REASONS: Mapping[ErrorCode, str] = MappingProxyType(
    {
        ErrorCode.UNAUTHORIZED: "auth",
        ErrorCode.FORBIDDEN: "auth",  # a disabled account; a role has an error of its own
        ErrorCode.RATE_LIMITED: "rate",
        ErrorCode.REQUEST_TOO_LARGE: "size",
        ErrorCode.MALFORMED_REQUEST: "malformed",
        ErrorCode.UNSUPPORTED_MEDIA_TYPE: "malformed",
        ErrorCode.UNAVAILABLE: "unavailable",
    }
)
#: And by the class of the error, whatever its code.
_REASONS_OF_CLASSES: Mapping[type[ReelyardError], str] = MappingProxyType({RoleError: "role", SpecError: "invalid"})
REASONS = tuple(dict.fromkeys((*_REASONS.values(), *_REASONS_OF_CLASSES.values())))

_REASON = "rejected_for"


def note_rejection(scope: MutableMapping[str, Any], error: ReelyardError) -> None:
    """Have a request counted that is answered with this error, if that is a refusal."""
    of_class = (reason for cls, reason in _REASONS_OF_CLASSES.items() if isinstance(error, cls))
    reason = next(of_class, None) or _REASONS.get(error.code)
    if reason is not None:
        scope["state"][_REASON] = reason


def rejection_of(scope: MutableMapping[str, Any]) -> str:
    """Why a request was refused; "" when it was not."""
    return str(scope["state"].get(_REASON, ""))
