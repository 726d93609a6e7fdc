"""What our own pods are told: each is given to the very class that its service reads its settings with.

What a Secret holds is not in the tree, so each name that comes from one stands for a value that somebody could have.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.check.objects import Object, Overlay, Pod, dig, selects
from deploy.check.problem import Problem
from deploy.check.quantities import quantity
from encoder_node.settings import NodeSettings
from gateway.settings import GatewaySettings
from reelyard.cli.database import AdministrationSettings
from reelyard.cli.setting_list import all_settings
from reelyard.cluster.listen_address import EVERY_ADDRESS
from reelyard.cluster.settings import SettingsError, describe, read_settings
from reelyard.cluster.work import Queue
from scheduler.settings import SchedulerSettings

#: By the first argument of the container: what it reads, and the image that it is in.
SERVICES: Mapping[str, tuple[type[Any], str]] = MappingProxyType(
    {
        "gateway": (GatewaySettings, "gateway"),
        "scheduler": (SchedulerSettings, "scheduler"),
        "node": (NodeSettings, "encoder"),
        "migrate": (AdministrationSettings, "scheduler"),
    }
)
#: What somebody could put into the Secrets.
_SAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "REELYARD_API_KEY": "ry_an-api-key",
        "REELYARD_BROKER_URL": "amqps://reelyard:word@rabbitmq.example.com:5671/%2F",
        "REELYARD_DATABASE_URL": "postgresql://reelyard:word@postgresql.example.com:5432/reelyard",
        "REELYARD_MAIL_FROM": "reelyard@example.com",
        "REELYARD_RPC_TOKEN": "a-token",
        "REELYARD_SECRET_KEY": base64.b64encode(bytes(32)).decode(),
        "REELYARD_SMTP_URL": "smtp://user:word@mail.example.com:587",
        "AWS_ACCESS_KEY_ID": "an-id",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
    }
)
#: Read by the NVIDIA runtime and not by us.
_FOREIGN = frozenset({"NVIDIA_DRIVER_CAPABILITIES"})
#: Queues that some node must serve, in any installation; encode.gpu's tasks can go to the CPU.
_ALWAYS_SERVED = frozenset(Queue) - {Queue.ENCODE_GPU}
_MB = 1_000_000
#: What the processes of a node need beside the largest run of ffmpeg.
_BESIDE_FFMPEG = 1000 * _MB
_DURATION = re.compile(r"^([0-9]+)(s|m)$")


def check(overlay: Overlay) -> Iterator[Problem]:
    """Settings that a service would refuse or never read, and sums that don't come out."""
    served: set[str] = set()
    nodes = 0
    for pod in overlay.pods:
        if pod.labels.get("app.kubernetes.io/name") != "reelyard":
            continue
        for what in _pod(overlay, pod):
            yield Problem(where=pod.where, what=what)
        read = _read(overlay, pod, optional=False)
        if isinstance(read, NodeSettings):
            nodes += 1
            served |= set(read.slots or ())
            for what in (*_room(pod, read), *_once(overlay, pod, read)):
                yield Problem(where=pod.where, what=what)
    yield from _one_secret_each(overlay)
    if nodes and (missing := sorted(_ALWAYS_SERVED - served)):
        yield Problem(where=overlay.name, what=f"no node serves {', '.join(missing)}")


def _one_secret_each(overlay: Overlay) -> Iterator[Problem]:
    """All pods of an installation take a name from the same Secret: a patch that misses one leaves it the other."""
    found: dict[str, dict[str, str]] = {}
    for pod in overlay.pods:
        for variable in _container(pod).get("env") or ():
            secret = dig(variable, "valueFrom", "secretKeyRef")
            if secret and _service(pod) in SERVICES:
                found.setdefault(variable["name"], {})[pod.where] = f"{secret['name']}[{secret['key']}]"
    for name, by_pod in found.items():
        if len(set(by_pod.values())) > 1:
            for where, secret in by_pod.items():
                yield Problem(where=where, what=f"{name} comes from {secret}, and elsewhere from another Secret")


