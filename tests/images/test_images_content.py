"""What is in the images, and what is not."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.images.build import TARGETS, image_name, version
from deploy.images.containers import image_config
from deploy.images.programs import run
from deploy.images.store import Store
from tests.images.machine_traces import traces

LOOKING = (Path(__file__).parent / "looking.py").read_text()
PYTHON = "/opt/reelyard/bin/python"
#: What has no place in an image that only runs: builders, and what brings more in. (apt and dpkg are the base's.)
BUILD_TOOLS = re.compile(r"/(?:[\w-]*-)?(?:gcc|g\+\+|cc|c\+\+|ld|as|make|cmake|pip3?|pip[\d.]+|wheel|git|curl|wget)$")

Looked = Callable[[str], dict[str, Any]]


def in_image(store: Store, target: str, *command: str, user: str = "10001", stdin: str = "") -> str:
    """What a command prints that is run in an image, without network."""
    options = ("--rm", "--interactive", "--network", "none", "--no-healthcheck", "--read-only", "--user", user)
    entry = ("--entrypoint", json.dumps([command[0]]))
    return run(["podman", "run", *options, *entry, image_name(target), *command[1:]], env=store.env, stdin=stdin)


@pytest.fixture(scope="module")
def looked(store: Store) -> Looked:
    @cache
    def look(target: str) -> dict[str, Any]:
        said = in_image(store, target, PYTHON, "-c", LOOKING, user="0", stdin=json.dumps(traces()))
        return json.loads(said)

    return look


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_it_builds_or_brings_in_software(looked: Looked, target: str) -> None:
    programs = looked(target)["programs"]

    assert "/usr/bin/python3" in programs
    assert [path for path in programs if BUILD_TOOLS.search(path)] == []


@pytest.mark.parametrize("target", TARGETS)
def test_no_file_gives_rights_to_who_runs_it(looked: Looked, target: str) -> None:
    assert looked(target)["special"] == []


@pytest.mark.parametrize("target", TARGETS)
def test_no_private_key_is_in_it_and_no_cache(looked: Looked, target: str) -> None:
    found = looked(target)

    assert found["private_keys"] == []
    assert [path for path in found["caches"] if path not in {"/root/.profile", "/root/.bashrc"}] == []


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_it_says_where_it_was_built(looked: Looked, target: str) -> None:
    assert len(traces()) >= 2

    assert looked(target)["traces"] == []


def test_the_search_for_traces_finds_what_is_there(store: Store) -> None:
    said = in_image(store, "gateway", PYTHON, "-c", LOOKING, user="0", stdin='["/opt/reelyard/bin/python"]')

    assert ["/opt/reelyard/bin/reelyard", "/opt/reelyard/bin/python"] in json.loads(said)["traces"]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_says_what_it_is_made_of(store: Store, target: str) -> None:
    config = image_config(store, image_name(target))
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}

    assert labels["version"] == version()
    assert re.fullmatch(r"[0-9a-f]{40}(-changed)?", labels["revision"])
    assert labels["title"] == f"reelyard/{target}"


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_metrics_call_the_commit_is_the_images_revision(store: Store, target: str) -> None:
    labels = image_config(store, image_name(target))["Labels"]
    script = "import reelyard, pathlib; print(pathlib.Path(reelyard.__file__).with_name('_commit.txt').read_text())"

    assert in_image(store, target, PYTHON, "-c", script).strip() == labels["org.opencontainers.image.revision"]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_an_ordinary_user_with_tini_first(store: Store, target: str) -> None:
    config = image_config(store, image_name(target))

    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/bin/tini", "--", "/opt/reelyard/bin/reelyard"]
    assert config["Healthcheck"]["Test"][0] == "CMD"


@pytest.mark.parametrize("target", TARGETS)
def test_no_secret_and_no_way_to_an_index_is_in_the_environment(store: Store, target: str) -> None:
    names = {value.partition("=")[0] for value in image_config(store, image_name(target))["Env"]}

    assert {
        name for name in names if re.search(r"TOKEN|SECRET|PASSWORD|KEY|PROXY|PIP_|CERT", name, re.IGNORECASE)
    } == set()


def test_gpus_are_asked_for_but_none_is_taken(store: Store) -> None:
    variables = dict(value.split("=", 1) for value in image_config(store, image_name("encoder"))["Env"])

    assert variables["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility,video"
    assert "NVIDIA_VISIBLE_DEVICES" not in variables


@pytest.mark.parametrize("target", TARGETS)
def test_only_the_encoder_has_ffmpeg(looked: Looked, target: str) -> None:
    names = {Path(path).name for path in looked(target)["programs"]}
    wanted = {"ffmpeg", "ffprobe", "dvdauthor", "genisoimage"}

    assert names & wanted == (wanted if target == "encoder" else set())


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_installed_can_be_listed_for_a_bill_of_materials(store: Store, target: str) -> None:
    script = (
        "import json; from importlib.metadata import distributions as d;"
        "print(json.dumps({x.name.lower(): bool(x.read_text('RECORD')) for x in d()}))"
    )
    python_packages = json.loads(in_image(store, target, PYTHON, "-c", script))
    debian_packages = in_image(store, target, "/usr/bin/dpkg-query", "--show").splitlines()

    assert python_packages["reelyard"]
    assert python_packages["grpcio"]
    assert [name for name, recorded in python_packages.items() if not recorded] == []
    assert "pip" not in python_packages
    assert "setuptools" not in python_packages
    assert len(debian_packages) > 80


@pytest.mark.parametrize("target", TARGETS)
def test_bytecode_is_there_since_none_can_be_written(store: Store, target: str) -> None:
    script = "import reelyard.cluster.settings as s, importlib.util as u, os; print(os.path.exists(s.__cached__))"

    assert in_image(store, target, PYTHON, "-c", script).strip() == "True"


@pytest.mark.parametrize("target", TARGETS)
def test_only_places_for_temporary_files_can_be_written_by_everybody(looked: Looked, target: str) -> None:
    assert set(looked(target)["writable"]) <= {"/tmp", "/var/tmp", "/run/lock", "/dev/shm", "/dev/mqueue"}
