"""Every name that one object uses of another: is there such a thing?

Secrets are not in the tree, so what a Secret must hold is read from the commands of deploy/k8s/README.md that make
it: a name or key that no command makes is a problem, as is a command for a Secret that nobody uses.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.check.objects import Object, Overlay, Pod, dig, mappings, selects
from deploy.check.problem import Problem
from deploy.check.render import ROOT

README = ROOT / "deploy" / "k8s" / "README.md"
#: Those that Kubernetes brings by itself.
_PRIORITIES = frozenset({"system-cluster-critical", "system-node-critical"})
#: `kubectl ... create secret generic NAME ...`, or `secret NAME ...` where the page has made that a function.
_CREATES_SECRET = re.compile(
    r"^(?:kubectl [^\n]*create secret generic|secret) ([a-z0-9.-]+)((?:[^\\\n]|\\\n)*)", re.MULTILINE
)
_CREATES_TLS = re.compile(r"^kubectl [^\n]*create secret tls ([a-z0-9.-]+) ", re.MULTILINE)
_FROM = re.compile(r"--from-(?:literal|file)=([A-Za-z0-9_.-]+)")


def check(overlay: Overlay) -> Iterator[Problem]:
    """References that lead nowhere."""
    secrets = documented_secrets() | _secrets_of_objects(overlay)
    for pod in overlay.pods:
        for what in (*_pod_names(overlay, pod), *_secrets(pod, secrets)):
            yield Problem(where=pod.where, what=what)
    for item in overlay.objects:
        for what in _object(overlay, item, secrets):
            yield Problem(where=item.where, what=what)
    yield from _twice(overlay)


def documented_secrets(readme: Path = README) -> dict[str, frozenset[str]]:
    """The Secrets that the README's commands make, with their keys."""
    text = readme.read_text("utf-8") if readme.exists() else ""
    found: dict[str, frozenset[str]] = {}
    for name, members in _CREATES_SECRET.findall(text):
        found[name] = found.get(name, frozenset()) | frozenset(_FROM.findall(members))
    return found | {name: frozenset({"tls.crt", "tls.key"}) for name in _CREATES_TLS.findall(text)}


def _secrets_of_objects(overlay: Overlay) -> dict[str, frozenset[str]]:
    """The Secrets that are rendered, and those that operators make (their documents name the keys)."""
    found = {
        item.name: frozenset({**(item.get("data") or {}), **(item.get("stringData") or {})})
        for item in overlay.of("Secret")
    }
    for cluster in overlay.of("Cluster"):
        found[f"{cluster.name}-app"] = frozenset(
            {"uri", "username", "password", "host", "port", "dbname", "jdbc-uri", "pgpass", "user"}
        )
    for cluster in overlay.of("RabbitmqCluster"):
        found[f"{cluster.name}-default-user"] = frozenset(
            {"username", "password", "host", "port", "connection_string", "default_user.conf", "provider", "type"}
        )
    return found


def _pod_names(overlay: Overlay, pod: Pod) -> Iterator[str]:
    account = pod.spec.get("serviceAccountName")
    if account and overlay.find("ServiceAccount", account) is None:
        yield f"ServiceAccount {account} is not there"
    priority = pod.spec.get("priorityClassName")
    if priority and priority not in _PRIORITIES and overlay.find("PriorityClass", priority) is None:
        yield f"PriorityClass {priority} is not there"
    for place in mappings(pod.spec):
        reference = place.get("configMapKeyRef") or place.get("configMapRef") or place.get("configMap")
        if isinstance(reference, Mapping) and reference.get("name") and not reference.get("optional"):
            yield from _config(overlay, reference)
        claim = dig(place, "persistentVolumeClaim", "claimName")
        if claim and overlay.find("PersistentVolumeClaim", claim) is None:
            yield f"PersistentVolumeClaim {claim} is not there"
    yield from _mounts(pod)
    yield from _probe_ports(pod)


def _config(overlay: Overlay, reference: Mapping[str, Any]) -> Iterator[str]:
    config = overlay.find("ConfigMap", reference["name"])
    if config is None:
        yield f"ConfigMap {reference['name']} is not there"
        return
    held = {*(config.get("data") or {}), *(config.get("binaryData") or {})}
    wanted = {reference["key"]} if "key" in reference else {item["key"] for item in reference.get("items") or ()}
    for key in sorted(wanted - held):
        yield f"ConfigMap {reference['name']} has no key {key}"


