"""`python -m gateway`, and what `reelyard gateway` runs: serve HTTP until SIGTERM or SIGINT.

Exit status: 0 stopped by a signal, 1 could not start or broke down, 2 a setting is wrong.
"""

import os
import sys
import threading
from collections.abc import Mapping

from gateway.settings import GatewaySettings
from gateway.wiring import build
from reelyard.cluster.service_process import FAILED, STOPPED, run_service, say


def main(environ: Mapping[str, str]) -> int:
    """Run a gateway with these settings until a signal ends it; the exit status."""
    return run_service("gateway", GatewaySettings, environ, _serve)


def _serve(settings: GatewaySettings, stop: threading.Event) -> int:
    service = build(settings)
    service.start(on_end=stop.set)
    say(f"reelyard ready {service.url}")
    stop.wait()
    service.stop()
    return STOPPED if service.failure is None else FAILED


if __name__ == "__main__":
    sys.exit(main(os.environ))
