"""Whether a stream may be copied as it is."""

from reelyard.media.catalogue import Container
from reelyard.media.errors import ErrorCode, WorkError

#: What ffprobe calls MP4, QuickTime and 3GP.
_TURN_KEEPING_FORMAT = "mov"


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


def check_copied_turn(rotation: int, container: Container) -> None:
    """Refuse to copy a turned picture into a container that loses its turn: it would lie on its side.

    Measured: of ffmpeg's muxers those of the MP4 family alone write it.

    Raises:
        WorkError: incompatible_format.
    """
    if rotation and container.format_name != _TURN_KEEPING_FORMAT:
        raise WorkError(
            ErrorCode.INCOMPATIBLE_FORMAT,
            f"The source's picture is to be turned by {rotation} degrees, which {container.display} "
            f"({container.code}) can't say of a copied stream: name a codec instead of 'copy'.",
        )
