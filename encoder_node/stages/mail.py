"""Mail: hand one notification to the operator's mail server.

The server's address comes from a setting, not from a client, so it may be anywhere. Without TLS only where the setting
says so, and then without a password. That a mail is the same one as an earlier one shows in its Message-ID: it is made
of the delivery ID, which stays over attempts and when the notification is sent again.

What the recipient's server says about the recipient is final (5xx: `delivery_denied`) or not (4xx). What is wrong with
our own access to the mail server is the operator's to mend, so it is tried again: `delivery_failed`.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

import structlog

from encoder_node.attempt import Attempt
from encoder_node.mail_server import MailServer, Security
from encoder_node.measures import Step
from reelyard.cluster.work import MailResult, MailWork
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.mail_address import why_no_address

log = structlog.get_logger(__name__)

_SENDER_NAME = "Reelyard"
_PERMANENT = 500
_EVIDENCE_LIMIT = 1000

#: Why the server did not take the mail, by the first error that fits.
_REASONS: tuple[tuple[type[OSError], str], ...] = (
    (smtplib.SMTPAuthenticationError, "it refused user and password; an operator corrects REELYARD_SMTP_URL"),
    (smtplib.SMTPNotSupportedError, "it offers no STARTTLS, or no login; an operator corrects REELYARD_SMTP_URL"),
    (ssl.SSLError, "no secure connection could be made (TLS); an operator looks at its certificate"),
    (socket.gaierror, "its host name cannot be resolved"),
    (ConnectionRefusedError, "it refused the connection"),
    (TimeoutError, "it did not answer in time"),
)


class MailStage:
    """Sends mails.

    Args:
        server: where they are handed in; None where none is set up: then every mail fails and says so.
        sender: the address that they come from.
        timeout_s: how long the server may take for one answer.
    """

    def __init__(self, server: MailServer | None, sender: str, timeout_s: float) -> None:
        self._server = server
        self._sender = sender
        self._timeout_s = timeout_s

    def run(self, attempt: Attempt) -> MailResult:
        """Send one mail.

        Raises:
            WorkError: delivery_denied, when the recipient or the mail is refused for good; delivery_failed for all
                else.
        """
        work = attempt.work(MailWork)
        if self._server is None:
            raise WorkError(
                ErrorCode.DELIVERY_FAILED,
                "This node has no mail server: an operator sets REELYARD_SMTP_URL and REELYARD_MAIL_FROM.",
            )
        wrong = why_no_address(work.to)
        if wrong:
            raise WorkError(ErrorCode.DELIVERY_DENIED, f"The mail can't be sent: its address {wrong}.")
        message = compose(work, self._sender)
        try:
            with attempt.measures.step(Step.MAIL):
                self._send(self._server, message, work.to)
        except OSError as error:  # smtplib's errors are, and those of sockets and of TLS
            raise _failure(error, work.to) from error
        log.info("mail_sent", delivery_id=work.delivery_id)
        return MailResult()

    def _send(self, server: MailServer, message: EmailMessage, recipient: str) -> None:
        smtp = self._connect(server)
        try:
            if server.security is Security.STARTTLS:
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message, from_addr=self._sender, to_addrs=[recipient])
            # The server has taken the mail: a goodbye that fails must not have it sent again.
            with suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _connect(self, server: MailServer) -> smtplib.SMTP:
        if server.security is Security.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout_s, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)


def compose(work: MailWork, sender: str) -> EmailMessage:
    """The mail in plain text, in 7 bits a byte, so that every server on its way takes it."""
    message = EmailMessage()
    message["From"] = f"{_SENDER_NAME} <{sender}>"
    message["To"] = work.to
    message["Subject"] = " ".join(work.subject.split())  # one line: no header can be smuggled in
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{work.delivery_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(work.text, cte="quoted-printable")
    return message


def _failure(error: OSError, recipient: str) -> WorkError:
    """What a failed try means. The server's own words are evidence, those about the login are left out altogether."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _refused(f"the recipient {recipient}", *error.recipients[recipient])
        case smtplib.SMTPDataError():
            return _refused("the mail", error.smtp_code, error.smtp_error)
        case smtplib.SMTPSenderRefused():
            why = f"it refused the sender with SMTP status {error.smtp_code}; an operator corrects REELYARD_MAIL_FROM"
            return _broken(why, _text(error.smtp_error))
    why = next((why for kind, why in _REASONS if isinstance(error, kind)), "")
    if not why and isinstance(error, smtplib.SMTPResponseException):
        return _broken(f"it answered with SMTP status {error.smtp_code}", _text(error.smtp_error))
    return _broken(why or "it broke the connection off")


def _broken(why: str, evidence: str = "") -> WorkError:
    message = f"The mail could not be handed to the mail server: {why}."
    return WorkError(ErrorCode.DELIVERY_FAILED, message, evidence=evidence)


def _refused(what: str, status: int, answer: bytes | str) -> WorkError:
    code = ErrorCode.DELIVERY_DENIED if status >= _PERMANENT else ErrorCode.DELIVERY_FAILED
    return WorkError(code, f"The mail server refused {what} with SMTP status {status}.", evidence=_text(answer))


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", errors="replace") if isinstance(answer, bytes) else answer
    return text[:_EVIDENCE_LIMIT]
