"""Webhooks and mails of jobs and ingests, the delivery log, and sending again."""

import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest

from reelyard.cluster.views import CreatedIngestView, CreateFormat, CreateIngest, CreateJobs, NotificationView
from reelyard.cluster.work import MailWork, NotifyWork, Queue, TaskKind
from reelyard.media.errors import ConflictError, ErrorCode, SpecError
from reelyard.media.output import OutputRequest
from scheduler.domain.notification import JobOutcome
from scheduler.errors import NotificationNotFoundError
from scheduler.store.job_queries import lock_job
from scheduler.usecases.cancel_ingest import cancel_ingest
from scheduler.usecases.cancel_job import cancel_job
from scheduler.usecases.create_ingest import create_ingest
from scheduler.usecases.create_jobs import create_jobs
from scheduler.usecases.formats import create_format
from scheduler.usecases.notices import notify_job
from scheduler.usecases.paging import Page
from scheduler.usecases.read_notifications import get_notification, list_notifications
from scheduler.usecases.receivers import Receivers, ingest_receivers
from scheduler.usecases.replay_notification import replay_notification
from tests.contract.lifecycle_rig import POLICY, SOURCE_URL, Rig, race

HOOK = "https://user:hush@hooks.example/reelyard?token=hush"
SHOWN_HOOK = "https://hooks.example/reelyard?[redacted]"
MAIL = "ops@example.com"
BOTH = OutputRequest(
    output_format_id=0,
    container="mp4",
    title="My holiday",
    customer_reference_id="ref-7",
    ping_url=HOOK,
    notification_email=MAIL,
)
PINGED = OutputRequest(output_format_id=0, container="mp4", ping_url=HOOK)
PAGE = Page(size=20, number=1)
FIELDS = [
    *("JobID", "JobType", "Result", "ErrorCode", "ErrorMessage", "FileName", "InputMediaID", "DownloadURL"),
    *("OutputMediaID", "CustomerReferenceID"),
]


def ingest_of(rig: Rig, **members: Any) -> CreatedIngestView:
    given = {"account_id": rig.account_id, "request_id": str(uuid.uuid4()), "source_url": SOURCE_URL} | members
    given.setdefault("base_url", "http://gateway.example/")
    return create_ingest(rig.db, CreateIngest(**given), sends_mail=True)


def form(work: Any) -> dict[str, str]:
    assert isinstance(work, NotifyWork)
    found = parse_qs(work.body, keep_blank_values=True, strict_parsing=True)
    assert list(found) == FIELDS
    return {name: value for name, (value,) in found.items()}


def log_of(rig: Rig, **which: int) -> tuple[NotificationView, ...]:
    return list_notifications(rig.db, rig.account_id, PAGE, **which).notifications


def completed(rig: Rig, output: OutputRequest) -> tuple[str, int]:
    """A node, and the ID of a job that it has just completed."""
    created = rig.create(output)
    node = rig.node("alpha")
    rig.through(node, Queue.INGEST, Queue.ENCODE_CPU, Queue.STORE, Queue.DISTRIBUTE)
    return node, created.jobs[0].job_id


def test_a_completed_ingest_tells_its_receivers(rig: Rig) -> None:
    created = ingest_of(rig, title="My holiday", customer_reference_id="c & 1", ping_url=HOOK, notification_email=MAIL)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)

    ping = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    mail = rig.do(node, Queue.DISTRIBUTE, TaskKind.MAIL).work

    fields = form(ping.work)
    assert isinstance(ping.work, NotifyWork)
    assert ping.work.url == HOOK
    assert (ping.job_id, ping.ingest_id) == (0, created.ingest_id)
    assert fields["JobID"] == str(created.ingest_id)
    assert (fields["JobType"], fields["Result"]) == ("Ingest", "Success")
    assert (fields["ErrorCode"], fields["ErrorMessage"]) == ("", "")
    assert (fields["FileName"], fields["CustomerReferenceID"]) == ("holiday.mov", "c & 1")
    assert (fields["InputMediaID"], fields["OutputMediaID"]) == (str(created.input_media_id), "")
    token = rig.medium(created.input_media_id).token
    path = f"download/sourcemedia/{created.input_media_id}/{token}/holiday.mov"
    assert fields["DownloadURL"] == f"http://gateway.example/{path}"
    assert isinstance(mail, MailWork)
    assert (mail.to, mail.subject) == (MAIL, f"Ingest {created.ingest_id} completed: My holiday")
    assert fields["DownloadURL"] in mail.text
    assert mail.delivery_id != ping.work.delivery_id


