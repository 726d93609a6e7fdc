"""The error codes of the whole product, and the errors that carry one.

A code is a stable identifier that crosses every hop unchanged (REST, gRPC, task, notification). Which codes are
tried again is decided in `scheduler.domain.retry`; which HTTP status they get, in each REST dialect.

    ReelyardError
    ├── SpecError          a member of a request was refused
    ├── NotFoundError      no such object on this account
    ├── ConflictError      the object's state does not allow the call
    ├── StaleTokenError    a task's fencing token is not the current one
    ├── AuthError          unknown, revoked or disabled
    ├── ClusterTokenError  one of our services called another without their shared secret
    ├── UnavailableError   a part that the call needs is down
    └── WorkError          a task failed; the code says why
"""

from collections.abc import Mapping
from enum import StrEnum


class ErrorCode(StrEnum):
    """Every code a client, a notification or a log may show."""

    # refused requests
    PARAMETER_MISSING = "parameter_missing"
    INVALID_PARAMETER_VALUE = "invalid_parameter_value"
    INVALID_INPUT_URL = "invalid_input_url"
    PROFILE_NOT_FOUND = "profile_not_found"
    ASSET_NOT_FOUND = "asset_not_found"
    MORE_THAN_ALLOWED_INPUT_URL = "more_than_allowed_input_url"
    PAGE_SIZE_MORE_THAN_MAX = "page_size_more_than_max"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    JOB_NOT_FOUND = "job_not_found"
    INGEST_NOT_FOUND = "ingest_not_found"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    MEDIA_EXPIRED = "media_expired"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MALFORMED_REQUEST = "malformed_request"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    UNAVAILABLE = "unavailable"
    STALE_TOKEN = "stale_token"  # noqa: S105  # between node and scheduler only

    # failures after a job was accepted
    SOURCE_UNREACHABLE = "source_unreachable"
    SOURCE_DENIED = "source_denied"
    SOURCE_NOT_FOUND = "source_not_found"
    SOURCE_TOO_LARGE = "source_too_large"
    SOURCE_NOT_MEDIA = "source_not_media"
    SOURCE_CORRUPT = "source_corrupt"
    SOURCE_TRUNCATED = "source_truncated"
    CODEC_UNAVAILABLE = "codec_unavailable"
    INCOMPATIBLE_FORMAT = "incompatible_format"
    ENCODE_FAILED = "encode_failed"
    ENCODE_TIMEOUT = "encode_timeout"
    STORAGE_FAILED = "storage_failed"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_DENIED = "delivery_denied"
    NODE_LOST = "node_lost"
    CANCELLED = "cancelled"


#: Failures that say something about the node, not only about what it worked on.
BLAMES_NODE = frozenset({ErrorCode.ENCODE_FAILED, ErrorCode.ENCODE_TIMEOUT, ErrorCode.STORAGE_FAILED})


class ReelyardError(Exception):
    """An error with a stable code and a sentence for a person."""

    code: ErrorCode = ErrorCode.INTERNAL_ERROR

    def __init__(self, message: str, *, code: ErrorCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class SpecError(ReelyardError):
    """A member of a request was refused.

    `message` names members as `{field}` with our neutral names; `render` puts a dialect's names in.
    """

    code = ErrorCode.INVALID_PARAMETER_VALUE

    def __init__(self, field: str, message: str, *, code: ErrorCode | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field

    def render(self, names: Mapping[str, str]) -> str:
        """The message with each `{field}` replaced by the dialect's name for it (itself when it has none)."""
        text = self.message
        for field in {self.field, *names}:
            text = text.replace("{" + field + "}", names.get(field, field))
        return text


class NotFoundError(ReelyardError):
    """No such object on this account; another account's looks the same."""

    code = ErrorCode.NOT_FOUND


class ConflictError(ReelyardError):
    """The object is not in a state that allows the call."""

    code = ErrorCode.CONFLICT


class StaleTokenError(ReelyardError):
    """The token of a finish, fail or release is not the task's current one.

    `already_ended_by_token` tells a node that repeats a call after a lost answer that its first call had won.
    """

    code = ErrorCode.STALE_TOKEN

    def __init__(self, message: str, *, already_ended_by_token: bool = False) -> None:
        super().__init__(message)
        self.already_ended_by_token = already_ended_by_token


class AuthError(ReelyardError):
    """The key is missing, unknown or revoked, or its account is disabled."""

    code = ErrorCode.UNAUTHORIZED


class ClusterTokenError(ReelyardError):
    """A call between two services does not carry their shared secret: an operator's mistake, never a client's."""


class UnavailableError(ReelyardError):
    """A part that the call needs is down; coming back later may help."""

    code = ErrorCode.UNAVAILABLE


class WorkError(ReelyardError):
    """A task failed for a reason of the error table.

    `evidence` is the command line and the last lines of its output, with secrets removed; it goes to the
    attempt's log, never to a client. `http_status` is what a notification's or delivery's receiver answered.
    """

    def __init__(self, code: ErrorCode, message: str, *, evidence: str = "", http_status: int = 0) -> None:
        super().__init__(message, code=code)
        self.evidence = evidence
        self.http_status = http_status
