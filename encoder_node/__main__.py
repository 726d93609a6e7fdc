"""`python -m encoder_node`, and what `reelyard node` runs: one node until SIGTERM or SIGINT, which drain it.

A second signal ends the process at once; the kernel kills its ffmpegs with it, and other nodes get the tasks when
the leases end. Exit status: 0 stopped by a signal, 1 could not start, 2 a setting is wrong.

With `--once` it does a single task and ends by itself, with status 0 however the task ended (the scheduler alone tries
it again) and also when none came within REELYARD_ONCE_IDLE_SECONDS.
"""

import os
import sys
import threading
from collections.abc import Mapping
from functools import partial

from encoder_node.settings import NodeSettings
from encoder_node.wiring import NodeService, build
from reelyard.cluster.service_process import STOPPED, run_service, say


def main(environ: Mapping[str, str], *, once: bool = False) -> int:
    """Run a node with these settings until a signal ends it, with `once` until its one task has; the exit status."""
    return run_service("node", NodeSettings, environ, partial(_serve, once=once))


def _serve(settings: NodeSettings, stop: threading.Event, *, once: bool) -> int:
    service = build(settings, once=once)
    try:
        service.start()
        threading.Thread(target=_say_when_ready, args=(service,), name="say-ready", daemon=True).start()
        service.wait_over(stop)
    finally:
        service.stop()
    return STOPPED


def _say_when_ready(service: NodeService) -> None:
    if service.wait_ready():
        say(f"reelyard node ready {service.name}")


if __name__ == "__main__":
    sys.exit(main(os.environ, once="--once" in sys.argv[1:]))
