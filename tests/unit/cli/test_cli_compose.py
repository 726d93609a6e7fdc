"""docker-compose.yml cannot be run where these tests run: what can be known without Docker is held here."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from encoder_node.settings import NodeSettings
from gateway.settings import GatewaySettings
from reelyard.cluster.settings import describe, read_settings
from scheduler.settings import SchedulerSettings
from tests.secret_key import SECRET_KEY

ROOT = Path(__file__).resolve().parents[3]
SERVICES: dict[str, type[Any]] = {
    "scheduler": SchedulerSettings,
    "gateway": GatewaySettings,
    "node": NodeSettings,
}
REFERENCE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """env.example, filled in."""
    lines = (ROOT / "deploy/docker/env.example").read_text().splitlines()
    values = {line.partition("=")[0]: "0a1b2c3d" for line in lines if line and not line.startswith("#")}
    return values | {"REELYARD_SECRET_KEY": SECRET_KEY}


def filled_in(value: str, variables: dict[str, str]) -> str:
    def replace(reference: re.Match[str]) -> str:
        name, kind, word = reference.groups()
        if variables.get(name):
            return variables[name]
        assert kind == ":-", f"{name} has no default and is not in env.example"
        return word

    return REFERENCE.sub(replace, value)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_starts_with_settings_that_it_can_read(
    name: str, compose: dict[str, Any], example: dict[str, str]
) -> None:
    environment = compose["services"][name]["environment"]
    values = {key: filled_in(value, example) for key, value in environment.items()}

    settings = read_settings(SERVICES[name], values)

    assert settings.rpc_token == example["REELYARD_RPC_TOKEN"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_given_a_setting_that_it_does_not_use(name: str, compose: dict[str, Any]) -> None:
    used = {row.name for row in describe(SERVICES[name])}

    assert set(compose["services"][name]["environment"]) - used == set()


def test_there_are_as_many_processes_as_make_up_starts(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["scheduler"]["deploy"]["replicas"] == 2
    assert services["node"]["deploy"]["replicas"] == 3
    assert "deploy" not in services["gateway"]


@pytest.mark.parametrize("name", SERVICES)
def test_our_services_run_our_command_without_privileges(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]

    assert service["command"] == [name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_each_of_our_services_has_the_target_of_the_dockerfile_that_is_made_for_it(compose: dict[str, Any]) -> None:
    targets = {"scheduler": "scheduler", "gateway": "gateway", "node": "encoder"}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    for name, target in targets.items():
        assert compose["services"][name]["build"]["target"] == target
        assert compose["services"][name]["image"] == f"reelyard/{target}:{version}"


def test_the_other_images_are_the_official_ones(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items() if name not in SERVICES}

    assert images == {
        "postgresql": "postgres:17",
        "rabbitmq": "rabbitmq:4",
        "minio": "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
    }


def test_the_store_is_the_one_of_the_manifests(compose: dict[str, Any]) -> None:
    manifest = (ROOT / "deploy/k8s/components/dev-backends/minio.yaml").read_text()

    assert f"image: {compose['services']['minio']['image']}\n" in manifest


def test_only_the_gateway_is_reached_from_outside_and_only_from_this_machine(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert published == {"gateway": ["127.0.0.1:8080:8080"]}


def test_what_a_service_depends_on_has_a_health_check(compose: dict[str, Any]) -> None:
    awaited = {
        other
        for service in compose["services"].values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }

    assert [name for name in awaited if "healthcheck" not in compose["services"][name]] == []


def test_volumes_and_configurations_that_are_used_are_declared(compose: dict[str, Any]) -> None:
    named = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith("/")
    }

    assert named == set(compose["volumes"])
    assert {c["source"] for c in compose["services"]["rabbitmq"]["configs"]} == set(compose["configs"])


def test_what_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    sent = (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text().splitlines()

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source}" not in sent] == []
