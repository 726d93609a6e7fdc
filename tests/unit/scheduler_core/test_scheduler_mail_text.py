"""The words of a mail, and the states of a notification."""

import pytest

from scheduler.domain.notification import (
    JobOutcome,
    JobType,
    NotificationStatus,
    mail_subject,
    mail_text,
    notification_body,
    notification_status,
)
from scheduler.domain.task import TaskState

DONE = JobOutcome(
    job_id=7,
    title="My holiday",
    filename="6-clip.mp4",
    input_media_ids=(3,),
    download_url="http://gateway.example/download/output/6/token/6-clip.mp4",
    output_media_id=6,
    customer_reference_id="a4tg3fwe",
)
FAILED = JobOutcome(
    job_id=4, job_type=JobType.INGEST, error_code="source_denied", error_message="The source\nsaid 403."
)


def test_a_mail_says_what_a_person_wants_to_know() -> None:
    assert mail_subject(DONE) == "Encoding job 7 completed: My holiday"
    assert mail_text(DONE) == (
        "Encoding job 7 completed.\n"
        "\n"
        "Title:               My holiday\n"
        "JobID:               7\n"
        "JobType:             Encoding\n"
        "Result:              Success\n"
        "FileName:            6-clip.mp4\n"
        "InputMediaID:        3\n"
        "DownloadURL:         http://gateway.example/download/output/6/token/6-clip.mp4\n"
        "OutputMediaID:       6\n"
        "CustomerReferenceID: a4tg3fwe\n"
    )


def test_a_mail_says_why_something_failed() -> None:
    assert mail_subject(FAILED) == "Ingest 4 failed"
    assert mail_text(FAILED) == (
        "Ingest 4 failed.\n"
        "\n"
        "JobID:               4\n"
        "JobType:             Ingest\n"
        "Result:              Failed\n"
        "ErrorCode:           source_denied\n"
        "ErrorMessage:        The source said 403.\n"
    )


def test_a_cancelled_job_is_called_so() -> None:
    assert mail_subject(JobOutcome(job_id=7, error_code="cancelled")) == "Encoding job 7 was cancelled"


def test_a_title_stays_in_its_line_and_does_not_fill_the_subject() -> None:
    smuggled = JobOutcome(job_id=7, title="a\r\nBcc: spy@example.com")
    assert mail_subject(smuggled) == "Encoding job 7 completed: a Bcc: spy@example.com"
    assert "Title:               a Bcc: spy@example.com\n" in mail_text(smuggled)
    assert mail_subject(JobOutcome(job_id=7, title="x" * 1000)) == f"Encoding job 7 completed: {'x' * 100}…"


def test_the_webhook_of_an_ingest_says_so() -> None:
    assert notification_body(FAILED).startswith("JobID=4&JobType=Ingest&Result=Failed&ErrorCode=source_denied&")


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_of_a_task_is_one_of_its_notification(state: TaskState) -> None:
    expected = {TaskState.DONE: "delivered", TaskState.FAILED: "failed", TaskState.CANCELLED: "failed"}

    assert notification_status(state) is NotificationStatus(expected.get(state, "waiting"))
