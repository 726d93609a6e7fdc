"""The delivery log over real HTTP and gRPC: a gateway, a scheduler, no node, so every notification waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.gateway_rig import Rig, running_rig

HOOK = "http://user:hush@hooks.example/done?token=hush"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("notifications")
    with running_rig(folder) as running:
        yield running


def cancelled_ingest(rig: Rig) -> int:
    """The ID of an ingest that has ended, and whose receiver is yet to be told."""
    body = {"SourceMediaURL": "http://media.example/clip.mov", "PingUrl": HOOK}
    ingest_id = int(rig.post("ingest/create", json=body).json()["IngestJobID"])
    assert rig.post(f"ingest/{ingest_id}/cancel").json()["ingest"]["IngestStatus"] == "Cancelled"
    return ingest_id


def test_a_notification_that_waits_is_listed_and_shown(rig: Rig) -> None:
    ingest_id = cancelled_ingest(rig)
    cancelled_ingest(rig)

    answered = rig.get(f"notification?IngestID={ingest_id}")
    (item,) = answered.json()["notifications"]
    one = rig.get(f"notification/{item['NotificationID']}")

    assert (item["Type"], item["Status"], item["IngestID"], item["JobID"]) == ("Ping", "Waiting", ingest_id, None)
    assert item["Target"] == "http://hooks.example/done?[redacted]"
    assert one.json()["notification"] == item
    assert "hush" not in answered.text + one.text
    assert rig.get("notification").json()["TotalItemCount"] >= 2


def test_what_waits_is_not_sent_again(rig: Rig) -> None:
    ingest_id = cancelled_ingest(rig)
    (item,) = rig.get(f"notification?IngestID={ingest_id}").json()["notifications"]

    refused = rig.post(f"notification/{item['NotificationID']}/replay").json()

    assert (refused["Success"], refused["ErrorCode"]) == (False, "conflict")
    assert rig.get(f"notification?IngestID={ingest_id}").json()["TotalItemCount"] == 1


def test_another_account_finds_nothing(rig: Rig) -> None:
    ingest_id = cancelled_ingest(rig)
    (item,) = rig.get(f"notification?IngestID={ingest_id}").json()["notifications"]
    key = {"ApiKey": rig.new_key("stranger")}
    url = f"{rig.url}/api/v1/notification"

    listed = requests.get(url, params=key, timeout=30)
    shown = requests.get(f"{url}/{item['NotificationID']}", params=key, timeout=30)
    replayed = requests.post(f"{url}/{item['NotificationID']}/replay", params=key, timeout=30)

    assert listed.json()["TotalItemCount"] == 0
    assert [each.json()["ErrorCode"] for each in (shown, replayed)] == ["not_found", "not_found"]


def test_mail_is_refused_where_no_server_is_set_up(rig: Rig) -> None:
    body = {"SourceMediaURL": "http://media.example/clip.mov", "NotificationEmailAddress": "ops@example.com"}

    refused = rig.post("ingest/create", json=body).json()

    assert (refused["Success"], refused["ErrorCode"]) == (False, "invalid_parameter_value")
    assert refused["Message"].startswith("NotificationEmailAddress can't be served")
    assert "PingUrl" in refused["Message"]
