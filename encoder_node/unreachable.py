"""Why did an address not answer? urllib3's errors in words for people; its own may hold paths and queries."""

from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
    TimeoutError,  # noqa: A004  # urllib3's: it is the base of its connect and read time-outs
)


def why_unreachable(error: HTTPError) -> str:
    """What went wrong before there was an answer, as half a sentence about "it"."""
    if isinstance(error, NameResolutionError):
        return "its host name cannot be resolved"
    if isinstance(error, NewConnectionError):  # before the time-outs: urllib3 derives it from theirs
        return "it refused the connection, or no way leads to its address"
    if isinstance(error, SSLError):
        return "no secure connection could be made (TLS)"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return "no connection could be made, or it was closed without an answer"
