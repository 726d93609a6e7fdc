"""`python -m scheduler`, and what `reelyard scheduler` runs: one scheduler until SIGTERM or SIGINT.

Exit status: 0 stopped by a signal, 1 could not start, 2 a setting is wrong.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping

from reelyard.cluster.logs import configure_logs
from reelyard.cluster.settings import SettingsError, read_settings
from scheduler.errors import StartError
from scheduler.settings import SchedulerSettings
from scheduler.wiring import build

_STOPPED = 0
_NOT_STARTED = 1
_WRONG_SETTINGS = 2


def main(environ: Mapping[str, str]) -> int:
    """Run a scheduler with these settings until a signal ends it; the exit status."""
    try:
        settings = read_settings(SchedulerSettings, environ)
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return _WRONG_SETTINGS
    configure_logs(service="scheduler", level=settings.log_level, fmt=settings.log_format)
    stop = _stop_on_signals()
    service = build(settings)
    try:
        service.start(give_up=stop)
        if not stop.is_set():
            sys.stdout.write(f"reelyard scheduler ready {service.address}\n")
            sys.stdout.flush()
            stop.wait()
    except StartError as error:
        sys.stderr.write(f"reelyard scheduler: {error}\n")
        return _NOT_STARTED
    finally:
        service.stop()
    return _STOPPED


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
