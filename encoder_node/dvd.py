"""Makes the image of a video disc from a DVD's stream, and reads the stream back out of it.

dvdauthor writes the tables of contents (IFO and their copies, BUP) and parts the stream into VOB files; genisoimage
makes one image of them that is both ISO 9660 and UDF, laid out as players ask for.
"""

from dataclasses import replace
from pathlib import Path

from encoder_node.attempt import Attempt
from encoder_node.failures import Phase
from encoder_node.ffmpeg import Tools
from encoder_node.iso_image import ImageError, files_of
from encoder_node.stop import StopSignal
from reelyard.media.catalogue import CONTAINERS
from reelyard.media.disc import TWO_LAYERS_BYTES, is_wide
from reelyard.media.errors import ErrorCode, WorkError
from reelyard.media.info import MediaInfo
from reelyard.media.plan import EncodePlan

#: Seconds from one chapter to the next: what a viewer jumps by.
_CHAPTER_S = 300
_SECOND_US = 1_000_000
_CHUNK_BYTES = 1024 * 1024
#: What a player needs to find on the disc beside the stream's own files.
_TABLES = ("VIDEO_TS/VIDEO_TS.IFO", "VIDEO_TS/VIDEO_TS.BUP", "VIDEO_TS/VTS_01_0.IFO", "VIDEO_TS/VTS_01_0.BUP")
_TITLE = "VIDEO_TS/VTS_01_"
_AUTHORED = "disc"


def build_image(tools: Tools, attempt: Attempt, plan: EncodePlan, stream: Path, image: Path) -> None:
    """Make `image` from `stream`, which is used up.

    Raises:
        StoppedError: the attempt was stopped.
        WorkError: encode_failed, when a program fails or the image fits no disc; encode_timeout.
    """
    system = CONTAINERS[plan.container].disc
    recipe = attempt.folder / "disc.xml"
    recipe.write_text(_recipe(plan, stream.name, system), encoding="ascii")
    # It wants to know the system of the menus too, of which there are none, and only from here.
    authoring = replace(
        tools,
        environment={**tools.environment, "VIDEO_FORMAT": system.upper()},
        limits=replace(tools.limits, stall_s=0.0),  # neither program tells how far it is
    )
    for argv in (
        ["dvdauthor", "-x", recipe.name],
        # -dvd-video puts the files where the tables say; -V is a name that every system can show.
        ["genisoimage", "-quiet", "-dvd-video", "-udf", "-V", "DVD_VIDEO", "-o", image.name, _AUTHORED],
    ):
        authoring.succeed(argv, folder=attempt.folder, stop=attempt.stop, phase=Phase.ENCODE)
        stream.unlink(missing_ok=True)  # its bytes are in the VOB files now: a disc's worth of room
    size = image.stat().st_size
    if size > TWO_LAYERS_BYTES:
        raise WorkError(
            ErrorCode.ENCODE_FAILED,
            f"The image has {size} bytes, more than the {TWO_LAYERS_BYTES} of a disc with two layers.",
        )


def image_info(info: MediaInfo, plan: EncodePlan, image: Path) -> MediaInfo:
    """What is told of an image: its stream's own tracks, in a container of its own size."""
    size = image.stat().st_size
    bitrate = size * 8 * _SECOND_US // info.duration_us if info.duration_us else 0
    return replace(info, container=CONTAINERS[plan.container].format_name, size_bytes=size, bitrate_bps=bitrate)


def read_title(image: Path, target: Path, stop: StopSignal) -> None:
    """Copy the stream of an image to `target`, so that it can be decoded as a player would read it.

    Raises:
        StoppedError: the signal was set.
        WorkError: encode_failed, when the image lacks a table of contents or the stream.
    """
    try:
        files = {file.path: file for file in files_of(image)}
    except ImageError as error:
        raise WorkError(ErrorCode.ENCODE_FAILED, f"The image can't be read back: {error}.") from error
    missing = [path for path in _TABLES if path not in files or not files[path].size]
    parts = [file for path, file in sorted(files.items()) if path.startswith(_TITLE) and path.endswith(".VOB")]
    if missing or not parts:
        raise WorkError(ErrorCode.ENCODE_FAILED, f"The image lacks {', '.join(missing) or 'its video'}.")
    with target.open("wb") as out, image.open("rb") as disc:
        for part in parts:
            disc.seek(part.offset)
            left = part.size
            while left:
                stop.check()
                data = disc.read(min(left, _CHUNK_BYTES))
                if not data:
                    raise WorkError(ErrorCode.ENCODE_FAILED, f"The image ends within {part.path}.")
                out.write(data)
                left -= len(data)


def _recipe(plan: EncodePlan, stream: str, system: str) -> str:
    """What dvdauthor is told. Names are our own and of this folder, so nothing in it needs quoting."""
    shape = "16:9" if plan.video and is_wide(plan.video) else "4:3"
    # Without it players may offer to cut the sides off on a narrow screen.
    wide = ' widescreen="nopanscan"' if shape == "16:9" else ""
    seconds = plan.duration_us // _SECOND_US
    chapters = ",".join(_clock(at) for at in range(0, max(1, seconds), _CHAPTER_S))
    return (
        f'<dvdauthor dest="{_AUTHORED}"><vmgm/><titleset><titles>'
        f'<video format="{system}" aspect="{shape}"{wide}/>'
        f'<pgc><vob file="{stream}" chapters="{chapters}"/></pgc>'
        "</titles></titleset></dvdauthor>\n"
    )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
