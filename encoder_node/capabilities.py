"""What this machine can do: its programs, the encoders that it really has, and how many tasks at once.

Each encoder is tried with a real encode of a few frames. That ffmpeg lists one proves nothing: without GPU, driver or
a free session it fails when it is used.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog

from encoder_node.command import encoder_probe_argv
from encoder_node.cpus import usable_cpus
from encoder_node.ffmpeg import Tools
from encoder_node.stop import StopSignal
from reelyard.cluster.service_process import StartError
from reelyard.cluster.work import Queue
from reelyard.media.catalogue import gpu_encoders, probed_encoders, scarce_encoders
from reelyard.media.errors import WorkError

log = structlog.get_logger(__name__)

#: Seconds for one try; a GPU that has to be woken up takes a few.
TRY_HARD_S = 15.0
#: Tries at the same time: a GPU that hangs must not hold up the others.
_AT_ONCE = 4
#: What tasks need, by the Debian package that has it.
_PROGRAMS = {
    "ffmpeg": "ffmpeg",
    "ffprobe": "ffmpeg",
    "setpriv": "util-linux",
    "prlimit": "util-linux",
    "dvdauthor": "dvdauthor",
    "genisoimage": "genisoimage",
}


def check_programs(tool_path: str) -> None:
    """See that the programs that tasks need are there.

    Raises:
        StartError: some are missing; it says which packages have them.
    """
    missing = [name for name in _PROGRAMS if shutil.which(name, path=tool_path) is None]
    if missing:
        packages = " ".join(dict.fromkeys(_PROGRAMS[name] for name in missing))
        raise StartError(
            f"The node needs {', '.join(missing)}, not found in {tool_path}: install {packages} "
            f"(on Debian and Ubuntu: apt-get install {packages})."
        )


def working_encoders(tools: Tools, folder: Path) -> tuple[str, ...]:
    """The encoders of the catalogue that pass a real encode here, sorted.

    Those that any ffmpeg may have are tried in one run, and one by one only when that fails: three dozen processes
    take seconds at a node's start, one takes half of one. `folder` is where the tries run; they write nothing.
    """
    names = probed_encoders()
    usual = tuple(name for name in names if name not in gpu_encoders() | scarce_encoders())
    working = set(usual) if _work(tools, folder, *usual) else set()
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="encoder-try") as pool:
        others = [name for name in names if name not in working]
        passed = pool.map(lambda name: _work(tools, folder, name), others)
        working |= {name for name, works in zip(others, passed, strict=True) if works}
    found = tuple(name for name in names if name in working)
    log.info("encoders_tried", working=found, missing=tuple(sorted(set(names) - working)))
    return found


def has_gpu(encoders: tuple[str, ...]) -> bool:
    """Whether one of the encoders runs on a GPU."""
    return not gpu_encoders().isdisjoint(encoders)


def default_slots(gpu: bool) -> dict[str, int]:  # noqa: FBT001  # one fact, named by the only caller
    """Tasks at once where nothing was said: x264 uses several cores by itself, the rest mostly waits."""
    cores = usable_cpus()
    slots = {
        Queue.INGEST: 2,
        Queue.ENCODE_CPU: max(1, cores // 4),
        Queue.STORE: 2,
        Queue.DISTRIBUTE: 4,
    }
    if gpu:
        slots[Queue.ENCODE_GPU] = 1
    return {str(queue): count for queue, count in slots.items()}


def _work(tools: Tools, folder: Path, *encoders: str) -> bool:
    # CUDA maps more address space than any sane limit
    limits = replace(tools.limits, memory_bytes=0, stall_s=0.0, hard_s=TRY_HARD_S)
    try:
        outcome = tools.run(encoder_probe_argv(*encoders), folder=folder, stop=StopSignal(), limits=limits)
    except WorkError as error:
        log.warning("encoder_try_hung", encoders=encoders, error=error.message)
        return False
    if not outcome.ok:
        log.debug("encoder_try_failed", encoders=encoders, evidence=outcome.evidence())
    return outcome.ok
