"""Builds the arguments of every ffmpeg and ffprobe run. Pure: `encoder_node.process` runs them.

Which values the arguments have comes from the plan and the catalogue; lines without a graph of their own are compiled
by ffmpeg-python. Every flag says why it is there. Paths are given as `file:` URLs, so that no name can be read as an
option or as another protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import ffmpeg

from encoder_node.encoder_options import (
    PassRun,
    audio_options,
    pass_options,
    tag_options,
    thread_options,
    video_options,
)
from reelyard.media.catalogue import AUDIO_CODECS, CONTAINERS, COPY, VIDEO_CODECS
from reelyard.media.filters import audio_filters, input_filters, thumbnail_filters
from reelyard.media.graph import PICTURE, SOUND, Graph, graph_for
from reelyard.media.plan import EncodePlan, InputPlan

_SECOND_US = 1_000_000

#: Demuxers that a source may be read with; ffmpeg compares every alias. Left out on purpose are those that open further
#: files or addresses (hls, dash, concat, sdp, image2, imf), run scripts or render text.
SOURCE_FORMATS = ",".join(
    (
        *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "flv", "asf", "ogg", "mpegts"),
        *("mpeg", "mpegvideo", "mxf", "gxf", "dv", "rm", "nut", "ivf", "wtv", "h264", "hevc", "m4v", "mjpeg", "vc1"),
        *("mp3", "wav", "w64", "flac", "aac", "ac3", "eac3", "dts", "amr", "aiff", "au", "caf", "wv", "tta", "ape"),
        *("yuv4mpegpipe", "gif"),
        "jpeg_pipe",  # how ffmpeg knows pictures in a row, which is what raw M-JPEG is
    )
)
#: What encoders are told beside their arguments: SVT-AV1 writes its banner to standard error, where a line counts as a
#: complaint; 1 leaves its errors.
ENVIRONMENT = MappingProxyType({"SVT_LOG": "1"})
#: Pixels of one picture. 8K has 33 million; a tiny file may claim 225 million and take a gigabyte (measured).
MAX_PIXELS = 40_000_000
#: Streams of one file; hundreds make a small file slow to open.
MAX_STREAMS = 50
#: Bytes and microseconds that finding the streams may read: recordings may begin with seconds without one of them.
PROBE_SIZE = 50_000_000
ANALYZE_DURATION_US = 30 * _SECOND_US
#: Seconds between progress reports; often enough for a bar that moves.
STATS_PERIOD_S = "0.5"
#: An output is stopped when it is this much longer than planned: a damaged time stamp must not fill the disk.
OVERRUN_SHARE, OVERRUN_US = 0.05, 10 * _SECOND_US
#: What encoders are tried out with, where they can do it.
_PROBE_SAMPLE_RATE_HZ = 48_000
#: Pixels; the thumbnail is a preview, not a still.
THUMBNAIL_WIDTH = 640


def input_options() -> dict[str, str | int]:
    """What every run that opens a media file gets, whoever made the file.

    The allow-lists keep a file from opening others or the network (an HLS list named .mp4 would), the limits keep
    it from taking the node's memory.
    """
    return {
        "protocol_whitelist": "file",
        "format_whitelist": SOURCE_FORMATS,
        "max_pixels": MAX_PIXELS,
        "max_streams": MAX_STREAMS,
        "probesize": PROBE_SIZE,
        "analyzeduration": ANALYZE_DURATION_US,
    }


def overlay_options() -> dict[str, str | int]:
    """What the image of an overlay is opened with: as every file, and by the one demuxer that reads a PNG as it lies.

    Not by `image2`, which takes a file's name for a pattern.
    """
    return input_options() | {"f": "png_pipe", "format_whitelist": "png_pipe"}


def encode_argv(
    plan: EncodePlan,
    sources: Sequence[Path],
    target: Path,
    *,
    overlay: Path | None = None,
    pass_run: PassRun | None = None,
    threads: int = 0,
) -> list[str]:
    """Encode whole sources, one for each of the plan's inputs, into one output file.

    `overlay` is the PNG file of the plan's overlay. With `pass_run` it is one of two passes; the first encodes the
    pictures alone, and writes nothing but its log. Decoders, filters and encoder start `threads` threads each; 0: as
    many as each thinks best.

    Compiled here, not by ffmpeg-python: that takes two equal inputs of a join for one, and puts all filters into one
    graph (see `reelyard.media.graph`).

    Raises:
        ValueError: sources or overlay are not those of the plan.
    """
    if len(sources) != len(plan.inputs) or (overlay is None) != (plan.overlay is None):
        raise ValueError("The files are not those that the plan is made of.")
    looks_only = pass_run is not None and pass_run.number == 1
    made = replace(plan, audio=None) if looks_only else plan
    argv = _command()
    graph = graph_for(made)
    for number in graph.opens if graph else (0,):
        opened = _source_options(plan, plan.inputs[number]) | ({"threads": threads} if threads else {})
        argv += [*_options(opened), "-i", _url(sources[number])]
    if overlay:
        argv += [*_options(overlay_options()), "-i", _url(overlay)]
    if graph:
        argv += ["-filter_complex", graph.text]
    maps, options = _streams(made, graph)
    for each in maps:
        argv += ["-map", each]
    options |= thread_options(plan.video, threads) if plan.video else {}
    options |= pass_options(pass_run)
    options["t"] = _seconds(round(plan.duration_us * (1 + OVERRUN_SHARE)) + OVERRUN_US)
    options |= {"f": "null"} if looks_only else _file_options(plan)
    # Overwrite: the folder is the attempt's own, and ffmpeg has no standard input to ask on.
    return [*argv, *_options(options), "-" if looks_only else _url(target), "-y"]


def _source_options(plan: EncodePlan, share: InputPlan) -> dict[str, str | int]:
    options = dict(input_options())
    if share.origin_us:
        # Negative: what stands `origin_us` after the source's start gets time 0, in all streams alike.
        options["itsoffset"] = f"-{_seconds(share.origin_us)}"
    if _copies(plan):
        # AVI and raw streams have no presentation times, which the muxers of copies ask for.
        options["fflags"] = "+genpts"
    return options


def _file_options(plan: EncodePlan) -> dict[str, str | int]:
    container = CONTAINERS[plan.container]
    tag = container.codec_tags.get(plan.video.codec) if plan.video else None
    return {
        "f": container.muxer,  # said, so that the file's ending decides nothing
        "map_metadata": -1,  # a source's tags may be private (place, owner) or lie about the new file
        "map_metadata:s:v": -1,  # the streams' own tags are copied apart from the file's
        "map_metadata:s:a": -1,
        "map_chapters": -1,  # some players show chapters as a text track
        **container.muxer_arguments,
        **({"tag:v": tag} if tag else {}),  # where players look for other letters than ffmpeg's own
        **tag_options(plan.tags),
    }


def _streams(plan: EncodePlan, graph: Graph | None) -> tuple[list[str], dict[str, str | int]]:
    """What is put into the file, in order, and the options of each stream, with its chain where no graph makes it."""
    maps: list[str] = []
    options: dict[str, str | int] = {}
    share = plan.inputs[0]
    # By absolute index: the probe chose the streams, and ffmpeg's own choice could take cover art or commentary.
    if plan.video:
        options |= video_options(plan.video)
        maps.append(PICTURE if graph and graph.makes_video else f"0:{share.video_index}")
        if not graph and plan.video.encoder != COPY:
            options["vf"] = input_filters(share, plan.video)
    if plan.audio:
        options |= audio_options(plan.audio)
        made = graph is not None and graph.makes_audio
        maps.append(SOUND if made else f"0:{share.audio_index}")
        if not made and plan.audio.encoder != COPY:
            options["af"] = audio_filters(plan.audio, share)
    return maps, options


def thumbnail_argv(source: Path, target: Path, *, video_index: int, at_us: int, every_frame: bool = False) -> list[str]:
    """Write one typical picture from around `at_us` as JPEG. Writes none, with status 0, when that is past the end.

    Keyframes alone are decoded, from the last one before `at_us` on: they are whole pictures, often the first of a
    scene, and it takes half the time of decoding all frames (measured with one second of 720p: 0.07 s for 0.13 s).

    One thread decodes: with several, ffmpeg's decoder of Theora calls each frame that it skips an error (5.1), and
    the run fails when most are. Three pictures leave nothing to share out anyway.

    `every_frame` decodes the others too, for a file whose edit list begins after its only keyframe.
    """
    # Raw H.264 can't be sought in: told to begin at 0, ffmpeg shows nothing of it.
    seek = {"ss": _seconds(at_us), "noaccurate_seek": None} if at_us else {}
    which = "default" if every_frame else "nokey"
    media = ffmpeg.input(_url(source), **seek, skip_frame=which, threads=1, **input_options())
    options = {
        "vf": thumbnail_filters(THUMBNAIL_WIDTH),
        "frames:v": 1,
        "q:v": 3,  # of 2 (best) to 31
        "f": "image2",
        "update": 1,  # one file, whose name is no pattern
    }
    return _compile(ffmpeg.output(media[str(video_index)], _url(target), **options).overwrite_output())


def decode_check_argv(path: Path, *, start_us: int = 0, length_us: int = 0, threads: int = 0) -> list[str]:
    """Decode a stretch of a file (a length of 0: to its end) and throw the frames away; errors go to standard error.

    `frame=` of the progress report counts the pictures that were decoded. `threads` as of `encode_argv`.
    """
    opening: dict[str, str | int] = {"ss": _seconds(start_us)} if start_us else {}
    if length_us:
        opening["t"] = _seconds(length_us)
    if threads:
        opening["threads"] = threads
    # Passthrough: every picture that was decoded is counted. The file's own time base: in one of the frame rate, two
    # pictures of a copied stream may get one time stamp, which is reported as an error.
    return _compile(_read_through(path, opening, {"fps_mode": "passthrough", "enc_time_base": "-1"}))


def demux_check_argv(path: Path) -> list[str]:
    """Read all packets of a file without decoding them; `out_time_us` of the progress report says how far they go.

    Streams that are announced and hold nothing, as in recordings of broadcasts, are left out (`u`, usable): ffmpeg
    writes none without a sample rate or a size, and would refuse the whole file.
    """
    return _compile(_read_through(path, {}, {"c": COPY}, which=":u"))


def probe_argv(path: Path) -> list[str]:
    """Ask ffprobe for the container and its streams as JSON, with every packet counted.

    Counted, not told: a header's count is what the file should have had. ffmpeg-python has no way to compile for
    ffprobe without running it.
    """
    argv = ["ffprobe", "-hide_banner", "-v", "error", *_options(input_options())]
    return [*argv, "-count_packets", "-show_format", "-show_streams", "-of", "json", _url(path)]


def encoder_probe_argv(*encoders: str) -> list[str]:
    """Encode a fifth of a second of nothing with each of these; status 0 means that this node has all of them.

    A real encode: that ffmpeg lists an encoder proves nothing where the GPU, its driver or a free session is missing.
    Pictures are of a size that H.263 knows, which is above the least size of every hardware encoder.
    """
    outputs = [_encoder_probe(encoder) for encoder in encoders]
    return _compile(outputs[0] if len(outputs) == 1 else ffmpeg.merge_outputs(*outputs), progress=False)


def _encoder_probe(encoder: str) -> ffmpeg.Stream:
    sound = next((codec for codec in AUDIO_CODECS.values() if codec.encoder == encoder), None)
    options: dict[str, str | int]
    if sound:
        media = ffmpeg.input("anullsrc=r=48000:cl=stereo", f="lavfi")
        rate = max(rate for rate in sound.sample_rates if rate <= _PROBE_SAMPLE_RATE_HZ)
        options = {"c:a": encoder, "ar": rate, "ac": min(2, sound.max_channels), "t": "0.2"}
    else:
        media = ffmpeg.input("color=black:s=352x288:r=25:d=0.2", f="lavfi")
        known = (each for codec in VIDEO_CODECS.values() for each in codec.encoders if each.name == encoder)
        options = {"c:v": encoder, "frames:v": 2, "pix_fmt": next((e.pixel_format for e in known), "yuv420p")}
    # By kind: with several outputs each would take from whatever input is best.
    return ffmpeg.output(media["a" if sound else "v"], "-", f="null", **options)


def _read_through(
    path: Path, opening: Mapping[str, str | int], options: Mapping[str, str], *, which: str = ""
) -> ffmpeg.Stream:
    media = ffmpeg.input(_url(path), **input_options(), **opening)
    # V leaves cover art out; `?` because either kind may be missing.
    return ffmpeg.output(media[f"V{which}?"], media[f"a{which}?"], "-", f="null", **options)


def _copies(plan: EncodePlan) -> bool:
    return any(stream is not None and stream.encoder == COPY for stream in (plan.video, plan.audio))


def _compile(output: ffmpeg.Stream, *, progress: bool = True) -> list[str]:
    return [str(argument) for argument in output.compile(cmd=_command(progress=progress))]


def _command(*, progress: bool = True) -> list[str]:
    """How every line begins: errors alone on standard error, progress as key=value lines on standard output."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-nostats"]
    return [*command, "-progress", "pipe:1", "-stats_period", STATS_PERIOD_S] if progress else command


def _options(options: Mapping[str, str | int]) -> list[str]:
    return [part for name, value in sorted(options.items()) for part in (f"-{name}", str(value))]


def _url(path: Path) -> str:
    return f"file:{path.absolute()}"


def _seconds(duration_us: int) -> str:
    return f"{duration_us // _SECOND_US}.{duration_us % _SECOND_US:06d}"