def _mounts(pod: Pod) -> Iterator[str]:
    volumes = {volume["name"] for volume in pod.spec.get("volumes") or ()}
    volumes |= {claim["metadata"]["name"] for claim in pod.owner.get("spec", "volumeClaimTemplates", default=()) or ()}
    used = {mount["name"] for one in pod.containers() for mount in one.get("volumeMounts") or ()}
    for name in sorted(used - volumes):
        yield f"volume {name} is mounted and not there"
    for name in sorted(volumes - used):
        yield f"volume {name} is there and not mounted"


def _probe_ports(pod: Pod) -> Iterator[str]:
    for container in pod.containers():
        ports = container.get("ports") or ()
        known = {port.get("name") for port in ports} | {port["containerPort"] for port in ports}
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            for kind in ("httpGet", "grpc", "tcpSocket"):
                port = dig(container, probe, kind, "port")
                if port is not None and port not in known:
                    yield f"container {container['name']}: {probe} asks port {port}, which it does not have"


def _secrets(pod: Pod, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for place in mappings(pod.spec):
        for member in ("secretKeyRef", "secretRef", "secret"):
            reference = place.get(member)
            if not isinstance(reference, Mapping):
                continue
            name = str(reference.get("name") or reference.get("secretName"))
            if name not in known:
                if not reference.get("optional"):
                    yield f"Secret {name}: no command of deploy/k8s/README.md and no object makes it"
            elif "key" in reference and reference["key"] not in known[name]:
                yield f"Secret {name} has no key {reference['key']}"


def _object(overlay: Overlay, item: Object, secrets: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for ask in _OF_KIND.get(item.kind, ()):
        yield from ask(overlay, item)
    for reference in item.get("spec", "secretTargetRef", default=()) or ():  # of a TriggerAuthentication
        if reference["key"] not in secrets.get(reference["name"], ()):
            yield f"Secret {reference['name']} with key {reference['key']} is not there"
    for certificate in item.get("spec", "tls", default=()) or ():  # of an Ingress
        if item.kind == "Ingress" and "tls.crt" not in secrets.get(certificate.get("secretName", ""), ()):
            yield f"Secret {certificate.get('secretName')} of the certificate: deploy/k8s/README.md says nothing of it"


def _own_pods(_overlay: Overlay, item: Object) -> Iterator[str]:
    if item.pod is not None and not selects(item.get("spec", "selector"), item.pod.labels):
        yield "its selector does not take its own pods"


def _service(overlay: Overlay, item: Object) -> Iterator[str]:
    selector = item.get("spec", "selector")
    if not selector:
        return
    pods = [pod for pod in overlay.pods if selects({"matchLabels": selector}, pod.labels)]
    if not pods:
        yield "its selector takes no pods"
    for port in item.get("spec", "ports", default=()):
        target = port.get("targetPort", port["port"])
        for pod in pods:
            if not any(target in {own.get("name"), own["containerPort"]} for own in pod.ports()):
                yield f"port {target} is none of {pod.owner.kind}/{pod.owner.name}"
            named = {own.get("name"): own["containerPort"] for own in pod.ports()}
            if port.get("name") in named and target not in {port["name"], named[port["name"]]}:
                yield f"port {port['name']} leads to {target}, and the pods have a port {port['name']}"
            # Clients of a headless Service come to the pods themselves: nothing turns one port into another.
            headless = item.get("spec", "clusterIP") == "None"
            if headless and port["port"] not in {own["containerPort"] for own in pod.ports()}:
                yield f"is headless, and {pod.owner.kind}/{pod.owner.name} does not listen on {port['port']}"


def _selects_pods(overlay: Overlay, item: Object) -> Iterator[str]:
    selector = item.get("spec", "podSelector" if item.kind == "NetworkPolicy" else "selector")
    if selector and not any(selects(selector, pod.labels) for pod in _all_pods(overlay)):
        yield "its selector takes no pods"


def _all_pods(overlay: Overlay) -> Iterator[Pod]:
    """The pods of the overlay, and those that operators make of their custom resources, as their documents say."""
    yield from overlay.pods
    for cluster in overlay.of("Cluster"):
        yield _made_pod(cluster, {"cnpg.io/cluster": cluster.name, "cnpg.io/podRole": "instance"}, "metrics", 9187)
    for cluster in overlay.of("RabbitmqCluster"):
        labels = {"app.kubernetes.io/name": cluster.name, "app.kubernetes.io/component": "rabbitmq"}
        yield _made_pod(cluster, labels, "prometheus", 15692)


def _made_pod(owner: Object, labels: Mapping[str, str], port: str, number: int) -> Pod:
    container = {"name": "main", "ports": [{"name": port, "containerPort": number}]}
    return Pod(owner, {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container]}})


