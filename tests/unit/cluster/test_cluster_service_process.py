"""What every process of ours does before it serves."""

import subprocess
import sys

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
