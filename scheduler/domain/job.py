"""The life cycle of an encoding job: one output of one source."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class JobState(Described):
    """Which stage a job has reached. A stage's state begins when the stage before it ended."""

    QUEUED = "queued", "accepted; nobody fetches anything for it yet"
    IMPORTING = "importing", "its sources are being fetched, or its overlay image"
    ENCODING = "encoding", "planned; its encode tasks wait or run"
    STORING = "storing", "encoded; being joined, verified and published"
    DISTRIBUTING = "distributing", "published; being checked and delivered"
    COMPLETED = "completed", "its output can be downloaded"
    FAILED = "failed", "given up; the error code says why"
    CANCELLED = "cancelled", "somebody cancelled it"


class JobEvent(Described):
    """What moves a job on."""

    START = "start", "a node claimed the ingest of one of its sources, or its overlay task"
    PLAN = "plan", "all its sources and its overlay image are there, and the output was planned"
    ENCODED = "encoded", "the last encode task finished"
    STORED = "stored", "the store task finished"
    DISTRIBUTED = "distributed", "the distribute task finished"
    FAIL = "fail", "one of its sources, its plan or one of its tasks failed for good"
    CANCEL = "cancel", "it, or the ingest of one of its sources, was cancelled"
    RETRY = "retry", "somebody wants it tried again, from its sources or its plan on"
    RETRY_STORE = "retry_store", "the same, and what was encoded is still there"
    RETRY_DISTRIBUTE = "retry_distribute", "the same, and its output is published"


_WAYS: Mapping[tuple[JobState, JobEvent], JobState] = MappingProxyType(
    {
        (JobState.QUEUED, JobEvent.START): JobState.IMPORTING,
        (JobState.QUEUED, JobEvent.PLAN): JobState.ENCODING,  # its input was there before it
        (JobState.IMPORTING, JobEvent.PLAN): JobState.ENCODING,
        (JobState.ENCODING, JobEvent.ENCODED): JobState.STORING,
        (JobState.STORING, JobEvent.STORED): JobState.DISTRIBUTING,
        (JobState.DISTRIBUTING, JobEvent.DISTRIBUTED): JobState.COMPLETED,
        (JobState.QUEUED, JobEvent.FAIL): JobState.FAILED,  # tried again, and still not to be planned
        (JobState.IMPORTING, JobEvent.FAIL): JobState.FAILED,
        (JobState.ENCODING, JobEvent.FAIL): JobState.FAILED,
        (JobState.STORING, JobEvent.FAIL): JobState.FAILED,
        (JobState.DISTRIBUTING, JobEvent.FAIL): JobState.FAILED,
        (JobState.QUEUED, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.IMPORTING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.ENCODING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.STORING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.DISTRIBUTING, JobEvent.CANCEL): JobState.CANCELLED,
        (JobState.FAILED, JobEvent.RETRY): JobState.QUEUED,
        (JobState.FAILED, JobEvent.RETRY_STORE): JobState.STORING,
        (JobState.FAILED, JobEvent.RETRY_DISTRIBUTE): JobState.DISTRIBUTING,
    }
)

#: What is told of a cancelled job, in its status and in its notification.
CANCELLED_MESSAGE = "the job was cancelled"

JOB = LifeCycle(
    entity="job",
    states=JobState,
    events=JobEvent,
    initial=JobState.QUEUED,
    ways=_WAYS,
    revivable=(JobState.FAILED,),
)

#: The states in which a job waits for its sources.
WAITS_FOR_SOURCES = (JobState.QUEUED, JobState.IMPORTING)
