"""Success is verified: a probed source against what it announces, a finished output against its plan.

ffmpeg's exit status proves nothing: truncated and damaged input ends with status 0 (measured).
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, COPY, VIDEO_CODECS
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import AudioTrack, MediaInfo, VideoTrack, parse_rational
from reelyard.media.plan import AudioPlan, EncodePlan, VideoPlan
from reelyard.media.reading import read_us, without_lost_end
from reelyard.media.video_planning import stream_duration_us

_SECOND_US = 1_000_000

#: Share of frames that may be damaged before a file counts as broken: a scratch is no ruin.
TOLERATED_ERROR_SHARE = Fraction(1, 20)
#: Frames that the output may miss or have too many: one for rounding, and in long sources half a per cent but never
#: more than half a second, for last frames that a damaged end doesn't decode.
FRAME_TOLERANCE = 1
FRAME_TOLERANCE_SHARE = Fraction(1, 200)
FRAME_TOLERANCE_CAP_US = _SECOND_US // 2
#: How far an audio stream may end from its plan. Encoders pad to whole frames, and containers round.
AUDIO_TOLERANCE_US = _SECOND_US // 2
AUDIO_TOLERANCE_SHARE = Fraction(1, 100)
#: A rate is read from time stamps that Matroska rounds to milliseconds.
RATE_TOLERANCE = Fraction(1, 200)
#: Containers and codecs write the shape of pixels, or of the whole picture, in small numbers.
SHAPE_TOLERANCE = Fraction(1, 100)
#: How much less than announced may be found in a source: containers round, and a last packet may be lost.
SOURCE_TOLERANCE_US = _SECOND_US // 2
SOURCE_TOLERANCE_SHARE = TOLERATED_ERROR_SHARE

#: Formats (ffprobe's first name) without a duration of their own: what ffprobe tells of them is guessed from the
#: bitrate or from time stamps near both ends.
GUESSED_DURATIONS = frozenset(
    {"aac", "ac3", "amr", "dts", "eac3", "h264", "hevc", "jpeg_pipe", "m4v", "mjpeg", "mp3", "mpeg", "mpegts"}
    | {"mpegvideo", "vc1"}
)
#: Formats of outputs that are pictures in a row and nothing else: no time stamps, so no duration, and no seeking.
RAW_PICTURES = frozenset({"jpeg_pipe", "mjpeg", "mpegvideo"})
#: Of these, those whose pictures don't say their rate either: whoever plays them has to know it.
_RATELESS = frozenset({"jpeg_pipe", "mjpeg"})
#: Formats that stamp packs, not frames: several small frames at the end bear no time of their own, so that a file seems
#: shorter than it is. They are counted all the same.
_STAMPED_SPARSELY = frozenset({"iso9660", "mpeg", "mpegts"})

#: What ffprobe calls a JPEG file: one picture is a photograph, several are raw M-JPEG.
_STILL_PICTURES = "jpeg_pipe"
# About what a second of AAC or MP3 has in frames; the measure of errors where there are no pictures.
_AUDIO_FRAMES_A_SECOND = 40


@dataclass(frozen=True)
class Window:
    """A stretch of a file to decode, in microseconds; a length of 0 means to the end."""

    start_us: int
    length_us: int


def decode_windows(duration_us: int, seconds: int) -> tuple[Window, ...]:
    """Where to decode an output to see that it can be: whole when it is short or `seconds` is 0.

    Else `seconds` in all, in three pieces: beginning, middle and end, where breaks show.
    """
    budget = seconds * _SECOND_US
    if budget <= 0 or duration_us <= budget:
        return (Window(0, 0),)
    piece = budget // 3
    return (Window(0, piece), Window((duration_us - piece) // 2, piece), Window(duration_us - piece, 0))


def check_source(info: MediaInfo, *, demuxed_us: int) -> MediaInfo:
    """Hold what was read of a source against what it announces; `demuxed_us` is the last time of its packets.

    Returns:
        The info to plan with: where the container doesn't know its duration, with what was read instead; where a
        little of its end is missing, without that.

    Raises:
        WorkError: source_not_media, when there is nothing to decode; source_corrupt, when much less was read than
            announced.
    """
    tracks: tuple[VideoTrack | AudioTrack, ...] = (*info.video, *info.audio)
    if not any(track.codec not in ("", "unknown") for track in tracks):
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source has no video or audio stream that can be decoded.")
    if info.container == _STILL_PICTURES and sum(track.frames for track in info.video) <= 1:
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source is a still picture, not video or audio.")
    announced = max((track.duration_us for track in tracks), default=0) or info.duration_us
    if demuxed_us <= 0 and announced <= 0 and not any(track.frames for track in info.video):
        raise WorkError(ErrorCode.SOURCE_NOT_MEDIA, "The source is 0 seconds long: it has no frame and no sound.")
    tolerance = max(Fraction(SOURCE_TOLERANCE_US), announced * SOURCE_TOLERANCE_SHARE)
    read = read_us(info, demuxed_us)
    if info.container.partition(",")[0] in GUESSED_DURATIONS or announced <= 0:
        return info if abs(announced - read) <= tolerance else _with_duration(info, read)
    if read < announced - tolerance or demuxed_us <= 0:
        raise WorkError(
            ErrorCode.SOURCE_CORRUPT,
            f"The source says that it lasts {_seconds(announced)}, and {_seconds(read)} of it can be read: "
            "it was cut off or is damaged.",
        )
    return without_lost_end(info, announced, demuxed_us)


def _with_duration(info: MediaInfo, duration_us: int) -> MediaInfo:
    return replace(
        info,
        duration_us=duration_us,
        video=tuple(replace(track, duration_us=0) for track in info.video),
        audio=tuple(replace(track, duration_us=0) for track in info.audio),
    )


def check_output(
    plan: EncodePlan,
    info: MediaInfo,
    *,
    decode_errors: int,
    decoded_frames: int,
    decoded_whole: bool = False,
    source_errors: int = 0,
) -> None:
    """Hold a finished file against its plan.

    `info` is its probe with packets counted. `decode_errors` and `decoded_frames` are what decoding it said, of
    the whole file when `decoded_whole`, else of `decode_windows`. `source_errors` are the errors of reading the
    source while encoding; they tell whose fault a short output is.

    Raises:
        WorkError: encode_failed, or source_corrupt where the source is to blame; naming what differs.
    """
    check = _Check(plan, source_errors)
    check.that(
        _format_name(info) == CONTAINERS[plan.container].format_name,
        f"the file is {info.container or 'of no known format'}, planned was {plan.container}",
    )
    _check_stream_counts(check, plan, info)
    if plan.video:
        _check_video(check, plan.video, info.video[0], _format_name(info))
        _check_decoded(check, plan.video, info.video[0], decoded_frames, whole=decoded_whole)
    if plan.audio:
        _check_audio(check, plan.audio, info.audio[0], info)
    by_length = plan.duration_us * _AUDIO_FRAMES_A_SECOND // _SECOND_US
    decoded = decoded_frames if plan.video else by_length
    check.that(
        decode_errors <= decoded * TOLERATED_ERROR_SHARE,
        f"decoding it gives {decode_errors} errors in {decoded} frames",
    )
    _check_reading(source_errors, plan.video.frames if plan.video else by_length)


def _format_name(info: MediaInfo) -> str:
    """The first of ffprobe's names. Raw M-JPEG has two: which one it gets depends on the ending of the file's name."""
    first = info.container.partition(",")[0]
    return "mjpeg" if first == _STILL_PICTURES else first


def _check_reading(source_errors: int, frames: int) -> None:
    if frames and source_errors > frames * TOLERATED_ERROR_SHARE:
        raise WorkError(
            ErrorCode.SOURCE_CORRUPT,
            f"Reading the source gave {source_errors} errors in {frames} frames, more than one in "
            f"{TOLERATED_ERROR_SHARE.denominator}.",
        )


class _Check:
    """Raises what a failed check of this plan means."""

    def __init__(self, plan: EncodePlan, source_errors: int) -> None:
        copies = any(stream is not None and stream.encoder == COPY for stream in (plan.video, plan.audio))
        self._code = ErrorCode.SOURCE_CORRUPT if source_errors or copies else ErrorCode.ENCODE_FAILED
        self._source_errors = source_errors

    def that(self, holds: bool, difference: str) -> None:  # noqa: FBT001  # the condition is the subject
        if holds:
            return
        found = f"The output is not what was planned: {difference}."
        if self._source_errors:
            found = f"The source was cut off or is damaged: reading it gave {self._source_errors} errors. {found}"
        raise WorkError(self._code, found)


def _check_stream_counts(check: _Check, plan: EncodePlan, info: MediaInfo) -> None:
    for kind, planned, found in (("video", plan.video, info.video), ("audio", plan.audio, info.audio)):
        check.that(
            len(found) == (planned is not None),
            f"it has {len(found)} {kind} streams, planned {'was one' if planned else 'were none'}",
        )


def _check_video(check: _Check, planned: VideoPlan, found: VideoTrack, format_name: str) -> None:
    if planned.encoder != COPY:
        wanted = VIDEO_CODECS[planned.codec].codec_name
        check.that(found.codec == wanted, f"the video is {found.codec}, planned was {wanted}")
    check.that(
        (found.width, found.height) == (planned.width, planned.height),
        f"the picture is {found.width}x{found.height}, planned was {planned.width}x{planned.height}",
    )
    copied, tolerance = planned.encoder == COPY, frame_tolerance(planned)
    repeats = frames_in_a_repeat(planned)
    least = planned.frames // repeats if repeats else planned.frames
    check.that(
        found.frames > 0 and (not planned.frames or least - tolerance <= found.frames <= planned.frames + tolerance),
        f"it has {found.frames} frames, planned were {planned.frames}",
    )
    if copied:
        return  # its time stamps are the source's, even or not
    shape, wanted_shape = (parse_rational(each.sample_aspect) or Fraction(1) for each in (found, planned))
    check.that(
        abs(shape - wanted_shape) <= wanted_shape * SHAPE_TOLERANCE,
        f"its pixels are {found.sample_aspect}, planned were {planned.sample_aspect}",
    )
    rate = parse_rational(planned.frame_rate)
    if found.frames > 1 and format_name not in _RATELESS and not repeats:
        rates = (parse_rational(found.frame_rate), parse_rational(found.base_frame_rate))
        check.that(
            any(abs(other - rate) <= rate * RATE_TOLERANCE for other in rates),
            f"it has {found.frame_rate} frames a second, planned were {planned.frame_rate}",
        )
    _check_length(check, planned, found, format_name, frames=tolerance + 1 + repeats)


def _check_length(check: _Check, planned: VideoPlan, found: VideoTrack, format_name: str, *, frames: int) -> None:
    """Hold its duration against the plan; it may differ by so many frames."""
    if not found.duration_us or not planned.frames or format_name in RAW_PICTURES:
        return
    lasts = stream_duration_us(planned)
    differs = found.duration_us - lasts
    may_differ = frames * _SECOND_US / parse_rational(planned.frame_rate)
    check.that(
        abs(differs) <= may_differ or (differs < 0 and format_name in _STAMPED_SPARSELY),
        f"the video lasts {_seconds(found.duration_us)}, planned were {_seconds(lasts)}",
    )


def _check_decoded(check: _Check, planned: VideoPlan, found: VideoTrack, decoded: int, *, whole: bool) -> None:
    check.that(decoded > 0, "no frame of it decodes")
    if whole and planned.encoder != COPY:
        # Not of a copy: streams may hold packets that show nothing.
        check.that(decoded == found.frames, f"{decoded} frames decode of the {found.frames} that the file holds")


def frames_in_a_repeat(planned: VideoPlan) -> int:
    """How many frames in a row one packet of the output may stand for; 0 where each has its own.

    A keyframe is always written, so an interval that was asked for bounds it too.
    """
    repeats = VIDEO_CODECS[planned.codec].repeats if planned.codec in VIDEO_CODECS else 0
    return max(repeats, planned.keyframe_interval) if repeats else 0


def frame_tolerance(planned: VideoPlan) -> int:
    """How many frames an output may have more or fewer than planned.

    A copy begins at the source's first keyframe, so it may lack what a recording has before that.
    """
    if planned.encoder == COPY:
        return max(FRAME_TOLERANCE, int(planned.frames * TOLERATED_ERROR_SHARE))
    rate = parse_rational(planned.frame_rate)
    by_share = min(planned.frames * FRAME_TOLERANCE_SHARE, FRAME_TOLERANCE_CAP_US * rate / _SECOND_US)
    return max(FRAME_TOLERANCE, int(by_share))


def _check_audio(check: _Check, planned: AudioPlan, found: AudioTrack, info: MediaInfo) -> None:
    if planned.encoder != COPY:
        wanted = AUDIO_CODECS[planned.codec].codec_name
        check.that(found.codec == wanted, f"the audio is {found.codec}, planned was {wanted}")
        check.that(
            found.sample_rate_hz == planned.sample_rate_hz,
            f"the audio has {found.sample_rate_hz} Hz, planned were {planned.sample_rate_hz}",
        )
        check.that(
            found.channels == planned.channels,
            f"the audio has {found.channels} channels, planned were {planned.channels}",
        )
    if not planned.duration_us:
        return
    ends = found.start_us - info.start_us + found.duration_us if found.duration_us else info.duration_us
    tolerance = max(Fraction(AUDIO_TOLERANCE_US), planned.duration_us * AUDIO_TOLERANCE_SHARE)
    check.that(
        abs(ends - planned.duration_us) <= tolerance,
        f"the audio lasts {_seconds(ends)}, planned were {_seconds(planned.duration_us)}",
    )


def _seconds(duration_us: int) -> str:
    return f"{duration_us / _SECOND_US:.2f} s"
