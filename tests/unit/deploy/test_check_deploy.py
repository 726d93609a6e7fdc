"""Every overlay passes the checks, and a manifest that is broken in one place does not."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from deploy.check.__main__ import check_overlay
from deploy.check.objects import Object, Overlay, mappings
from deploy.check.render import COMPONENTS, OVERLAYS, RenderError, combinations, overlay_names, render, render_all

Documents = list[dict[str, Any]]


@pytest.fixture(scope="module")
def prod() -> Overlay:
    return render(OVERLAYS / "prod")


@pytest.fixture(scope="module")
def gpu() -> Overlay:
    return render(OVERLAYS / "prod-gpu")


def test_there_are_the_overlays_that_the_documentation_names() -> None:
    assert {"dev", "prod", "prod-gpu"} <= set(overlay_names())


@pytest.fixture(scope="module")
def everything() -> Mapping[str, Overlay | RenderError]:
    return render_all()


@pytest.mark.parametrize("name", [*overlay_names(), *combinations()])
def test_nothing_is_wrong_with(name: str, everything: Mapping[str, Overlay | RenderError]) -> None:
    overlay = everything[name]

    assert isinstance(overlay, Overlay), overlay
    assert [str(problem) for problem in check_overlay(overlay)] == []


def test_every_component_is_built_somewhere() -> None:
    components = {path.parent.relative_to(COMPONENTS).as_posix() for path in COMPONENTS.rglob("kustomization.yaml")}
    used = {each for parts in combinations().values() for each in parts["components"]}
    for name in overlay_names():
        text = (OVERLAYS / name / "kustomization.yaml").read_text()
        used |= {each.removeprefix("../../components/") for each in yaml.safe_load(text).get("components", ())}

    assert components - used == set()


def test_an_overlay_that_does_not_build_says_why(tmp_path: Any) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [missing.yaml]\n")
    with pytest.raises(RenderError, match=r"missing\.yaml"):
        render(tmp_path)


def one(documents: Documents, kind: str, name: str = "") -> dict[str, Any]:
    return next(item for item in documents if item["kind"] == kind and name in item["metadata"]["name"])


def container(documents: Documents, name: str = "reelyard-gateway") -> dict[str, Any]:
    found: dict[str, Any] = one(documents, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]
    return found


def without(kind: str, name: str = "") -> Callable[[Documents], None]:
    return lambda documents: documents.remove(one(documents, kind, name))


def put(
    value: Any, *path: Any, kind: str = "Deployment", name: str = "reelyard-gateway"
) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        place: Any = one(documents, kind, name)
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


POD = ("spec", "template", "spec")
FIRST = (*POD, "containers", 0)


def rename_first_secret(documents: Documents) -> None:
    reference = next(place["secretKeyRef"] for place in mappings(container(documents)) if "secretKeyRef" in place)
    reference["name"] = "reelyard-elsewhere"


def wrong_key_of_a_secret(documents: Documents) -> None:
    reference = next(place["secretKeyRef"] for place in mappings(container(documents)) if "secretKeyRef" in place)
    reference["key"] = "NO_SUCH_KEY"


def drop_label_of_pods(documents: Documents) -> None:
    del one(documents, "Deployment", "reelyard-gateway")["spec"]["template"]["metadata"]["labels"][
        "app.kubernetes.io/component"
    ]


def open_the_internet_to_all(documents: Documents) -> None:
    documents.append(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "open", "labels": {"app.kubernetes.io/part-of": "reelyard"}},
            "spec": {
                "podSelector": {"matchLabels": {"app.kubernetes.io/component": "encoder"}},
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}],
            },
        }
    )


def shut_the_scheduler(documents: Documents) -> None:
    documents[:] = [
        item for item in documents if item["kind"] != "NetworkPolicy" or "scheduler" not in item["metadata"]["name"]
    ]


#: What is broken, and a word of the complaint.
MUTATIONS: dict[str, tuple[Callable[[Documents], None], str]] = {
    "a member that does not exist": (put(2, "spec", "replcas"), "replcas"),
    "a member of the wrong type": (put("two", *POD, "terminationGracePeriodSeconds"), "is not of type 'integer'"),
    "an API that was removed": (put("policy/v1beta1", "apiVersion", kind="PodDisruptionBudget", name=""), "is not in"),
    "a member that KEDA does not have": (put(1, "spec", "minReplicas", kind="ScaledObject", name=""), "minReplicas"),
    "a scaler without its query": (
        lambda documents: one(documents, "ScaledObject")["spec"]["triggers"][0]["metadata"].pop("query"),
        "query",
    ),
    "a scaler of a Deployment that is not there": (
        put("gone", "spec", "scaleTargetRef", "name", kind="ScaledObject", name=""),
        "scaleTargetRef",
    ),
    "replicas where a scaler owns them": (put(3, "spec", "replicas", name="reelyard-encoder-cpu"), "spec.replicas"),
    "a ConfigMap that is gone": (without("ConfigMap", "reelyard-settings"), "ConfigMap"),
    "a Secret that nobody makes": (rename_first_secret, "reelyard-elsewhere"),
    "a key that a Secret does not have": (wrong_key_of_a_secret, "NO_SUCH_KEY"),
    "a service account that is gone": (without("ServiceAccount", "gateway"), "ServiceAccount"),
    "a priority class that is gone": (without("PriorityClass"), "PriorityClass"),
    "a service port that nobody serves": (
        put("nowhere", "spec", "ports", 0, "targetPort", kind="Service", name="gateway"),
        "port nowhere",
    ),
    "a selector that takes other pods": (
        put({"app.kubernetes.io/name": "other"}, "spec", "selector", kind="Service", name="scheduler"),
        "takes no pods",
    ),
    "a probe of a port that is not there": (put(1234, *FIRST, "readinessProbe", "httpGet", "port"), "1234"),
    "a scrape of a port that is not there": (
        put("none", "spec", "podMetricsEndpoints", 0, "port", kind="PodMonitor", name=""),
        "port none",
    ),
    "a mount without a volume": (put([], *POD, "volumes"), "mounted and not there"),
    "a root user": (put({"runAsUser": 0}, *POD, "securityContext"), "runAsUser"),
    "a privileged container": (put(True, *FIRST, "securityContext", "privileged"), "privileged"),
    "a writable root": (put(False, *FIRST, "securityContext", "readOnlyRootFilesystem"), "readOnlyRootFilesystem"),
    "privileges that may grow": (
        put(True, *FIRST, "securityContext", "allowPrivilegeEscalation"),
        "allowPrivilegeEscalation",
    ),
    "a folder of the machine": (
        put([{"name": "tmp", "hostPath": {"path": "/"}}], *POD, "volumes"),
        "of a kind that is not allowed",
    ),
    "a namespace without Pod Security": (put({}, "metadata", "labels", kind="Namespace", name=""), "pod-security"),
    "service links": (put(True, *POD, "enableServiceLinks"), "enableServiceLinks"),
    "a token of the API": (put(True, *POD, "automountServiceAccountToken"), "automountServiceAccountToken"),
    "pods without their component": (drop_label_of_pods, "component"),
    "an image without a tag": (put("reelyard/gateway", *FIRST, "image"), "no fixed tag"),
    "an image that moves": (put("reelyard/gateway:latest", *FIRST, "image"), "no fixed tag"),
    "no memory limit": (put({"cpu": "1"}, *FIRST, "resources", "limits"), "no limit of memory"),
    "a folder that may fill the disk": (
        put([{"name": "tmp", "emptyDir": {}}], *POD, "volumes"),
        "without sizeLimit",
    ),
    "no readiness": (lambda documents: container(documents).pop("readinessProbe"), "no readinessProbe"),
    "a liveness that asks dependencies": (put("/readyz", *FIRST, "livenessProbe", "httpGet", "path"), "dependency"),
    "a grace shorter than the drain": (
        put(30, *POD, "terminationGracePeriodSeconds", name="reelyard-encoder-cpu"),
        "exceed the grace",
    ),
    "a budget that blocks every drain": (
        put({"maxUnavailable": 0, "selector": {}}, "spec", kind="PodDisruptionBudget", name=""),
        "keeps every machine",
    ),
    "an encoder that reaches the internet": (open_the_internet_to_all, "reelyard-encoder-cpu may reach"),
    "a scheduler that nobody reaches": (shut_the_scheduler, "may not reach reelyard-scheduler"),
    "an object twice": (lambda documents: documents.append(one(documents, "Service", "gateway")), "is there twice"),
}


@pytest.mark.parametrize("broken", MUTATIONS)
def test_the_checks_see(broken: str, prod: Overlay) -> None:
    change, word = MUTATIONS[broken]
    documents = [copy.deepcopy(dict(item.data)) for item in prod.objects]
    change(documents)

    problems = check_overlay(Overlay("prod", tuple(Object("prod", document) for document in documents)))

    assert any(word in str(problem) for problem in problems), [str(problem) for problem in problems]


def test_a_gpu_is_asked_for_as_a_whole_number(gpu: Overlay) -> None:
    pod = gpu.find("Deployment", "reelyard-encoder-gpu")
    assert pod is not None
    assert pod.get(*FIRST, "resources", "limits", "nvidia.com/gpu") in {1, "1"}
