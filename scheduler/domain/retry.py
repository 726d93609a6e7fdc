"""Whether a failed task is tried again, and when: one table over every code that a task may fail with.

The scheduler is the only one who repeats anything; the broker's and the HTTP clients' own retries are off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from reelyard.cluster.work import TaskKind
from reelyard.media.errors import ErrorCode

#: How many attempts a task may have that fail with this code; 1: it is final at once. Every failure of
#: `reelyard/media/errors.py` stands here; a code that is not a task's own (a bug in a node) counts as `internal_error`.
ATTEMPTS: Mapping[ErrorCode, int] = MappingProxyType(
    {
        ErrorCode.SOURCE_UNREACHABLE: 4,
        ErrorCode.SOURCE_DENIED: 1,
        ErrorCode.SOURCE_NOT_FOUND: 1,
        ErrorCode.SOURCE_TOO_LARGE: 1,
        ErrorCode.SOURCE_NOT_MEDIA: 1,
        ErrorCode.SOURCE_CORRUPT: 1,
        ErrorCode.SOURCE_TRUNCATED: 2,
        ErrorCode.INVALID_INPUT_URL: 1,  # resolved or redirected to a forbidden address
        ErrorCode.CODEC_UNAVAILABLE: 1,
        ErrorCode.INCOMPATIBLE_FORMAT: 1,
        ErrorCode.ENCODE_FAILED: 2,
        ErrorCode.ENCODE_TIMEOUT: 2,
        ErrorCode.STORAGE_FAILED: 12,  # the store may be away for half an hour, and no job shall be lost for that
        ErrorCode.DELIVERY_FAILED: 4,
        ErrorCode.DELIVERY_DENIED: 1,
        ErrorCode.INTERNAL_ERROR: 2,
        ErrorCode.CANCELLED: 1,
    }
)

#: Lapsed leases that a task survives. Not a failure of the task, so apart from the attempts above.
MAX_LOSSES = 5

#: These keep trying over hours, on the notification's schedule: nobody's job waits for them.
PATIENT = frozenset({TaskKind.NOTIFY, TaskKind.MAIL, TaskKind.CLEAN})

#: A delivery that failed keeps trying over hours too, on the same schedule: the place may be away for a night.
PATIENT_FAILURES = frozenset({(TaskKind.DISTRIBUTE, ErrorCode.DELIVERY_FAILED)})

#: A failure of a hardware encoder that the CPU may not have.
FALLS_BACK = frozenset({ErrorCode.ENCODE_FAILED, ErrorCode.ENCODE_TIMEOUT, ErrorCode.CODEC_UNAVAILABLE})


@dataclass(frozen=True, kw_only=True)
class RetryDecision:
    """Try again after `wait_ms` milliseconds, on another node where there is one."""

    wait_ms: int


@dataclass(frozen=True, kw_only=True)
class RetryWaits:
    """Seconds to wait before the second, third, ... attempt; the last one is used for all that follow."""

    task_s: Sequence[float] = (1, 5, 20, 60, 120, 300)
    patient_s: Sequence[float] = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)


def decide_retry(
    code: ErrorCode, *, kind: TaskKind, failures_of_code: int, failures: int, waits: RetryWaits
) -> RetryDecision | None:
    """What follows a failed attempt; None: nothing, the task has failed for good.

    Args:
        code: what the attempt failed with.
        kind: of the task.
        failures_of_code: attempts of the task that failed with this code, this one included.
        failures: attempts of the task that failed with any code, this one included.
        waits: the schedules.
    """
    allowed = ATTEMPTS.get(code, ATTEMPTS[ErrorCode.INTERNAL_ERROR])
    if (kind, code) in PATIENT_FAILURES:
        again = failures_of_code <= len(waits.patient_s)
        return RetryDecision(wait_ms=_wait_ms(waits.patient_s, failures_of_code)) if again else None
    if kind not in PATIENT:
        again = failures_of_code < allowed
        schedule = waits.task_s
    else:
        # What is never tried again for a job is not for a notification; the rest has the whole schedule.
        again = allowed > 1 and failures <= len(waits.patient_s)
        schedule = waits.patient_s
    if not again:
        return None
    return RetryDecision(wait_ms=_wait_ms(schedule, failures))


def decide_after_loss(*, losses: int) -> RetryDecision | None:
    """What follows a lapsed lease, the `losses`-th of its task; None: it has failed with `node_lost`."""
    return RetryDecision(wait_ms=0) if losses <= MAX_LOSSES else None


def _wait_ms(schedule: Sequence[float], failures: int) -> int:
    if not schedule:
        return 0
    return round(schedule[min(failures, len(schedule)) - 1] * 1000)
