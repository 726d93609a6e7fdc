"""Which encoders this machine really has: each is tried with a real encode of a few frames.

That ffmpeg lists an encoder proves nothing: without GPU, driver or a free session it fails when it is used.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog

from encoder_node.command import encoder_probe_argv
from encoder_node.ffmpeg import Tools
from encoder_node.stop import StopSignal
from reelyard.media.catalogue import gpu_encoders, probed_encoders, scarce_encoders
from reelyard.media.errors import WorkError

log = structlog.get_logger(__name__)

#: Seconds for one try; a GPU that has to be woken up takes a few.
TRY_HARD_S = 15.0
#: Tries at the same time: a GPU that hangs must not hold up the others.
_AT_ONCE = 4
#: Encoders whose presence makes a node serve the GPU queue.
GPU_SUFFIX = "_nvenc"


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
    return any(name.endswith(GPU_SUFFIX) for name in encoders)


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
