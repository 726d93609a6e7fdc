import re
from pathlib import Path

import pytest

from reelyard.cluster.work import TaskKind
from reelyard.media.errors import ErrorCode
from scheduler.domain.retry import ATTEMPTS, MAX_LOSSES, RetryWaits, decide_after_loss, decide_retry

WAITS = RetryWaits(task_s=(1, 5, 20), patient_s=(5, 30))

#: How often a failed attempt is followed by another one.
AGAIN = {
    ErrorCode.SOURCE_UNREACHABLE: 3,
    ErrorCode.SOURCE_DENIED: 0,
    ErrorCode.SOURCE_NOT_FOUND: 0,
    ErrorCode.SOURCE_TOO_LARGE: 0,
    ErrorCode.SOURCE_NOT_MEDIA: 0,
    ErrorCode.SOURCE_CORRUPT: 0,
    ErrorCode.SOURCE_TRUNCATED: 1,
    ErrorCode.CODEC_UNAVAILABLE: 0,
    ErrorCode.INCOMPATIBLE_FORMAT: 0,
    ErrorCode.ENCODE_FAILED: 1,
    ErrorCode.ENCODE_TIMEOUT: 1,
    ErrorCode.STORAGE_FAILED: 11,
    ErrorCode.DELIVERY_FAILED: 3,
    ErrorCode.DELIVERY_DENIED: 0,
    ErrorCode.CANCELLED: 0,
}


def retries(code: ErrorCode, kind: TaskKind = TaskKind.ENCODE) -> list[int]:
    """The waits of a task that fails with one code until it is given up, in milliseconds."""
    waits = []
    while len(waits) < 100:
        failures = len(waits) + 1
        decision = decide_retry(code, kind=kind, failures_of_code=failures, failures=failures, waits=WAITS)
        if decision is None:
            break
        waits.append(decision.wait_ms)
    return waits


@pytest.mark.parametrize(("code", "times"), AGAIN.items())
def test_each_code_is_tried_again_as_often_as_the_table_says(code: ErrorCode, times: int) -> None:
    assert len(retries(code)) == times


def test_every_code_that_a_task_may_fail_with_stands_in_the_table() -> None:
    source = Path(__file__).parents[3] / "reelyard" / "media" / "errors.py"
    failures = source.read_text(encoding="utf-8").partition("# failures after a job was accepted")[2]
    codes = {ErrorCode(value) for value in re.findall(r'^    [A-Z_]+ = "([a-z_]+)"', failures, re.MULTILINE)}

    assert codes - {ErrorCode.NODE_LOST} <= set(ATTEMPTS)


def test_waits_follow_the_schedule_and_its_last_one_repeats() -> None:
    assert retries(ErrorCode.STORAGE_FAILED) == [1_000, 5_000, *[20_000] * 9]


def test_failures_of_other_codes_make_the_wait_longer_but_use_up_no_attempt() -> None:
    decision = decide_retry(
        ErrorCode.SOURCE_TRUNCATED, kind=TaskKind.INGEST, failures_of_code=1, failures=3, waits=WAITS
    )

    assert decision is not None
    assert decision.wait_ms == 20_000


def test_a_code_that_no_task_should_have_is_treated_as_a_fault_of_ours() -> None:
    assert len(retries(ErrorCode.RATE_LIMITED)) == len(retries(ErrorCode.INTERNAL_ERROR)) == 1


@pytest.mark.parametrize("kind", [TaskKind.NOTIFY, TaskKind.CLEAN])
def test_notifications_and_clean_ups_have_a_schedule_of_their_own(kind: TaskKind) -> None:
    assert retries(ErrorCode.DELIVERY_FAILED, kind) == [5_000, 30_000]
    assert retries(ErrorCode.ENCODE_FAILED, kind) == [5_000, 30_000]
    assert retries(ErrorCode.INVALID_INPUT_URL, kind) == []


def test_a_failed_delivery_has_that_schedule_too_and_other_failures_of_its_task_have_not() -> None:
    assert retries(ErrorCode.DELIVERY_FAILED, TaskKind.DISTRIBUTE) == [5_000, 30_000]
    assert retries(ErrorCode.DELIVERY_DENIED, TaskKind.DISTRIBUTE) == []
    assert retries(ErrorCode.STORAGE_FAILED, TaskKind.DISTRIBUTE) == retries(ErrorCode.STORAGE_FAILED)


def test_an_empty_schedule_tries_again_at_once() -> None:
    waits = RetryWaits(task_s=(), patient_s=())

    decision = decide_retry(ErrorCode.ENCODE_FAILED, kind=TaskKind.ENCODE, failures_of_code=1, failures=1, waits=waits)

    assert decision is not None
    assert decision.wait_ms == 0


def test_a_task_survives_its_losses_up_to_the_limit() -> None:
    assert decide_after_loss(losses=MAX_LOSSES) is not None
    assert decide_after_loss(losses=MAX_LOSSES + 1) is None