def test_a_failed_ingest_tells_why(rig: Rig) -> None:
    created = ingest_of(rig, ping_url=HOOK)
    node = rig.node("alpha")
    rig.fail(rig.take(node, Queue.INGEST), ErrorCode.SOURCE_DENIED, "The source answered 403.")

    fields = form(rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work)

    assert (fields["Result"], fields["ErrorCode"]) == ("Failed", "source_denied")
    assert fields["ErrorMessage"] == "The source answered 403."
    assert (fields["FileName"], fields["DownloadURL"]) == ("", "")
    assert fields["InputMediaID"] == str(created.input_media_id)


def test_a_cancelled_ingest_tells_that(rig: Rig) -> None:
    created = ingest_of(rig, ping_url=HOOK, notification_email=MAIL)
    cancel_ingest(rig.db, rig.account_id, created.ingest_id, POLICY)
    node = rig.node("alpha")

    fields = form(rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work)
    mail = rig.do(node, Queue.DISTRIBUTE, TaskKind.MAIL).work

    assert (fields["Result"], fields["ErrorCode"]) == ("Failed", "cancelled")
    assert isinstance(mail, MailWork)
    assert mail.subject == f"Ingest {created.ingest_id} was cancelled"


def test_an_ingest_without_receivers_tells_nobody(rig: Rig) -> None:
    ingest_of(rig)
    rig.create(PINGED)
    rig.through(rig.node("alpha"), Queue.INGEST, Queue.INGEST)

    assert not rig.tasks(kind="notify")
    assert not rig.tasks(kind="mail")


def test_what_an_ingest_says_goes_before_a_default() -> None:
    default = Receivers(ping_url="http://default.example/", email="all@example.com")

    assert ingest_receivers(Receivers(ping_url=HOOK), default) == Receivers(ping_url=HOOK, email="all@example.com")
    assert ingest_receivers(Receivers(email=MAIL), default).ping_url == "http://default.example/"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"ping_url": "ftp://a.example/"}, "ping_url"),
        ({"ping_url": "http://127.0.0.1/"}, "ping_url"),
        ({"notification_email": "nobody"}, "notification_email"),
        ({"notification_email": "a@example.com, b@example.com"}, "notification_email"),
    ],
)
def test_a_wrong_receiver_makes_no_ingest(rig: Rig, members: dict[str, str], field: str) -> None:
    before = rig.snapshot()

    with pytest.raises(SpecError) as refused:
        ingest_of(rig, **members)

    assert refused.value.field == field
    assert refused.value.code is ErrorCode.INVALID_PARAMETER_VALUE
    assert rig.snapshot() == before


def test_where_no_mail_is_sent_a_request_for_one_is_refused(rig: Rig) -> None:
    request = CreateIngest(account_id=rig.account_id, request_id="1", source_url=SOURCE_URL, notification_email=MAIL)
    with pytest.raises(SpecError, match="REELYARD_MAIL_FROM"):
        create_ingest(rig.db, request)
    jobs = CreateJobs(account_id=rig.account_id, request_id="2", source_url=SOURCE_URL, outputs=(BOTH, PINGED))

    refused, accepted = create_jobs(rig.db, jobs).jobs

    assert refused.error is not None
    assert (refused.error.field, refused.error.code) == ("notification_email", "invalid_parameter_value")
    assert accepted.job_id


@pytest.mark.parametrize("sends_mail", [True, False])
def test_the_address_of_a_format_is_used_where_mail_is_sent(rig: Rig, *, sends_mail: bool) -> None:
    parameters = OutputRequest(container="mp4", notification_email=MAIL)
    wanted = CreateFormat(account_id=rig.account_id, request_id="0", name="mine", parameters=parameters)
    output = OutputRequest(output_format_id=create_format(rig.db, wanted, sends_mail=True).id)
    request = CreateJobs(account_id=rig.account_id, request_id="1", source_url=SOURCE_URL, outputs=(output,))

    (made,) = create_jobs(rig.db, request, sends_mail=sends_mail).jobs

    assert rig.job(made.job_id).spec["notification_email"] == (MAIL if sends_mail else "")


