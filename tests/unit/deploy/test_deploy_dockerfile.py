"""The Dockerfile: what can be held without building it. `make test-images` runs what it makes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
TARGETS = ("gateway", "scheduler", "encoder")


def stages(text: str) -> dict[str, str]:
    """Each stage's instructions by its name, continued lines joined and comments left out."""
    whole = re.sub(r"\\\n\s*", "", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    parts = re.split(r"^FROM (\S+) AS (\S+)$", whole, flags=re.MULTILINE)
    return {parts[i + 1]: f"FROM {parts[i]}\n{parts[i + 2]}" for i in range(1, len(parts), 3)}


STAGES = stages(DOCKERFILE.read_text())


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("hadolint")
    command = [program, "--config", ROOT / ".hadolint.yaml", path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_hadolint_has_nothing_to_say() -> None:
    done = hadolint(DOCKERFILE)

    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_object_to_what_must_not_be(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(DOCKERFILE.read_text().replace("USER 10001:10001", "USER root").replace("CMD [", "CMD nice ["))

    done = hadolint(wrong)

    assert done.returncode == 1
    assert {"DL3002", "DL3025"} <= set(re.findall(r"DL\d+", done.stdout))


def test_there_is_a_stage_for_each_image_on_what_all_have() -> None:
    assert tuple(STAGES) == ("build", "runtime", *TARGETS)
    assert {STAGES[target].split("\n")[0] for target in TARGETS} == {"FROM runtime"}


@pytest.mark.parametrize("target", TARGETS)
def test_each_image_runs_one_service_as_an_ordinary_user(target: str) -> None:
    lines = STAGES[target].strip().splitlines()
    command = {"encoder": "node"}.get(target, target)

    assert lines[-2:] == ["USER 10001:10001", f'CMD ["{command}"]']


@pytest.mark.parametrize("target", TARGETS)
def test_each_image_has_a_health_check_that_needs_no_shell(target: str) -> None:
    checks = re.findall(r"^HEALTHCHECK .*CMD (.+)$", STAGES[target], re.MULTILINE)

    assert len(checks) == 1
    assert json.loads(checks[0])[-2:] == ["reelyard.cluster.liveness", {"encoder": "node"}.get(target, target)]


def test_only_the_virtual_environment_comes_from_the_stage_that_installs() -> None:
    copied = [re.findall(r"^COPY (.+)$", STAGES[name], re.MULTILINE) for name in ("runtime", *TARGETS)]

    assert copied == [["--from=build /opt/reelyard /opt/reelyard"], [], [], []]


def test_only_the_encoder_installs_ffmpeg_and_nothing_installs_build_tools() -> None:
    installed = {name: re.findall(r"--no-install-recommends\s+(.+?)\s+&&", text) for name, text in STAGES.items()}

    assert installed == {
        "build": ["ca-certificates python3 python3-venv"],
        "runtime": ["ca-certificates python3 tini"],
        "gateway": [],
        "scheduler": [],
        "encoder": ["ffmpeg libavcodec-extra dvdauthor genisoimage"],
    }


def test_the_encoder_installs_what_setup_installs_for_encoding() -> None:
    wanted = set(re.findall(r"^need (ffmpeg|libavcodec-extra|dvdauthor|genisoimage) ", _setup(), re.MULTILINE))

    assert wanted == {"ffmpeg", "libavcodec-extra", "dvdauthor", "genisoimage"}
    assert all(name in STAGES["encoder"] for name in wanted)


def _setup() -> str:
    return (ROOT / "tools/setup.sh").read_text()


def test_no_value_that_is_a_secret_or_the_machines_is_set() -> None:
    named = set(re.findall(r"(?:^|\s)(?:ENV|ARG)?\s*([A-Z][A-Z_]+)=", DOCKERFILE.read_text()))

    assert {name for name in named if re.search(r"TOKEN|SECRET|PASSWORD|API_KEY|PROXY|CERT", name)} == set()
    assert "NVIDIA_VISIBLE_DEVICES" not in named
    assert "NVIDIA_DRIVER_CAPABILITIES" in named
    assert "REELYARD_METRICS_PORT" in named


def test_the_version_that_is_built_without_an_argument_is_that_of_the_package() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert version is not None
    assert f"ARG VERSION={version[1]}\n" in STAGES["runtime"]
