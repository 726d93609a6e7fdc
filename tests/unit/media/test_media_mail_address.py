"""Which mail addresses are valid."""

import pytest

from reelyard.media.errors import SpecError
from reelyard.media.mail_address import check_mail_address, why_no_address
from reelyard.media.output import OutputFormat, OutputRequest
from reelyard.media.resolve import resolve_output


@pytest.mark.parametrize(
    "address",
    [
        "ops@example.com",
        "o'neil+encode_1@mail.example.co.uk",
        "root@localhost",
        "a@b-c.example",
        f"{'x' * 64}@example.com",
        "",
        None,
    ],
)
def test_a_plain_address_is_valid(address: str | None) -> None:
    check_mail_address("notification_email", address)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("nobody", "is no mail address"),
        ("@example.com", "is no mail address"),
        ("ops@", "is no mail address"),
        ("ops@exa_mple.com", "is no mail address"),
        ("ops@-example.com", "is no mail address"),
        ("o..ps@example.com", "is no mail address"),
        ("ops@example..com", "is no mail address"),
        ("<ops@example.com>", "is no mail address"),
        ("a@b@example.com", "is no mail address"),
        (f"{'x' * 65}@example.com", "is no mail address"),
        ("a@example.com,b@example.com", "more than one"),
        ("a@example.com; b@example.com", "more than one"),
        ("Ops <ops@example.com>", "white space"),
        ("ops@example.com\r\nBcc: spy@example.com", "white space"),
        ("ops@bücher.example", "xn--"),
        (f"ops@{'x' * 300}.com", "308 characters"),
        ("ops\x00@example.com", "is no mail address"),
    ],
)
def test_anything_else_is_refused_with_the_reason(address: str, complaint: str) -> None:
    assert complaint in why_no_address(address)
    with pytest.raises(SpecError, match="valid is one address") as refused:
        check_mail_address("notification_email", address)
    assert refused.value.field == "notification_email"


def test_a_request_goes_before_its_format() -> None:
    parameters = OutputRequest(container="mp4", notification_email="format@example.com", ping_url="http://f.example/")
    preset = OutputFormat(id=900, name="mine", description="", parameters=parameters)

    own = resolve_output(OutputRequest(output_format_id=900, notification_email="own@example.com"), preset)

    assert (own.notification_email, own.ping_url) == ("own@example.com", "http://f.example/")
    with pytest.raises(SpecError, match="is no mail address"):
        resolve_output(OutputRequest(output_format_id=900, notification_email="nobody"), preset)
