"""The delivery log and receivers of notifications, over a scheduler that answers from a table."""

from typing import Any

import pytest

from reelyard.cluster.views import (
    CreatedIngestView,
    NotificationAttemptView,
    NotificationListView,
    NotificationView,
)
from reelyard.media.errors import ConflictError, NotFoundError, SpecError

LOG = "/api/v1/notification"
NS = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"
ENVELOPE = {"Success": True, "ErrorCode": "", "Message": ""}
PING = NotificationView(
    notification_id=21,
    type="ping",
    job_id=7,
    target="https://hooks.example/reelyard?[redacted]",
    status="waiting",
    delivery_id="d-1",
    created_ms=10,
    updated_ms=30,
    next_attempt_ms=40,
    attempts=(
        NotificationAttemptView(
            attempt=1, started_ms=20, http_status=500, error_code="delivery_failed", error_message="It answered 500."
        ),
    ),
)
MAIL = NotificationView(
    notification_id=22,
    type="mail",
    ingest_id=4,
    target="ops@example.com",
    status="delivered",
    delivery_id="d-2",
    created_ms=10,
    updated_ms=20,
    attempts=(NotificationAttemptView(attempt=1, started_ms=15),),
)
PING_ITEM = {
    "NotificationID": 21,
    "Type": "Ping",
    "JobID": 7,
    "IngestID": None,
    "JobType": "Encoding",
    "Target": "https://hooks.example/reelyard?[redacted]",
    "Status": "Waiting",
    "DeliveryID": "d-1",
    "DateCreatedUTC": "/Date(10+0000)/",
    "DateUpdatedUTC": "/Date(30+0000)/",
    "NextAttemptUTC": "/Date(40+0000)/",
    "Attempts": [
        {
            "Attempt": 1,
            "DateUTC": "/Date(20+0000)/",
            "HttpStatus": 500,
            "ErrorCode": "delivery_failed",
            "ErrorMessage": "It answered 500.",
        }
    ],
    "Self": "notification/21",
}
MAIL_ITEM = {
    "NotificationID": 22,
    "Type": "Mail",
    "JobID": None,
    "IngestID": 4,
    "JobType": "Ingest",
    "Target": "ops@example.com",
    "Status": "Delivered",
    "DeliveryID": "d-2",
    "DateCreatedUTC": "/Date(10+0000)/",
    "DateUpdatedUTC": "/Date(20+0000)/",
    "NextAttemptUTC": None,
    "Attempts": [{"Attempt": 1, "DateUTC": "/Date(15+0000)/", "HttpStatus": None, "ErrorCode": "", "ErrorMessage": ""}],
    "Self": "notification/22",
}


@pytest.fixture
def logged(api: Any) -> Any:
    api.scheduler.answers["list_notifications"] = NotificationListView(notifications=(MAIL, PING), total=2)
    api.scheduler.answers["get_notification"] = PING
    api.scheduler.answers["replay_notification"] = MAIL
    return api


def test_the_log_is_listed(logged: Any) -> None:
    answered = logged.get(LOG, f"ApiKey={logged.key}&pageSize=5&pageNumber=2")

    listed = {"TotalItemCount": 2, "PageSize": 5, "PageNumber": 2, "notifications": [MAIL_ITEM, PING_ITEM]}
    assert answered.json == listed | ENVELOPE
    assert list(answered.json["notifications"][1]) == list(PING_ITEM)
    assert logged.scheduler.calls("list_notifications") == [(logged.account_id, 5, 2, ("job_id", 0), ("ingest_id", 0))]


@pytest.mark.parametrize(
    ("query", "asked"),
    [("JobID=7", (7, 0)), ("ingestid=4", (0, 4)), ("JobID=", (0, 0)), ("JobID=7&IngestID=4", (7, 4))],
)
def test_the_log_of_one_job_or_ingest(logged: Any, query: str, asked: tuple[int, int]) -> None:
    assert logged.get(LOG, f"ApiKey={logged.key}&{query}").json["Success"] is True

    ((*_, job_id, ingest_id),) = logged.scheduler.calls("list_notifications")
    assert (job_id, ingest_id) == (("job_id", asked[0]), ("ingest_id", asked[1]))


@pytest.mark.parametrize("query", ["JobID=x", "JobID=0", "IngestID=-1", "JobID=1&JobID=2"])
def test_a_wrong_owner_is_named(logged: Any, query: str) -> None:
    answered = logged.get(LOG, f"ApiKey={logged.key}&{query}")

    assert answered.error == (200, "invalid_parameter_value")
    assert query.partition("=")[0] in answered.json["Message"]
    assert not logged.scheduler.calls("list_notifications")


