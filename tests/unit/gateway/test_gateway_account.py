"""The calls about the account and its formats, in JSON and XML, over a scheduler that answers from a table."""

from typing import Any

import pytest

from gateway.gomi.members import OUTPUT_MEMBERS
from reelyard.cluster.views import AccountView, CreateFormat, UpdateAccount, UpdateFormat
from reelyard.media.errors import ConflictError, SpecError
from reelyard.media.output import OutputFormat, OutputRequest
from tests.unit.gateway.conftest import XML

ACCOUNT = "/api/v1/account"
FORMAT = "/api/v1/format"
AS_XML = {"content-type": "application/xml"}
VIEW = AccountView(
    account_id=7,
    name="acme",
    created_ms=10,
    default_ping_url="https://hooks.example/a",
    webhook_secret_set=True,
    rate_limit=1000,
    key_count=2,
)
SHOWN = {
    "AccountID": 7,
    "Name": "acme",
    "DateCreatedUTC": "/Date(10+0000)/",
    "DefaultPingUrl": "https://hooks.example/a",
    "DefaultNotificationEmailAddress": "",
    "DefaultDeliveryLocation": "",
    "WebhookSecretSet": True,
    "RateLimit": 1000,
    "KeyCount": 2,
    "Self": "account",
}
OWN = OutputFormat(
    id=1003, name="Small", description="", parameters=OutputRequest(container="mp4", height=120, ping_url="http://h/p")
)


def put(api: Any, path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    return api.request("PUT", path, data=body, headers=headers)


def test_the_account_is_shown_in_both_formats(api: Any) -> None:
    api.scheduler.answers["get_account"] = VIEW

    assert api.get(ACCOUNT).json == {"account": SHOWN, "Success": True, "ErrorCode": "", "Message": ""}
    root = api.get(ACCOUNT, headers={"accept": "application/xml"}).xml
    assert root.tag == f"{XML}GetAccountResponse"
    assert root.findtext(f"{XML}account/{XML}WebhookSecretSet") == "true"
    assert root.findtext(f"{XML}account/{XML}DateCreatedUTC") == "1970-01-01T00:00:00.01"


def test_only_what_is_given_is_changed_and_an_empty_text_clears(api: Any) -> None:
    api.scheduler.answers["update_account"] = VIEW
    json = b'{"DefaultPingUrl": "https://h.example/x", "DefaultDeliveryLocation": "", "WebhookSecret": null}'
    xml = (
        b'<Account xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><DefaultPingUrl>https://h.example/x'
        b'</DefaultPingUrl><DefaultDeliveryLocation/><WebhookSecret i:nil="true"/></Account>'
    )

    assert put(api, ACCOUNT, json).json["account"] == SHOWN
    assert put(api, ACCOUNT, xml, AS_XML).xml.tag == f"{XML}GetAccountResponse"

    wanted = UpdateAccount(account_id=7, default_ping_url="https://h.example/x", default_delivery_location="")
    assert api.scheduler.calls("update_account") == [(wanted,), (wanted,)]


def test_what_only_an_operator_may_change_may_be_given_back_and_not_changed(api: Any) -> None:
    api.scheduler.answers |= {"update_account": VIEW, "get_account": VIEW}

    assert put(api, ACCOUNT, b'{"AccountID": 7, "Name": "acme", "RateLimit": 1000}').json["Success"] is True
    refused = put(api, ACCOUNT, b'{"RateLimit": 100000}')

    assert refused.error == (200, "invalid_parameter_value")
    assert refused.json["Message"] == "RateLimit is 1000 and can't be changed by this call; leave it out."
    assert len(api.scheduler.calls("update_account")) == 1


def test_a_wrong_setting_is_told_by_the_name_that_the_client_uses(api: Any) -> None:
    api.scheduler.answers["update_account"] = SpecError("webhook_secret", "{webhook_secret} has 3 characters")

    assert put(api, ACCOUNT, b'{"WebhookSecret": "abc"}').json["Message"] == "WebhookSecret has 3 characters."
    assert put(api, ACCOUNT, b'{"DefaultPingUrl": 7}').error == (200, "invalid_parameter_value")


def test_a_format_is_created_replaced_and_removed(api: Any) -> None:
    api.scheduler.answers |= {"create_format": OWN, "update_format": OWN, "delete_format": OWN}
    body = b'{"Name": "Small", "MediaContainerCode": "mp4", "Height": 120, "PingUrl": "http://h/p"}'

    created = api.request("POST", FORMAT, data=body)
    replaced = put(api, f"{FORMAT}/1003", body[:-1] + b', "OutputFormatID": 1003}')
    removed = api.request("DELETE", f"{FORMAT}/1003")

    for answered in (created, replaced, removed):
        shown = answered.json["format"]
        assert (shown["OutputFormatID"], shown["Height"], shown["PingUrl"]) == (1003, 120, "http://h/p")
        assert (shown["Width"], shown["Self"]) == (None, "format/1003")
    ((asked,),) = api.scheduler.calls("create_format")
    assert asked == CreateFormat(account_id=7, request_id=asked.request_id, name="Small", parameters=OWN.parameters)
    assert api.scheduler.calls("update_format") == [
        (UpdateFormat(account_id=7, format_id=1003, name="Small", parameters=OWN.parameters),)
    ]
    assert api.scheduler.calls("delete_format") == [(7, 1003)]


def test_formats_are_written_and_read_in_xml(api: Any) -> None:
    api.scheduler.answers["create_format"] = OWN
    body = b"<Format><Height>120</Height><MediaContainerCode>mp4</MediaContainerCode><Name>Small</Name></Format>"

    root = api.request("POST", FORMAT, data=body, headers=AS_XML).xml

    assert root.tag == f"{XML}CreateFormatResponse"
    assert root.findtext(f"{XML}format/{XML}OutputFormatID") == "1003"
    ((asked,),) = api.scheduler.calls("create_format")
    assert asked.parameters == OutputRequest(container="mp4", height=120)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"Name": "n", "OutputFormatID": 7}', "OutputFormatID is 7; a format gets its ID from us"),
        (b'{"Name": "n", "Title": "x"}', "Title is a matter of each output"),
        (b'{"Name": "n", "CustomerReferenceID": "x"}', "CustomerReferenceID is a matter of each output"),
        (b'{"Name": "n", "Height": "tall"}', 'Height is "tall"'),
    ],
)
def test_what_no_format_may_hold_is_refused(api: Any, body: bytes, says: str) -> None:
    answered = api.request("POST", FORMAT, data=body)

    assert answered.error == (200, "invalid_parameter_value")
    assert answered.json["Message"].startswith(says)
    assert not api.scheduler.calls("create_format")


def test_a_built_in_format_stays(api: Any) -> None:
    api.scheduler.answers["delete_format"] = ConflictError("output format 3 is a built-in one; it stays as it is")

    assert api.request("DELETE", f"{FORMAT}/3").error == (200, "conflict")


def test_a_format_shows_every_member_that_it_may_set(api: Any) -> None:
    api.scheduler.answers["get_format"] = OWN

    shown = api.get(f"{FORMAT}/1003").json["format"]

    of_one_output = {"Title", "CustomerReferenceID"}
    assert {each.name for each in OUTPUT_MEMBERS} - of_one_output <= set(shown)
