"""Notify: post one webhook.

The receiver can tell that a notification is ours and fresh by its signature, and that two are the same one by its
delivery ID, which stays over retries:

    Reelyard-Delivery: 5d4f2c9e-...
    Reelyard-Signature: t=1732233600,v1=<hex HMAC-SHA256 over "1732233600." + body, keyed with the account's secret>

Any status of the 200s is a success. A redirect is followed only where the method stays POST (307, 308), each hop
checked like the first address; what a 301, 302 or 303 would make of it is a GET without the notification.
410 says that the receiver is gone for good: that is the one answer after which nothing is tried again.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import structlog
import urllib3
from urllib3.exceptions import HTTPError

from encoder_node.attempt import Attempt
from encoder_node.measures import Step
from encoder_node.unreachable import why_unreachable
from reelyard.cluster.redact import redact_echo_of, redact_url
from reelyard.cluster.urlguard import follow
from reelyard.cluster.work import NotifyResult, NotifyWork
from reelyard.media.errors import ErrorCode, WorkError

log = structlog.get_logger(__name__)

#: Bytes of the answer that are read, for the attempt's log.
_ANSWER_BYTES = 4096
_OK_FROM, _OK_BEFORE = 200, 300


class NotifyStage:
    """Posts notifications.

    Args:
        pool: guarded HTTP with the time-outs of a notification.
        clock: seconds since 1970 UTC, for the signature.
    """

    def __init__(self, pool: urllib3.PoolManager, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock

    def run(self, attempt: Attempt) -> NotifyResult:
        """Post one notification.

        Raises:
            WorkError: delivery_failed, with the HTTP status when there was one; delivery_denied when that is 410;
                invalid_input_url for an address that may not be reached.
        """
        work = attempt.work(NotifyWork)
        with attempt.measures.step(Step.NOTIFY):
            return self._post(work)

    def _post(self, work: NotifyWork) -> NotifyResult:
        body = work.body.encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Reelyard-Delivery": work.delivery_id,
        }
        if work.secret:
            headers["Reelyard-Signature"] = signature(work.secret, int(self._clock()), body)
        name = redact_url(work.url)
        try:
            response, _ = follow(self._pool, "POST", work.url, headers=headers, body=body)
        except HTTPError as error:
            message = f"The notification could not be posted to {name}: {why_unreachable(error)}."
            raise WorkError(ErrorCode.DELIVERY_FAILED, message) from error
        with response:
            answer = b""
            with suppress(HTTPError):  # the status is the answer; the rest is only for the log
                answer = response.read(_ANSWER_BYTES)
            status = response.status
            response.close()  # not drained: it may be endless
        if not _OK_FROM <= status < _OK_BEFORE:
            raise WorkError(
                ErrorCode.DELIVERY_DENIED if status == HTTPStatus.GONE else ErrorCode.DELIVERY_FAILED,
                f"The receiver at {name} answered the notification with HTTP status {status}.",
                evidence=redact_echo_of(answer.decode("utf-8", errors="replace"), work.url),
                http_status=status,
            )
        log.info("notification_posted", delivery_id=work.delivery_id, url=name, http_status=status)
        return NotifyResult(http_status=status)


def signature(secret: str, unix_s: int, body: bytes) -> str:
    """The value of `Reelyard-Signature` for a body posted at `unix_s` (seconds since 1970 UTC)."""
    digest = hmac.new(secret.encode(), f"{unix_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={unix_s},v1={digest}"
