"""Whether a stream may be copied as it is."""

from reelyard.media.catalogue import Container
from reelyard.media.errors import ErrorCode, WorkError


def check_copy(codec_name: str, display: str, fitting: frozenset[str], container: Container) -> None:
    """Refuse to copy a stream that the container can't hold; `codec_name` is ffprobe's.

    Raises:
        WorkError: incompatible_format.
    """
    if codec_name not in fitting:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's stream is {display} ({codec_name}), which {container.display} ({container.code}) can't "
            "hold as it is: name a codec instead of 'copy'.",
        )
