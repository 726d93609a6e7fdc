"""Runs the product's own command lines over clips that ffmpeg makes here."""

import functools
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from encoder_node import command
from encoder_node.probe import parse_probe
from reelyard.media.info import MediaInfo
from reelyard.media.output import OutputSpec
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from reelyard.media.verify import check_output, check_source

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@dataclass(frozen=True)
class Ran:
    """How a run ended; `frames` and `out_time_us` are the last of its progress report."""

    status: int
    frames: int
    out_time_us: int
    errors: list[str]


@dataclass(frozen=True)
class Picture:
    """A frame as rows of RGB."""

    width: int
    height: int
    data: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """The colour of one pixel."""
        red, green, blue = self.data[(y * self.width + x) * 3 :][:3]
        return red, green, blue

    def box(self, is_part: Callable[[tuple[int, int, int]], bool]) -> tuple[int, int, int, int] | None:
        """Width, height, left and top of the smallest box around all pixels that are part of something."""
        found = [(x, y) for y in range(self.height) for x in range(self.width) if is_part(self.at(x, y))]
        if not found:
            return None
        left, top = min(x for x, _ in found), min(y for _, y in found)
        return max(x for x, _ in found) - left + 1, max(y for _, y in found) - top + 1, left, top


def pictures(rate: str = "25", seconds: float = 2, size: str = "128x72") -> list[str]:
    """Arguments for an input of test pictures."""
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def sound(seconds: float = 2, sample_rate: int = 48000) -> list[str]:
    """Arguments for an input of a mono beep."""
    return ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={sample_rate}:duration={seconds}"]


def make(path: Path, *arguments: str) -> Path:
    """Make a clip."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


def run(argv: Sequence[str]) -> Ran:
    """Run ffmpeg to its end."""
    environment = {**os.environ, **command.ENVIRONMENT}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    frames = re.findall(r"^frame=(\d+)$", done.stdout, re.MULTILINE)
    times = re.findall(r"^out_time_us=(\d+)$", done.stdout, re.MULTILINE)
    return Ran(
        status=done.returncode,
        frames=int(frames[-1]) if frames else 0,
        out_time_us=int(times[-1]) if times else 0,
        errors=done.stderr.splitlines(),
    )


def probe(path: Path) -> MediaInfo:
    """What the product finds in a file."""
    return parse_probe(subprocess.run(command.probe_argv(path), capture_output=True, check=True).stdout)


def ingest(path: Path) -> MediaInfo:
    """Probe a source and read it to its end, as an ingest does: once, however many outputs are made of it."""
    file = path.stat()
    return _ingested(path, file.st_mtime_ns, file.st_size)


@functools.cache
def _ingested(path: Path, _mtime_ns: int, _size: int) -> MediaInfo:
    return check_source(probe(path), demuxed_us=run(command.demux_check_argv(path)).out_time_us)


def encode(source: Path, target: Path, spec: OutputSpec) -> tuple[EncodePlan, MediaInfo, Ran]:
    """Plan, encode, probe, decode and check one output; the run is that of the encode."""
    return encode_joined([source], target, spec)


def encode_joined(
    sources: Sequence[Path], target: Path, spec: OutputSpec, *, overlay: Path | None = None
) -> tuple[EncodePlan, MediaInfo, Ran]:
    """As `encode`, of sources that are joined, with an image laid over them."""
    plan = plan_output(spec, [ingest(source) for source in sources])
    ran = run(command.encode_argv(plan, sources, target, overlay=overlay))
    assert (ran.status, ran.errors) == (0, [])
    info = probe(target)
    decoded = run(command.decode_check_argv(target))
    assert decoded.errors == []
    check_output(plan, info, decode_errors=len(decoded.errors), decoded_frames=decoded.frames, decoded_whole=True)
    return plan, info, ran


def pixels(path: Path) -> list[Picture]:
    """The frames of a file as RGB, as they are stored: neither turned nor made square."""
    size = probe(path).video[0]
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-i", str(path)]
    argv += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(argv, capture_output=True, check=True).stdout
    length = size.width * size.height * 3
    assert len(data) % length == 0
    return [Picture(size.width, size.height, data[at : at + length]) for at in range(0, len(data), length)]
