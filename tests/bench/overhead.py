"""How much longer a whole job takes than a bare ffmpeg with the very same arguments, measured in turn in one run."""

import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from encoder_node.command import demux_check_argv, encode_argv, probe_argv
from encoder_node.probe import parse_probe
from encoder_node.progress import ProgressReader
from reelyard.media.output import OutputRequest
from reelyard.media.plan import EncodePlan
from reelyard.media.planning import plan_output
from reelyard.media.resolve import resolve_output
from reelyard.media.verify import check_source
from tests.e2e.peers import Pings, Sources
from tests.e2e.seed_client import SeedClient
from tests.e2e.services import Cluster, Standalone


@dataclass(frozen=True)
class Overhead:
    """Medians over the rounds of one clip in one form, in seconds, and the median of the rounds' ratios."""

    form: str
    clip_s: int
    rounds: int
    ffmpeg_s: float
    job_s: float
    fixed_s: float
    ratio: float


def measure(rounds: dict[int, int]) -> Iterator[Overhead]:
    """Measure both forms; `rounds` says how often for each length of clip in seconds."""
    with tempfile.TemporaryDirectory(prefix="reelyard-bench-") as name:
        folder = Path(name)
        clips = {seconds: make_clip(folder, seconds) for seconds in rounds}
        forms: dict[str, Callable[[], AbstractContextManager[Standalone | Cluster]]] = {
            "standalone": lambda: Standalone(folder / "data"),
            "cluster": lambda: Cluster(folder / "cluster", fsync=True),
        }
        with Sources(folder) as sources:
            for form, start in forms.items():
                with start() as service:
                    client = SeedClient(service.url, service.api_key)
                    for seconds, clip in clips.items():
                        yield _compare(form, seconds, rounds[seconds], clip, (client, sources), folder)


def _compare(
    form: str, seconds: int, rounds: int, clip: Path, service: tuple[SeedClient, Sources], folder: Path
) -> Overhead:
    client, sources = service
    argv = encode_argv(plan_of(clip), [clip], folder / "bare.mp4")
    url = f"{sources.url}/file/{clip.name}"
    _time_job(client, url)  # the first one warms caches that a running service has
    pairs = []
    for _ in range(rounds):
        started = time.monotonic()
        subprocess.run(argv, check=True, capture_output=True)
        pairs.append((time.monotonic() - started, _time_job(client, url)))
    return Overhead(
        form=form,
        clip_s=seconds,
        rounds=rounds,
        ffmpeg_s=statistics.median(bare for bare, _ in pairs),
        job_s=statistics.median(job for _, job in pairs),
        fixed_s=statistics.median(job - bare for bare, job in pairs),
        ratio=statistics.median(job / bare for bare, job in pairs),
    )


def _time_job(client: SeedClient, url: str) -> float:
    """From the request to the notification: a poll for the end would take time from the encoder on a small machine."""
    arrived = threading.Event()
    with Pings(on_ping=arrived.set) as pings:
        started = time.monotonic()
        (job_id,) = client.created(
            url, [{"OutputFormatID": 0, "MediaContainerCode": "mp4", "PingUrl": f"{pings.url}/done"}]
        )
        assert arrived.wait(300), f"no notification of job {job_id}"
        taken = time.monotonic() - started
        assert pings.seen[0].fields["Result"] == "Success", pings.seen
    return taken


def make_clip(folder: Path, seconds: int) -> Path:
    """A clip of 1280x720 at 25 frames/s with a tone."""
    path = folder / f"clip-{seconds}.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y"),
            *("-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=25:duration={seconds}"),
            *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-ac", "2", "-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path


def plan_of(clip: Path) -> EncodePlan:
    """The plan that the scheduler makes for the same request: the arguments are the same to the letter."""
    probed = parse_probe(subprocess.run(probe_argv(clip), check=True, capture_output=True).stdout)
    reader = ProgressReader()
    demuxed = subprocess.run(demux_check_argv(clip), check=True, capture_output=True, text=True)
    for line in demuxed.stdout.splitlines():
        reader.feed(line)
    info = check_source(probed, demuxed_us=reader.out_time_us)
    return plan_output(resolve_output(OutputRequest(output_format_id=0, container="mp4"), None), [info])
