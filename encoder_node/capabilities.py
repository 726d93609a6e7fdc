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
from reelyard.media.catalogue import probed_encoders
from reelyard.media.errors import WorkError

log = structlog.get_logger(__name__)

#: Seconds for one try; a GPU that has to be woken up takes a few.
TRY_HARD_S = 15.0
#: Encoders whose presence makes a node serve the GPU queue.
GPU_SUFFIX = "_nvenc"


def working_encoders(tools: Tools, folder: Path) -> tuple[str, ...]:
    """The encoders of the catalogue that pass a real encode here, sorted; all are tried at the same time.

    `folder` is where the tries run; they write nothing.
    """
    names = probed_encoders()
    with ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="encoder-try") as pool:
        passed = list(pool.map(lambda name: _works(tools, folder, name), names))
    working = tuple(name for name, works in zip(names, passed, strict=True) if works)
    log.info("encoders_tried", working=working, missing=tuple(sorted(set(names) - set(working))))
    return working


def has_gpu(encoders: tuple[str, ...]) -> bool:
    """Whether one of the encoders runs on a GPU."""
    return any(name.endswith(GPU_SUFFIX) for name in encoders)


def _works(tools: Tools, folder: Path, encoder: str) -> bool:
    # CUDA maps more address space than any sane limit
    limits = replace(tools.limits, memory_bytes=0, stall_s=0.0, hard_s=TRY_HARD_S)
    try:
        outcome = tools.run(encoder_probe_argv(encoder), folder=folder, stop=StopSignal(), limits=limits)
    except WorkError as error:
        log.warning("encoder_try_hung", encoder=encoder, error=error.message)
        return False
    if not outcome.ok:
        log.debug("encoder_try_failed", encoder=encoder, evidence=outcome.evidence())
    return outcome.ok
