"""The Gomi API's words for states, and its HTTP statuses for error codes."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from reelyard.media.errors import ErrorCode

#: Our states (`scheduler.domain`) in the words of the API.
JOB_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "queued": "AddedToQueue",
        "importing": "Importing",
        "encoding": "Encoding",
        "storing": "Storing",
        "distributing": "Distributing",
        "completed": "Completed",
        "failed": "Failed",
        "cancelled": "Cancelled",
    }
)

INGEST_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "queued": "AddedToQueue",
        "transferring": "Transferring",
        "storing": "Storing",
        "completed": "Completed",
        "failed": "Failed",
        "cancelled": "Cancelled",
    }
)

#: A request that reached its call is answered 200, whatever became of it; these did not reach one, or are our fault.
#: (An unknown path and a wrong method are found by the routing, which gives them their status itself.)
HTTP_STATUS: Mapping[ErrorCode, HTTPStatus] = MappingProxyType(
    {
        ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
        ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
        ErrorCode.REQUEST_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
        ErrorCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
        ErrorCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


def http_status(code: ErrorCode) -> HTTPStatus:
    """The HTTP status that an error is answered with on the Gomi API."""
    return HTTP_STATUS.get(code, HTTPStatus.OK)
