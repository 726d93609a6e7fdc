"""The rules are correct in form: known names and labels, complete alerts, objectives that agree with each other."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from deploy.prometheus.rule_files import FOLDER, alerts, read_groups, rule_files, rules
from deploy.prometheus.rule_object import generated, rule_object, write
from reelyard.media.error_classes import ErrorClass, error_class
from reelyard.media.errors import ErrorCode
from tests.unit.deploy.rule_metrics import (
    OTHERS,
    SCRAPE_LABELS,
    children,
    database_gauges,
    nodes,
    own_metric_names,
    selectors,
)

DASHBOARDS = {f"reelyard-{name}" for name in ("overview", "queues", "nodes", "gpu", "api", "storage", "cost")}
EXPRESSIONS = [rule["expr"] for rule in rules(read_groups())]
RECORDED = {rule["record"] for rule in rules(read_groups()) if "record" in rule}


@pytest.mark.parametrize("file", rule_files(), ids=lambda file: file.stem)
def test_promtool_accepts_each_file(file: Path) -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", file], check=False, capture_output=True
    )

    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_the_committed_object_is_what_the_rule_files_make() -> None:
    for name, text in generated().items():
        assert (FOLDER / name).read_text() == text, f"{name} is old: make rules"


def test_the_object_holds_every_group_and_kubectl_takes_it_in() -> None:
    made = yaml.safe_load(generated()["prometheusrule.yaml"])

    assert (made["apiVersion"], made["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert made["spec"]["groups"] == read_groups()
    assert made["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_an_operator_may_say_where_the_runbooks_are(tmp_path: Path) -> None:
    write(tmp_path, runbooks="https://git.example.com/runbooks/")

    groups = yaml.safe_load((tmp_path / "prometheusrule.yaml").read_text())["spec"]["groups"]
    assert all(
        alert["annotations"]["runbook_url"] == f"https://git.example.com/runbooks/{alert['alert']}.md"
        for alert in alerts(groups)
    )
    assert rule_object(read_groups())["spec"]["groups"] == read_groups()


def test_every_name_and_label_exists() -> None:
    known = own_metric_names() | OTHERS
    for selector in chain.from_iterable(map(selectors, EXPRESSIONS)):
        if ":" in selector.name:
            assert selector.name in RECORDED
            continue
        assert selector.name in known
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= known[selector.name] | SCRAPE_LABELS, f"{selector.name} has no {asked - known[selector.name]}"


def test_what_is_grouped_by_is_there_to_be_grouped_by() -> None:
    known = own_metric_names() | OTHERS
    for node in chain.from_iterable(nodes(promql.parse(expression)) for expression in EXPRESSIONS):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            below = [each.name for each in nodes(node) if isinstance(each, promql.VectorSelector)]
            if not any(":" in name for name in below):
                there = frozenset[str]().union(*(known[name] for name in below)) | SCRAPE_LABELS
                assert set(node.modifier.labels) <= there


def test_what_every_scheduler_exports_is_never_summed() -> None:
    for parent in chain.from_iterable(nodes(promql.parse(expression)) for expression in EXPRESSIONS):
        for child in children(parent):
            if isinstance(child, promql.VectorSelector) and child.name in database_gauges():
                assert isinstance(parent, promql.AggregateExpr), f"{child.name} is not aggregated"
                assert str(parent.op) in {"max", "group"}, f"{child.name} is not aggregated with max"


def test_retries_and_clean_ups_that_wait_for_their_time_alert_nobody() -> None:
    asked = [s for e in EXPRESSIONS for s in selectors(e) if s.name == "reelyard_tasks"]

    assert asked
    for selector in asked:
        states = next(matcher.value for matcher in selector.matchers.matchers if matcher.name == "state")
        assert not re.fullmatch(states, "delayed")


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    every = list(alerts(read_groups()))

    assert len(every) > 40
    for alert in every:
        _complete(alert)


def _complete(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]

    assert alert["alert"].startswith("Reelyard")
    assert alert["labels"]["severity"] in {"page", "ticket", "info"}
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_uid"}
    assert notes["runbook_url"] == f"docs/runbooks/{alert['alert']}.md"
    assert notes["dashboard_uid"] in DASHBOARDS
    assert len(notes["summary"]) <= 140
    assert "\n" not in notes["description"].strip()


def test_dead_letters_of_users_and_receivers_are_theirs() -> None:
    (alert,) = (each for each in alerts(read_groups()) if each["alert"] == "ReelyardDeadLetters")
    theirs = next(m.value for s in selectors(alert["expr"]) for m in s.matchers.matchers if m.name == "reason")
    after_acceptance = [code for code in ErrorCode if code.value.partition("_")[0] in {"source", "delivery"}]
    of_tasks = [
        *after_acceptance,
        *(ErrorCode.INVALID_INPUT_URL, ErrorCode.INCOMPATIBLE_FORMAT, ErrorCode.CANCELLED, ErrorCode.NODE_LOST),
        *(ErrorCode.ENCODE_FAILED, ErrorCode.ENCODE_TIMEOUT, ErrorCode.STORAGE_FAILED, ErrorCode.INTERNAL_ERROR),
        ErrorCode.CODEC_UNAVAILABLE,
    ]

    for code in of_tasks:
        left_out = error_class(code) in {ErrorClass.USER_INPUT, ErrorClass.RECEIVER, ErrorClass.CANCELLED}
        assert bool(re.fullmatch(theirs, code)) is left_out, code


@pytest.mark.parametrize("file", [f for f in rule_files() if f.stem.startswith("slo-")], ids=lambda file: file.stem)
def test_an_objective_burns_by_the_workbook(file: Path) -> None:
    slo = file.stem.removeprefix("slo-").replace("-", "_")
    budget = {
        "api_availability": "0.001",
        "submit_latency": "0.01",
        "queue_wait": "0.05",
        "job_success": "0.005",
        "webhook_delivery": "0.001",
    }[slo]
    burns = [
        (each["labels"]["severity"], each["labels"]["window"], " ".join(each["expr"].split()))
        for each in alerts(read_groups([file]))
    ]

    def burn(severity: str, times: str, long: str, short: str) -> tuple[str, str, str]:
        of = f'{{slo="{slo}"}}'
        return (
            severity,
            long,
            (
                f"reelyard:slo_errors:ratio_rate{long}{of} > {times} * {budget}"
                f" and reelyard:slo_errors:ratio_rate{short}{of} > {times} * {budget}"
                f" and reelyard:slo_errors:increase{long}{of} >= 10"
            ),
        )

    assert burns == [burn("page", "14.4", "1h", "5m"), burn("page", "6", "6h", "30m"), burn("ticket", "1", "3d", "6h")]
    recorded = {rule["record"] for rule in rules(read_groups([file])) if "record" in rule}
    assert {f"reelyard:slo_errors:ratio_rate{window}" for window in ("5m", "30m", "1h", "6h", "3d")} <= recorded
