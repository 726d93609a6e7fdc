"""What can be known of deploy/k8s without a cluster: it builds, and every pod gets settings that its service reads."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import gateway.service
from deploy.check.__main__ import check_overlay
from deploy.check.conventions import CUT_S, HAND_BACK_S
from deploy.check.objects import Overlay
from deploy.check.quantities import quantity
from deploy.check.render import render
from deploy.check.schemas import VERSIONS
from encoder_node.settings import NodeSettings
from encoder_node.wiring import _HAND_BACK_S, _WORKER_STOP_S
from gateway.settings import GatewaySettings
from reelyard.cli.database import AdministrationSettings
from reelyard.cli.setting_list import all_settings
from reelyard.cluster.settings import describe, read_settings
from scheduler.settings import SchedulerSettings
from tests.secret_key import SECRET_KEY
from tests.unit.deploy.rendering import K8S, OVERLAYS, ROOT, Manifest, Workload, our_workloads, rendered, workloads

SETTINGS: dict[str, type[Any]] = {
    "gateway": GatewaySettings,
    "scheduler": SchedulerSettings,
    "node": NodeSettings,
    "migrate": AdministrationSettings,
}
#: What somebody could put into the Secrets.
SECRETS = {
    "REELYARD_API_KEY": "ry_an-api-key",
    "REELYARD_BROKER_URL": "amqps://reelyard:word@rabbitmq.example.com:5671/%2F",
    "REELYARD_DATABASE_URL": "postgresql://reelyard:word@postgresql.example.com:5432/reelyard",
    "REELYARD_MAIL_FROM": "reelyard@example.com",
    "REELYARD_RPC_TOKEN": "a-token",
    "REELYARD_SECRET_KEY": SECRET_KEY,
    "REELYARD_SMTP_URL": "smtp://user:word@mail.example.com:587",
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
}
#: What else a pod may be told: not ours, or read by the NVIDIA runtime.
FOREIGN = {"NVIDIA_DRIVER_CAPABILITIES"}
KUBERNETES = VERSIONS
OWN_KINDS = {
    "HTTPRoute",
    "Cluster",
    "PodMonitor",
    "PrometheusRule",
    "RabbitmqCluster",
    "ScaledJob",
    "ScaledObject",
    "TriggerAuthentication",
}
GIB = 2**30
MB = 1_000_000
#: Seconds from the end of the drain to that of the process, beside the two below: the last calls to the scheduler.
LAST_CALLS_S = 25

#: Components in an order that their comments ask for, chosen so that together they touch every component.
COMBINATIONS: dict[str, list[str]] = {
    "operators": [
        "keda",
        "encoder-scaledjob",
        "gpu-nvidia",
        "gpu-nvidia/keda",
        "gpu-nvidia/runtimeclass",
        "keda-auth",
        "scratch-pvc",
        "long-drain",
        "rabbitmq-operator",
        "postgres-cnpg",
        "networkpolicy",
        "networkpolicy/in-namespace-backends",
        "gateway-api",
        "dev-backends",
        "dev-backends-seaweedfs",
    ],
    "without-gpu": ["keda", "keda-auth", "scratch-pvc", "rabbitmq-operator"],
    "nothing": [],
}


@pytest.fixture(scope="module", params=[*OVERLAYS, *COMBINATIONS])
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, ...]:
    """An overlay of ours, or one that somebody could write."""
    if request.param in OVERLAYS:
        return rendered(K8S / "overlays" / request.param)
    return rendered(overlay(tmp_path_factory.mktemp(request.param), COMBINATIONS[request.param]))


def overlay(folder: Path, components: list[str]) -> Path:
    """An overlay of the base and some components, with the labels of the overlay `prod`."""
    k8s = Path(os.path.relpath(K8S, folder))
    prod = yaml.safe_load((K8S / "overlays/prod/kustomization.yaml").read_text())
    content = {
        "apiVersion": prod["apiVersion"],
        "kind": prod["kind"],
        "namespace": prod["namespace"],
        "labels": prod["labels"],
        "resources": [str(k8s / "base")],
        "components": [str(k8s / "components" / name) for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return folder


def configured(workload: Workload, manifests: tuple[Manifest, ...]) -> dict[str, str]:
    """What the pod is given by ConfigMaps."""
    maps = {m["metadata"]["name"]: m["data"] for m in manifests if m["kind"] == "ConfigMap"}
    found: dict[str, str] = {}
    for source in workload.container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    return found


def given(workload: Workload, *, optional: bool) -> dict[str, str]:
    """What the pod is given by name, with or without the Secrets that need not be there."""
    found: dict[str, str] = {}
    for variable in workload.container["env"]:
        if "value" in variable:
            found[variable["name"]] = variable["value"]
        elif optional or not variable["valueFrom"]["secretKeyRef"].get("optional", False):
            found[variable["name"]] = SECRETS[variable["name"]]
    return found


def settings_of(workload: Workload, manifests: tuple[Manifest, ...], *, optional: bool = False) -> Any:
    """The settings that the service in the pod reads."""
    cls = SETTINGS[workload.container["args"][0]]
    values = configured(workload, manifests) | given(workload, optional=optional)
    return read_settings(cls, {name: value for name, value in values.items() if name not in FOREIGN})


def nodes(manifests: tuple[Manifest, ...]) -> list[Workload]:
    return [workload for workload in our_workloads(manifests) if workload.container["args"][0] == "node"]


def size(quantity: str) -> int:
    """Bytes of a quantity in Ki, Mi or Gi."""
    return int(quantity[:-2]) * {"Ki": 2**10, "Mi": 2**20, "Gi": GIB}[quantity[-2:]]


@pytest.mark.parametrize("optional", [True, False])
def test_every_pod_gets_settings_that_its_service_can_read(manifests: tuple[Manifest, ...], *, optional: bool) -> None:
    read = [settings_of(workload, manifests, optional=optional) for workload in our_workloads(manifests)]

    assert read != []


def test_no_pod_is_given_a_name_that_its_service_does_not_read(manifests: tuple[Manifest, ...]) -> None:
    unread = {
        str(workload): set(given(workload, optional=True))
        - {row.name for row in describe(SETTINGS[workload.container["args"][0]])}
        - FOREIGN
        for workload in our_workloads(manifests)
    }

    assert {workload: names for workload, names in unread.items() if names} == {}


def test_what_all_pods_share_is_read_by_some_service(manifests: tuple[Manifest, ...]) -> None:
    ours = {row.name for row in all_settings()}
    shared = {name for workload in our_workloads(manifests) for name in configured(workload, manifests)}

    assert shared - ours == set()


def test_no_secret_is_among_the_manifests(manifests: tuple[Manifest, ...]) -> None:
    secret = {info.name for cls in SETTINGS.values() for info in describe(cls) if info.secret}

    assert [manifest for manifest in manifests if manifest["kind"] == "Secret"] == []
    for workload in our_workloads(manifests):
        in_clear = {variable["name"] for variable in workload.container["env"] if "value" in variable}
        assert (in_clear | set(configured(workload, manifests))) & secret == set()


def test_pods_get_only_the_secrets_that_they_need(manifests: tuple[Manifest, ...]) -> None:
    for workload in our_workloads(manifests):
        secrets = set(given(workload, optional=True)) & set(SECRETS)
        service = workload.container["args"][0]
        assert ("REELYARD_DATABASE_URL" in secrets) == (service in {"scheduler", "migrate"})
        assert ("REELYARD_SECRET_KEY" in secrets) == (service == "scheduler")
        assert ("REELYARD_BROKER_URL" in secrets) == (service in {"scheduler", "node"})
        assert ("REELYARD_SMTP_URL" in secrets) == (workload.name == "reelyard-deliver")


def test_kubernetes_adds_no_names_of_its_own(manifests: tuple[Manifest, ...]) -> None:
    assert [str(w) for w in workloads(manifests) if w.pod["enableServiceLinks"] is not False] == []


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_as_kubernetes_wants_it(manifests: tuple[Manifest, ...], version: str) -> None:
    unknown = {m["kind"] for m in manifests if not is_known_and_valid(json.dumps(m), version)}

    assert unknown - OWN_KINDS == set()


@cache  # most objects are the same in every overlay
def is_known_and_valid(manifest: str, version: str) -> bool:
    """False for a kind that is not Kubernetes' own; raises for one that is not as its schema says."""
    try:
        kubernetes_validate.validate(json.loads(manifest), version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return False
    return True


def test_every_pod_carries_the_labels_of_the_installation(manifests: tuple[Manifest, ...]) -> None:
    wanted = {"instance": "reelyard", "part-of": "reelyard", "managed-by": "kustomize"}

    for workload in workloads(manifests):
        got = {key: workload.labels.get(f"app.kubernetes.io/{key}") for key in wanted}
        assert (str(workload), got) == (str(workload), wanted)


def test_ours_carry_the_version_of_their_image_and_of_the_project(manifests: tuple[Manifest, ...]) -> None:
    (version,) = (
        line.partition('"')[2].rstrip('"')
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )

    for workload in our_workloads(manifests):
        label = workload.labels["app.kubernetes.io/version"]
        assert (str(workload), label, workload.container["image"].rpartition(":")[2]) == (
            str(workload),
            version,
            version,
        )


def test_a_node_has_handed_everything_back_before_it_is_killed(manifests: tuple[Manifest, ...]) -> None:
    for node in nodes(manifests):
        drain_s = settings_of(node, manifests).drain_seconds
        needed_s = drain_s + _HAND_BACK_S + _WORKER_STOP_S + LAST_CALLS_S
        assert (str(node), needed_s <= node.pod["terminationGracePeriodSeconds"]) == (str(node), True)


def test_the_check_knows_how_long_a_node_needs_to_hand_back() -> None:
    assert HAND_BACK_S == _HAND_BACK_S + _WORKER_STOP_S + LAST_CALLS_S
    assert CUT_S == gateway.service.CUT_S


def test_a_gateway_has_cut_its_downloads_before_it_is_killed(manifests: tuple[Manifest, ...]) -> None:
    gateways = [w for w in our_workloads(manifests) if w.container["args"] == ["gateway"]]

    for each in gateways:
        pause_s = each.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        needed_s = pause_s + settings_of(each, manifests).http_stop_seconds + CUT_S
        assert needed_s < each.pod["terminationGracePeriodSeconds"]


def test_scratch_holds_every_slot_at_its_largest(manifests: tuple[Manifest, ...]) -> None:
    for node in nodes(manifests):
        settings = settings_of(node, manifests)
        # an ingest has its source, an encode source and output, a store its output; deliveries have no file
        needed = MB * (
            settings.max_source_mb * (settings.slots.get("ingest", 0))
            + (settings.max_source_mb + settings.max_output_mb)
            * (settings.slots.get("encode.cpu", 0) + settings.slots.get("encode.gpu", 0))
            + settings.max_output_mb * settings.slots.get("store", 0)
        )
        assert (str(node), needed <= scratch_bytes(node)) == (str(node), True)


def scratch_bytes(node: Workload) -> int:
    """The room of the scratch volume; one on the machine's disk must be within the pod's limit too."""
    volume = node.volume("scratch")
    if "ephemeral" in volume:
        claim = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
        return size(claim["resources"]["requests"]["storage"])
    room = size(volume["emptyDir"]["sizeLimit"])
    assert room < size(node.container["resources"]["limits"]["ephemeral-storage"])
    return room


def test_one_run_of_ffmpeg_never_has_its_pod_killed(manifests: tuple[Manifest, ...]) -> None:
    for node in nodes(manifests):
        settings = settings_of(node, manifests)
        if set(settings.slots) == {"distribute"}:
            continue  # runs no ffmpeg
        memory = node.container["resources"]
        assert memory["requests"]["memory"] == memory["limits"]["memory"]
        needed = (settings.task_memory_mb + 1000) * MB
        assert (str(node), needed <= size(memory["limits"]["memory"])) == (str(node), True)


def test_every_queue_is_served(manifests: tuple[Manifest, ...]) -> None:
    served = {queue for node in nodes(manifests) for queue in settings_of(node, manifests).slots}

    if served:  # the overlay of the last migration has no nodes
        assert served >= {"ingest", "encode.cpu", "store", "distribute"}


#: Made by the README too, for a component that dev has not: deploy/check holds these.
NOT_FOR_DEV = {("reelyard-prometheus", "token")}


def test_the_readme_makes_every_secret_that_a_pod_of_dev_needs() -> None:
    made = {
        (name, key)
        for name, rest in re.findall(r"^secret (\S+) (.*)$", (K8S / "README.md").read_text(), re.MULTILINE)
        for key in re.findall(r"--from-literal=([^=]+)=", rest)
    }
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for workload in workloads(rendered(K8S / "overlays/dev"))
        for variable in workload.container["env"]
        if "valueFrom" in variable
    ]
    needed = {(ref["name"], ref["key"]) for ref in references if not ref.get("optional", False)}
    known = {(ref["name"], ref["key"]) for ref in references}

    assert needed - made == set()
    assert made - known == NOT_FOR_DEV


