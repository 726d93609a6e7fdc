"""ffmpeg filter chains for a plan. Numbers alone: what they are is decided in `planning`."""

from dataclasses import replace

from reelyard.media.catalogue import video_encoder
from reelyard.media.colour import RGB, colour_filters
from reelyard.media.info import parse_rational
from reelyard.media.plan import AudioPlan, InputPlan, VideoPlan
from reelyard.media.sound import LAYOUTS, mix_filters

_SECOND_US = 1_000_000


def input_filters(share: InputPlan, video: VideoPlan) -> str:
    """The chain that brings the pictures of one input to those of the output.

    ffmpeg turns rotated pictures upright by itself before the chain. Fields are woven back into frames before
    anything mixes lines or moves frames. Then the output's grid of times: frames that are dropped needn't be scaled.
    """
    chain = [f"bwdif=mode=send_frame:parity=auto:deint={share.deinterlace}"] if share.deinterlace else []
    return ",".join([*chain, *timing_filters(share, video), *fit_filters(share, video)])


def timing_filters(share: InputPlan, video: VideoPlan) -> list[str]:
    """The filters that put an input's pictures on the output's grid.

    `start_time=0` begins the grid at time 0 whatever the first frame's time is, so that video that starts late keeps
    its distance to the audio and every part of an output counts alike.
    """
    filters = ["setpts=PTS-STARTPTS"] if share.from_first_frame else []
    filters.append(f"fps={video.frame_rate}:start_time=0")
    if share.still:
        filters += ["tpad=stop=-1:stop_mode=clone", f"trim=end_frame={share.frames or video.frames}"]
    elif share.frames:
        # Exactly its share of a join: a count that was estimated may be one too high or too low.
        filters += ["tpad=stop=1:stop_mode=clone", f"trim=end_frame={share.frames}"]
    return filters


def fit_filters(share: InputPlan, video: VideoPlan) -> list[str]:
    """The filters that bring one picture to the output's size, colours, pixel format and shape of pixels.

    Colours are converted after scaling, when there is less to convert, and before bars are added, whose black is the
    output's. The format stands before the cuts: in one with coarser colour they would be rounded to more than two
    pixels.
    """
    width, height = share.picture_width or video.width, share.picture_height or video.height
    kept_width, kept_height = min(width, video.width), min(height, video.height)
    chain = [f"scale={width}:{height}", *colour_filters(video, share), f"format={pixel_format(video)}"]
    if (kept_width, kept_height) != (width, height):
        left, top = _even_half(width - kept_width), _even_half(height - kept_height)
        chain.append(f"crop={kept_width}:{kept_height}:{left}:{top}")
    if (kept_width, kept_height) != (video.width, video.height):
        left, top = _even_half(video.width - kept_width), _even_half(video.height - kept_height)
        chain.append(f"pad={video.width}:{video.height}:{left}:{top}:black")
    # Said anew: scaling keeps the shape of the whole picture. Pixels are square, but for DVDs.
    return [*chain, f"setsar={video.sample_aspect}"]


def pixel_format(video: VideoPlan) -> str:
    """The form of pixels that the encoder takes; `yuv420p`, where it can be, is the one that all players decode."""
    return video_encoder(video.codec, video.encoder).pixel_format


def _even_half(pixels: int) -> int:
    """Half of it, on the grid of colour samples."""
    return pixels // 4 * 2


def black_source(share: InputPlan, video: VideoPlan) -> str:
    """Pictures for an input of a join that has none: a source filter with the chain behind it."""
    source = f"color=c=black:s={video.width}x{video.height}:r={video.frame_rate},format=gbrp"
    black = replace(share, **RGB.members())
    return ",".join([source, f"trim=end_frame={share.frames}", *fit_filters(black, video)])


def audio_filters(audio: AudioPlan, share: InputPlan) -> str:
    """The chain for an encoded audio stream.

    `async=1` fills gaps with silence and trims overlaps, and `first_pts=0` does so at the beginning, so that audio
    stays in step with the pictures. `rematrix_maxval` keeps a mix of many channels from clipping. Rate and layout are
    said here, so that no second resampler is put in.
    """
    return ",".join(
        [
            *mix_filters(share.audio_mix, audio.channels),
            f"aresample={audio.sample_rate_hz}:async=1:first_pts=0:rematrix_maxval=1.0",
            f"aformat=sample_rates={audio.sample_rate_hz}:channel_layouts={LAYOUTS[audio.channels]}",
        ]
    )


def joined_audio_filters(share: InputPlan, audio: AudioPlan) -> str:
    """The chain for the sound of one input of a join: as long as its share, with silence behind what is shorter."""
    lasts = _seconds(share.duration_us)
    return f"{audio_filters(audio, share)},apad=whole_dur={lasts},atrim=duration={lasts}"


def silent_source(share: InputPlan, audio: AudioPlan) -> str:
    """Sound for an input of a join that has none."""
    source = f"anullsrc=r={audio.sample_rate_hz}:cl={LAYOUTS[audio.channels]}"
    return f"{source},atrim=duration={_seconds(share.duration_us)}"


def grid_filters(video: VideoPlan, *, has_sound: bool) -> str:
    """The chain behind joined pictures that puts them back on the exact grid of the rate.

    Joining counts in microseconds. Without sound the frames are simply counted, for a single one tells no duration.
    """
    rate = parse_rational(video.frame_rate)
    grid = f"settb={rate.denominator}/{rate.numerator}"
    return grid if has_sound else f"{grid},setpts=N"


def thumbnail_filters(width: int) -> str:
    """The chain that picks the most typical of three frames, at most `width` pixels wide, with square pixels.

    Scaled first: the picker holds its frames in memory. Three, because they are keyframes (see `thumbnail_argv`).
    Renumbered, since ffmpeg drops what lies before the point that it was told to seek to.
    """
    return f"scale=w='max(2,trunc(min({width},iw*sar)/2)*2)':h=-2,setsar=1,thumbnail=3,setpts=N"


def _seconds(duration_us: int) -> str:
    return f"{duration_us // _SECOND_US}.{duration_us % _SECOND_US:06d}"
