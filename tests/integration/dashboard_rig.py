"""What the dashboards are tried with: a real Prometheus over a real cluster, and every query of every panel."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.grafana.__main__ import FOLDER
from deploy.grafana.lint import panels_of
from deploy.local.prometheus import Prometheus, Target
from tests.e2e.services import Cluster

NAMESPACE = "reelyard-test"
#: Longer than the test, so that all that happened in it lies within.
WINDOW = "10m"
_VARIABLES = {
    "$__rate_interval": WINDOW,
    "$__range": WINDOW,
    "$namespace": NAMESPACE,
    "$queue": ".*",
    "$accelerator": ".*",
}
_BROKER_FAMILIES = ("queue_coarse_metrics", "queue_consumer_count")


@dataclass(frozen=True)
class Asked:
    """One query of a panel, and the series that Prometheus gave."""

    uid: str
    title: str
    reference: str
    expression: str
    series: list[dict[str, Any]]

    @property
    def has_data(self) -> bool:
        """Whether there is a number to show; NaN is none."""
        return any(not math.isnan(float(each["value"][1])) for each in self.series)

    def __str__(self) -> str:
        return f"{self.uid} / {self.title} / {self.reference}: {self.expression}"


def targets(cluster: Cluster) -> list[Target]:
    """Every process of the cluster, with the labels that a PodMonitor of Kubernetes would give it."""
    found = []
    for name, port in cluster.metrics.items():
        address = f"127.0.0.1:{port}"
        if name == "rabbitmq":
            labels = {"namespace": "rabbitmq", "pod": name}
            # As the operator's monitor does: the numbers of each queue are at another path.
            found.append(Target(address, labels | {"job": name}))
            detailed = {"family": _BROKER_FAMILIES}
            found.append(Target(address, labels | {"job": f"{name}-queues"}, "/metrics/detailed", detailed))
        else:
            labels = {"namespace": NAMESPACE, "pod": f"reelyard-{name}", "job": f"reelyard-{name.split('-')[0]}"}
            found.append(Target(address, labels))
    return found


@contextmanager
def watched(cluster: Cluster) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the cluster every second."""
    with Prometheus(targets(cluster), interval_s=1) as running:
        yield running


def filled(expression: str) -> str:
    """The expression as Grafana sends it."""
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression


def dashboards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def ask_everything(prometheus: Prometheus) -> list[Asked]:
    """Every query of every panel, asked now."""
    return [
        Asked(
            board["uid"],
            panel["title"],
            target["refId"],
            filled(target["expr"]),
            prometheus.query(filled(target["expr"])),
        )
        for board in dashboards()
        for panel in panels_of(board)
        for target in panel.get("targets", [])
        if panel["type"] != "logs"
    ]


def report(asked: list[Asked], excused: Mapping[str, str]) -> list[str]:
    """The queries without data that nothing in `excused` (a pattern of the expression, and why) is about."""
    return [
        str(each)
        for each in asked
        if not each.has_data and not any(re.search(pattern, each.expression) for pattern in excused)
    ]


def variable_values(prometheus: Prometheus) -> dict[str, dict[str, list[str]]]:
    """What each variable of each dashboard offers."""
    return {
        board["uid"]: {
            each["name"]: _values(prometheus, each["query"]["query"])
            for each in board["templating"]["list"]
            if each["type"] == "query"
        }
        for board in dashboards()
    }


def _values(prometheus: Prometheus, query: str) -> list[str]:
    selector, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
    values: list[str] = prometheus.get(f"label/{label}/values", **{"match[]": filled(selector)})
    return values
