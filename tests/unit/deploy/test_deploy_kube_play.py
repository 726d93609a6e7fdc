"""What is changed of the manifests so that podman can play them, and what the probes of a manifest come to."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from deploy.kube_play.course import LEAST_REPLICAS
from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Manifests
from deploy.kube_play.probes import probe_of
from deploy.kube_play.transform import Pod, check_ports, place, playable
from tests.unit.deploy.kube_objects import overlay

ROOT = Path(__file__).resolve().parents[3]


def placed(objects: list[dict[str, Any]]) -> tuple[Manifests, dict[str, list[Pod]]]:
    manifests = Manifests(objects)
    return manifests, place(manifests, {}, itertools.count(20001).__next__)


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["spec"]["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def test_there_are_as_many_pods_as_replicas_or_as_the_autoscaler_keeps() -> None:
    _, pods = placed(overlay())

    assert {name: len(found) for name, found in pods.items()} == {"reelyard-scheduler": 2, "reelyard-ingest": 3}


def test_each_pod_listens_on_ports_of_its_own() -> None:
    manifests, pods = placed(overlay())
    listens = [environment(playable(pod, manifests, pods)) for pod in pods["reelyard-scheduler"]]

    assert [found["REELYARD_SCHEDULER_LISTEN"] for found in listens] == ["[::]:20001", "[::]:20003"]
    assert [found["REELYARD_METRICS_PORT"] for found in listens] == ["20002", "20004"]


def test_a_services_name_becomes_the_addresses_of_the_pods_behind_it() -> None:
    manifests, pods = placed(overlay())

    found = environment(playable(pods["reelyard-ingest"][0], manifests, pods))

    assert found["REELYARD_SCHEDULER_ADDRESS"] == "127.0.0.1:20001,127.0.0.1:20003"
    assert found["REELYARD_NODE_NAME"] == "reelyard-ingest-1"
    assert found["SECRET"] == {"secretKeyRef": {"name": "s", "key": "SECRET"}}


def test_rights_mounts_and_commands_are_played_as_they_are() -> None:
    manifests, pods = placed(overlay())
    (original,) = manifests.workloads("Deployment")[0].spec["containers"]

    spec = playable(pods["reelyard-scheduler"][0], manifests, pods)["spec"]
    (container,) = spec["containers"]

    assert {key: container[key] for key in ("args", "securityContext", "volumeMounts", "envFrom")} == {
        key: original[key] for key in ("args", "securityContext", "volumeMounts", "envFrom")
    }
    assert spec["securityContext"] == {"runAsUser": 10001}
    assert set(container) & {"startupProbe", "readinessProbe", "resources", "ports"} == set()
    assert "serviceAccountName" not in spec


def test_volumes_that_a_cluster_would_make_are_empty_folders() -> None:
    manifests, pods = placed(overlay())
    volumes = [playable(pods[name][0], manifests, pods)["spec"]["volumes"] for name in pods]

    assert volumes == [[{"name": "tmp", "emptyDir": {}}], [{"name": "scratch", "emptyDir": {}}]]


def test_a_port_where_the_service_does_not_listen_is_found() -> None:
    objects = overlay()
    objects[0]["data"]["REELYARD_METRICS_PORT"] = "9091"

    with pytest.raises(KubePlayError, match="the port metrics is 9090, but REELYARD_METRICS_PORT is '9091'"):
        placed(objects)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"selector": {"app.kubernetes.io/component": "other"}}, "selects no pod"),
        ({"ports": [{"port": 50052}]}, "no Service reelyard-scheduler with the port 50051"),
        ({"ports": [{"port": 50051, "targetPort": "http"}]}, "has no port 'http'"),
    ],
)
def test_a_service_that_leads_nowhere_is_found(change: dict[str, Any], said: str) -> None:
    objects = overlay()
    objects[1]["spec"] |= change
    manifests, pods = placed(objects)

    with pytest.raises(KubePlayError, match=said):
        playable(pods["reelyard-ingest"][0], manifests, pods)


def test_a_config_map_that_is_missing_is_found() -> None:
    with pytest.raises(KubePlayError, match="no ConfigMap settings"):
        placed(overlay()[1:])


def test_a_probe_has_the_times_of_the_manifest_and_kubernetes_defaults() -> None:
    _, pods = placed(overlay())
    pod = pods["reelyard-scheduler"][0]
    startup, readiness = probe_of(pod, "startup"), probe_of(pod, "readiness")

    assert startup is not None
    assert readiness is not None
    assert (startup.period_s, startup.timeout_s, startup.failures) == (2, 1, 30)
    assert (readiness.period_s, readiness.timeout_s, readiness.failures) == (10, 4, 3)
    assert probe_of(pod, "liveness") is None


def test_patience_stretches_what_a_probe_allows() -> None:
    _, pods = placed(overlay())
    probe = probe_of(pods["reelyard-scheduler"][0], "readiness", 5)

    assert probe is not None
    assert (probe.timeout_s, probe.failures) == (20, 15)


def test_a_probe_of_a_port_that_is_not_there_is_found() -> None:
    objects = overlay()
    objects[3]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"] = "http"
    _, pods = placed(objects)

    with pytest.raises(KubePlayError, match="reelyard-ingest has no port 'http'"):
        probe_of(pods["reelyard-ingest"][0], "liveness")


def test_the_production_overlay_can_be_played() -> None:
    manifests = Manifests.rendered(ROOT / "deploy/k8s/overlays/prod")
    pods = place(manifests, LEAST_REPLICAS, itertools.count(20001).__next__)
    every = [pod for found in pods.values() for pod in found]
    played = [playable(pod, manifests, pods) for pod in every]
    taken = [number for pod in every for number in pod.ports.values()]

    assert set(pods) == {
        *("reelyard-gateway", "reelyard-scheduler", "reelyard-ingest", "reelyard-deliver", "reelyard-encoder-cpu")
    }
    assert [job.name for job in manifests.workloads("Job")] == ["reelyard-migrate"]
    assert len(taken) == len(set(taken))
    assert {pod["metadata"]["name"] for pod in played} == {pod.name for pod in every}
    assert all(probe_of(pod, kind) for pod in every for kind in ("startup", "liveness", "readiness"))


def test_the_ports_of_the_production_overlay_are_where_its_settings_say() -> None:
    manifests = Manifests.rendered(ROOT / "deploy/k8s/overlays/prod")
    workloads = manifests.workloads("Deployment")

    for workload in workloads:
        check_ports(workload, manifests.settings(workload))
    assert len(workloads) == 5
