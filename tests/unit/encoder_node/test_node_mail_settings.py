"""How a node is told of its mail server."""

import pytest

from encoder_node.mail_server import MailServer, Security, mail_server
from encoder_node.settings import NodeSettings
from reelyard.cluster.settings import SettingsError, read_settings

ENOUGH = {"REELYARD_STORAGE_URL": "file:///srv/media", "REELYARD_BROKER_URL": "memory:"}
URL = "smtp://ops%40example.com:hu%2Fsh@mail.example"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            URL,
            MailServer(
                host="mail.example", port=587, security=Security.STARTTLS, user="ops@example.com", password="hu/sh"
            ),
        ),
        ("smtps://mail.example", MailServer(host="mail.example", port=465, security=Security.TLS)),
        ("smtp+plain://127.0.0.1", MailServer(host="127.0.0.1", port=25, security=Security.NONE)),
        ("smtp://[::1]:2525/", MailServer(host="::1", port=2525, security=Security.STARTTLS)),
    ],
)
def test_a_url_names_a_server(url: str, server: MailServer) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:no",
        "smtp://mail.example:99999",
        "smtp://user@mail.example",
        "smtp://:hush@mail.example",
        "smtp+plain://user:hush@mail.example",
        "smtp://mail.example/folder",
        "smtp://mail.example?starttls=no",
        "smtp://[::1",
        "smtp://mäil.example",
        "smtp://user:h%C3%BCsh@mail.example",
        "smtp://user%0D%0A:hush@mail.example",
    ],
)
def test_anything_else_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(NodeSettings, ENOUGH | {"REELYARD_SMTP_URL": url, "REELYARD_MAIL_FROM": "a@example.com"})

    assert "REELYARD_SMTP_URL has a wrong value (not shown); valid is smtp://" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_the_password_is_not_shown() -> None:
    settings = read_settings(NodeSettings, ENOUGH | {"REELYARD_SMTP_URL": URL, "REELYARD_MAIL_FROM": "a@example.com"})

    assert settings.smtp_url is not None
    assert settings.smtp_url.password == "hu/sh"
    assert "hu/sh" not in repr(settings) + repr(settings.smtp_url)


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"REELYARD_SMTP_URL": URL}, "REELYARD_MAIL_FROM is not"),
        ({"REELYARD_MAIL_FROM": "a@example.com"}, "REELYARD_SMTP_URL is not"),
    ],
)
def test_server_and_sender_go_together(given: dict[str, str], lacking: str) -> None:
    with pytest.raises(SettingsError, match=lacking):
        read_settings(NodeSettings, ENOUGH | given)


def test_the_sender_is_one_address() -> None:
    with pytest.raises(SettingsError, match="REELYARD_MAIL_FROM is 'nobody'; valid is one mail address"):
        read_settings(NodeSettings, ENOUGH | {"REELYARD_MAIL_FROM": "nobody"})
