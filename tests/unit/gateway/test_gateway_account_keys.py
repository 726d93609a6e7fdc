"""The calls about an account's keys, over a scheduler that answers from a table."""

from typing import Any

from reelyard.cluster.views import CreatedKeyView, CreateKey, KeyListView, KeyView
from reelyard.media.errors import ConflictError, NotFoundError, SpecError

KEYS = "/api/v1/account/keys"
SECRET = "ry_the-secret-of-a-new-key"
OLD = KeyView(key_id=2, account_id=7, label="first", prefix="ry_AAAAA", created_ms=10, last_used_ms=20, revoked_ms=30)
NEW = KeyView(key_id=9, account_id=7, label="laptop", prefix="ry_BBBBB", created_ms=40)
NEW_ITEM = {
    "KeyID": 9,
    "Label": "laptop",
    "Prefix": "ry_BBBBB",
    "Role": "full",
    "DateCreatedUTC": "/Date(40+0000)/",
    "DateLastUsedUTC": None,
    "DateRevokedUTC": None,
    "Self": "account/keys/9",
}
ENVELOPE = {"Success": True, "ErrorCode": "", "Message": ""}


def test_keys_are_listed_the_newest_first_without_a_secret(api: Any) -> None:
    api.scheduler.answers["list_keys"] = KeyListView(keys=(OLD, NEW))

    answered = api.get(KEYS)

    assert answered.json["TotalItemCount"] == 2
    assert answered.json["keys"][0] == NEW_ITEM
    assert answered.json["keys"][1]["DateLastUsedUTC"] == "/Date(20+0000)/"
    assert answered.json["keys"][1]["DateRevokedUTC"] == "/Date(30+0000)/"
    assert api.scheduler.calls("list_keys") == [(api.account_id,)]


def test_keys_are_listed_in_pages(api: Any) -> None:
    api.scheduler.answers["list_keys"] = KeyListView(keys=(OLD, NEW))

    pages = [api.get(KEYS, f"ApiKey={api.key}&pageSize=1&pageNumber={number}").json for number in (1, 2, 3)]

    assert [[item["KeyID"] for item in page["keys"]] for page in pages] == [[9], [2], []]
    assert {page["TotalItemCount"] for page in pages} == {2}


def test_a_key_is_created_and_its_secret_is_shown(api: Any) -> None:
    api.scheduler.answers["create_key"] = CreatedKeyView(key=NEW, secret=SECRET)

    answered = api.post(KEYS, {"Label": "laptop"}, headers={"content-length": "19"})

    assert answered.json == {"key": NEW_ITEM, "Secret": SECRET} | ENVELOPE
    assert answered.headers["cache-control"] == "no-store"
    assert api.scheduler.calls("create_key") == [(CreateKey(account_id=api.account_id, label="laptop"),)]


def test_a_key_needs_no_label(api: Any) -> None:
    api.scheduler.answers["create_key"] = CreatedKeyView(key=NEW, secret=SECRET)

    assert api.request("POST", KEYS).json["Success"] is True
    assert api.scheduler.calls("create_key") == [(CreateKey(account_id=api.account_id),)]


def test_a_wrong_label_is_named(api: Any) -> None:
    api.scheduler.answers["create_key"] = SpecError("label", "{label} has 300 characters; the most is 200")

    answered = api.post(KEYS, {"Label": "x" * 300}, headers={"content-length": "313"})

    assert answered.error == (200, "invalid_parameter_value")
    assert answered.json["Message"] == "Label has 300 characters; the most is 200."


def test_a_key_is_revoked_but_never_the_last_one(api: Any) -> None:
    api.scheduler.answers["revoke_key"] = OLD
    assert api.request("DELETE", f"{KEYS}/2").json["key"]["DateRevokedUTC"] == "/Date(30+0000)/"
    assert api.scheduler.calls("revoke_key") == [(api.account_id, 2, ("keep_last", True))]

    api.scheduler.answers["revoke_key"] = ConflictError("key 2 is the account's last usable one")
    assert api.request("DELETE", f"{KEYS}/2").error == (200, "conflict")
    api.scheduler.answers["revoke_key"] = NotFoundError("there is no API key 3 on this account")
    assert api.request("DELETE", f"{KEYS}/3").error[1] == "not_found"
    assert api.request("DELETE", f"{KEYS}/x").error == (200, "invalid_parameter_value")
