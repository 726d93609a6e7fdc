"""Pod Security Standards, level "restricted", and what we ask beyond it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ lists the fields; the admission controller that
enforces them runs in a cluster only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.check.objects import Overlay, Pod, dig
from deploy.check.problem import Problem

LEVEL = "restricted"
_MODES = ("enforce", "audit", "warn")
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def check(overlay: Overlay) -> Iterator[Problem]:
    """What the level refuses, in every pod; and that the namespaces ask for it."""
    for namespace in overlay.of("Namespace"):
        for mode in _MODES:
            if namespace.labels.get(f"pod-security.kubernetes.io/{mode}") != LEVEL:
                yield Problem(where=namespace.where, what=f"label pod-security.kubernetes.io/{mode} is not {LEVEL}")
    for pod in overlay.pods:
        yield from (Problem(where=pod.where, what=what) for what in _pod(pod))


def _pod(pod: Pod) -> Iterator[str]:
    for member in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(member):
            yield f"{member} is set"
    for volume in pod.spec.get("volumes") or ():
        kinds = set(volume) - {"name"}
        if not kinds <= _VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed: {', '.join(sorted(kinds - _VOLUMES))}"
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false: no part of it calls the Kubernetes API"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: REELYARD_..._PORT variables of services would be refused as settings"
    outer = pod.spec.get("securityContext") or {}
    for container in pod.containers():
        yield from (f"container {container['name']}: {what}" for what in _container(container, outer))
        own = container.get("securityContext") or {}
        # Not of the level; images of others, as the small back ends are, need not be able to do it.
        if pod.labels.get("app.kubernetes.io/name") == "reelyard" and own.get("readOnlyRootFilesystem") is not True:
            yield f"container {container['name']}: readOnlyRootFilesystem is not true"


def _container(container: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext") or {}

    def either(*path: str) -> Any:
        return dig(own, *path, default=dig(outer, *path))

    added = set(dig(own, "capabilities", "add", default=()) or ())
    kept = {
        "privileged is set": not own.get("privileged"),
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is False,
        "capabilities.drop is not [ALL]": "ALL" in (dig(own, "capabilities", "drop", default=()) or ()),
        "capabilities are added": added <= {"NET_BIND_SERVICE"},
        "runAsNonRoot is not true": either("runAsNonRoot") is True,
        "runAsUser is 0 or not set": either("runAsUser") not in {0, None},
        "seccompProfile.type is not RuntimeDefault": either("seccompProfile", "type") in _SECCOMP,
        "a hostPort is set": not any(port.get("hostPort") for port in container.get("ports") or ()),
    }
    yield from (what for what, holds in kept.items() if not holds)
