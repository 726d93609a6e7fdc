"""What is changed of a pod so that podman 4.3 can play it beside the others on one machine, and nothing else.

- Each replica becomes a Pod of its own. All share the machine's network (`hostNetwork`): podman's own networks need
  firewall rules, which not every machine lets be made. So each gets ports of its own, by the settings that say where
  a service listens, and its name as node name, which is the pod's host name in Kubernetes.
- What a Service's name stands for is put in its place: the addresses of the pods that its selector matches.
- Where the back ends are comes from this machine, as it would from an operator's patch of `settings.env`.
- Removed is what podman 4.3 does not know or cannot do without a cgroup manager: probes, preStop (`probes` and `pods`
  do both), resources, scheduling, service accounts, sizes of volumes; volumes of claim templates become empty ones.

Secrets, ConfigMaps, security contexts, volume mounts, commands and images are played as they are.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Manifest, Manifests, Workload

LOOPBACK = "127.0.0.1"
#: Which setting says where a port of this name is, and how.
PORT_SETTINGS: Mapping[str, tuple[str, str]] = {
    "metrics": ("REELYARD_METRICS_PORT", "{port}"),
    "http": ("REELYARD_HTTP_PORT", "{port}"),
    "grpc": ("REELYARD_SCHEDULER_LISTEN", "[::]:{port}"),
}
_SCHEDULER_ADDRESS = "REELYARD_SCHEDULER_ADDRESS"
_NODE_NAME = "REELYARD_NODE_NAME"
_NOT_IN_PODS = (
    *("topologySpreadConstraints", "affinity", "nodeSelector", "tolerations", "priorityClassName", "runtimeClassName"),
    *("serviceAccountName", "automountServiceAccountToken", "enableServiceLinks"),
)
_NOT_IN_CONTAINERS = ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "resources", "ports")


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod to play. `ports` leads from a container's port in the manifest to the one that it has on this machine."""

    name: str
    workload: Workload
    manifest: Manifest
    ports: Mapping[int, int] = field(default_factory=dict)


def place(manifests: Manifests, least: Mapping[str, int], draw: Callable[[], int]) -> dict[str, list[Pod]]:
    """The pods of every Deployment by its name, each with ports of its own.

    Args:
        manifests: the overlay.
        least: replicas of some Deployments, where more are wanted than the manifests say.
        draw: gives a free port.

    Raises:
        KubePlayError: a container's ports and its settings disagree.
    """
    pods: dict[str, list[Pod]] = {}
    for workload in manifests.workloads("Deployment"):
        check_ports(workload, manifests.settings(workload))
        replicas = max(workload.replicas, least.get(workload.name, 1))
        pods[workload.name] = [
            Pod(
                name=f"{workload.name}-{number}",
                workload=workload,
                manifest={},
                ports={int(port["containerPort"]): draw() for port in workload.container.get("ports", [])},
            )
            for number in range(1, replicas + 1)
        ]
    return pods


def check_ports(workload: Workload, settings: Mapping[str, str]) -> None:
    """See to it that a container listens where its manifest says.

    Raises:
        KubePlayError: it does not; with the setting.
    """
    for port in workload.container.get("ports", []):
        name, number = port["name"], port["containerPort"]
        if name not in PORT_SETTINGS:
            raise KubePlayError(f"{workload.name}: nothing is known of a port {name!r}")
        setting = PORT_SETTINGS[name][0]
        if settings.get(setting, "").rpartition(":")[2] != str(number):
            raise KubePlayError(
                f"{workload.name}: the port {name} is {number}, but {setting} is {settings.get(setting, 'not set')!r}"
            )


def playable(pod: Pod, manifests: Manifests, pods: Mapping[str, list[Pod]]) -> Manifest:
    """The pod as podman can play it."""
    workload = pod.workload
    spec = {key: value for key, value in copy.deepcopy(workload.spec).items() if key not in _NOT_IN_PODS}
    (container,) = spec["containers"]
    spec["containers"] = [{key: value for key, value in container.items() if key not in _NOT_IN_CONTAINERS}]
    spec["volumes"] = [_plain_volume(volume) for volume in spec.get("volumes", [])]
    spec["hostNetwork"] = True
    spec["restartPolicy"] = "Never"  # a container that ends by itself has failed; restarts would hide that
    own = _own_settings(pod, manifests, pods)
    (container,) = spec["containers"]
    kept = [one for one in container.get("env", []) if one["name"] not in own]
    container["env"] = kept + [{"name": name, "value": value} for name, value in own.items()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "labels": workload.template["metadata"]["labels"]},
        "spec": spec,
    }


def _own_settings(pod: Pod, manifests: Manifests, pods: Mapping[str, list[Pod]]) -> dict[str, str]:
    given = manifests.settings(pod.workload)
    own = {}
    for port in pod.workload.container.get("ports", []):
        setting, form = PORT_SETTINGS[port["name"]]
        own[setting] = form.format(port=pod.ports[int(port["containerPort"])])
    if _SCHEDULER_ADDRESS in given:
        own[_SCHEDULER_ADDRESS] = addresses_of(given[_SCHEDULER_ADDRESS], manifests, pods)
    if pod.workload.container.get("args") == ["node"]:
        own[_NODE_NAME] = pod.name
    return own


def addresses_of(address: str, manifests: Manifests, pods: Mapping[str, list[Pod]]) -> str:
    """What the name of a headless Service stands for: the addresses of all of its pods, with commas between them.

    Raises:
        KubePlayError: the Service leads nowhere.
    """
    host, _, port = address.rpartition(":")
    workloads, target = manifests.service_targets(host.partition(".")[0], int(port))
    return ",".join(f"{LOOPBACK}:{pod.ports[target]}" for workload in workloads for pod in pods[workload.name])


def _plain_volume(volume: Manifest) -> Manifest:
    if "emptyDir" in volume or "ephemeral" in volume:
        return {"name": volume["name"], "emptyDir": {}}
    return volume
