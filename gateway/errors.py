"""Refusals that the HTTP layer itself raises; those of the scheduler arrive as `reelyard.media.errors`."""

from reelyard.media.errors import AuthError, ErrorCode, ReelyardError


class MalformedRequestError(ReelyardError):
    """The request can't be parsed; the message says where."""

    code = ErrorCode.MALFORMED_REQUEST


class RequestTooLargeError(ReelyardError):
    """The request's body is over the limit."""

    code = ErrorCode.REQUEST_TOO_LARGE


class UnsupportedMediaTypeError(ReelyardError):
    """The request comes in, or asks for, a format that is not spoken here."""

    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class RoleError(AuthError):
    """The key is good, and its role does not allow the call."""

    code = ErrorCode.FORBIDDEN


class RateLimitedError(ReelyardError):
    """The account made all the requests that it may make for now."""

    code = ErrorCode.RATE_LIMITED


class PathNotFoundError(ReelyardError):
    """No call has this path."""

    code = ErrorCode.NOT_FOUND


class MethodNotAllowedError(ReelyardError):
    """The path is known, its method is another."""

    code = ErrorCode.METHOD_NOT_ALLOWED
