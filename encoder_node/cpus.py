"""How many CPUs this process may use: those that it may run on, and no more than its cgroups give it time for.

A container on Kubernetes sees all of the machine's CPUs and may run on each of them; its limit is a quota of time. What
counts CPUs by itself (ffmpeg, x264, Python) knows nothing of quotas, and starts threads that then wait for each other.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """The CPUs that this process can keep busy, at least 1; part of one counts as one."""
    return max(1, min(allowed_cpus(), ceil(cpu_quota() or allowed_cpus())))


def allowed_cpus() -> int:
    """The CPUs that this process may run on, which is all that ffmpeg sees."""
    return len(os.sched_getaffinity(0))


def quota_threads() -> int:
    """How many threads an encoder shall start; 0 where its own choice is right, because no quota is in the way."""
    return usable_cpus() if usable_cpus() < allowed_cpus() else 0


def cpu_quota(*, mount: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> float | None:
    """The CPUs' worth of time that the cgroups of this process allow, by the tightest of them; None without a limit.

    Args:
        mount: where the cgroup file systems are, of version 2 or 1.
        own: the list of the groups that the process is in.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return None  # not a Linux with cgroups
    return min((quota for folder in _folders(lines, mount) for quota in _quotas(folder)), default=None)


def _folders(lines: list[str], mount: Path) -> Iterator[Path]:
    """The folders of the process's groups that may limit CPU time: its own, and all above it."""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            roots = [mount, mount / "unified"]
        elif "cpu" in controllers.split(","):
            roots = [mount / controllers, mount / "cpu"]
        else:
            continue
        for root in roots:
            # In a container the root is the group itself, and the path, if it is the host's, is not below it.
            group = root / path.strip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(root))


def _quotas(folder: Path) -> Iterator[float]:
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text().split()
        if quota != "max":
            yield int(quota) / int(period)
    with suppress(OSError, ValueError):
        micros = int((folder / "cpu.cfs_quota_us").read_text())
        if micros > 0:
            yield micros / int((folder / "cpu.cfs_period_us").read_text())
