"""What goes wrong with a place outside, told the same way for every protocol and either direction."""

import re
from enum import Enum, auto

from reelyard.cluster.redact import redact_echo
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.locations import Location

_SAID = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Fault(Enum):
    """The kinds of trouble."""

    DENIED = auto()  # wrong credentials, or no permission
    MISSING = auto()  # no such file
    FORBIDDEN = auto()  # an address that may not be reached
    BROKEN = auto()  # no connection, or it broke off, or stands still: going on or trying again may help
    STALLED = auto()  # nothing came or went for the stall limit
    REFUSED = auto()  # the server said no for another reason, such as a full disk
    TRUNCATED = auto()  # fewer bytes than announced


class PeerError(Exception):
    """A transfer's trouble with its server. `why` is half a sentence about it; `said` is the server's own words."""

    def __init__(self, fault: Fault, why: str, *, said: str = "") -> None:
        super().__init__(why)
        self.fault = fault
        self.why = why
        self.said = said


_AT_SOURCE = {
    Fault.DENIED: ErrorCode.SOURCE_DENIED,
    Fault.MISSING: ErrorCode.SOURCE_NOT_FOUND,
    Fault.FORBIDDEN: ErrorCode.INVALID_INPUT_URL,
    Fault.TRUNCATED: ErrorCode.SOURCE_TRUNCATED,
}
_AT_DELIVERY = {Fault.DENIED: ErrorCode.DELIVERY_DENIED, Fault.FORBIDDEN: ErrorCode.DELIVERY_DENIED}


def source_error(location: Location, error: PeerError) -> WorkError:
    """The error of a source that could not be fetched."""
    code = _AT_SOURCE.get(error.fault, ErrorCode.SOURCE_UNREACHABLE)
    return WorkError(code, f"The source at {location.shown} could not be read: {_sentence(location, error)}")


def delivery_error(location: Location, error: PeerError) -> WorkError:
    """The error of an output that could not be delivered."""
    code = _AT_DELIVERY.get(error.fault, ErrorCode.DELIVERY_FAILED)
    return WorkError(code, f"The delivery to {location.shown} failed: {_sentence(location, error)}")


def without_secrets(text: str, location: Location) -> str:
    """A server's text on one line and cut, without the location's password, query and signature."""
    shown = _UNPRINTABLE.sub(" ", text).strip()
    return redact_echo(shown, user=location.user, password=location.password, query=location.query)[:_SAID]


def _sentence(location: Location, error: PeerError) -> str:
    said = without_secrets(error.said, location)
    text = f"{error.why}; it said: {said}" if said else error.why
    return text if text.endswith(".") else f"{text}."
