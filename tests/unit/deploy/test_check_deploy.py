"""Every overlay passes the checks, and a manifest that is broken in one place does not: its objects and settings."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from deploy.check.__main__ import check_overlay
from deploy.check.objects import Overlay, mappings
from deploy.check.render import COMPONENTS, OVERLAYS, combinations, overlay_names, render
from deploy.kustomize import RenderError
from tests.unit.deploy.manifest_changes import (
    FIRST,
    POD,
    Documents,
    container,
    one,
    problems,
    put,
    setting,
    shared,
    without,
)


def test_there_are_the_overlays_that_the_documentation_names() -> None:
    assert {"dev", "prod", "prod-gpu"} <= set(overlay_names())


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


#: What is broken, and a word of the complaint.
MUTATIONS: dict[str, tuple[Callable[[Documents], None], str]] = {
    "a member that does not exist": (put(2, "spec", "replcas"), "replcas"),
    "a member of the wrong type": (put("two", *POD, "terminationGracePeriodSeconds"), "is not of type 'integer'"),
    "an API that was removed": (put("policy/v1beta1", "apiVersion", kind="PodDisruptionBudget", name=""), "is not in"),
    "a member that KEDA does not have": (put(1, "spec", "minReplicas", kind="ScaledObject", name=""), "minReplicas"),
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
    "a setting with a letter too few": (
        lambda d: setting(d, "reelyard-ingest", "REELYARD_DRAIN_SECONDS").update(name="REELYARD_DRAIN_SECOND"),
        "REELYARD_DRAIN_SECOND",
    ),
    "a setting of another service": (
        lambda d: container(d)["env"].append({"name": "REELYARD_SLOTS", "value": "store:1"}),
        "REELYARD_SLOTS is not read by reelyard gateway",
    ),
    "a value that is none": (
        lambda d: setting(d, "reelyard-gateway", "REELYARD_HTTP_PORT").update(value="http"),
        "REELYARD_HTTP_PORT is 'http'",
    ),
    "a setting that is missing": (
        lambda d: container(d, "reelyard-scheduler")["env"].remove(
            setting(d, "reelyard-scheduler", "REELYARD_DATABASE_URL")
        ),
        "REELYARD_DATABASE_URL is required",
    ),
    "a shared setting that nobody reads": (lambda d: shared(d, "REELYARD_OUTPUT_DAY", "7"), "REELYARD_OUTPUT_DAY"),
    "no shared settings": (lambda d: container(d, "reelyard-deliver").pop("envFrom"), "REELYARD_STORAGE_URL"),
    "a secret in clear": (
        lambda d: container(d)["env"].__setitem__(0, {"name": "REELYARD_RPC_TOKEN", "value": "abc"}),
        "stands here in clear",
    ),
    "a secret among the shared settings": (
        lambda d: shared(d, "AWS_SECRET_ACCESS_KEY", "abc"),
        "AWS_SECRET_ACCESS_KEY is a secret",
    ),
    "a queue that does not exist": (
        lambda d: setting(d, "reelyard-ingest", "REELYARD_SLOTS").update(value="injest:4"),
        "REELYARD_SLOTS",
    ),
    "a queue that nobody serves": (
        lambda d: setting(d, "reelyard-encoder-cpu", "REELYARD_SLOTS").update(value="encode.cpu:1"),
        "no node serves store",
    ),
    "more memory for a task than for its pod": (
        lambda d: setting(d, "reelyard-encoder-cpu", "REELYARD_TASK_MEMORY_MB").update(value="10000"),
        "exceed the limit of 10Gi",
    ),
    "a scratch volume for fewer slots": (
        lambda d: setting(d, "reelyard-ingest", "REELYARD_SLOTS").update(value="ingest:5"),
        "GB of scratch",
    ),
    "larger sources than scratch holds": (lambda d: shared(d, "REELYARD_MAX_SOURCE_MB", "20000"), "GB of scratch"),
    "a Deployment of nodes that end": (put(["node", "--once"], *FIRST, "args", name="reelyard-deliver"), "--once"),
    "an image without the service": (
        put("reelyard/gateway:0.1.0", *FIRST, "image", name="reelyard-deliver"),
        "encoder",
    ),
    "a version that is not the image's": (
        put("reelyard/gateway:0.2.0", *FIRST, "image"),
        "app.kubernetes.io/version is 0.1.0",
    ),
    "a port where nothing listens": (lambda d: shared(d, "REELYARD_METRICS_PORT", "9091"), "port metrics is 9090"),
    "a gateway of IPv4 alone": (
        lambda d: setting(d, "reelyard-gateway", "REELYARD_HTTP_HOST").update(value="0.0.0.0"),
        "REELYARD_HTTP_HOST is not ::",
    ),
    "a scheduler of IPv4 alone": (
        lambda d: setting(d, "reelyard-scheduler", "REELYARD_SCHEDULER_LISTEN").update(value="0.0.0.0:50051"),
        "REELYARD_SCHEDULER_LISTEN is not ::",
    ),
    "an address of no scheduler": (
        lambda d: shared(d, "REELYARD_SCHEDULER_ADDRESS", "reelyard-scheduler:50052"),
        "no port of a Service",
    ),
    "a scratch volume that keeps an idle machine": (
        put({}, "spec", "template", "metadata", "annotations", name="reelyard-ingest"),
        "volume scratch: cluster-autoscaler keeps an idle machine",
    ),
    "a pod that takes another Secret": (
        lambda d: setting(d, "reelyard-deliver", "REELYARD_BROKER_URL")["valueFrom"]["secretKeyRef"].update(
            name="reelyard-rpc", key="REELYARD_RPC_TOKEN"
        ),
        "REELYARD_BROKER_URL comes from reelyard-rpc[REELYARD_RPC_TOKEN]",
    ),
    "a Service before the port of the metrics": (
        put("metrics", "spec", "ports", 0, "targetPort", kind="Service", name="gateway"),
        "port http leads to metrics",
    ),
    "a headless Service on another port": (
        lambda d: one(d, "Service", "reelyard-scheduler")["spec"]["ports"][0].update(port=50052),
        "is headless, and Deployment/reelyard-scheduler does not listen on 50052",
    ),
    "a probe of something else": (put("/ready", *FIRST, "readinessProbe", "httpGet", "path"), "not /readyz"),
    "a health service that the scheduler has not": (
        put("alive", *FIRST, "livenessProbe", "grpc", "service", name="reelyard-scheduler"),
        "not /healthz or liveness",
    ),
    "an object store that no Service leads to": (
        lambda d: shared(d, "REELYARD_STORAGE_URL", "s3://reelyard?endpoint=http://minio:9001"),
        "minio:9001 is no port of a Service",
    ),
    "a migration that is the other one": (
        put(["migrate", "--post"], *FIRST, "args", kind="Job"),
        "its args are ['migrate', '--post']",
    ),
    "no dashboard": (without("ConfigMap", "dashboard-gpu"), "ConfigMap/reelyard-dashboard-gpu is not there"),
    "no budget": (without("PodDisruptionBudget", "ingest"), "PodDisruptionBudget/reelyard-ingest is not there"),
    "another host than clients are told": (
        put("other.example.com", "spec", "rules", 0, "host", kind="Ingress"),
        "REELYARD_PUBLIC_URL is",
    ),
    "a certificate that nobody makes": (
        put("other-tls", "spec", "tls", 0, "secretName", kind="Ingress"),
        "Secret other-tls of the certificate",
    ),
    "pods that are spread by others": (
        put({"matchLabels": {"app": "x"}}, *POD, "topologySpreadConstraints", 0, "labelSelector"),
        "does not take its own pods",
    ),
    "a gateway that is killed before it has cut its downloads": (
        lambda d: setting(d, "reelyard-gateway", "REELYARD_HTTP_STOP_SECONDS").update(value="60"),
        "exceed the grace of 75 s",
    ),
    "a drain without its seconds": (
        lambda d: container(d, "reelyard-ingest")["env"].remove(
            setting(d, "reelyard-ingest", "REELYARD_DRAIN_SECONDS")
        ),
        "no REELYARD_DRAIN_SECONDS",
    ),
    "an object that apply can't keep": (
        lambda d: one(d, "ConfigMap", "dashboard-gpu")["data"].update(more="x" * 262_144),
        "kubectl apply can't keep it",
    ),
    "an object twice": (lambda documents: documents.append(one(documents, "Service", "gateway")), "is there twice"),
}


@pytest.mark.parametrize("broken", MUTATIONS)
def test_the_checks_see(broken: str, prod: Overlay) -> None:
    change, word = MUTATIONS[broken]

    found = problems(prod, change)

    assert any(word in problem for problem in found), found


def test_the_checks_see_a_broker_that_waits_too_short(everything: Mapping[str, Overlay | RenderError]) -> None:
    overlay = everything["operators"]
    assert isinstance(overlay, Overlay)
    shorter = put(
        "consumer_timeout = 1800000\n", "spec", "rabbitmq", "additionalConfig", kind="RabbitmqCluster", name=""
    )

    found = problems(overlay, shorter)

    assert any("consumer_timeout is 1800000" in problem for problem in found), found


def test_a_gpu_is_asked_for_as_a_whole_number(gpu: Overlay) -> None:
    pod = gpu.find("Deployment", "reelyard-encoder-gpu")
    assert pod is not None
    assert pod.get(*FIRST, "resources", "limits", "nvidia.com/gpu") in {1, "1"}