def test_one_is_shown(logged: Any) -> None:
    assert logged.get(f"{LOG}/21").json == {"notification": PING_ITEM} | ENVELOPE
    assert logged.scheduler.calls("get_notification") == [(logged.account_id, 21)]


def test_one_is_shown_in_xml(logged: Any) -> None:
    root = logged.get(f"{LOG}/21", f"ApiKey={logged.key}&format=xml").xml

    assert root.tag == f"{NS}GetNotificationResponse"
    item = root.find(f"{NS}notification")
    assert item is not None
    names = [each.tag.removeprefix(NS) for each in item]
    assert names == sorted(PING_ITEM)
    assert item.findtext(f"{NS}NextAttemptUTC") == "1970-01-01T00:00:00.04"
    (attempt,) = item.findall(f"{NS}Attempts/{NS}NotificationAttempt")
    assert attempt.findtext(f"{NS}HttpStatus") == "500"
    assert item.find(f"{NS}IngestID").attrib == {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}


def test_the_log_is_listed_in_xml(logged: Any) -> None:
    root = logged.get(LOG, f"ApiKey={logged.key}&format=xml").xml

    assert root.tag == f"{NS}GetNotificationListResponse"
    found = root.findall(f"{NS}notifications/{NS}NotificationItem/{NS}NotificationID")
    assert [each.text for each in found] == ["22", "21"]


def test_one_is_sent_again(logged: Any) -> None:
    answered = logged.request("POST", f"{LOG}/21/replay")

    assert answered.json == {"notification": MAIL_ITEM} | ENVELOPE
    assert logged.scheduler.calls("replay_notification") == [(logged.account_id, 21)]


def test_one_that_is_being_sent_or_not_there_is_not_sent_again(api: Any) -> None:
    api.scheduler.answers["replay_notification"] = ConflictError("notification 21 is still being sent")
    assert api.request("POST", f"{LOG}/21/replay").error == (200, "conflict")
    api.scheduler.answers["replay_notification"] = NotFoundError("there is no notification 9 on this account")
    assert api.request("POST", f"{LOG}/9/replay").error == (200, "not_found")
    assert api.request("POST", f"{LOG}/x/replay").error == (200, "invalid_parameter_value")


def test_an_ingest_may_name_receivers(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = CreatedIngestView(ingest_id=8, input_media_id=7)
    body = {"SourceMediaURL": "http://s.example/", "PingUrl": "http://p.example/", "NotificationEmailAddress": "a@b"}

    assert api.post("/api/v1/ingest/create", body).json["Success"] is True

    ((asked,),) = api.scheduler.calls("create_ingest")
    assert (asked.ping_url, asked.notification_email) == ("http://p.example/", "a@b")
    assert asked.base_url == "http://api.example:8080"


def test_an_ingest_may_name_receivers_in_xml(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = CreatedIngestView(ingest_id=8, input_media_id=7)
    body = (
        b"<CreateIngest><SourceMediaURL>http://s.example/</SourceMediaURL><PingUrl>http://p.example/</PingUrl>"
        b"<NotificationEmailAddress>a@b</NotificationEmailAddress></CreateIngest>"
    )

    api.post("/api/v1/ingest/create", body, headers={"content-type": "text/xml"})

    ((asked,),) = api.scheduler.calls("create_ingest")
    assert (asked.ping_url, asked.notification_email) == ("http://p.example/", "a@b")


def test_a_refused_receiver_has_its_name_on_the_wire(api: Any) -> None:
    api.scheduler.answers["create_ingest"] = SpecError("notification_email", "{notification_email} 'x' is no address")

    answered = api.post("/api/v1/ingest/create", {"SourceMediaURL": "http://s.example/"})

    assert answered.json["Message"] == "NotificationEmailAddress 'x' is no address."


def test_an_output_may_ask_for_a_mail(api: Any) -> None:
    output = {"OutputFormatID": 4, "NotificationEmailAddress": "ops@example.com"}
    body = {"SourceMediaURL": "http://s.example/", "OutputJobs": [output]}

    assert api.post("/api/v1/job/create", body).json["Success"] is True

    ((asked,),) = api.scheduler.calls("create_jobs")
    assert asked.outputs[0].notification_email == "ops@example.com"
