"""Manifests that are broken where parts meet: scalers and their queries, scrapes, edges of the network."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from deploy.check.objects import Overlay
from deploy.kustomize import RenderError
from tests.unit.deploy.manifest_changes import (
    Documents,
    container,
    one,
    pod_labels,
    problems,
    put,
    setting,
    without,
)


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


def query(documents: Documents, old: str, new: str, name: str = "reelyard-encoder-cpu") -> None:
    metadata = one(documents, "ScaledObject", name)["spec"]["triggers"][0]["metadata"]
    assert old in metadata["query"]
    metadata["query"] = metadata["query"].replace(old, new)


def policy(documents: Documents, name: str) -> dict[str, Any]:
    found: dict[str, Any] = one(documents, "NetworkPolicy", name)["spec"]
    return found


#: What is broken, and a word of the complaint.
MUTATIONS: dict[str, tuple[Callable[[Documents], None], str]] = {
    "a scaler without its query": (
        lambda documents: one(documents, "ScaledObject")["spec"]["triggers"][0]["metadata"].pop("query"),
        "query",
    ),
    "a scaler of a Deployment that is not there": (
        put("gone", "spec", "scaleTargetRef", "name", kind="ScaledObject", name=""),
        "scaleTargetRef",
    ),
    "replicas where a scaler owns them": (put(3, "spec", "replicas", name="reelyard-encoder-cpu"), "spec.replicas"),
    "a scrape of a port that is not there": (
        put("none", "spec", "podMetricsEndpoints", 0, "port", kind="PodMonitor", name=""),
        "port none",
    ),
    "an encoder that reaches the internet": (open_the_internet_to_all, "reelyard-encoder-cpu may reach"),
    "a scheduler that nobody reaches": (shut_the_scheduler, "may not reach reelyard-scheduler"),
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
    "no monitor": (without("PodMonitor"), "PodMonitor/reelyard is not there"),
    "no policies": (
        lambda d: d.__setitem__(slice(None), [each for each in d if each["kind"] != "NetworkPolicy"]),
        "NetworkPolicy/default-deny is not there",
    ),
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
}


@pytest.mark.parametrize("broken", MUTATIONS)
def test_the_checks_see(broken: str, prod: Overlay) -> None:
    change, word = MUTATIONS[broken]

    found = problems(prod, change)

    assert any(word in problem for problem in found), found


#: The same on Jobs of long encodes.
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

    found = problems(overlay, lambda documents: change(one(documents, "ScaledJob")["spec"]["jobTargetRef"]))

    assert any(word in problem for problem in found), found


@pytest.mark.parametrize(
    ("policy_name", "back_end"), [("to-rabbitmq-in", "a broker"), ("to-postgresql-in", "a database")]
)
def test_the_checks_see_a_back_end_in_the_namespace_that_is_shut(
    policy_name: str, back_end: str, everything: Mapping[str, Overlay | RenderError]
) -> None:
    overlay = everything["operators"]
    assert isinstance(overlay, Overlay)

    found = problems(overlay, without("NetworkPolicy", policy_name))

    assert any(f"may not reach {back_end} of this namespace" in problem for problem in found), found


def test_the_checks_see_a_pool_at_zero_that_no_scheduler_knows(gpu: Overlay) -> None:
    def unknown(documents: Documents) -> None:
        env = container(documents, "reelyard-scheduler")["env"]
        env.remove(setting(documents, "reelyard-scheduler", "REELYARD_POOL_ENCODERS"))

    found = problems(gpu, unknown)

    assert any("REELYARD_POOL_ENCODERS" in problem for problem in found), found
