from urllib.parse import parse_qsl

from scheduler.domain.keys import attempt_prefix, owner_prefix
from scheduler.domain.notification import JobOutcome, notification_body


def test_no_two_attempts_share_a_prefix() -> None:
    assert owner_prefix(job_id=13, ingest_id=None) == "job/13/"
    assert attempt_prefix(job_id=13, ingest_id=None, task_id=16, attempt=1) == "job/13/16/1/"
    assert attempt_prefix(job_id=None, ingest_id=7, task_id=8, attempt=2) == "ingest/7/8/2/"


def test_a_notification_has_every_field_of_the_seed_in_its_order() -> None:
    body = notification_body(JobOutcome(job_id=1234, error_code="source_denied", error_message="401 & no"))

    assert parse_qsl(body, keep_blank_values=True) == [
        ("JobID", "1234"),
        ("JobType", "Encoding"),
        ("Result", "Failed"),
        ("ErrorCode", "source_denied"),
        ("ErrorMessage", "401 & no"),
        ("FileName", ""),
        ("InputMediaID", ""),
        ("DownloadURL", ""),
        ("OutputMediaID", ""),
        ("CustomerReferenceID", ""),
    ]


def test_a_job_without_an_error_is_a_success() -> None:
    assert "&Result=Success&ErrorCode=&" in notification_body(JobOutcome(job_id=1))
