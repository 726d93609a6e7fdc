"""Which URLs an ingest may have as its source."""

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import LOCATION_SCHEMES, PEER_SCHEMES, check_source_location, scheme_of
from scheduler.usecases.location_addresses import check_location

#: The schemes that the ingest stage can fetch.
SOURCE_SCHEMES = LOCATION_SCHEMES
#: Between several URLs that are to be joined.
JOIN_MARK = "|"


def check_source_url(url: str, fetch: FetchPolicy | None) -> None:
    """Refuse a source that can't or must not be fetched; `fetch` None allows no private address.

    Raises:
        SpecError: the URL is missing, several, of another scheme, or of a forbidden address.
    """
    if not url:
        raise SpecError("source_url", "{source_url} is required", code=ErrorCode.PARAMETER_MISSING)
    if JOIN_MARK in url:
        raise SpecError(
            "source_url",
            f"{{source_url}} holds '{JOIN_MARK}': joining several sources is not supported yet; give one URL",
        )
    policy = fetch or FetchPolicy(())
    if scheme_of(url) not in PEER_SCHEMES:
        check_url(url, schemes=SOURCE_SCHEMES, policy=policy, field="source_url")
        return
    check_source_location(url)
    check_location(url, policy, field="source_url", code=ErrorCode.INVALID_INPUT_URL)
