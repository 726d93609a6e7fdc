"""The labels by which people, policies and scrapes find our objects."""

from collections.abc import Iterator, Mapping

from deploy.check.objects import Overlay
from deploy.check.problem import Problem

#: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
REQUIRED = ("name", "instance", "component", "part-of", "managed-by")
PART_OF = "reelyard"
_COMPONENTS = frozenset({"gateway", "scheduler", "ingest", "deliver", "encoder", "migrate"})
#: Selectors of these can't be changed later, so they may hold only what never changes.
_FIXED_SELECTORS = ("Deployment", "StatefulSet")
_CHANGING = frozenset({"app.kubernetes.io/version", "app.kubernetes.io/managed-by"})


def check(overlay: Overlay) -> Iterator[Problem]:
    """Labels that are missing, of pods too, and selectors that an upgrade would break."""
    for item in overlay.objects:
        if item.labels.get("app.kubernetes.io/part-of") != PART_OF:
            yield Problem(where=item.where, what=f"label app.kubernetes.io/part-of is not {PART_OF}")
    for pod in overlay.pods:
        for what in _missing(pod.labels):
            yield Problem(where=pod.where, what=f"its pods have {what}")
    for item in overlay.of(*_FIXED_SELECTORS):
        wanted = item.get("spec", "selector", "matchLabels", default={})
        changing = sorted(_CHANGING & set(wanted))
        if changing:
            yield Problem(where=item.where, what=f"its selector holds {', '.join(changing)}, which changes")


def _missing(labels: Mapping[str, str]) -> Iterator[str]:
    ours = labels.get("app.kubernetes.io/name") == PART_OF
    for name in REQUIRED if ours else ("name", "part-of"):
        if not labels.get(f"app.kubernetes.io/{name}"):
            yield f"no label app.kubernetes.io/{name}"
    component = labels.get("app.kubernetes.io/component")
    if ours and component not in _COMPONENTS:
        yield f"the component {component!r}; valid is {', '.join(sorted(_COMPONENTS))}"
