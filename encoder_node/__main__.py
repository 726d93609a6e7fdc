"""`python -m encoder_node`, and what `reelyard node` runs: one node until SIGTERM or SIGINT, which drain it.

A second signal ends the process at once; the kernel kills its ffmpegs with it, and other nodes get the tasks when
the leases end. Exit status: 0 stopped by a signal, 1 could not start, 2 a setting is wrong.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from encoder_node.errors import StartError
from encoder_node.settings import NodeSettings
from encoder_node.wiring import build
from reelyard.cluster.logs import configure_logs
from reelyard.cluster.settings import SettingsError, read_settings

_STOPPED = 0
_NOT_STARTED = 1
_WRONG_SETTINGS = 2


def main(environ: Mapping[str, str]) -> int:
    """Run a node with these settings until a signal ends it; the exit status."""
    try:
        settings = read_settings(NodeSettings, environ)
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return _WRONG_SETTINGS
    configure_logs(service="node", level=settings.log_level, fmt=settings.log_format)
    stop = _stop_on_signals()
    service = build(settings)
    try:
        service.start()
        ready = threading.Thread(target=_say_when_ready, args=(service.name, service.wait_ready), daemon=True)
        ready.start()
        stop.wait()
    except StartError as error:
        sys.stderr.write(f"reelyard node: {error}\n")
        return _NOT_STARTED
    finally:
        service.stop()
    return _STOPPED


def _say_when_ready(name: str, wait_ready: Callable[[], bool]) -> None:
    if wait_ready():
        sys.stdout.write(f"reelyard node ready {name}\n")
        sys.stdout.flush()


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
