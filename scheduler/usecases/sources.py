"""Which URLs an ingest may have as its source."""

from reelyard.cluster.urlguard import FetchPolicy, check_url
from reelyard.cluster.views import JOIN_MARK
from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import LOCATION_SCHEMES, PEER_SCHEMES, check_source_location, scheme_of
from scheduler.usecases.location_addresses import check_location

#: Inputs of one job: each is an open file of the encoder, and fetched in parallel.
MAX_INPUTS = 20


def check_joined_urls(urls: str, fetch: FetchPolicy | None) -> tuple[str, ...]:
    """The sources that a request names, in the order in which they are joined; `fetch` as in `check_source_url`.

    Raises:
        SpecError: there are too many, one of them is empty or was refused.
    """
    parts = tuple(part.strip() for part in urls.split(JOIN_MARK))
    if len(parts) == 1:
        check_source_url(urls, fetch)
        return parts
    check_input_count("source_url", len(parts))
    for number, part in enumerate(parts, start=1):
        if not part:
            raise SpecError(
                "source_url",
                f"{{source_url}} has {len(parts)} URLs with '{JOIN_MARK}' between them, and number {number} is empty",
            )
        try:
            check_source_url(part, fetch)
        except SpecError as error:
            why = f"number {number} of {len(parts)}: {error.message}"
            raise SpecError(error.field, why, code=error.code) from None
    return parts


def check_input_count(field: str, count: int) -> None:
    """Refuse a join of too many.

    Raises:
        SpecError: naming the field.
    """
    if count > MAX_INPUTS:
        raise SpecError(
            field,
            f"{{{field}}} joins {count} inputs; at most {MAX_INPUTS} are valid",
            code=ErrorCode.MORE_THAN_ALLOWED_INPUT_URL,
        )


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
            f"{{source_url}} holds '{JOIN_MARK}', which stands between several sources: here one URL is wanted; "
            "jobs may join several. A '|' that belongs to a URL is written %7C",
        )
    policy = fetch or FetchPolicy(())
    if scheme_of(url) not in PEER_SCHEMES:
        check_url(url, schemes=LOCATION_SCHEMES, policy=policy, field="source_url")
        return
    check_source_location(url)
    check_location(url, policy, field="source_url", code=ErrorCode.INVALID_INPUT_URL)
