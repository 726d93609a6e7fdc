"""The clip that goes in, and what ffprobe says of the files that come out."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from reelyard.cli.demo.errors import DemoError

CLIP_SECONDS = 6
_TIMEOUT_S = 60


def check_programs() -> None:
    """See to it that ffmpeg and ffprobe are there.

    Raises:
        DemoError: one is missing; with how to get it.
    """
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    if missing:
        raise DemoError(f"{' and '.join(missing)} not found; on Debian and Ubuntu: sudo apt-get install ffmpeg")


def make_clip(path: Path) -> None:
    """Make a clip of a moving test picture (640x360, 25 frames/s) and a tone.

    Raises:
        DemoError: ffmpeg failed; with what it said.
    """
    _run(
        *("ffmpeg", "-nostdin", "-v", "error", "-y"),
        *("-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={CLIP_SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={CLIP_SECONDS}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-ac", "2", "-movflags", "+faststart", str(path)),
    )


def describe(path: Path) -> str:
    """One line of what ffprobe finds in a file: container, size, duration, streams.

    Raises:
        DemoError: ffprobe cannot read it.
    """
    shown = _run(*("ffprobe", "-v", "error", "-print_format", "json", "-show_format", "-show_streams", str(path)))
    found: dict[str, Any] = json.loads(shown)
    form = found["format"]
    streams = ", ".join(_stream(stream) for stream in found["streams"])
    size_kb = int(form["size"]) / 1000
    return f"{form['format_name']}, {size_kb:.0f} kB, {float(form['duration']):.2f} s: {streams}"


def _stream(stream: dict[str, Any]) -> str:
    name = str(stream.get("codec_name", "unknown"))
    if stream.get("codec_type") == "video":
        return f"{name} {stream['width']}x{stream['height']}"
    if stream.get("codec_type") == "audio":
        return f"{name} {stream['sample_rate']} Hz, {stream['channels']} channels"
    return name


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as exc:
        raise DemoError(f"{command[0]} did not end within {_TIMEOUT_S} s") from exc
    if done.returncode != 0:
        raise DemoError(f"{command[0]} failed with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout
