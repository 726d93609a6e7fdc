"""Streams a stored file to a client, and lets go of it as soon as the client is gone."""

import asyncio
from collections.abc import Mapping

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.download.files import FileReader, StoredFiles
from gateway.download.ranges import ByteRange
from reelyard.media.errors import UnavailableError

#: Seconds in which a client must take the next piece; a player that pauses for longer asks again by range.
STALL_S = 300.0

log = structlog.get_logger(__name__)


class StoredFileResponse(Response):
    """Bytes of a stored file, under headers that are sent only once the first of them are there.

    So a store that is down is still answered with an error; one that breaks off later ends the connection, which
    the client sees by the missing rest.
    """

    def __init__(
        self, files: StoredFiles, key: str, part: ByteRange, *, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._files = files
        self._key = key
        self._part = part
        # What Response itself put there is about a body that it holds; this one has none.
        self.headers["content-length"] = str(part.length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        del scope
        async with self._files.open(self._key, self._part.start, self._part.length) as reader:
            sending = asyncio.create_task(self._send(reader, send))
            leaving = asyncio.create_task(_wait_for_leave(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                left = not sending.done()
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.wait({sending, leaving})
            if left:
                log.info("download_left", key=self._key)
            else:
                await sending  # for its error

    async def _send(self, reader: FileReader, send: Send) -> None:
        piece = await reader.read()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        left = self._part.length
        try:
            while piece:
                left -= len(piece)
                async with asyncio.timeout(STALL_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
                if left <= 0:
                    return
                piece = await reader.read()
            log.error("download_broke_off", key=self._key, missing_bytes=left)
        except UnavailableError:
            log.warning("download_broke_off", key=self._key, missing_bytes=left)
        except TimeoutError:
            log.info("download_stalled", key=self._key, missing_bytes=left)


async def _wait_for_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
