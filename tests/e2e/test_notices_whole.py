"""Webhook and mail of real processes: a mail server that is away at first, a receiver that fails at first."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient, until
from tests.e2e.services import Standalone
from tests.integration.mail_servers import PASSWORD, USER, Mailbox, serve_mail

MAIL = "ops@example.com"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A certificate of localhost, and the file with the authority that made it."""
    made = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost").configure_cert(context)
    bundle = tmp_path_factory.mktemp("authority") / "authority.pem"
    made.cert_pem.write_to_path(bundle)
    return context, bundle


@pytest.fixture(scope="module")
def box(authority: tuple[ssl.SSLContext, Path]) -> Mailbox:
    """A mailbox that has a port, and whose server is away."""
    with serve_mail(Mailbox(), authority[0]) as mailbox:
        return mailbox


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, authority: tuple[ssl.SSLContext, Path], box: Mailbox
) -> Iterator[Standalone]:
    settings = {
        "REELYARD_SMTP_URL": f"smtp://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@localhost:{box.port}",
        "REELYARD_MAIL_FROM": "reelyard@example.com",
        "REELYARD_NOTIFY_RETRY_SECONDS": ",".join(["0.5"] * 100),
        "SSL_CERT_FILE": str(authority[1]),
    }
    with Standalone(tmp_path_factory.mktemp("mail") / "data", **settings) as running:
        yield running


@pytest.fixture
def client(service: Standalone) -> SeedClient:
    return SeedClient(service.url, service.api_key)


def logged(client: SeedClient, kind: str, **owner: int) -> list[dict[str, Any]]:
    """The notifications of a kind about a job or an ingest, the newest first."""
    found = client.get("notification", **owner)
    assert found["Success"] is True, found
    return [each for each in found["notifications"] if each["Type"] == kind]


def test_a_mail_waits_for_its_server(
    client: SeedClient, service: Standalone, sources: Sources, authority: tuple[ssl.SSLContext, Path], box: Mailbox
) -> None:
    output = {"OutputFormatID": 0, "MediaContainerCode": "mp4", "Width": 64, "NotificationEmailAddress": MAIL}
    (job_id,) = client.created(f"{sources.url}/file/clip.mp4", [output])
    job = client.ended(job_id)
    assert job["Status"] == "Completed"

    def tried() -> dict[str, Any] | None:
        return next((each for each in logged(client, "Mail", JobID=job_id) if each["Attempts"]), None)

    away = until(tried, 30, "a try to fail")
    assert (away["Status"], away["Target"]) == ("Waiting", MAIL)
    assert away["Attempts"][0]["ErrorCode"] == "delivery_failed"
    with serve_mail(box, authority[0], port=box.port):
        until(lambda: logged(client, "Mail", JobID=job_id)[0]["Status"] == "Delivered", 30, "the mail to be sent")

    (mail,) = box.mails
    assert mail["Subject"] == f"Encoding job {job_id} completed"
    assert mail["Message-ID"] == f"<{away['DeliveryID']}@example.com>"
    assert client.output(job["OutputMediaID"])["FileURL"] in mail.get_content()
    assert box.logins == ["accepted"]
    assert PASSWORD not in service.log.read_text()


def test_an_ingest_is_told_and_told_again(client: SeedClient, sources: Sources) -> None:
    with Pings(fail_first=1) as pings:
        url = pings.url.replace("http://", "http://me:hush@") + "?token=hush"
        made = client.post("ingest/create", SourceMediaURL=f"{sources.url}/file/clip.mp4", PingUrl=url)
        ingest_id = made["IngestJobID"]
        until(
            lambda: [each["Status"] for each in logged(client, "Ping", IngestID=ingest_id)] == ["Delivered"],
            60,
            "the webhook",
        )
        (first,) = logged(client, "Ping", IngestID=ingest_id)
        client.post(f"notification/{first['NotificationID']}/replay")
        until(lambda: len(pings.accepted(ingest_id)) > 1, 30, "the webhook to come again")

    assert [each["HttpStatus"] for each in first["Attempts"]] == [500, 200]
    assert [ping.answered for ping in pings.seen] == [500, 200, 200]
    assert len({ping.raw for ping in pings.seen}) == 1
    assert {ping.headers["Reelyard-Delivery"] for ping in pings.seen} == {first["DeliveryID"]}
    fields = pings.seen[0].fields
    assert (fields["JobType"], fields["Result"], fields["InputMediaID"]) == (
        "Ingest",
        "Success",
        str(made["InputMediaID"]),
    )
    assert client.download(fields["DownloadURL"])
    assert "hush" not in first["Target"]
