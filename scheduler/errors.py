"""What the scheduler's calls refuse, each with its code: the tree of `reelyard.media.errors`, made specific.

NotFoundError
├── JobNotFoundError
├── IngestNotFoundError
├── MediaNotFoundError
├── MediaExpiredError      the medium is known, its bytes are gone
├── FormatNotFoundError
└── NotificationNotFoundError, AccountNotFoundError, KeyNotFoundError
UnavailableError
└── SealError               a stored credential can't be opened with the keys at hand
"""

from reelyard.media.errors import ErrorCode, NotFoundError, UnavailableError


class JobNotFoundError(NotFoundError):
    """No such job on this account."""

    code = ErrorCode.JOB_NOT_FOUND


class IngestNotFoundError(NotFoundError):
    """No such ingest on this account."""

    code = ErrorCode.INGEST_NOT_FOUND


class MediaNotFoundError(NotFoundError):
    """No such medium of that kind on this account, or one that never came to be."""

    code = ErrorCode.ASSET_NOT_FOUND


class MediaExpiredError(NotFoundError):
    """The medium is known and its stored bytes are gone."""

    code = ErrorCode.MEDIA_EXPIRED


class FormatNotFoundError(NotFoundError):
    """No such output format."""

    code = ErrorCode.PROFILE_NOT_FOUND


class NotificationNotFoundError(NotFoundError):
    """No such notification on this account."""


class AccountNotFoundError(NotFoundError):
    """No such account."""


class KeyNotFoundError(NotFoundError):
    """No such API key on this account."""


class SealError(UnavailableError):
    """A stored credential can't be encrypted or opened: the operator must set the right key, or mend the database.

    It is "unavailable", not a failure: another scheduler may have the key, and no job must end for an operator's slip.
    """
