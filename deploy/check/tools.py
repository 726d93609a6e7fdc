"""What other programs check: YAML's form, the Dockerfile, Prometheus' rules and their tests."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.check.problem import Problem
from deploy.check.render import ROOT

_BIN = Path(sys.executable).parent
_LINES = 60
#: Far more than any of them takes: promtool alone takes minutes on a busy machine.
_TIMEOUT_S = 900


def commands(root: Path = ROOT) -> dict[str, list[str]]:
    """Each program's command line by its name."""
    deploy = root / "deploy"
    rules = sorted(str(path) for path in (deploy / "prometheus" / "rules").glob("*.yaml"))
    tests = sorted(str(path) for path in (deploy / "prometheus" / "tests").glob("*.yaml"))
    images = sorted(str(path) for path in (deploy / "docker").glob("Dockerfile*") if path.suffix != ".dockerignore")
    return {
        "yamllint": [str(_BIN / "yamllint"), "--strict", "deploy", "docker-compose.yml"],
        "hadolint": [str(_BIN / "hadolint"), *images],
        "promtool check rules": ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *rules],
        "promtool test rules": ["promtool", "test", "rules", *tests],
    }


def check(root: Path = ROOT) -> Iterator[Problem]:
    """What each program complains of."""
    for name, command in commands(root).items():
        yield from _run(name, command, root)


def _run(name: str, command: Sequence[str], root: Path) -> Iterator[Problem]:
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except FileNotFoundError:
        yield Problem(where=name, what="is not installed; `make dev` installs it")
        return
    except subprocess.TimeoutExpired:
        yield Problem(where=name, what=f"did not end within {_TIMEOUT_S} s")
        return
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        yield Problem(where=name, what="\n".join(["exit status " + str(done.returncode), *said[-_LINES:]]))