def slots_of(overlay: Overlay, pod: Pod) -> Mapping[str, int]:
    """How many tasks of each queue a node's pod runs at once; nothing for other pods."""
    read = _read(overlay, pod, optional=False)
    return (read.slots or {}) if isinstance(read, NodeSettings) else {}


def _pod(overlay: Overlay, pod: Pod) -> Iterator[str]:
    container, service = _container(pod), _service(pod)
    if service not in SERVICES:
        yield f"args {container.get('args')}: the first is none of {', '.join(SERVICES)}"
        return
    cls, image = SERVICES[service]
    for optional in (True, False):
        read = _read(overlay, pod, optional=optional)
        if isinstance(read, SettingsError):
            yield from str(read).splitlines()
    own = {variable["name"]: variable for variable in container.get("env") or ()}
    shared = _shared(overlay, pod)
    readable = {info.name for info in describe(cls)}
    for name in sorted(set(own) - readable - _FOREIGN):
        yield f"{name} is not read by reelyard {service}"
    for name in sorted(set(shared) - {row.name for row in all_settings()}):
        yield f"{name} of its ConfigMap is read by no service"
    secret = {info.name for info in describe(cls) if info.secret}
    for name in sorted(secret & ({name for name, one in own.items() if "value" in one} | set(shared))):
        yield f"{name} is a secret and stands here in clear"
    yield from _image(pod, image)
    yield from _ports(overlay, pod, shared | {name: str(one.get("value", "")) for name, one in own.items()})


def _image(pod: Pod, wanted: str) -> Iterator[str]:
    image = str(_container(pod).get("image", ""))
    name, _, tag = image.partition("@")[0].rpartition(":")
    if name.rpartition("/")[2] != wanted:
        yield f"image {image} does not have reelyard {_service(pod)}; reelyard/{wanted} has"
    version = pod.labels.get("app.kubernetes.io/version")
    if "@" not in image and version != tag:
        yield f"label app.kubernetes.io/version is {version}, its image's tag {tag}"


def _ports(overlay: Overlay, pod: Pod, values: Mapping[str, str]) -> Iterator[str]:
    """Where the service listens against where its pod, and the Service before it, say that it does."""
    named = {port.get("name"): port["containerPort"] for port in pod.ports()}
    listens = {
        "metrics": values.get("REELYARD_METRICS_PORT"),
        "http": values.get("REELYARD_HTTP_PORT"),
        "grpc": (values.get("REELYARD_SCHEDULER_LISTEN") or "").rpartition(":")[2],
    }
    for name, number in named.items():
        if listens.get(str(name)) != str(number):
            yield f"port {name} is {number}, its setting says {listens.get(str(name)) or 'nothing'}"
    # Who scrapes, probes and calls comes to a pod's first address, which is one of IPv6 in some clusters
    hosts = {
        "http": ("REELYARD_HTTP_HOST", values.get("REELYARD_HTTP_HOST") or "127.0.0.1"),
        "grpc": ("REELYARD_SCHEDULER_LISTEN", (values.get("REELYARD_SCHEDULER_LISTEN") or "").rpartition(":")[0]),
    }
    for name, (setting, host) in hosts.items():
        if name in named and host.strip("[]") != EVERY_ADDRESS:
            yield f"{setting} is not {EVERY_ADDRESS}: port {name} may not be reached over IPv6 and IPv4 alike"
    address = values.get("REELYARD_SCHEDULER_ADDRESS")
    if address and _service(pod) in {"gateway", "node"} and not _is_service(overlay, address):
        yield f"REELYARD_SCHEDULER_ADDRESS {address} is no port of a Service here"
    endpoint = urlsplit(parse_qs(urlsplit(values.get("REELYARD_STORAGE_URL", "")).query).get("endpoint", [""])[0])
    if endpoint.hostname and "." not in endpoint.hostname and not _is_service(overlay, endpoint.netloc):
        yield f"REELYARD_STORAGE_URL: {endpoint.netloc} is no port of a Service here"


