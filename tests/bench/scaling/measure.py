"""What the simulation takes for granted of the real encoder and the real scheduler, measured in a minute."""

import json
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from encoder_node.command import encode_argv
from reelyard.cluster.work import Queue
from reelyard.media.output import OutputRequest
from scheduler.store.database import Database
from scheduler.usecases.select_tasks import select_tasks
from tests.bench.overhead import make_clip, measure, plan_of
from tests.bench.scaling.parameters import MEASURED, Measured
from tests.contract.lifecycle_rig import MP4, Held, Rig
from tests.secret_key import SEALER

CLIP_S = 20
TASKS = 60


def take_anew(path: Path = MEASURED) -> Measured:
    """Measure, and write it down for the next run."""
    with tempfile.TemporaryDirectory(prefix="reelyard-scaling-") as name:
        folder = Path(name)
        found = Measured(
            cpu_s_per_media_s=round(_encode(folder), 4),
            dispatch_s=round(_dispatch(folder), 5),
            fixed_s=round(_fixed(), 3),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(vars(found), indent=2) + "\n")
    return found


def _encode(folder: Path) -> float:
    """CPU seconds of our ffmpeg for a second of 1280x720 at 25 frames/s, H.264 and AAC in MP4."""
    clip = make_clip(folder, CLIP_S)
    argv = encode_argv(plan_of(clip), [clip], folder / "out.mp4")
    before = _cpu_of_children()
    subprocess.run(argv, check=True, capture_output=True)
    return (_cpu_of_children() - before) / CLIP_S


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _dispatch(folder: Path) -> float:
    """Median seconds of choosing and claiming one encode task, on SQLite."""
    database = Database(f"sqlite:///{folder / 'reelyard.db'}", SEALER)
    rig = Rig(database)
    node = rig.node("node")
    rig.create(*[OutputRequest(output_format_id=0, container=str(MP4.container))] * TASKS)
    rig.do(node, Queue.INGEST)
    taken = []
    for _ in range(TASKS // 2):
        started = time.monotonic()
        select_tasks(database, Queue.ENCODE_CPU)
        held = rig.try_claim(node, rig.queued(Queue.ENCODE_CPU)[0])
        taken.append(time.monotonic() - started)
        assert isinstance(held, Held)
        rig.finish(held)
    database.close()
    return statistics.median(taken)


def _fixed() -> float:
    """Median seconds that a whole job takes beside its ffmpeg: fetching, probing, storing, verifying, telling."""
    rows = measure({1: 3})
    found = next(row for row in rows if row.form == "standalone")
    rows.close()
    return max(0.0, found.fixed_s)
