"""Whether a place outside of Reelyard may be reached, as far as its URL tells without resolving a name."""

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.media.errors import ErrorCode
from reelyard.media.locations import LOCATION_SCHEMES, parse_location


def check_location(
    url: str, fetch: FetchPolicy, *, field: str, code: ErrorCode = ErrorCode.INVALID_PARAMETER_VALUE
) -> None:
    """Refuse a place whose host is certainly one that may not be reached.

    Args:
        url: one that `parse_location` can read.
        fetch: which addresses may be reached.
        field: the member that held the URL.
        code: of the error.

    Raises:
        SpecError: with what is wrong.
    """
    location = parse_location(url, field=field)
    # The host of an s3 URL may be a bucket's name: what is looked at is the server that will be connected to.
    target = location.shown if location.scheme == "s3" else url
    check_url(target, schemes=LOCATION_SCHEMES, policy=fetch, field=field, code=code)
