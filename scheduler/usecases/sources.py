"""Which URLs an ingest may have as its source."""

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.media.errors import ErrorCode, SpecError

#: The schemes that the ingest stage can fetch.
SOURCE_SCHEMES = frozenset({"http", "https"})
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
    check_url(url, schemes=SOURCE_SCHEMES, policy=fetch or FetchPolicy(()), field="source_url")
