"""The life cycle of a medium: a stored source or output."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from scheduler.domain.lifecycle import Described, LifeCycle


class MediaKind(StrEnum):
    """Which side of an encode a medium is on."""

    INPUT = "input"
    OUTPUT = "output"


class FileRole(StrEnum):
    """What a stored file is to its medium."""

    PRIMARY = "primary"  # the one that its URL gives; exactly one
    THUMBNAIL = "thumbnail"  # at most one


class MediaState(Described):
    """Where a medium stands."""

    PENDING = "pending", "its ingest or job is not that far"
    AVAILABLE = "available", "stored, verified, can be downloaded"
    FAILED = "failed", "its ingest or job ended before there were any bytes"
    EXPIRED = "expired", "its time is over; the bytes are gone, the record stays"
    DELETED = "deleted", "somebody deleted it; the bytes are gone, the record stays"


#: Where a medium is whose bytes were there once.
GONE = (MediaState.EXPIRED, MediaState.DELETED)


class MediaEvent(Described):
    """What moves a medium on."""

    PUBLISH = "publish", "its files were recorded"
    FAIL = "fail", "its ingest or job failed or was cancelled"
    EXPIRE = "expire", "its retention ended"
    DELETE = "delete", "somebody deleted it"
    RETRY = "retry", "its ingest or job is tried again"


_WAYS: Mapping[tuple[MediaState, MediaEvent], MediaState] = MappingProxyType(
    {
        (MediaState.PENDING, MediaEvent.PUBLISH): MediaState.AVAILABLE,
        (MediaState.PENDING, MediaEvent.FAIL): MediaState.FAILED,
        (MediaState.AVAILABLE, MediaEvent.EXPIRE): MediaState.EXPIRED,
        (MediaState.AVAILABLE, MediaEvent.DELETE): MediaState.DELETED,
        (MediaState.FAILED, MediaEvent.RETRY): MediaState.PENDING,
    }
)

MEDIA = LifeCycle(
    entity="media",
    states=MediaState,
    events=MediaEvent,
    initial=MediaState.PENDING,
    ways=_WAYS,
    revivable=(MediaState.FAILED,),
)
