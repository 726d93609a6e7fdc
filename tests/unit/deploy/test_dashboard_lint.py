"""A dashboard that is right, broken in one place at a time: the linter objects, and says to what."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy.grafana.__main__ import rendered
from deploy.grafana.lint import known_metrics, lint
from tests.unit.deploy.own_metrics import own_metrics

METRICS = known_metrics(own_metrics())
NS = 'namespace=~"$namespace"'


def dashboard(name: str = "reelyard-nodes") -> dict[str, Any]:
    return json.loads(rendered()[f"{name}.json"])


def panel(of: dict[str, Any], title: str = "Stages, p95") -> dict[str, Any]:
    return next(each for each in of["panels"] if each["title"] == title)


def test_unbroken_there_is_nothing() -> None:
    assert lint(dashboard(), METRICS) == []


@pytest.mark.parametrize(
    ("expression", "finding"),
    [
        (f"sum(rate(reelyard_no_such_total{{{NS}}}[$__rate_interval]))", "unknown metric reelyard_no_such_total"),
        (f"reelyard_encoder_slots{{{NS}, codec='x'}}", "reelyard_encoder_slots has no label codec"),
        (f"sum by (customer) (reelyard_encoder_slots{{{NS}}})", "grouped by customer, which is not there"),
        (f"sum by (queue) (sum by (accelerator) (reelyard_encoder_slots{{{NS}}}))", "grouped by queue"),
        (f"sum(reelyard_encode_stalls_total{{{NS}}})", "reelyard_encode_stalls_total only grows"),
        (
            f"histogram_quantile(0.9, sum by (le) (reelyard_drain_duration_seconds_bucket{{{NS}}}))",
            "reelyard_drain_duration_seconds_bucket only grows",
        ),
        (f"rate(reelyard_encoder_slots{{{NS}}}[$__rate_interval])", "rate of reelyard_encoder_slots, which is a gauge"),
        (f"rate(reelyard_encode_stalls_total{{{NS}}}[5m])", "over a fixed time"),
        (f"increase(reelyard_encode_stalls_total{{{NS}}}[30d])", "over a fixed time"),
        (f"rate(reelyard_encode_stalls_total{{{NS}}}[$__range])", "over a fixed time"),
        ("reelyard_encoder_slots", 'asked without namespace=~"$namespace"'),
        ('reelyard_encoder_slots{namespace="reelyard"}', "asked for a fixed namespace"),
        (f"sum(reelyard_encoder_slots{{{NS}}}", "no PromQL"),
        (f"sum by (pod) (up{{{NS}}}) * on (codec) sum by (codec) (reelyard_capability_selftest{{{NS}}})", "matched on"),
        (
            f"reelyard_encode_stalls_total{{{NS}}} unless last_over_time(reelyard_encode_stalls_total{{{NS}}}[1h])",
            "reelyard_encode_stalls_total only grows",
        ),
    ],
)
def test_a_wrong_query_is_found(expression: str, finding: str) -> None:
    broken = dashboard()
    panel(broken)["targets"][0].update(expr=expression, legendFormat="")

    found = lint(broken, METRICS)

    assert any(each.startswith("Stages, p95: ") and finding in each for each in found), found


def change(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda broken: panel(broken).update(members)


def change_target(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda broken: panel(broken)["targets"][0].update(members)


def without_unit(broken: dict[str, Any]) -> None:
    del panel(broken)["fieldConfig"]["defaults"]["unit"]


def onto_another(broken: dict[str, Any]) -> None:
    panel(broken)["gridPos"] = dict(broken["panels"][1]["gridPos"])


def without_variable(name: str) -> Callable[[dict[str, Any]], None]:
    def drop(broken: dict[str, Any]) -> None:
        listed = broken["templating"]["list"]
        broken["templating"]["list"] = [each for each in listed if each["name"] != name]

    return drop


def with_variable_query(query: str) -> Callable[[dict[str, Any]], None]:
    def put(broken: dict[str, Any]) -> None:
        next(each for each in broken["templating"]["list"] if each["name"] == "queue")["query"]["query"] = query

    return put


def with_unused_variable(broken: dict[str, Any]) -> None:
    broken["templating"]["list"].append({"name": "region", "type": "textbox"})


@pytest.mark.parametrize(
    ("breaks", "finding"),
    [
        (change(title=""), "no title"),
        (change(description=""), "no description"),
        (change(targets=[]), "no query"),
        (without_unit, "no unit"),
        (change(datasource={"uid": "prometheus", "type": "prometheus"}), "a data source that is not ${datasource}"),
        (change_target(datasource={"uid": "prometheus"}), "a data source that is not ${datasource}"),
        (change_target(legendFormat="{{customer}}"), "the legend shows customer"),
        (change_target(exemplar=False), "a histogram over time without exemplars"),
        (change(id=1), "two panels with one ID"),
        (change(title="Slots in use by node"), "two panels called Slots in use by node"),
        (change(gridPos={"x": 20, "y": 900, "w": 8, "h": 8}), "beyond the right edge"),
        (onto_another, "overlap"),
        (without_variable("accelerator"), "$accelerator is used and not there"),
        (without_variable("namespace"), "no variable namespace"),
        (with_unused_variable, "$region is there and not used"),
        (with_variable_query("label_values(reelyard_nothing, queue)"), "unknown metric reelyard_nothing"),
        (with_variable_query(f"label_values(reelyard_tasks{{{NS}}}, codec)"), "values of codec, which is not there"),
        (with_variable_query("label_values(queue)"), "no label_values"),
        (lambda broken: broken.update(editable=True), "can be edited"),
        (lambda broken: broken.update(description=""), "the dashboard has no description"),
        (lambda broken: broken.update(id=12), "which belongs to one Grafana"),
    ],
)
def test_a_wrong_page_is_found(breaks: Callable[[dict[str, Any]], None], finding: str) -> None:
    broken = dashboard()
    breaks(broken)

    found = lint(broken, METRICS)

    assert any(finding in each for each in found), found


def test_what_a_config_map_can_not_hold_is_found() -> None:
    assert lint(dashboard(), METRICS, size=2**20 + 1) == ["larger than a ConfigMap can be"]


def test_panels_of_closed_rows_are_looked_at() -> None:
    broken = dashboard("reelyard-overview")
    row = next(each for each in broken["panels"] if each.get("collapsed"))
    row["panels"][0]["targets"][0]["expr"] = '{app="reelyard"}'

    assert lint(broken, METRICS) == [
        "Log of one job: logs of every namespace",
        "$job_id is there and not used",
    ]


def test_a_table_may_only_name_columns_that_there_are() -> None:
    broken = dashboard()
    panel(broken, "Versions")["transformations"][0]["options"]["renameByName"]["customer"] = "Customer"

    assert lint(broken, METRICS) == ["Versions: the table shows customer, which the result does not have"]
