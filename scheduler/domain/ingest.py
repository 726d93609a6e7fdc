"""The life cycle of an ingest: one source on its way into the object store."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class IngestState(Described):
    """Where an ingest stands."""

    QUEUED = "queued", "accepted; nobody fetches it yet"
    TRANSFERRING = "transferring", "a node fetches it, or a retry waits"
    STORING = "storing", "every byte has arrived; being checked, probed and published"
    COMPLETED = "completed", "its input medium is available"
    FAILED = "failed", "given up; the error code says why"
    CANCELLED = "cancelled", "somebody cancelled it, or the only job that needed it had failed"


class IngestEvent(Described):
    """What moves an ingest on."""

    START = "start", "a node claimed its task for the first time"
    TRANSFERRED = "transferred", "the node said that every byte has arrived"
    RESTART = "restart", "the attempt that had every byte ended without a result"
    COMPLETE = "complete", "its task finished"
    FAIL = "fail", "its task failed for good"
    CANCEL = "cancel", "it was cancelled, or nobody needs it any more"
    RETRY = "retry", "a job that needs it is tried again"


_WAYS: Mapping[tuple[IngestState, IngestEvent], IngestState] = MappingProxyType(
    {
        (IngestState.QUEUED, IngestEvent.START): IngestState.TRANSFERRING,
        (IngestState.TRANSFERRING, IngestEvent.TRANSFERRED): IngestState.STORING,
        (IngestState.STORING, IngestEvent.RESTART): IngestState.TRANSFERRING,
        (IngestState.TRANSFERRING, IngestEvent.COMPLETE): IngestState.COMPLETED,
        (IngestState.STORING, IngestEvent.COMPLETE): IngestState.COMPLETED,
        (IngestState.TRANSFERRING, IngestEvent.FAIL): IngestState.FAILED,
        (IngestState.STORING, IngestEvent.FAIL): IngestState.FAILED,
        (IngestState.QUEUED, IngestEvent.CANCEL): IngestState.CANCELLED,
        (IngestState.TRANSFERRING, IngestEvent.CANCEL): IngestState.CANCELLED,
        (IngestState.STORING, IngestEvent.CANCEL): IngestState.CANCELLED,
        (IngestState.FAILED, IngestEvent.RETRY): IngestState.QUEUED,
        (IngestState.CANCELLED, IngestEvent.RETRY): IngestState.QUEUED,
    }
)

#: What is told of a cancelled ingest, in its status and in its notification.
CANCELLED_MESSAGE = "the ingest was cancelled"

INGEST = LifeCycle(
    entity="ingest",
    states=IngestState,
    events=IngestEvent,
    initial=IngestState.QUEUED,
    ways=_WAYS,
    revivable=(IngestState.FAILED, IngestState.CANCELLED),
)
