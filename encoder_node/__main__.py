"""`python -m encoder_node`, and what `reelyard node` runs: one node until SIGTERM or SIGINT, which drain it.

A second signal ends the process at once; the kernel kills its ffmpegs with it, and other nodes get the tasks when
the leases end. Exit status: 0 stopped by a signal, 1 could not start, 2 a setting is wrong.
"""

import os
import sys
import threading
from collections.abc import Mapping

from encoder_node.settings import NodeSettings
from encoder_node.wiring import NodeService, build
from reelyard.cluster.service_process import STOPPED, run_service, say


def main(environ: Mapping[str, str]) -> int:
    """Run a node with these settings until a signal ends it; the exit status."""
    return run_service("node", NodeSettings, environ, _serve)


def _serve(settings: NodeSettings, stop: threading.Event) -> int:
    service = build(settings)
    try:
        service.start()
        threading.Thread(target=_say_when_ready, args=(service,), name="say-ready", daemon=True).start()
        stop.wait()
    finally:
        service.stop()
    return STOPPED


def _say_when_ready(service: NodeService) -> None:
    if service.wait_ready():
        say(f"reelyard node ready {service.name}")


if __name__ == "__main__":
    sys.exit(main(os.environ))
