"""HTTP/1.1 as the server speaks it, with bounds on what a client may send before anybody knows who it is.

uvicorn bounds neither the bytes nor the time of a request's head: one connection that sends header after header would
take all memory, and one that sends half a line would be kept for ever. What it refuses itself it tells in plain text;
here it is told in the body that every other answer has.
"""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.gomi.bodies import Outcome
from gateway.gomi.json_answer import write_json
from reelyard.media.errors import ErrorCode

#: Bytes of a request's line and headers together; signed URLs in a query are below that, and proxies allow less.
HEAD_MAX_BYTES = 64 * 1024

#: Seconds within which a head that has begun must be whole.
HEAD_WITHIN_S = 30.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection; a head that is too large or too slow ends it."""

    _head_begun = False
    _head_bytes = 0
    _ended_in_this_read = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first request no longer than for a further one."""
        super().connection_made(transport)
        self._keep_for_a_while()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers too, which uvicorn does only after a clean end."""
        self._end_head()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and count what belongs to a head that is not whole yet."""
        self._ended_in_this_read = False
        super().data_received(data)
        if self._head_begun and not self._ended_in_this_read:  # else most of it may be of the request before
            self._head_bytes += len(data)
        if self.transport.is_closing():
            self._end_head()
        elif not self._head_begun:
            self._keep_for_a_while()
        elif self._head_bytes > HEAD_MAX_BYTES:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                ErrorCode.REQUEST_TOO_LARGE,
                f"The request's line and headers are larger than {HEAD_MAX_BYTES} bytes, the most that is read.",
            )

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._end_head()
        self._head_begun = True
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._head_is_late)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._end_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole, with its body."""
        self._ended_in_this_read = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, ErrorCode.MALFORMED_REQUEST, msg)

    def _end_head(self) -> None:
        self._head_begun = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _keep_for_a_while(self) -> None:
        """End the connection when nothing more comes over it, unless it is being answered or will be ended already."""
        if self.timeout_keep_alive_task is None and not self._is_answering():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _head_is_late(self) -> None:
        if self._is_answering():  # a request behind the one that is answered: its time begins after that
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._head_is_late)
            return
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            ErrorCode.MALFORMED_REQUEST,
            f"The request's line and headers did not arrive whole within {HEAD_WITHIN_S:.0f} seconds.",
        )

    def _refuse(self, status: HTTPStatus, code: ErrorCode, message: str) -> None:
        """Answer by hand, since there is no request, and close; in the middle of another answer only close."""
        self._end_head()
        if not self._is_answering():
            body = write_json(Outcome(success=False, error_code=code.value, message=message))
            lines = (
                f"HTTP/1.1 {status.value} {status.phrase}",
                "content-type: application/json",
                f"content-length: {len(body)}",
                "cache-control: no-store",
                "connection: close",
            )
            self.transport.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
        self.transport.close()