def test_a_job_is_told_by_webhook_and_by_mail(rig: Rig) -> None:
    node, job_id = completed(rig, BOTH)

    fields = form(rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work)
    mail = rig.do(node, Queue.DISTRIBUTE, TaskKind.MAIL).work

    assert isinstance(mail, MailWork)
    assert mail.to == MAIL
    assert mail.subject == f"Encoding job {job_id} completed: My holiday"
    for said in ("My holiday", "ref-7", "Success", fields["FileName"], fields["DownloadURL"]):
        assert said in mail.text


def test_a_job_that_ends_twice_tells_it_twice(rig: Rig) -> None:
    _, job_id = completed(rig, BOTH)
    with rig.db.write() as conn:
        notify_job(conn, lock_job(conn, job_id), JobOutcome(job_id=job_id, error_code="encode_failed"))

    assert [(task.kind, task.part) for task in rig.tasks() if task.kind in ("notify", "mail")] == [
        ("notify", 0),
        ("mail", 0),
        ("notify", 1),
        ("mail", 1),
    ]
    first_body, second_body = (task.work["body"] for task in rig.tasks(kind="notify"))
    assert "Result=Success" in first_body
    assert "Result=Failed" in second_body


def test_the_log_shows_a_delivery_without_its_secrets(rig: Rig) -> None:
    node, job_id = completed(rig, BOTH)
    waiting = log_of(rig)
    assert [(each.type, each.status, each.target) for each in waiting] == [
        ("mail", "waiting", MAIL),
        ("ping", "waiting", SHOWN_HOOK),
    ]
    assert all(each.attempts == () and each.next_attempt_ms == 0 for each in waiting)

    held = rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    assert get_notification(rig.db, rig.account_id, held.spec.task_id).attempts == ()
    rig.finish(held)

    shown = get_notification(rig.db, rig.account_id, held.spec.task_id)
    assert (shown.status, shown.job_id, shown.ingest_id) == ("delivered", job_id, 0)
    assert [(each.attempt, each.http_status, each.error_code) for each in shown.attempts] == [(1, 200, "")]
    assert isinstance(held.spec.work, NotifyWork)
    assert shown.delivery_id == held.spec.work.delivery_id
    assert shown.created_ms <= shown.attempts[0].started_ms <= shown.updated_ms
    assert "hush" not in repr(log_of(rig))


def test_the_log_shows_what_failed_and_when_it_is_tried_again(rig: Rig) -> None:
    node, _ = completed(rig, PINGED)
    held = rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    rig.fail(held, ErrorCode.DELIVERY_FAILED, "The receiver answered 500.")

    (shown,) = log_of(rig)

    assert (shown.status, len(shown.attempts)) == ("waiting", 1)
    assert (shown.attempts[0].error_code, shown.attempts[0].error_message) == (
        "delivery_failed",
        "The receiver answered 500.",
    )
    assert shown.next_attempt_ms > shown.updated_ms


def test_a_receiver_that_is_gone_is_not_tried_again(rig: Rig) -> None:
    node, job_id = completed(rig, PINGED)
    rig.fail(rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY), ErrorCode.DELIVERY_DENIED)

    (shown,) = log_of(rig)

    assert (shown.status, shown.next_attempt_ms) == ("failed", 0)
    assert rig.job(job_id).state == "completed"


def test_a_mail_is_tried_for_hours_as_a_webhook_is(rig: Rig) -> None:
    node, job_id = completed(rig, BOTH)
    attempts = 0
    while log_of(rig, job_id=job_id)[0].status == "waiting":
        rig.fail(rig.take(node, Queue.DISTRIBUTE, TaskKind.MAIL), ErrorCode.DELIVERY_FAILED)
        attempts += 1

    assert attempts == len(POLICY.retry_waits.patient_s) + 1
    assert len(log_of(rig)[0].attempts) == attempts


