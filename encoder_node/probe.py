"""ffprobe's JSON to `MediaInfo`. Pure: who runs ffprobe is `encoder_node.ffmpeg`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational

#: What ffprobe calls AAC without a container, and how many samples a packet of it has.
_ADTS = "aac"
_AAC_SAMPLES = 1024


def parse_probe(data: bytes) -> MediaInfo:
    """What `ffprobe -of json -show_format -show_streams -count_packets` found.

    Cover art (an attached picture) and streams other than video and audio are left out.

    Raises:
        WorkError: source_not_media, when the answer is not a probe of a media file.
    """
    try:
        document = json.loads(data)
        streams, container = document["streams"], document["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkError(
            ErrorCode.SOURCE_NOT_MEDIA, "The file could not be read as video or audio.", evidence=repr(data[:2000])
        ) from error
    video = tuple(_video(stream) for stream in streams if _is_video(stream))
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    audio = tuple(_audio(stream) for stream in sounds)
    adts = container.get("format_name") == _ADTS
    if adts:
        audio = tuple(_counted(track, stream) for track, stream in zip(audio, sounds, strict=True))
    lengths = [*(track.duration_us for track in video), *(track.duration_us for track in audio)]
    return MediaInfo(
        container=str(container.get("format_name", "")),
        duration_us=(0 if adts else _microseconds(container.get("duration"))) or max(lengths, default=0),
        start_us=_microseconds(container.get("start_time")),
        size_bytes=_integer(container.get("size")),
        bitrate_bps=_integer(container.get("bit_rate")),
        video=video,
        audio=audio,
    )


def _is_video(stream: Mapping[str, Any]) -> bool:
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")


def _video(stream: Mapping[str, Any]) -> VideoTrack:
    aspect = parse_rational(str(stream.get("sample_aspect_ratio", "")))
    return VideoTrack(
        index=_integer(stream.get("index")),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        width=_integer(stream.get("width")),
        height=_integer(stream.get("height")),
        rotation=_rotation(stream),
        sample_aspect=_rational_text(aspect or Fraction(1)),
        pix_fmt=str(stream.get("pix_fmt", "")),
        frame_rate=_rational_text(parse_rational(str(stream.get("avg_frame_rate", "")))),
        base_frame_rate=_rational_text(parse_rational(str(stream.get("r_frame_rate", "")))),
        field_order=str(stream.get("field_order", "unknown")),
        bitrate_bps=_integer(stream.get("bit_rate")),
        frames=_integer(stream.get("nb_read_packets")),
        duration_us=_track_duration(stream),
        start_us=_microseconds(stream.get("start_time")),
        color_range=_color(stream, "color_range"),
        color_primaries=_color(stream, "color_primaries"),
        color_transfer=_color(stream, "color_transfer"),
        color_matrix=_color(stream, "color_space"),
        is_default=_is_default(stream),
        reorder_frames=_integer(stream.get("has_b_frames")),
        # Without a decoder ffprobe learns neither the size nor the form of the pixels.
        undecodable=not (stream.get("pix_fmt") and _integer(stream.get("width")) > 0),
    )


def _color(stream: Mapping[str, Any], member: str) -> str:
    value = str(stream.get(member, ""))
    return "" if value in ("unknown", "reserved", "unspecified") else value


def _audio(stream: Mapping[str, Any]) -> AudioTrack:
    return AudioTrack(
        index=_integer(stream.get("index")),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        sample_rate_hz=_integer(stream.get("sample_rate")),
        channels=_integer(stream.get("channels")),
        channel_layout=str(stream.get("channel_layout", "")),
        bitrate_bps=_integer(stream.get("bit_rate")),
        duration_us=_track_duration(stream),
        start_us=_microseconds(stream.get("start_time")),
        is_default=_is_default(stream),
        undecodable=not (stream.get("sample_fmt") and _integer(stream.get("channels")) > 0),
    )


def _counted(track: AudioTrack, stream: Mapping[str, Any]) -> AudioTrack:
    """The track with its duration by its packets: ADTS has none, and what ffprobe tells is guessed from few."""
    packets = _integer(stream.get("nb_read_packets"))
    lasts = packets * _AAC_SAMPLES * 1_000_000 // track.sample_rate_hz if track.sample_rate_hz else 0
    return replace(track, duration_us=lasts)


def _is_default(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("default"))


def _rotation(stream: Mapping[str, Any]) -> int:
    """Degrees clockwise. The display matrix counts counter-clockwise, the old `rotate` tag clockwise."""
    for side_data in stream.get("side_data_list", []):
        if "rotation" in side_data:
            return -_integer(side_data["rotation"]) % 360
    return _integer(stream.get("tags", {}).get("rotate")) % 360


def _track_duration(stream: Mapping[str, Any]) -> int:
    """How long the stream lasts. Matroska and WebM write, as "00:00:02.007000000" in a tag, when it ends."""
    if "duration" in stream:
        return _microseconds(stream["duration"])
    hours, _, rest = str(stream.get("tags", {}).get("DURATION", "")).partition(":")
    minutes, _, seconds = rest.partition(":")
    end = (_integer(hours) * 3600 + _integer(minutes) * 60) * 1_000_000 + _microseconds(seconds)
    return max(0, end - _microseconds(stream.get("start_time")))


def _microseconds(value: object) -> int:
    """Seconds as ffprobe writes them, in decimal text, to microseconds; what cannot be read is 0."""
    try:
        return int(Fraction(str(value)) * 1_000_000)
    except (ValueError, ZeroDivisionError):
        return 0


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def _rational_text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
