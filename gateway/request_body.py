"""Reads the body of a request, up to a limit of size and time."""

import asyncio

from fastapi import Request

from gateway.errors import MalformedRequestError, RequestTooLargeError, UnsupportedMediaTypeError

#: Seconds within which a body must be whole; a client that sends a byte a minute holds nothing longer than this.
ARRIVES_WITHIN_S = 30.0


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        UnsupportedMediaTypeError: it is compressed.
        RequestTooLargeError: it is, or says that it is, larger than the limit; the rest is not read.
        MalformedRequestError: it did not arrive in time.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise UnsupportedMediaTypeError(f"The Content-Encoding is {encoding[:40]!r}; send the body as it is.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            async for piece in request.stream():
                body += piece
                if len(body) > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError as error:
        raise MalformedRequestError(f"The body did not arrive whole within {ARRIVES_WITHIN_S:.0f} seconds.") from error
    return bytes(body)


def _too_large(max_bytes: int) -> RequestTooLargeError:
    return RequestTooLargeError(f"The body of the request is larger than {max_bytes} bytes, the most that is read.")