def _is_service(overlay: Overlay, address: str) -> bool:
    host, _, number = address.rpartition(":")
    service = overlay.find("Service", host.partition(".")[0])
    ports = service.get("spec", "ports", default=()) if service is not None else ()
    return any(str(port["port"]) == number for port in ports)


def _room(pod: Pod, settings: NodeSettings) -> Iterator[str]:
    """Memory and scratch against what the slots may take at their largest."""
    slots = settings.slots or {}
    limit = dig(_container(pod), "resources", "limits", default={})
    if settings.task_memory_mb and set(slots) != {Queue.DISTRIBUTE} and limit.get("memory"):
        needed = settings.task_memory_mb * _MB + _BESIDE_FFMPEG
        if needed > quantity(limit["memory"]):
            yield (
                f"REELYARD_TASK_MEMORY_MB {settings.task_memory_mb} and 1000 MB for the rest exceed "
                f"the limit of {limit['memory']}"
            )
    volume = next((one for one in pod.spec.get("volumes") or () if one["name"] == "scratch"), None)
    if volume is None:
        yield "no volume named scratch"
        return
    claimed = dig(volume, "ephemeral", "volumeClaimTemplate", "spec", "resources", "requests", "storage")
    room = claimed or dig(volume, "emptyDir", "sizeLimit")
    encodes = slots.get(Queue.ENCODE_CPU, 0) + slots.get(Queue.ENCODE_GPU, 0)
    largest = _MB * (
        settings.max_source_mb * (slots.get(Queue.INGEST, 0) + encodes)
        + settings.max_output_mb * (slots.get(Queue.STORE, 0) + encodes)
    )
    if room and largest > quantity(room):
        yield f"its slots may need {largest / 1e9:g} GB of scratch, the volume has {room}"
    disk = limit.get("ephemeral-storage")
    if not claimed and room and disk and quantity(room) >= quantity(disk):
        yield f"scratch of {room} does not fit into its limit of ephemeral-storage, {disk}"


def _once(overlay: Overlay, pod: Pod, settings: NodeSettings) -> Iterator[str]:
    once = "--once" in _container(pod).get("args", ())
    if once != (pod.owner.kind == "ScaledJob"):
        yield "--once belongs to nodes in a ScaledJob, and to them alone"
    if not once:
        return
    for monitor in overlay.of("PodMonitor"):
        if not selects(monitor.get("spec", "selector"), pod.labels):
            continue
        for interval in _intervals(monitor):
            if settings.once_linger_seconds <= interval:
                yield (
                    f"REELYARD_ONCE_LINGER_SECONDS {settings.once_linger_seconds:g} is not above the scrape interval "
                    f"of {interval} s: what the task counted may never be read"
                )


def _intervals(monitor: Object) -> Iterator[int]:
    for endpoint in monitor.get("spec", "podMetricsEndpoints", default=()):
        found = _DURATION.match(endpoint.get("interval", ""))
        if found:
            yield int(found[1]) * (60 if found[2] == "m" else 1)


def _container(pod: Pod) -> Mapping[str, Any]:
    return next(iter(pod.containers(with_init=False)), {})


def _service(pod: Pod) -> str:
    return str(next(iter(_container(pod).get("args") or ()), ""))


def _read(overlay: Overlay, pod: Pod, *, optional: bool) -> object:
    """The settings as the service would read them, with or without what Secrets need not have; or why it would not."""
    service = _service(pod)
    if service not in SERVICES:
        return None
    values = dict(_shared(overlay, pod))
    for variable in _container(pod).get("env") or ():
        name = variable["name"]
        if "value" in variable:
            values[name] = str(variable["value"])
        elif optional or not dig(variable, "valueFrom", "secretKeyRef", "optional"):
            values[name] = _SAMPLES.get(name, "a-value")
    try:
        return read_settings(SERVICES[service][0], {name: one for name, one in values.items() if name not in _FOREIGN})
    except SettingsError as error:
        return error


def _shared(overlay: Overlay, pod: Pod) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in _container(pod).get("envFrom") or ():
        config = overlay.find("ConfigMap", str(dig(source, "configMapRef", "name")))
        if config is not None:
            found |= config.get("data", default={}) or {}
    return found
