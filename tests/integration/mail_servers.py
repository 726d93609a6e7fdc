"""A real mail server on a free loopback port, with STARTTLS or TLS, a login, and the refusals of real ones."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.free_ports import free_port

USER, PASSWORD = "reel@yard", "s3cret/pass:word"


@dataclass
class Mailbox:
    """What the server took, and what it answers; every answer may be changed by the test."""

    rcpt: str = "250 OK"
    sender: str = "250 OK"
    data: str = "250 OK"
    logins: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
            self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
            assert server.transport is not None
            self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
        return self.data


class _Server(SMTP):
    """Says no to STARTTLS where it was told to, as a server does whose certificate is broken."""

    refuses_tls = False

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self.refuses_tls:
            await self.push("454 4.7.0 TLS not available due to a temporary reason")
        else:
            await super().smtp_STARTTLS(arg)


@contextmanager
def serve_mail(
    box: Mailbox,
    context: ssl.SSLContext | None = None,
    *,
    implicit_tls: bool = False,
    refuses_tls: bool = False,
    login: bool = True,
    port: int | None = None,
) -> Iterator[Mailbox]:
    """Serve a mailbox; `box.port` is set, and stays free for it. With a context there is STARTTLS, or TLS at once."""

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        box.logins.append("accepted" if good else "refused")
        return AuthResult(success=good, handled=good)

    def session() -> SMTP:
        starttls = context is not None and not implicit_tls
        # The library does not see that a connection was encrypted from its start.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
        server = _Server(
            box,
            tls_context=context if starttls else None,
            require_starttls=starttls and not refuses_tls,
            auth_required=login,
            auth_require_tls=starttls,
            authenticator=authenticate,
            ident="test",
        )
        server.refuses_tls = refuses_tls
        return server

    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(session, "127.0.0.1", port or free_port(), ssl=context if implicit_tls else None)
    )
    box.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    await listening.wait_closed()
    mine = asyncio.current_task()
    running = [task for task in asyncio.all_tasks() if task is not mine]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
