"""Delivers one object to the place that a job asked for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from encoder_node.attempt import Attempt
from encoder_node.transfer import ftp, http, s3, sftp
from encoder_node.transfer.faults import PeerError, delivery_error
from encoder_node.transfer.naming import marks
from encoder_node.transfer.parcel import Parcel
from encoder_node.transfer.reach import Line, Reach
from reelyard.cluster.tracing import traced
from reelyard.cluster.work import DistributeWork
from reelyard.media.errors import ErrorCode, SpecError, WorkError
from reelyard.media.locations import Location, parse_location

log = structlog.get_logger(__name__)

_UPLOADS: Mapping[str, Callable[[Line, Location, Parcel], None]] = MappingProxyType(
    {
        "ftp": ftp.upload,
        "ftps": ftp.upload,
        "sftp": sftp.upload,
        "s3": s3.upload,
        "http": http.upload,
        "https": http.upload,
    }
)


@traced("deliver")
def deliver(reach: Reach, attempt: Attempt, work: DistributeWork) -> None:
    """Bring the work's object to its `delivery_url`, over what is there; it is seen there only when it is whole.

    Raises:
        StoppedError: the attempt was stopped; what it left there was removed if that was possible.
        WorkError: delivery_failed or delivery_denied, with the place (without its secrets) and what its server
            said; storage_failed.
    """
    try:
        location = parse_location(work.delivery_url, field="delivery_location").with_file(work.filename)
    except SpecError as error:
        message = error.render({"delivery_location": "The delivery location"})
        raise WorkError(ErrorCode.DELIVERY_DENIED, message) from None
    mark, earlier = marks(attempt.task.task_id, attempt.task.attempt)
    parcel = Parcel(attempt=attempt, object=work.object, mark=mark, earlier_marks=earlier)
    line = Line(reach, attempt.stop)
    try:
        with line.stoppable():
            _UPLOADS[location.scheme](line, location, parcel)
    except PeerError as error:
        attempt.stop.check()
        raise delivery_error(location, error) from None
    log.info("delivered", to=location.shown, size_bytes=work.object.size_bytes)