def test_prod_asks_for_what_the_readme_says() -> None:
    (said,) = re.findall(r"`prod` asks for ([\d.]+) CPUs and (\d+) GiB of memory", (K8S / "README.md").read_text())
    manifests = rendered(K8S / "overlays/prod")
    least = {
        manifest["spec"]["scaleTargetRef"]["name"]: manifest["spec"].get("minReplicas")
        or manifest["spec"]["minReplicaCount"]
        for manifest in manifests
        if "scaleTargetRef" in manifest.get("spec", {})
    }
    pods = [
        (least.get(workload.name, manifest["spec"].get("replicas", 1)), workload.container["resources"]["requests"])
        for manifest in manifests
        for workload in workloads((manifest,))
    ]

    assert round(sum(count * quantity(requests["cpu"]) for count, requests in pods), 2) == float(said[0])
    assert round(sum(count * quantity(requests["memory"]) for count, requests in pods) / GIB) == int(said[1])


def test_dev_fits_into_what_the_readme_asks_for() -> None:
    (asked,) = re.findall(r"with (\d+) CPUs and (\d+) GB for these pods", (K8S / "README.md").read_text())
    cpus, memory = 0.0, 0.0
    for manifest in rendered(K8S / "overlays/dev"):
        for workload in workloads((manifest,)):
            requests = workload.container["resources"]["requests"]
            cpus += quantity(requests["cpu"]) * manifest["spec"].get("replicas", 1)
            memory += quantity(requests["memory"]) * manifest["spec"].get("replicas", 1)

    assert (cpus <= int(asked[0]), memory <= int(asked[1]) * 1e9) == (True, True)


def test_the_overlay_of_the_readme_replaces_all_that_stands_for_yours(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"```yaml\n# kustomization.yaml in a folder[^\n]*\n(.*?)```", (K8S / "README.md").read_text(), re.DOTALL
    )
    prod = os.path.relpath(K8S / "overlays/prod", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(text.replace("../reelyard/deploy/k8s/overlays/prod", prod))

    made = render(tmp_path)

    assert [str(problem) for problem in check_overlay(Overlay("prod", made.objects))] == []
    placeholders = json.dumps([item.data for item in made.objects if item.kind not in {"ConfigMap", "PrometheusRule"}])
    settings = json.dumps([item.data for item in made.objects if item.name.startswith("reelyard-settings")])
    assert re.findall(r"[a-z0-9]+\.example\.com|192\.0\.2\.\d+/32|\"reelyard/\w+:", placeholders + settings) == []
