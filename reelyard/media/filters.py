"""ffmpeg filter strings for a plan. Numbers alone: what they are is decided in `planning`."""

from reelyard.media.colour import colour_filters
from reelyard.media.plan import AudioPlan, InputPlan, VideoPlan
from reelyard.media.sound import LAYOUTS, mix_filters


def video_filters(video: VideoPlan, share: InputPlan, pixel_format: str) -> str:
    """The chain for an encoded video stream.

    `fps` first: frames that are dropped needn't be scaled. `start_time=0` begins the grid at time 0 whatever the
    first frame's time is, so that video that starts late keeps its distance to the audio and every part of an output
    counts alike. Colours are converted after scaling, when there is less to convert. `setsar` says which shape pixels
    have now: square, but for DVDs; `pixel_format` is what the encoder takes. ffmpeg turns rotated pictures upright by
    itself before the chain.
    """
    return ",".join(
        [
            *timing_filters(video, share),
            f"scale={video.width}:{video.height}",
            *colour_filters(video, share),
            f"setsar={video.sample_aspect}",
            f"format={pixel_format}",
        ]
    )


def timing_filters(video: VideoPlan, share: InputPlan) -> list[str]:
    """The filters that put an input's pictures on the output's grid."""
    filters = [f"fps={video.frame_rate}:start_time=0"]
    if share.from_first_frame:
        filters.insert(0, "setpts=PTS-STARTPTS")
    if share.still:
        filters += ["tpad=stop=-1:stop_mode=clone", f"trim=end_frame={video.frames}"]
    return filters


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


def thumbnail_filters(width: int) -> str:
    """The chain that picks the most typical of three frames, at most `width` pixels wide, with square pixels.

    Scaled first: the picker holds its frames in memory. Three, because they are keyframes (see `thumbnail_argv`).
    Renumbered, since ffmpeg drops what lies before the point that it was told to seek to.
    """
    return f"scale=w='max(2,trunc(min({width},iw*sar)/2)*2)':h=-2,setsar=1,thumbnail=3,setpts=N"
