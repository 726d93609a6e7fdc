"""ffmpeg filter strings for a plan. Numbers alone: what they are is decided in `planning`."""

from reelyard.media.catalogue import video_encoder
from reelyard.media.plan import AudioPlan, VideoPlan

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def video_filters(video: VideoPlan) -> str:
    """The chain for an encoded video stream.

    `fps` first: frames that are dropped needn't be scaled. `start_time=0` begins the grid at time 0 whatever the
    first frame's time is, so that video that starts late keeps its distance to the audio and every part of an output
    counts alike. `setsar` says which shape pixels have now: square, but for DVDs. The format of the pixels is the
    encoder's; `yuv420p`, where it can be, is the one that all players decode. ffmpeg turns rotated pictures upright
    by itself before the chain.
    """
    pixels = video_encoder(video.codec, video.encoder).pixel_format
    return (
        f"fps={video.frame_rate}:start_time=0,scale={video.width}:{video.height},"
        f"setsar={video.sample_aspect},format={pixels}"
    )


def audio_filters(audio: AudioPlan) -> str:
    """The chain for an encoded audio stream.

    `async=1` fills gaps with silence and trims overlaps, and `first_pts=0` does so at the beginning, so that audio
    stays in step with the pictures. Rate and layout are said here, so that no second resampler is put in.
    """
    return (
        f"aresample={audio.sample_rate_hz}:async=1:first_pts=0,"
        f"aformat=sample_rates={audio.sample_rate_hz}:channel_layouts={_LAYOUTS[audio.channels]}"
    )


def thumbnail_filters(width: int) -> str:
    """The chain that picks the most typical of three frames, at most `width` pixels wide, with square pixels.

    Scaled first: the picker holds its frames in memory. Three, because they are keyframes (see `thumbnail_argv`).
    Renumbered, since ffmpeg drops what lies before the point that it was told to seek to.
    """
    return f"scale=w='max(2,trunc(min({width},iw*sar)/2)*2)':h=-2,setsar=1,thumbnail=3,setpts=N"
