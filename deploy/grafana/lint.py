"""The rules that every dashboard keeps, in the manner of Grafana's own linter and somewhat beyond.

Titles, descriptions, units; the data source by its variable; known metrics with labels that they have; rates of
counters alone, over `$__rate_interval`; the namespace by its variable; IDs, places on the grid, and variables.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from deploy.grafana.lint_expressions import HOUR, MONTH, Checker, Metric
from deploy.grafana.third_party import THIRD_PARTY

_GRID = 24
_LARGEST = 1 << 20  # bytes: what a ConfigMap may hold
_NO_QUERIES = frozenset({"text", "row"})
_VARIABLE = re.compile(r"\$\{?([a-z_]+)")
_LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LABEL_VALUES = re.compile(r"^label_values\((?P<selector>.+), (?P<label>\w+)\)$")
_OF_GRAFANA = re.compile(r"^__")
#: Objectives are about a month, whatever time is shown.
_OBJECTIVE = "SLO: "
#: A time that the reader didn't choose has to be told.
_HOUR_TOLD = "last hour"
#: Links between dashboards carry them; a dashboard need not use them itself.
_ALWAYS = frozenset({"datasource", "namespace"})


def known_metrics(own: Mapping[str, Metric]) -> dict[str, Metric]:
    """Ours and those of others."""
    others = {name: Metric(labels=labels, counts=name.endswith("_total")) for name, labels in THIRD_PARTY.items()}
    return others | dict(own)


def panels_of(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, rows and what lies in closed rows included."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels") or []


def lint(dashboard: Mapping[str, Any], metrics: Mapping[str, Metric], *, size: int = 0) -> list[str]:
    """What is wrong with a dashboard, one line each; `size` is that of its file in bytes."""
    findings = list(_page(dashboard))
    if size > _LARGEST:
        findings.append("larger than a ConfigMap can be")
    for panel in panels_of(dashboard):
        if panel["type"] != "row":
            findings += [f"{panel.get('title')}: {each}" for each in _panel(panel, metrics)]
    findings += _places(dashboard)
    findings += _variables(dashboard, metrics)
    return findings


def _page(dashboard: Mapping[str, Any]) -> Iterator[str]:
    for member in ("uid", "title", "description", "tags"):
        if not dashboard.get(member):
            yield f"the dashboard has no {member}"
    if dashboard.get("editable") is not False:
        yield "the dashboard can be edited, though its code is elsewhere"
    if "id" in dashboard:
        yield "the dashboard has an ID, which belongs to one Grafana"


def _panel(panel: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    for member in ("title", "description"):
        if not panel.get(member):
            yield f"no {member}"
    if panel["type"] in _NO_QUERIES:
        return
    logs = panel["type"] == "logs"
    if not logs and not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "no unit"
    source = "${logs}" if logs else "${datasource}"
    targets = panel.get("targets") or []
    if not targets:
        yield "no query"
    for asked in (panel, *targets):
        if (asked.get("datasource") or {}).get("uid") != source:
            yield f"a data source that is not {source}"
    references = [target["refId"] for target in targets]
    if len(set(references)) != len(references):
        yield "two queries with one reference"
    for target in targets:
        yield from _log_query(target["expr"]) if logs else _query(panel, target, metrics)


def _log_query(expression: str) -> Iterator[str]:
    if 'namespace=~"$namespace"' not in expression:
        yield "logs of every namespace"


def _query(panel: Mapping[str, Any], target: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    fixed = {MONTH, HOUR} if panel["title"].startswith(_OBJECTIVE) else set()
    if _HOUR_TOLD in panel["description"]:
        fixed.add(HOUR)
    checker = Checker(metrics, fixed=frozenset(fixed))
    labels = checker.check(target["expr"])
    yield from checker.findings
    for label in _LEGEND_LABEL.findall(target.get("legendFormat", "")):
        if label not in labels:
            yield f"the legend shows {label}, which the result does not have"
    for transformation in panel.get("transformations") or []:
        for column in transformation["options"].get("renameByName", {}):
            if column != "Value" and column not in labels:
                yield f"the table shows {column}, which the result does not have"
    if "_bucket{" in target["expr"] and target.get("range") and not target.get("exemplar"):
        yield "a histogram over time without exemplars"


def _places(dashboard: Mapping[str, Any]) -> Iterator[str]:
    panels = list(panels_of(dashboard))
    numbers = [panel["id"] for panel in panels]
    if len(set(numbers)) != len(numbers):
        yield "two panels with one ID"
    titles = [panel["title"] for panel in panels]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"two panels called {title}"
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > _GRID:
            yield f"{panel['title']}: beyond the right edge"
    for one, other in combinations(panels, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} and {other['title']} overlap"


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or below)


def _variables(dashboard: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    for name in sorted(_ALWAYS - set(variables)):
        yield f"no variable {name}"
    used = {name for panel in panels_of(dashboard) for name in _VARIABLE.findall(str(panel))}
    for name in sorted(used - set(variables)):
        if not _OF_GRAFANA.match(name):
            yield f"${name} is used and not there"
    for name in sorted(set(variables) - used - _ALWAYS):
        yield f"${name} is there and not used"
    for variable in variables.values():
        if variable["type"] == "query":
            yield from (f"${variable['name']}: {each}" for each in _variable(variable, metrics))


def _variable(variable: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Iterator[str]:
    if variable["datasource"]["uid"] != "${datasource}":
        yield "a data source that is not ${datasource}"
    if variable.get("allValue") != ".*":
        yield "All does not fit series without the label"
    asked = _LABEL_VALUES.match(variable["query"]["query"])
    if asked is None:
        yield "no label_values(selector, label)"
        return
    checker = Checker(metrics)
    labels = checker.check(asked["selector"])
    if variable["name"] != "namespace":  # its own values can't depend on it
        yield from checker.findings
    elif not set(asked["selector"].partition("{")[:1]) <= set(metrics):
        yield "unknown metric"
    if asked["label"] not in labels:
        yield f"values of {asked['label']}, which is not there"