def test_the_log_is_read_in_pages_and_by_owner(rig: Rig) -> None:
    ingest_id = ingest_of(rig, ping_url=HOOK).ingest_id
    cancel_ingest(rig.db, rig.account_id, ingest_id, POLICY)
    first, second = rig.create(PINGED).jobs[0].job_id, rig.create(BOTH).jobs[0].job_id
    for job_id in (first, second):
        cancel_job(rig.db, rig.account_id, job_id, POLICY)

    owners = [(each.job_id, each.ingest_id) for each in log_of(rig)]
    assert owners == [(second, 0), (second, 0), (first, 0), (0, ingest_id)]
    page = list_notifications(rig.db, rig.account_id, Page(size=3, number=2))
    assert (len(page.notifications), page.total) == (1, 4)
    assert [each.type for each in log_of(rig, job_id=second)] == ["mail", "ping"]
    assert [each.ingest_id for each in log_of(rig, ingest_id=ingest_id)] == [ingest_id]
    assert log_of(rig, job_id=first, ingest_id=ingest_id) == ()


def test_another_account_sees_and_sends_nothing(rig: Rig) -> None:
    _, job_id = completed(rig, PINGED)
    (shown,) = log_of(rig)
    stranger = rig.account("second")

    assert list_notifications(rig.db, stranger, PAGE, job_id=job_id).total == 0
    with pytest.raises(NotificationNotFoundError):
        get_notification(rig.db, stranger, shown.notification_id)
    with pytest.raises(NotificationNotFoundError):
        replay_notification(rig.db, stranger, shown.notification_id)


def test_no_other_task_is_a_notification(rig: Rig) -> None:
    completed(rig, PINGED)
    (clean,) = [task for task in rig.tasks(kind="clean") if task.job_id]

    with pytest.raises(NotificationNotFoundError):
        get_notification(rig.db, rig.account_id, clean.id)
    with pytest.raises(NotificationNotFoundError):
        replay_notification(rig.db, rig.account_id, clean.id)


@pytest.mark.parametrize("kind", [TaskKind.NOTIFY, TaskKind.MAIL])
def test_a_notification_is_sent_again_as_it_was(rig: Rig, kind: TaskKind) -> None:
    node, _ = completed(rig, BOTH)
    sent = rig.do(node, Queue.DISTRIBUTE, kind)

    new_id = replay_notification(rig.db, rig.account_id, sent.task_id)
    again = rig.do(node, Queue.DISTRIBUTE, kind)

    assert again.task_id == new_id != sent.task_id
    assert again.work == sent.work
    assert get_notification(rig.db, rig.account_id, new_id).status == "delivered"
    assert [task.part for task in rig.tasks(kind=kind)] == [0, 1]


def test_one_that_has_failed_is_sent_again(rig: Rig) -> None:
    ingest_of(rig, ping_url=HOOK)
    node = rig.node("alpha")
    rig.do(node, Queue.INGEST)
    held = rig.take(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    rig.fail(held, ErrorCode.DELIVERY_DENIED)

    replay_notification(rig.db, rig.account_id, held.spec.task_id)

    assert rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).work == held.spec.work
    assert [each.status for each in log_of(rig)] == ["delivered", "failed"]


def test_what_is_still_being_sent_is_not_sent_again(rig: Rig) -> None:
    node, _ = completed(rig, PINGED)
    (waiting,) = log_of(rig)
    with pytest.raises(ConflictError, match="still being sent"):
        replay_notification(rig.db, rig.account_id, waiting.notification_id)
    rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    copy = replay_notification(rig.db, rig.account_id, waiting.notification_id)

    with pytest.raises(ConflictError, match=f"as notification {copy}"):
        replay_notification(rig.db, rig.account_id, waiting.notification_id)


def test_two_replays_at_once_send_it_once(rig: Rig) -> None:
    node, _ = completed(rig, PINGED)
    sent = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY).task_id

    answers = race(*[lambda: replay_notification(rig.db, rig.account_id, sent)] * 4)

    assert sum(isinstance(answer, ConflictError) for answer in answers) == 3
    assert len(rig.tasks(kind="notify")) == 2


def test_secrets_stay_out_of_the_rows_of_tasks(rig: Rig) -> None:
    node, _ = completed(rig, BOTH)
    sent = rig.do(node, Queue.DISTRIBUTE, TaskKind.NOTIFY)
    replay_notification(rig.db, rig.account_id, sent.task_id)

    assert "hush" not in repr(rig.tasks())
