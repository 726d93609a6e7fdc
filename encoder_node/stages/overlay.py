"""Overlay: fetch the image that a job lays over its picture, and store it as a PNG."""

import struct
from dataclasses import replace
from pathlib import Path

import structlog
import urllib3

from encoder_node.attempt import Attempt
from encoder_node.command import MAX_PIXELS
from encoder_node.download import download
from encoder_node.failures import Phase, classify
from encoder_node.fetch.bounds import DownloadLimits
from encoder_node.ffmpeg import Tools
from encoder_node.measures import Step
from encoder_node.overlay_command import overlay_argv
from encoder_node.process import Outcome
from reelyard.cluster.redact import redact_url
from reelyard.cluster.work import OverlayResult, OverlayWork
from reelyard.media.errors import BLAMES_NODE, ErrorCode, WorkError

log = structlog.get_logger(__name__)

#: Bytes of an overlay image, as it is fetched. A logo has a few thousand.
MAX_BYTES = 20_000_000

_NAME, _MIME_TYPE = "overlay.png", "image/png"
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
#: After the signature: length and name of the first chunk, then width and height (PNG, 11.2.2).
_PNG_SIZE = struct.Struct(">8s8xII")


class OverlayStage:
    """Fetches an image to scratch, makes a PNG of it, whatever it was, and stores that.

    Args:
        pool: guarded HTTP, see `reelyard.cluster.urlguard`.
        tools: ffmpeg.
        limits: of a source's download; an image is held to `MAX_BYTES` as well.
    """

    def __init__(self, pool: urllib3.PoolManager, tools: Tools, limits: DownloadLimits) -> None:
        self._pool = pool
        self._tools = tools
        self._limits = replace(limits, max_bytes=min(limits.max_bytes, MAX_BYTES))

    def run(self, attempt: Attempt) -> OverlayResult:
        """Fetch one image.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: source_* for the image's faults, each with a text that speaks of the overlay image;
                invalid_input_url, encode_timeout, storage_failed.
        """
        work = attempt.work(OverlayWork)
        with attempt.measures.step(Step.OVERLAY):
            return self._run(attempt, work.image_url)

    def _run(self, attempt: Attempt, url: str) -> OverlayResult:
        fetched, target = attempt.folder / "image", attempt.folder / _NAME
        try:
            got = download(self._pool, url, fetched, stop=attempt.stop, limits=self._limits)
        except WorkError as error:
            raise WorkError(error.code, _of_the_overlay(error.message), evidence=error.evidence) from error
        width, height = self._convert(attempt, fetched, target, redact_url(url))
        log.info("overlay_fetched", size_bytes=got.size_bytes, width=width, height=height)
        return OverlayResult(image=attempt.upload(_NAME, target, mime_type=_MIME_TYPE), width=width, height=height)

    def _convert(self, attempt: Attempt, fetched: Path, target: Path, name: str) -> tuple[int, int]:
        """Make the PNG; its width and height in pixels."""
        outcome = self._tools.run(overlay_argv(fetched, target), folder=attempt.folder, stop=attempt.stop)
        head = _head_of(target)
        if not outcome.ok or len(head) < _PNG_SIZE.size or not head.startswith(_PNG_HEAD):
            raise _refusal(outcome, name)
        _, width, height = _PNG_SIZE.unpack(head)
        return width, height


def _head_of(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_PNG_SIZE.size)


def _refusal(outcome: Outcome, name: str) -> WorkError:
    """Why there is no PNG."""
    failure = classify(outcome.errors.kept(), outcome.exit_status, phase=Phase.SOURCE)
    if failure.code in BLAMES_NODE:
        return WorkError(failure.code, failure.message, evidence=outcome.evidence())
    if failure.code is ErrorCode.SOURCE_TOO_LARGE:
        text = (
            f"The overlay image at {name} has more than {MAX_PIXELS // 1_000_000} million pixels, which is the limit."
        )
        return WorkError(failure.code, text, evidence=outcome.evidence())
    text = f"The overlay image at {name} can't be read as a picture; PNG, JPEG, GIF, WebP and BMP are valid."
    return WorkError(ErrorCode.SOURCE_NOT_MEDIA, text, evidence=outcome.evidence())


def _of_the_overlay(message: str) -> str:
    """What the download says of "the source", said of the image."""
    rest = message.removeprefix("The source")
    return f"The overlay image{rest}" if rest != message else f"The overlay image can't be fetched: {message}"
