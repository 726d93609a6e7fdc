"""The video of one output: which stream is read, and every number of what is made of it."""

from reelyard.media.catalogue import COPY, NONE, VIDEO_CODECS, Container, video_codec_display
from reelyard.media.choosing import chosen
from reelyard.media.colour import output_colour, source_colour
from reelyard.media.copying import check_copied_turn, check_copy
from reelyard.media.disc import sample_aspect_for
from reelyard.media.encoders import VideoEncoder
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.fitting import Fit, fit_for
from reelyard.media.framing import duration_of, frames_until, origin_us, rate_text, source_rate, video_end_us
from reelyard.media.info import MediaInfo, VideoTrack, parse_rational
from reelyard.media.output import OutputSpec
from reelyard.media.plan import VideoPlan
from reelyard.media.published import FRAME_RATES
from reelyard.media.sizing import output_size, seen_size
from reelyard.media.snapping import frame_rate_for, size_for, video_bitrate_for

#: Codecs (ffprobe's names) whose decoders mark each frame as interlaced or not. Measured: those of MJPEG, HuffYUV and
#: ProRes left interlaced frames unmarked.
FRAME_MARKING_CODECS = frozenset({"h264", "mpeg2video", "mpeg4", "dvvideo", "ffv1"})


def choose_video(spec: OutputSpec, source: MediaInfo) -> VideoTrack | None:
    """The stream of the source that the output's pictures come from; None for an output without any.

    Raises:
        WorkError: source_not_media, when the source has none, or none that can be decoded.
    """
    if spec.video_codec == NONE:
        return None
    if not source.video:
        raise WorkError(
            ErrorCode.SOURCE_NOT_MEDIA,
            "The source has no video, and this output needs some: ask for the video codec 'none' or for a container "
            "of audio alone.",
        )
    return chosen(source.video, "video", copied=spec.video_codec == COPY)


def plan_video(
    spec: OutputSpec, source: MediaInfo, track: VideoTrack, container: Container, live: frozenset[str]
) -> VideoPlan:
    """Settle the video; `live` are the hardware encoders that some node has.

    Raises:
        WorkError: incompatible_format.
    """
    if spec.video_codec == COPY:
        return _copied(track, container)
    codec = VIDEO_CODECS[container.made_as.get(spec.video_codec, spec.video_codec)]
    fit = fit_for(spec)
    size = output_size(track, spec.width, spec.height, codec.size_multiple, inside=fit == Fit.INSIDE)
    width, height = size_for(codec, *size)
    shown_width, shown_height = seen_size(track)
    rate = parse_rational(FRAME_RATES[spec.frame_rate_id]) if spec.frame_rate_id in FRAME_RATES else source_rate(track)
    rate = frame_rate_for(container, codec, rate)
    end = video_end_us(source, track) - origin_us(source, track, rate)
    return VideoPlan(
        codec=codec.code,
        encoder=_encoder(codec.encoders, live, width, height).name,
        width=width,
        height=height,
        frame_rate=rate_text(rate),
        bitrate_bps=video_bitrate_for(codec, spec.video_bitrate_kbps * 1000),
        frames=frames_until(end, rate),
        sample_aspect=sample_aspect_for(codec, shown_width / shown_height),
        fit=fit.value,
        two_pass=spec.two_pass,
        keyframe_interval=spec.forced_keyframe_interval,
        fixed_keyframes=spec.fixed_keyframes,
        **output_colour(source_colour(track), codec.codec_name, container.code, width, height).members(),
    )


def _copied(track: VideoTrack, container: Container) -> VideoPlan:
    check_copy(track.codec, video_codec_display(track.codec), container.copy_video, container)
    check_copied_turn(track.rotation, container)
    return VideoPlan(
        codec=COPY,
        encoder=COPY,
        width=track.width,
        height=track.height,
        frame_rate=track.frame_rate,
        frames=track.frames,
    )


def deinterlace_mode(track: VideoTrack) -> str:
    """What to deinterlace of a stream of which that was asked: "" nothing, "interlaced" frames that say so, "all".

    Where the decoder marks each frame, the marks are right whatever the header says. Else the header must do, and
    only one that says "progressive" means that there is nothing to do.
    """
    if track.codec in FRAME_MARKING_CODECS:
        return "interlaced"
    return "" if track.field_order == "progressive" else "all"


def _encoder(encoders: tuple[VideoEncoder, ...], live: frozenset[str], width: int, height: int) -> VideoEncoder:
    for encoder in encoders:
        if (not encoder.hardware or encoder.name in live) and encoder.takes(width, height):
            return encoder
    raise WorkError(
        ErrorCode.INCOMPATIBLE_FORMAT, f"No encoder of this codec takes pictures of {width}x{height}: ask for less."
    )


def stream_duration_us(video: VideoPlan) -> int:
    """How long the planned video lasts, in microseconds; 0 when the rate isn't known."""
    return duration_of(video.frames, parse_rational(video.frame_rate))
