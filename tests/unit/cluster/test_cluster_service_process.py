"""What every process of ours does before it serves."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

#: Prints what becomes of a child that fails, inside a service and inside the standalone's way to start.
PROGRAMS = {
    "a service": (
        "from reelyard.cluster.service_process import run_service\n"
        "from gateway.settings import GatewaySettings\n"
        "told = {'REELYARD_STORAGE_URL': 'file:///nowhere'}\n"
        "run_service('gateway', GatewaySettings, told, lambda settings, stop: say() or 0)\n"
    ),
    "standalone": "from reelyard.cluster.service_process import keep_exit_statuses\nkeep_exit_statuses()\nsay()\n",
}


SAY = "import subprocess\ndef say(): print(subprocess.run(['sh', '-c', 'exit 3']).returncode)\n"


def printed_by(program: str) -> str:
    """What a program prints that inherited an ignored SIGCHLD, as exec leaves it."""
    starter = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    started = [sys.executable, "-c", starter, sys.executable, "-c", SAY + program]
    return subprocess.run(started, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_failing_child_is_seen_although_the_parent_ignored_such(program: str) -> None:
    assert printed_by(program) == "3\n"


def test_python_alone_would_take_it_for_a_good_one() -> None:
    """So the test above can fail."""
    assert printed_by("say()") == "0\n"


#: Waits for a signal that the kernel can give to its second thread alone, as it may while a program is started.
ELSEWHERE = """
import signal, threading
from reelyard.cluster.service_process import stop_requested

with stop_requested() as stop:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    print("up", flush=True)
    stop.wait()
    print("stopping", flush=True)
    {then}
print("stopped", flush=True)
"""


@contextmanager
def started(then: str = "pass") -> Iterator[subprocess.Popen[str]]:
    program = ELSEWHERE.replace("{then}", then)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_another_thread_gets_stops_a_service_that_waits(number: signal.Signals) -> None:
    with started() as process:
        process.send_signal(number)
        said = process.communicate(timeout=60)[0]

    assert (said, process.returncode) == ("stopping\nstopped\n", 0)


def test_a_second_signal_ends_a_service_that_stops() -> None:
    with started("threading.Event().wait()") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == -signal.SIGTERM
