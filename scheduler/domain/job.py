"""The life cycle of an encoding job: one output of one source."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class JobState(Described):
    """Which stage a job has reached. A stage's state begins when the stage before it ended."""

    QUEUED = "queued", "accepted; nobody fetches its source yet"
    IMPORTING = "importing", "its source is being fetched"
    ENCODING = "encoding", "planned; its encode tasks wait or run"
    STORING = "storing", "encoded; being joined, verified and published"
    DISTRIBUTING = "distributing", "published; being checked and delivered"
    COMPLETED = "completed", "its output can be downloaded"
    FAILED = "failed", "given up; the error code says why"
    CANCELLED = "cancelled", "somebody cancelled it"


class JobEvent(Described):
    """What moves a job on."""

    START = "start", "a node claimed the ingest of its source"
    PLAN = "plan", "the source was probed, or had been, and the output planned"
    ENCODED = "encoded", "the last encode task finished"
    STORED = "stored", "the store task finished"
    DISTRIBUTED = "distributed", "the distribute task finished"
    FAIL = "fail", "its source, its plan or one of its tasks failed for good"
    CANCEL = "cancel", "it, or the ingest of its source, was cancelled"


_WAYS: Mapping[tuple[JobState, JobEvent], JobState] = MappingProxyType(
    {
        (JobState.QUEUED, JobEvent.START): JobState.IMPORTING,
        (JobState.QUEUED, JobEvent.PLAN): JobState.ENCODING,  # its input was there before it
        (JobState.IMPORTING, JobEvent.PLAN): JobState.ENCODING,
        (JobState.ENCODING, JobEvent.ENCODED): JobState.STORING,
        (JobState.STORING, JobEvent.STORED): JobState.DISTRIBUTING,
        (JobState.DISTRIBUTING, JobEvent.DISTRIBUTED): JobState.COMPLETED,
        (JobState.IMPORTING, JobEvent.FAIL): JobState.FAILED,
        (JobState.ENCODING, JobEvent.FAIL): JobState.FAILED,
        (JobState.STORING, JobEvent.FAIL): JobState.FAILED,
        (JobState.DISTRIBUTING, JobEvent.FAIL): JobState.FAILED,
        (JobState.QUEUED, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.IMPORTING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.ENCODING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.STORING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.DISTRIBUTING, JobEvent.CANCEL): JobState.CANCELLED,
    }
)

JOB = LifeCycle(entity="job", states=JobState, events=JobEvent, initial=JobState.QUEUED, ways=_WAYS)
