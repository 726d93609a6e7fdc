"""CPU quotas of containers, as the kernel shows them in both versions of its control groups."""

from pathlib import Path

import pytest

from encoder_node import cpus


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def quota(tmp_path: Path, own: str, **files: str) -> float | None:
    """What is found when the process is in these groups and these files are there (`__` stands for a slash)."""
    write(tmp_path / "own", own)
    for name, text in files.items():
        write(tmp_path / "mount" / name.replace("__", "/").replace("cpu_max", "cpu.max"), text)
    return cpus.cpu_quota(mount=tmp_path / "mount", own=tmp_path / "own")


def test_a_limit_of_version_2_is_found_in_the_container_itself(tmp_path: Path) -> None:
    assert quota(tmp_path, "0::/\n", cpu_max="150000 100000\n") == 1.5


def test_the_tightest_of_a_group_and_those_above_it_counts(tmp_path: Path) -> None:
    files = {"kubepods__pod__cpu_max": "400000 100000\n", "kubepods__pod__node__cpu_max": "max 100000\n"}
    assert quota(tmp_path, "0::/kubepods/pod/node\n", **files, cpu_max="max 100000\n") == 4.0


def test_version_1_tells_in_two_files(tmp_path: Path) -> None:
    write(tmp_path / "mount/cpu,cpuacct/cpu.cfs_quota_us", "200000\n")
    write(tmp_path / "mount/cpu,cpuacct/cpu.cfs_period_us", "50000\n")

    # the host's path, which is not there inside the container
    assert quota(tmp_path, "4:memory:/x\n3:cpu,cpuacct:/docker/abc\n") == 4.0


def test_a_group_of_version_1_without_a_limit_has_none(tmp_path: Path) -> None:
    write(tmp_path / "mount/cpu/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "mount/cpu/cpu.cfs_period_us", "100000\n")

    assert quota(tmp_path, "1:cpu:/\n0::/\n") is None


def test_a_machine_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert cpus.cpu_quota(mount=tmp_path, own=tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("allowed", "limit", "usable", "threads"),
    [(8, None, 8, 0), (8, 1.5, 2, 2), (8, 0.2, 1, 1), (8, 8.0, 8, 0), (2, 16.0, 2, 0)],
)
def test_encoders_are_told_their_threads_only_where_a_quota_is_in_the_way(
    monkeypatch: pytest.MonkeyPatch, allowed: int, limit: float | None, usable: int, threads: int
) -> None:
    monkeypatch.setattr("encoder_node.cpus.allowed_cpus", lambda: allowed)
    monkeypatch.setattr("encoder_node.cpus.cpu_quota", lambda: limit)

    assert (cpus.usable_cpus(), cpus.quota_threads()) == (usable, threads)