def _pod_monitor(overlay: Overlay, item: Object) -> Iterator[str]:
    pods = [pod for pod in _all_pods(overlay) if selects(item.get("spec", "selector"), pod.labels)]
    if not pods:
        yield "its selector takes no pods"
    for endpoint in item.get("spec", "podMetricsEndpoints", default=()):
        if not any(port.get("name") == endpoint["port"] for pod in pods for port in pod.ports()):
            yield f"none of its pods has a port {endpoint['port']}"


def _service_monitor(overlay: Overlay, item: Object) -> Iterator[str]:
    services = [one for one in overlay.of("Service") if selects(item.get("spec", "selector"), one.labels)]
    if not services:
        yield "its selector takes no services"
    for endpoint in item.get("spec", "endpoints", default=()):
        if not any(port.get("name") == endpoint["port"] for one in services for port in one.get("spec", "ports")):
            yield f"none of its services has a port {endpoint['port']}"


def _scaled(overlay: Overlay, item: Object) -> Iterator[str]:
    target = item.get("spec", "scaleTargetRef", default={})
    kind = target.get("kind", "Deployment")
    found = overlay.find(kind, target.get("name", ""))
    if found is None:
        yield f"scaleTargetRef: {kind} {target.get('name')} is not there"
    elif found.get("spec", "replicas") is not None:
        yield f"{kind} {found.name} has spec.replicas, which every apply would reset"


def _authentications(overlay: Overlay, item: Object) -> Iterator[str]:
    for trigger in item.get("spec", "triggers", default=()):
        name = dig(trigger, "authenticationRef", "name")
        if name and overlay.find("TriggerAuthentication", name) is None:
            yield f"TriggerAuthentication {name} is not there"


def _backends(overlay: Overlay, item: Object) -> Iterator[str]:
    for place in mappings(item.get("spec")):
        service = place.get("service")
        if isinstance(service, Mapping):
            yield from _backend(
                overlay, service["name"], dig(service, "port", "name") or dig(service, "port", "number")
            )
        for backend in place.get("backendRefs") or ():
            yield from _backend(overlay, backend["name"], backend.get("port"))


def _hosts(overlay: Overlay, item: Object) -> Iterator[str]:
    """The host that clients are told in URLs is the one that they come in by."""
    named = {one.get("host") for one in item.get("spec", "rules", default=())} - {None}
    named |= {host for one in item.get("spec", "tls", default=()) or () for host in one.get("hosts") or ()}
    named |= set(item.get("spec", "hostnames", default=()))
    for config in overlay.of("ConfigMap"):
        public = (config.get("data", default={}) or {}).get("REELYARD_PUBLIC_URL")
        if public and named != {urlsplit(public).hostname}:
            yield f"its hosts {', '.join(sorted(named)) or 'are none'}, but REELYARD_PUBLIC_URL is {public}"


def _backend(overlay: Overlay, name: str, port: str | int | None) -> Iterator[str]:
    service = overlay.find("Service", name)
    if service is None:
        yield f"Service {name} is not there"
    elif not any(port in {own.get("name"), own["port"]} for own in service.get("spec", "ports")):
        yield f"Service {name} has no port {port}"


def _twice(overlay: Overlay) -> Iterator[Problem]:
    seen: set[tuple[str, str, str]] = set()
    for item in overlay.objects:
        identity = (item.kind, item.namespace, item.name)
        if identity in seen:
            yield Problem(where=item.where, what="is there twice")
        seen.add(identity)


#: What is asked of each kind's own references.
_OF_KIND: Mapping[str, tuple[Callable[[Overlay, Object], Iterator[str]], ...]] = {
    "Service": (_service,),
    "Deployment": (_own_pods,),
    "StatefulSet": (_own_pods,),
    "PodDisruptionBudget": (_selects_pods,),
    "NetworkPolicy": (_selects_pods,),
    "PodMonitor": (_pod_monitor,),
    "ServiceMonitor": (_service_monitor,),
    "ScaledObject": (_scaled, _authentications),
    "ScaledJob": (_authentications,),
    "HorizontalPodAutoscaler": (_scaled,),
    "Ingress": (_backends, _hosts),
    "HTTPRoute": (_backends, _hosts),
}
