"""`python -m scheduler`, and what `reelyard scheduler` runs: one scheduler until SIGTERM or SIGINT.

Exit status: 0 stopped by a signal, 1 could not start, 2 a setting is wrong.
"""

import os
import sys
import threading
from collections.abc import Mapping

from reelyard.cluster.service_process import STOPPED, run_service, say
from scheduler.settings import SchedulerSettings
from scheduler.wiring import build


def main(environ: Mapping[str, str]) -> int:
    """Run a scheduler with these settings until a signal ends it; the exit status."""
    return run_service("scheduler", SchedulerSettings, environ, _serve)


def _serve(settings: SchedulerSettings, stop: threading.Event) -> int:
    service = build(settings)
    try:
        service.start(give_up=stop)
        if not stop.is_set():
            say(f"reelyard scheduler ready {service.address}")
            stop.wait()
    finally:
        service.stop()
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(os.environ))
