"""Reads the body of an answer piece by piece, and notices when nothing more comes."""

import time
from collections.abc import Iterator

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from encoder_node.fetch.bounds import TRICKLE_BYTES
from encoder_node.fetch.transfer import Transfer

_READ_BYTES = 256 * 1024


def pieces(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> Iterator[bytes]:
    """What arrives, until the answer ends.

    The network's errors are raised as ours. The disk's are raised by whoever writes the pieces, and stay apart.

    Raises:
        BrokenError: the connection broke off or stands still.
        StoppedError: the stop signal was set.
        WorkError: source_unreachable, since the whole download lasts too long.
    """
    window_start, window_bytes = time.monotonic(), 0
    while True:
        piece = _read(response, transfer)
        if not piece:
            return
        read = time.monotonic()
        yield piece
        window_bytes += len(piece)
        now = time.monotonic()
        window_start += now - read  # what the reader of the pieces waits for is not the server's fault
        if now - window_start > transfer.limits.stall_s:
            if window_bytes < TRICKLE_BYTES:
                raise transfer.stalled()
            window_start, window_bytes = now, 0
        transfer.check_time(now)


def _read(response: urllib3.BaseHTTPResponse, transfer: Transfer) -> bytes:
    try:
        piece = response.read1(_READ_BYTES, decode_content=True)
    except ReadTimeoutError as error:
        raise transfer.stalled() from error
    except (HTTPError, OSError) as error:
        transfer.stop.check()
        raise transfer.truncated() from error
    transfer.stop.check()  # an interrupted read ends like a file does
    return piece
