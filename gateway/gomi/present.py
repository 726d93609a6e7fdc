"""From the scheduler's views to the bodies of the Gomi API."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from gateway.gomi import bodies
from gateway.gomi.description import Instant, wire_members
from gateway.gomi.joined import id_or_ids
from gateway.gomi.members import WIRE_NAMES
from gateway.gomi.statuses import INGEST_STATUS, JOB_STATUS
from reelyard.cluster.views import IngestView, JobView, MediaView
from reelyard.media.catalogue import audio_codec_display, container_display, video_codec_display
from reelyard.media.errors import SpecError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational
from reelyard.media.plan import Adjustment

_MINUTE_MS = 60_000
_KILO = 1000
_BINARY_KILO = 1024
_BITS_OF_KILO = 10
_SIZE_UNITS = ("KB", "MB", "GB", "TB")
_BITS = 8
_SECOND_US = 1_000_000
_HALF_TURN = 180


def url_of(base_url: str, path: str) -> str:
    """The URL of a path below the base of URLs; "" for no path."""
    return f"{base_url}/{path}" if path else ""


def job_item(view: JobView, *, base_url: str, now_ms: int) -> bodies.JobItem:
    """A job in the list of active ones; `now_ms` is milliseconds since 1970 UTC."""
    detail = job_detail(view, base_url=base_url, now_ms=now_ms)
    return bodies.JobItem(**_shared(detail, bodies.JobItem))


def job_detail(view: JobView, *, base_url: str, now_ms: int) -> bodies.JobDetail:
    """A job by itself; `now_ms` is milliseconds since 1970 UTC."""
    return bodies.JobDetail(
        job_id=view.job_id,
        thumbnail_url=url_of(base_url, view.thumbnail_path),
        started_minutes_ago=minutes_ago(view.started_ms, now_ms),
        media_title=view.title,
        status=JOB_STATUS.get(view.status, view.status),
        importing_progress=view.importing_progress,
        encoding_progress=view.encoding_progress,
        storing_progress=view.storing_progress,
        distribution_progress=view.distribution_progress,
        created=Instant(view.created_ms),
        updated=Instant(view.updated_ms),
        self_path=f"job/{view.job_id}",
        error_code=view.error_code,
        error_message=view.error_message,
        input_media_id=id_or_ids(view.input_media_id, view.input_media_ids),
        output_media_id=view.output_media_id,
        customer_reference_id=view.customer_reference_id,
        adjustments=_adjustments(view.adjustments),
    )


def ingest_item(view: IngestView, *, now_ms: int) -> bodies.IngestItem:
    """An ingest in the list of active ones; `now_ms` is milliseconds since 1970 UTC."""
    return bodies.IngestItem(**_shared(ingest_detail(view, now_ms=now_ms), bodies.IngestItem))


def ingest_detail(view: IngestView, *, now_ms: int) -> bodies.IngestDetail:
    """An ingest by itself; `now_ms` is milliseconds since 1970 UTC."""
    return bodies.IngestDetail(
        ingest_id=view.ingest_id,
        started_minutes_ago=minutes_ago(view.started_ms, now_ms),
        title=view.title,
        ingest_status=INGEST_STATUS.get(view.status, view.status),
        size_bytes=view.size_bytes,
        pretty_size=pretty_size(view.size_bytes),
        mime_type=view.mime_type,
        transfer_progress=view.transfer_progress,
        storing_progress=view.storing_progress,
        input_media_id=view.input_media_id,
        created=Instant(view.created_ms),
        updated=Instant(view.updated_ms),
        self_path=f"ingest/{view.ingest_id}",
        error_code=view.error_code,
        error_message=view.error_message,
        remote_url=view.source_url,
        output_media_id=0,
        customer_reference_id=view.customer_reference_id,
    )


def input_asset(view: MediaView, *, base_url: str) -> bodies.InputAsset:
    """An input medium."""
    return bodies.InputAsset(
        created=Instant(view.created_ms),
        updated=Instant(view.updated_ms),
        file_url=url_of(base_url, view.file_path),
        input_media_id=view.media_id,
        mime_type=view.mime_type,
        self_path=f"media/input/{view.media_id}",
        size_bytes=view.size_bytes,
        source_filename=view.filename,
        status=view.status,
        thumbnail_url=url_of(base_url, view.thumbnail_path),
        title=view.title,
        info=None if view.info is None else media_info(view.info, view.filename),
    )


def output_asset(view: MediaView, *, base_url: str) -> bodies.OutputAsset:
    """An output medium."""
    return bodies.OutputAsset(
        output_media_id=view.media_id,
        title=view.title,
        size_bytes=view.size_bytes,
        status=view.status,
        thumbnail_url=url_of(base_url, view.thumbnail_path),
        file_url=url_of(base_url, view.file_path),
        filename=view.filename,
        created=Instant(view.created_ms),
        updated=Instant(view.updated_ms),
        info=None if view.info is None else media_info(view.info, view.filename),
        self_path=f"media/output/{view.media_id}",
        adjustments=_adjustments(view.adjustments) or None,
    )


def _adjustments(made: Iterable[Adjustment]) -> tuple[bodies.AdjustmentBody, ...]:
    return tuple(
        bodies.AdjustmentBody(
            member_name=WIRE_NAMES.get(each.field, each.field),
            asked=each.asked,
            made=each.made,
            reason=SpecError(each.field, each.reason).render(WIRE_NAMES),
        )
        for each in made
    )


def media_info(info: MediaInfo, filename: str) -> bodies.InfoBody:
    """What was found in a file of that name: its container and the first track of each kind."""
    return bodies.InfoBody(
        media_container_format=container_display(info.container, filename),
        total_bitrate_kbps=_kbps(info.bitrate_bps or _mean_bps(info)) or 0,
        duration_seconds=round(info.duration_us / _SECOND_US),
        video_track=_video_track(info.video[0]) if info.video else None,
        audio_track=_audio_track(info.audio[0]) if info.audio else None,
    )


def pretty_size(size_bytes: int) -> str:
    """A size for people, in steps of 1024 as the seed's "44.11 MB"."""
    if size_bytes < _BINARY_KILO:
        return f"{size_bytes} B"
    step = min(int(math.log2(size_bytes)) // _BITS_OF_KILO, len(_SIZE_UNITS))
    return f"{size_bytes / _BINARY_KILO**step:.2f} {_SIZE_UNITS[step - 1]}"


def minutes_ago(started_ms: int, now_ms: int) -> int:
    """Whole minutes since a point in time; 0 for one that did not come yet, also by clocks that differ."""
    return max(0, now_ms - started_ms) // _MINUTE_MS if started_ms else 0


def _video_track(track: VideoTrack) -> bodies.VideoTrackBody:
    # As it is seen: a film that a telephone took upright is stored lying on its side.
    upright = track.rotation % _HALF_TURN == 0
    width, height = (track.width, track.height) if upright else (track.height, track.width)
    return bodies.VideoTrackBody(
        video_codec=video_codec_display(track.codec),
        frame_rate=_known_rate(track.frame_rate),
        width=width or None,
        height=height or None,
        video_bitrate_kbps=_kbps(track.bitrate_bps),
    )


def _audio_track(track: AudioTrack) -> bodies.AudioTrackBody:
    return bodies.AudioTrackBody(
        audio_codec=audio_codec_display(track.codec),
        audio_sample_rate_hz=track.sample_rate_hz or None,
        audio_channel_count=track.channels or None,
        audio_bitrate_kbps=_kbps(track.bitrate_bps),
    )


def _known_rate(text: str) -> Fraction | None:
    return parse_rational(text) or None


def _kbps(bits_per_second: int) -> int | None:
    return round(bits_per_second / _KILO) or None


def _mean_bps(info: MediaInfo) -> int:
    return info.size_bytes * _BITS * _SECOND_US // info.duration_us if info.duration_us else 0


def _shared(detail: bodies.JobDetail | bodies.IngestDetail, item: type) -> dict[str, Any]:
    """The fields of a detailed body that its item in a list has too."""
    return {each.attribute: getattr(detail, each.attribute) for each in wire_members(item)}
