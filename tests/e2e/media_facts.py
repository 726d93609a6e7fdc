"""Facts about a media file, measured by ffprobe and ffmpeg: counted, not read from headers where that matters."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    """What is in a file: decoded frames, decode errors, and the streams."""

    container: str
    duration_s: float
    video_codec: str
    audio_codec: str
    width: int
    height: int
    frames: int
    decode_errors: str


def facts(path: Path) -> Facts:
    """Probe and decode one file."""
    probed = json.loads(
        subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-of",
                "json",
                "-show_format",
                "-show_streams",
                "-count_frames",
                str(path),
            ],
            check=True,
            capture_output=True,
        ).stdout
    )
    decoded = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"],
        check=False,
        capture_output=True,
    )
    video = next((s for s in probed["streams"] if s["codec_type"] == "video"), {})
    audio = next((s for s in probed["streams"] if s["codec_type"] == "audio"), {})
    return Facts(
        container=probed["format"]["format_name"],
        duration_s=float(probed["format"]["duration"]),
        video_codec=video.get("codec_name", ""),
        audio_codec=audio.get("codec_name", ""),
        width=video.get("width", 0),
        height=video.get("height", 0),
        frames=int(video.get("nb_read_frames", 0)),
        decode_errors=decoded.stderr.decode(errors="replace") if decoded.returncode == 0 else "decoding failed",
    )
