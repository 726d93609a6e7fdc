"""`make images`, as far as it can be held without building: what is taken of the machine, and what is told."""

import os
from pathlib import Path

import pytest

from deploy.images.build import image_name, revision, version
from deploy.images.machine import Archive, this_machines_way
from deploy.images.programs import ImagesError, require, run
from deploy.images.store import mounts_below, opened, opened_above

MIRROR = "http://mirror.example.com/debian"
#: What apt says of its sources on a Debian machine.
OWN = "bookworm http://own.example.com/debian/\nbookworm-security http://own.example.com/security/\n"


def program(folder: Path, name: str, says: str) -> None:
    """A program of that name that says that."""
    said = folder / f"{name}.said"
    said.write_text(says)
    (folder / name).write_text(f"#!/bin/sh\ncat {said}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that stand in for apt's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "apt-get", OWN)
    program(folder, "apt-config", "")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.usefixtures("apt")
def test_the_archive_of_a_build_is_this_machines_unless_a_mirror_is_named() -> None:
    there = this_machines_way({}, "bookworm")
    mirrored = this_machines_way({"IMAGES_MIRROR": "http://mirror.example.com/debian"}, "bookworm")

    assert "URIs: http://own.example.com/debian\nSuites: bookworm bookworm-updates\n" in there.sources("bookworm")
    assert "URIs: http://own.example.com/security\nSuites: bookworm-security\n" in mirrored.sources("bookworm")
    assert "URIs: http://mirror.example.com/debian\n" in mirrored.sources("bookworm")


def test_a_machine_of_another_release_is_told_what_to_name(apt: Path) -> None:
    program(apt, "apt-get", "noble http://own.example.com/ubuntu/\n")

    with pytest.raises(ImagesError, match="IMAGES_MIRROR and IMAGES_SECURITY_MIRROR"):
        this_machines_way({}, "bookworm")


def test_of_apts_settings_only_the_way_to_the_archive_is_taken(apt: Path) -> None:
    program(
        apt,
        "apt-config",
        'Acquire::http::Proxy "http://proxy.example.com:3128";\nAcquire::Check-Date "false";\n'
        'Acquire::Languages "none";\nAPT::Install-Recommends "1";\nAcquire::http "";\n',
    )

    assert this_machines_way({}, "bookworm").settings == (
        'Acquire::http::Proxy "http://proxy.example.com:3128";',
        'Acquire::Check-Date "false";',
    )


def test_the_way_is_laid_over_apts_folders_and_read_only(tmp_path: Path) -> None:
    archive = Archive(settings=('Acquire::Check-Date "false";',), mirror=MIRROR, security_mirror=MIRROR)

    arguments = archive.write_mounts(tmp_path, "bookworm")

    assert arguments[1::2] == [
        f"{tmp_path}/apt.conf.d:/etc/apt/apt.conf.d:ro",
        f"{tmp_path}/sources.list.d:/etc/apt/sources.list.d:ro",
    ]
    assert (tmp_path / "apt.conf.d/90way").read_text() == 'Acquire::Check-Date "false";\n'


def test_a_mirror_with_tls_is_checked_against_this_machines_authorities(tmp_path: Path) -> None:
    Archive(settings=(), mirror=f"https{MIRROR[4:]}", security_mirror=MIRROR).write_mounts(tmp_path, "bookworm")

    assert "Acquire::https::CAInfo" in (tmp_path / "apt.conf.d/90way").read_text()


def test_the_images_are_named_by_the_version_of_the_package() -> None:
    assert image_name("gateway") == f"reelyard/gateway:{version()}"
    assert revision() == "unknown" or len(revision().removesuffix("-changed")) == 40


def test_what_is_missing_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("deploy.images.programs._ALSO_IN", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ImagesError, match=r"missing: podman runc\. apt-get install --no-install-recommends podman"):
        require("podman", "runc")


def test_without_root_it_says_why_and_what_else_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 10001)

    with pytest.raises(ImagesError, match=r"needs root.*With Docker"):
        require("buildah")


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ImagesError, match=r"failed with status 3:\nout\nerr"):
        run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    with pytest.raises(ImagesError, match=r"status 1:\nsaid"):
        run(["sh", "-c", "echo said; false"], log=tmp_path / "log")


def test_a_store_reads_nothing_of_the_machines_own_configuration(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        files = [Path(path) for name, path in store.env.items() if name.startswith("CONTAINERS_")]
        texts = "".join(path.read_text() for path in files)

        assert len(files) == 3
        assert f'graphroot = "{tmp_path}/storage"' in texts
        assert "/var/lib/containers" not in texts
    assert [path for path in files if path.exists()] == []


def test_a_store_for_containers_sees_the_images_below_and_leaves_nothing(tmp_path: Path) -> None:
    with opened_above(tmp_path) as store:
        folder = store.policy.parent
        configuration = Path(store.env["CONTAINERS_STORAGE_CONF"]).read_text()

        assert f'additionalimagestores = ["{tmp_path}/storage"]' in configuration
    assert not folder.exists()
    assert mounts_below(folder) == []
