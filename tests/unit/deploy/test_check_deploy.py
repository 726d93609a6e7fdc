"""Every overlay passes the checks, and a manifest that is broken in one place does not."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from deploy.check.__main__ import check_overlay
from deploy.check.objects import Object, Overlay, mappings
from deploy.check.render import COMPONENTS, OVERLAYS, combinations, overlay_names, render, render_all
from deploy.kustomize import RenderError

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


def put(value: Any, *path: Any, kind: str = "Deployment", name: str | None = None) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        place: Any = one(documents, kind, "reelyard-gateway" if name is None and kind == "Deployment" else name or "")
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


def pod_labels(documents: Documents, name: str) -> dict[str, str]:
    labels: dict[str, str] = one(documents, "Deployment", name)["spec"]["template"]["metadata"]["labels"]
    return labels


def setting(documents: Documents, name: str, variable: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in container(documents, name)["env"] if each["name"] == variable)
    return found


def query(documents: Documents, old: str, new: str, name: str = "reelyard-encoder-cpu") -> None:
    metadata = one(documents, "ScaledObject", name)["spec"]["triggers"][0]["metadata"]
    assert old in metadata["query"]
    metadata["query"] = metadata["query"].replace(old, new)


def shared(documents: Documents, name: str, value: str) -> None:
    one(documents, "ConfigMap", "reelyard-settings")["data"][name] = value


def policy(documents: Documents, name: str) -> dict[str, Any]:
    found: dict[str, Any] = one(documents, "NetworkPolicy", name)["spec"]
    return found


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
    "a query for a metric that is not there": (
        lambda d: query(d, "backlog_media_seconds", "backlog_seconds"),
        "no scheduler exports reelyard_queue_backlog_seconds",
    ),
    "a query about another queue": (lambda d: query(d, "encode.cpu", "encode.gpu"), "queue encode.gpu"),
    "a query about another namespace": (lambda d: query(d, 'reelyard"', 'video"'), "namespace video"),
    "a query about a state that is not there": (
        lambda d: query(d, "running", "runing", "reelyard-ingest"),
        "state waiting|queued|runing",
    ),
    "a query that adds up what schedulers share": (
        lambda d: query(d, "max by", "sum by"),
        "take the maximum",
    ),
    "a query that is none": (lambda d: query(d, "})", "}"), "no PromQL"),
    "one scaler that asks elsewhere": (
        lambda d: one(d, "ScaledObject")["spec"]["triggers"][0]["metadata"].update(serverAddress="http://other:9090"),
        "more than one Prometheus",
    ),
    "a pool without its scaler": (without("ScaledObject", "deliver"), "ScaledObject/reelyard-deliver is not there"),
    "an HPA by a container that is not there": (
        put("app", "spec", "metrics", 0, "containerResource", "container", kind="HorizontalPodAutoscaler"),
        "no container app",
    ),
    "more pods at least than at most": (
        put(30, "spec", "minReplicaCount", kind="ScaledObject", name="reelyard-encoder-cpu"),
        "these must rise",
    ),
    "a pool that ends its pods when Prometheus is away": (
        lambda d: one(d, "ScaledObject", "reelyard-encoder-cpu")["spec"].update(
            minReplicaCount=0, fallback={"failureThreshold": 3, "replicas": 0}
        ),
        "KEDA would end all pods after the cooldown",
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
    "no monitor": (without("PodMonitor"), "PodMonitor/reelyard is not there"),
    "no policies": (
        lambda d: d.__setitem__(slice(None), [each for each in d if each["kind"] != "NetworkPolicy"]),
        "NetworkPolicy/default-deny is not there",
    ),
    "no dashboard": (without("ConfigMap", "dashboard-gpu"), "ConfigMap/reelyard-dashboard-gpu is not there"),
    "no budget": (without("PodDisruptionBudget", "ingest"), "PodDisruptionBudget/reelyard-ingest is not there"),
    "a monitor that misses pods": (
        put(
            {"app.kubernetes.io/name": "reelyard", "app.kubernetes.io/component": "gateway"},
            *("spec", "selector", "matchLabels"),
            kind="PodMonitor",
        ),
        "no PodMonitor takes its pods",
    ),
    "pods that a monitor misses": (
        lambda d: pod_labels(d, "reelyard-ingest").pop("app.kubernetes.io/part-of"),
        "no PodMonitor takes its pods",
    ),
    "pods that are scraped twice": (
        lambda d: d.append(one(d, "PodMonitor") | {"metadata": {"name": "again", "labels": {}}}),
        "are scraped by reelyard, again",
    ),
    "a rule that Prometheus does not select": (
        lambda d: one(d, "PrometheusRule")["metadata"]["labels"].pop("release"),
        "label release is not there",
    ),
    "no way to the broker": (without("NetworkPolicy", "to-rabbitmq"), "reelyard-deliver may not reach a broker"),
    "a way to the broker on another port": (
        lambda d: policy(d, "to-rabbitmq")["egress"][0]["ports"][0].update(port=6571),
        "may not reach a broker",
    ),
    "a gateway that reaches the database": (
        lambda d: policy(d, "to-postgresql")["podSelector"].pop("matchExpressions"),
        "reelyard-gateway may reach a database",
    ),
    "nodes that have no object store": (
        lambda d: policy(d, "to-object-store")["podSelector"]["matchExpressions"][0]["values"].remove("encoder"),
        "reelyard-encoder-cpu may not reach an object store",
    ),
    "no names by TCP": (lambda d: policy(d, "dns")["egress"][0]["ports"].pop(), "may not ask the DNS by TCP"),
    "no scrapes": (without("NetworkPolicy", "monitoring-to-metrics"), "namespace monitoring may not reach"),
    "no clients": (without("NetworkPolicy", "ingress-controller"), "namespace ingress-nginx may not reach"),
    "a way to private IPv4 by NAT64": (
        lambda d: policy(d, "ingest-to-internet")["egress"][0]["to"][1]["ipBlock"]["except"].remove(
            "64:ff9b::a00:0/104"
        ),
        "reelyard-ingest may reach 64:ff9b::10.1.2.3",
    ),
    "no way to public IPv4 by NAT64": (
        lambda d: policy(d, "deliver-to-internet")["egress"][0]["to"][1]["ipBlock"]["except"].append("64:ff9b::/96"),
        "reelyard-deliver may not reach 64:ff9b::93.184.215.14",
    ),
    "an exception that is refused": (
        lambda d: policy(d, "ingest-to-internet")["egress"][0]["to"][1]["ipBlock"]["except"].append("::ffff:0:0/96"),
        "the API server refuses",
    ),
    "an exception that is not inside": (
        lambda d: policy(d, "ingest-to-internet")["egress"][0]["to"][0]["ipBlock"].update(cidr="8.0.0.0/8"),
        "except 10.0.0.0/8 is not inside",
    ),
    "the internet without an exception": (
        lambda d: policy(d, "deliver-to-internet")["egress"][0]["to"][0]["ipBlock"]["except"].remove("169.254.0.0/16"),
        "reelyard-deliver may reach 169.254.169.254",
    ),
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
    documents = [copy.deepcopy(dict(item.data)) for item in prod.objects]
    change(documents)

    problems = check_overlay(Overlay("prod", tuple(Object("prod", document) for document in documents)))

    assert any(word in str(problem) for problem in problems), [str(problem) for problem in problems]


#: The same on Jobs of long encodes, and where back ends are in the namespace.
OF_JOBS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "pods without the label that the monitor takes": (
        lambda job: job["template"]["metadata"]["labels"].pop("app.kubernetes.io/part-of"),
        "no PodMonitor takes its pods",
    ),
    "a node that takes more than one task": (
        lambda job: job["template"]["spec"]["containers"][0].update(args=["node"]),
        "--once belongs",
    ),
    "a pod that is gone before it is scraped": (
        lambda job: job["template"]["spec"]["containers"][0]["env"].pop(),
        "REELYARD_ONCE_LINGER_SECONDS 0 is not above the scrape interval of 15 s",
    ),
    "a Job that Kubernetes tries again": (lambda job: job.update(backoffLimit=3), "backoffLimit is not 0"),
    "a grace shorter than the drain": (
        lambda job: job["template"]["spec"].update(terminationGracePeriodSeconds=560),
        "exceed the grace of 560 s",
    ),
}


@pytest.mark.parametrize("broken", OF_JOBS)
def test_the_checks_see_in_a_scaled_job(broken: str, everything: Mapping[str, Overlay | RenderError]) -> None:
    change, word = OF_JOBS[broken]
    overlay = everything["scaledjob"]
    assert isinstance(overlay, Overlay)
    documents = [copy.deepcopy(dict(item.data)) for item in overlay.objects]
    change(one(documents, "ScaledJob")["spec"]["jobTargetRef"])

    problems = check_overlay(Overlay("scaledjob", tuple(Object("scaledjob", document) for document in documents)))

    assert any(word in str(problem) for problem in problems), [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("policy_name", "back_end"), [("to-rabbitmq-in", "a broker"), ("to-postgresql-in", "a database")]
)
def test_the_checks_see_a_back_end_in_the_namespace_that_is_shut(
    policy_name: str, back_end: str, everything: Mapping[str, Overlay | RenderError]
) -> None:
    overlay = everything["operators"]
    assert isinstance(overlay, Overlay)
    documents = [copy.deepcopy(dict(item.data)) for item in overlay.objects]
    documents.remove(one(documents, "NetworkPolicy", policy_name))

    problems = check_overlay(Overlay("operators", tuple(Object("operators", document) for document in documents)))

    assert any(f"may not reach {back_end} of this namespace" in str(problem) for problem in problems), problems


def test_the_checks_see_a_broker_that_waits_too_short(everything: Mapping[str, Overlay | RenderError]) -> None:
    overlay = everything["operators"]
    assert isinstance(overlay, Overlay)
    documents = [copy.deepcopy(dict(item.data)) for item in overlay.objects]
    one(documents, "RabbitmqCluster")["spec"]["rabbitmq"]["additionalConfig"] = "consumer_timeout = 1800000\n"

    problems = check_overlay(Overlay("operators", tuple(Object("operators", document) for document in documents)))

    assert any("consumer_timeout is 1800000" in str(problem) for problem in problems), problems


def test_the_checks_see_a_pool_at_zero_that_no_scheduler_knows(gpu: Overlay) -> None:
    documents = [copy.deepcopy(dict(item.data)) for item in gpu.objects]
    env = container(documents, "reelyard-scheduler")["env"]
    env.remove(setting(documents, "reelyard-scheduler", "REELYARD_POOL_ENCODERS"))

    problems = check_overlay(Overlay("prod-gpu", tuple(Object("prod-gpu", document) for document in documents)))

    assert any("REELYARD_POOL_ENCODERS" in str(problem) for problem in problems), problems


def test_a_gpu_is_asked_for_as_a_whole_number(gpu: Overlay) -> None:
    pod = gpu.find("Deployment", "reelyard-encoder-gpu")
    assert pod is not None
    assert pod.get(*FIRST, "resources", "limits", "nvidia.com/gpu") in {1, "1"}
