"""The rules as an object of the Prometheus operator (monitoring.coreos.com/v1, PrometheusRule).

kustomize can't wrap files in an object, so the object is generated and committed; `kustomization.yaml` beside it lets
a component take it in as a resource. A test holds both against the rule files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.prometheus.rule_files import FOLDER, RUNBOOKS, alerts, read_groups

OBJECT = "prometheusrule.yaml"
KUSTOMIZATION = "kustomization.yaml"
_HEAD = "# Generated from rules/*.yaml by `make rules`; edit those.\n"
#: kube-prometheus-stack takes only objects with its release's name as a label; other releases patch it.
_LABELS = {
    "app.kubernetes.io/name": "reelyard",
    "app.kubernetes.io/part-of": "reelyard",
    "app.kubernetes.io/component": "monitoring",
    "release": "kube-prometheus-stack",
}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that expressions stay readable."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def rule_object(groups: Sequence[Mapping[str, Any]], *, runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """The PrometheusRule of some groups; `runbooks` takes the place of `docs/runbooks/` in the alerts' links."""
    for alert in alerts(groups):
        notes = alert["annotations"]
        notes["runbook_url"] = runbooks + notes["runbook_url"].removeprefix(RUNBOOKS)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "reelyard", "labels": dict(_LABELS)},
        "spec": {"groups": list(groups)},
    }


def generated(*, runbooks: str = RUNBOOKS) -> dict[str, str]:
    """The generated files by name."""
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [OBJECT],
    }
    return {
        OBJECT: _HEAD + _dump(rule_object(read_groups(), runbooks=runbooks)),
        KUSTOMIZATION: _HEAD + _dump(kustomization),
    }


def write(folder: Path = FOLDER, *, runbooks: str = RUNBOOKS) -> None:
    """Write the generated files into a folder."""
    for name, text in generated(runbooks=runbooks).items():
        (folder / name).write_text(text)


def _dump(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
