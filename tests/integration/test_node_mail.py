"""Mails over real sockets, to a mail server with STARTTLS and a login."""

import logging
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from encoder_node.attempt import Attempt
from encoder_node.mail_server import MailServer, mail_server
from encoder_node.stages.mail import MailStage
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.work import MailResult, MailWork, TaskKind
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.mail_servers import PASSWORD, USER, Mailbox, serve_mail
from tests.integration.node_peers import new_attempt

SENDER = "noreply@reelyard.example"
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"
WORK = MailWork(
    delivery_id="5d4f2c9e-1111-2222-3333-444455556666",
    to="ops@example.com",
    subject="Encoding job 7 completed: Grüße",
    text="Encoding job 7 completed.\n\nDownloadURL: http://gateway.example/download/" + "x" * 200 + "\n.\nGrüße\n",
)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for localhost, of an authority that this process trusts as an operator has it trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    return context


def attempt(tmp_path: Path, work: MailWork = WORK) -> Attempt:
    store = FolderStore(tmp_path / "store")
    return new_attempt(TaskKind.MAIL, work, folder=tmp_path / "m", store=store, prefix="job/3/6/1/")


def send(server: MailServer | None, tmp_path: Path, work: MailWork = WORK, timeout_s: float = 20) -> MailResult:
    return MailStage(server, SENDER, timeout_s).run(attempt(tmp_path, work))


def at(box: Mailbox, scheme: str = "smtp", login: str = LOGIN, host: str = "localhost") -> MailServer:
    return mail_server(f"{scheme}://{login}{host}:{box.port}")


def failure(server: MailServer | None, tmp_path: Path, work: MailWork = WORK) -> WorkError:
    with pytest.raises(WorkError) as caught:
        send(server, tmp_path, work)
    assert PASSWORD not in caught.value.message + caught.value.evidence
    return caught.value


def test_a_mail_is_handed_in_encrypted_and_logged_in(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serve_mail(Mailbox(), tls) as box:
        assert send(at(box), tmp_path) == MailResult()

    (mail,) = box.mails
    assert box.envelopes == [(SENDER, ["ops@example.com"])]
    assert (box.logins, box.encrypted) == (["accepted"], [True])
    assert (mail["From"], mail["To"]) == (f"Reelyard <{SENDER}>", "ops@example.com")
    assert mail["Subject"] == WORK.subject
    assert mail["Message-ID"] == "<5d4f2c9e-1111-2222-3333-444455556666@reelyard.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"]
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == WORK.text


def test_tls_from_the_start(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serve_mail(Mailbox(), tls, implicit_tls=True) as box:
        send(at(box, "smtps"), tmp_path)

    assert (len(box.mails), box.logins, box.encrypted) == (1, ["accepted"], [True])


def test_without_encryption_only_where_the_setting_says_so(tmp_path: Path) -> None:
    with serve_mail(Mailbox(), login=False) as box:
        send(at(box, "smtp+plain", login=""), tmp_path)
        refused = failure(at(box, login=""), tmp_path)

    assert len(box.mails) == 1
    assert refused.code is ErrorCode.DELIVERY_FAILED
    assert "STARTTLS" in refused.message


def test_a_server_that_only_says_no_to_tls_gets_no_password(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serve_mail(Mailbox(), tls, refuses_tls=True) as box:
        refused = failure(at(box), tmp_path)

    assert (box.logins, box.mails) == ([], [])
    assert (refused.code, "454" in refused.message) == (ErrorCode.DELIVERY_FAILED, True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_trusted_or_of_another_name_is_refused(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    if host == "localhost":
        monkeypatch.delenv("SSL_CERT_FILE")
    with serve_mail(Mailbox(), tls) as box:
        refused = failure(at(box, host=host), tmp_path)

    assert (box.logins, box.mails) == ([], [])
    assert (refused.code, "certificate" in refused.message) == (ErrorCode.DELIVERY_FAILED, True)


def test_a_wrong_password_is_the_operators_to_mend(
    tls: ssl.SSLContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serve_mail(Mailbox(), tls) as box:
        refused = failure(at(box, login=f"{quote(USER, safe='')}:wr0ng@"), tmp_path)

    assert set(box.logins) == {"refused"}
    assert box.mails == []
    assert refused.code is ErrorCode.DELIVERY_FAILED  # tried again: the operator may correct it
    assert "REELYARD_SMTP_URL" in refused.message
    assert "wr0ng" not in refused.message + refused.evidence
    assert "wr0ng" not in caplog.text


@pytest.mark.parametrize(
    ("answers", "code", "status"),
    [
        ({"rcpt": "550 5.1.1 No such user here"}, ErrorCode.DELIVERY_DENIED, "550"),
        ({"rcpt": "450 4.2.0 Greylisted, come back"}, ErrorCode.DELIVERY_FAILED, "450"),
        ({"data": "554 5.7.1 Looks like spam"}, ErrorCode.DELIVERY_DENIED, "554"),
        ({"data": "452 4.3.1 Disk full"}, ErrorCode.DELIVERY_FAILED, "452"),
        ({"sender": "553 5.7.1 Not your address"}, ErrorCode.DELIVERY_FAILED, "REELYARD_MAIL_FROM"),
        ({"rcpt": "421 4.3.2 Going down"}, ErrorCode.DELIVERY_FAILED, "421"),
    ],
)
def test_a_refusal_is_final_only_about_recipient_and_mail(
    tls: ssl.SSLContext, tmp_path: Path, answers: dict[str, str], code: ErrorCode, status: str
) -> None:
    with serve_mail(Mailbox(**answers), tls) as box:
        refused = failure(at(box), tmp_path)

    assert box.mails == []
    assert refused.code is code
    assert status in refused.message
    (answer,) = answers.values()
    assert refused.evidence == answer[4:]


def test_a_server_that_is_away_gets_the_same_mail_when_it_is_back(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serve_mail(Mailbox(), tls) as box:
        send(at(box), tmp_path)
    away = failure(at(box), tmp_path)
    with serve_mail(box, tls, port=box.port):
        send(at(box), tmp_path)

    assert away.code is ErrorCode.DELIVERY_FAILED
    assert "refused the connection" in away.message
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_without_a_mail_server_it_says_so(tmp_path: Path) -> None:
    failed = failure(None, tmp_path)

    assert failed.code is ErrorCode.DELIVERY_FAILED
    assert "REELYARD_SMTP_URL" in failed.message


def test_no_header_and_no_second_recipient_can_be_smuggled_in(tls: ssl.SSLContext, tmp_path: Path) -> None:
    split = MailWork(delivery_id="d-1", to=WORK.to, subject="A\r\nBcc: spy@example.com\r\n\r\nB", text="text\n")
    several = MailWork(delivery_id="d-2", to="a@example.com, spy@example.com", subject="A", text="text\n")
    with serve_mail(Mailbox(), tls) as box:
        send(at(box), tmp_path, split)
        refused = failure(at(box), tmp_path, several)

    (mail,) = box.mails
    assert mail["Subject"] == "A Bcc: spy@example.com B"
    assert mail["Bcc"] is None
    assert box.envelopes == [(SENDER, [WORK.to])]
    assert refused.code is ErrorCode.DELIVERY_DENIED
