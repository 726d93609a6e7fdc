"""`python -m gateway`: serve HTTP until SIGTERM or SIGINT."""

import os
import signal
import sys
import threading
from collections.abc import Mapping

from gateway.service import GatewayService, ListenError
from gateway.settings import GatewaySettings
from gateway.wiring import build
from reelyard.cluster.logs import configure_logs
from reelyard.cluster.settings import SettingsError, read_settings
from reelyard.media.errors import ReelyardError

WRONG_SETTINGS = 2


def main(environ: Mapping[str, str]) -> int:
    """Run a gateway with the settings of an environment; returns the exit status of the process."""
    try:
        settings = read_settings(GatewaySettings, environ)
    except SettingsError as error:
        return _refuse(str(error))
    configure_logs(service="gateway", level=settings.log_level, fmt=settings.log_format)
    try:
        return run_until_signal(build(settings))
    except (ListenError, OSError, ReelyardError, ValueError) as error:
        return _refuse(str(error))


def run_until_signal(service: GatewayService) -> int:
    """Start a gateway, print where it serves, and stop it on SIGTERM or SIGINT; returns the process's exit status.

    Raises:
        ListenError: the port can't be had.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    service.start(on_end=ended.set)
    sys.stdout.write(f"reelyard ready {service.url}\n")
    sys.stdout.flush()
    ended.wait()
    service.stop()
    return 0 if service.failure is None else 1


def _refuse(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return WRONG_SETTINGS


if __name__ == "__main__":
    sys.exit(main(os.environ))
