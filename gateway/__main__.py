"""`python -m gateway`, and what `reelyard gateway` runs: serve HTTP until SIGTERM or SIGINT.

Exit status: 0 stopped by a signal, 1 could not start or broke down, 2 a setting is wrong.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping

from gateway.service import GatewayService, StartError
from gateway.settings import GatewaySettings
from gateway.wiring import build
from reelyard.cluster.logs import configure_logs
from reelyard.cluster.settings import SettingsError, read_settings

_STOPPED = 0
_FAILED = 1
_WRONG_SETTINGS = 2


def main(environ: Mapping[str, str]) -> int:
    """Run a gateway with these settings until a signal ends it; the exit status."""
    try:
        settings = read_settings(GatewaySettings, environ)
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return _WRONG_SETTINGS
    configure_logs(service="gateway", level=settings.log_level, fmt=settings.log_format)
    try:
        return run_until_signal(build(settings))
    except StartError as error:
        sys.stderr.write(f"reelyard gateway: {error}\n")
        return _FAILED


def run_until_signal(service: GatewayService) -> int:
    """Start a gateway, print where it serves, and stop it on SIGTERM or SIGINT; the exit status of the process.

    Raises:
        StartError: the port can't be had.
    """
    stop = _stop_on_signals()
    service.start(on_end=stop.set)
    sys.stdout.write(f"reelyard ready {service.url}\n")
    sys.stdout.flush()
    stop.wait()
    service.stop()
    return _STOPPED if service.failure is None else _FAILED


def _stop_on_signals() -> threading.Event:
    """An event that the first SIGTERM or SIGINT sets; the second one ends the process at once."""
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: object) -> None:
        stop.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    return stop


if __name__ == "__main__":
    sys.exit(main(os.environ))
