"""Ingest: bring a source into the store, whole and known to be media."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
import urllib3

from encoder_node import thumbnail
from encoder_node.attempt import Attempt
from encoder_node.command import demux_check_argv
from encoder_node.download import download
from encoder_node.failures import Phase
from encoder_node.fetch.bounds import Downloaded, DownloadLimits
from encoder_node.ffmpeg import Tools, raise_if_the_machine_failed, raise_unless_ok
from encoder_node.measures import Step
from encoder_node.process import Outcome
from encoder_node.progress import ProgressReader
from encoder_node.transfer.fetch import fetch
from encoder_node.transfer.reach import Reach
from reelyard.cluster.logs import carried
from reelyard.cluster.objectstore.store import StorageError
from reelyard.cluster.work import IngestResult, IngestWork, StoredObject
from reelyard.media.catalogue import mime_type_for
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.filenames import source_filename
from reelyard.media.info import MediaInfo
from reelyard.media.locations import PEER_SCHEMES, scheme_of
from reelyard.media.verify import check_source

log = structlog.get_logger(__name__)

#: Share of the storing progress (of 1000) that is reached when the source was checked; the rest is the upload.
_CHECKED_PERMILLE = 300


class IngestStage:
    """Streams the source to scratch, checks it, stores it and its thumbnail.

    Args:
        pool: guarded HTTP, see `reelyard.cluster.urlguard`.
        tools: ffmpeg and ffprobe.
        limits: of the download.
        reach: which addresses sources by ftp, ftps, sftp and s3 may be at; None: public ones only.
    """

    def __init__(
        self, pool: urllib3.PoolManager, tools: Tools, limits: DownloadLimits, reach: Reach | None = None
    ) -> None:
        self._pool = pool
        self._tools = tools
        self._limits = limits
        self._reach = reach or Reach()

    def run(self, attempt: Attempt) -> IngestResult:
        """Do one ingest.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: source_* for the source's faults, invalid_input_url, storage_failed.
        """
        work = attempt.work(IngestWork)
        path = attempt.folder / "source"
        with attempt.measures.step(Step.FETCH):
            got = self._download(attempt, work.source_url, path)
        with attempt.measures.step(Step.PROBE):
            info, picture = self._inspect(attempt, path, got)
        attempt.held.report(storing_permille=_CHECKED_PERMILLE)
        filename = source_filename(work.source_url, got.disposition)

        def on_share(permille: int) -> None:
            left = 1000 - _CHECKED_PERMILLE
            attempt.held.report(storing_permille=_CHECKED_PERMILLE + permille * left // 1000)

        source = attempt.upload("source", path, mime_type=mime_type_for(info, filename), on_share=on_share)
        if source.sha256 != got.sha256:
            raise StorageError("The source changed between download and store: the node's disk is not sound.")
        return IngestResult(source=source, thumbnail=_store_picture(attempt, picture), info=info, filename=filename)

    def _download(self, attempt: Attempt, url: str, path: Path) -> Downloaded:
        def on_progress(done: int, total: int, mime_type: str) -> None:
            permille = done * 1000 // total if total else 0
            attempt.held.report(permille=permille, size_bytes=total, mime_type=mime_type)

        if scheme_of(url) in PEER_SCHEMES:
            got = fetch(self._reach, url, path, stop=attempt.stop, limits=self._limits, on_progress=on_progress)
        else:
            got = download(self._pool, url, path, stop=attempt.stop, limits=self._limits, on_progress=on_progress)
        attempt.held.report(permille=1000, size_bytes=got.size_bytes, mime_type=got.mime_type)
        log.info("source_downloaded", size_bytes=got.size_bytes, mime_type=got.mime_type)
        if got.size_bytes == 0:
            raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source is empty: the server sent 0 bytes.")
        return got

    def _inspect(self, attempt: Attempt, path: Path, got: Downloaded) -> tuple[MediaInfo, Path | None]:
        """Probe the file and take a picture of it; at the same time, read it to its end."""
        reader = ProgressReader()
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="demux") as pool:
                demuxed = pool.submit(
                    carried(self._tools.run),
                    demux_check_argv(path),
                    folder=attempt.folder,
                    stop=attempt.stop,
                    reader=reader,
                )
                probed = self._tools.probe(path, folder=attempt.folder, stop=attempt.stop, phase=Phase.SOURCE)
                picture = self._picture(attempt, path, probed)
                return _check(probed, reader, demuxed.result()), picture
        except WorkError as error:
            if error.code is ErrorCode.SOURCE_NOT_MEDIA and got.mime_type.startswith("text/"):
                raise WorkError(
                    error.code,
                    f"{error.message} The server says that it is {got.mime_type}: is the URL that of a web page?",
                    evidence=error.evidence,
                ) from error
            raise

    def _picture(self, attempt: Attempt, path: Path, info: MediaInfo) -> Path | None:
        """A thumbnail, None without video. A source whose pictures cannot be decoded may still have good audio."""
        if not info.video:
            return None
        try:
            return thumbnail.make_thumbnail(self._tools, attempt, path, info, phase=Phase.SOURCE)
        except WorkError as error:
            log.warning("source_thumbnail_failed", code=error.code, evidence=error.evidence)
            return None


def _check(probed: MediaInfo, reader: ProgressReader, outcome: Outcome) -> MediaInfo:
    """Hold the packets that were read against the probe: a cut file ends early, with exit status 0."""
    raise_if_the_machine_failed(outcome, Phase.ENCODE)  # how far it came then says nothing of the source
    try:
        info = check_source(probed, demuxed_us=reader.out_time_us)
    except WorkError as error:
        raise WorkError(error.code, error.message, evidence=outcome.evidence()) from error
    raise_unless_ok(outcome, Phase.ENCODE)
    return info


def _store_picture(attempt: Attempt, picture: Path | None) -> StoredObject | None:
    if picture is None:
        return None
    return attempt.upload(thumbnail.NAME, picture, mime_type=thumbnail.MIME_TYPE)
