"""The committed dashboards: fresh, without findings of the linter, complete."""

import json
import re

import pytest
import yaml

from deploy.grafana.__main__ import FOLDER, rendered
from deploy.grafana.lint import known_metrics, lint, panels_of
from deploy.grafana.lint_expressions import parse, selectors
from deploy.grafana.runbooks import RUNBOOKS
from deploy.grafana.third_party import THIRD_PARTY
from tests.unit.deploy.own_metrics import buckets, own_metrics, registered

UIDS = {f"reelyard-{name}" for name in ("overview", "queues", "nodes", "gpu", "api", "storage", "cost")}
ROOT = FOLDER.parents[2]
FILES = sorted(FOLDER.glob("*.json"))
#: Metrics that no panel asks for, each with the reason.
NOT_SHOWN: dict[str, str] = {}


def expressions() -> list[str]:
    return [
        target["expr"]
        for path in FILES
        for panel in panels_of(json.loads(path.read_text()))
        for target in panel.get("targets", [])
        if panel["type"] != "logs"
    ]


def test_the_seven_are_there() -> None:
    assert {path.stem for path in FILES} == UIDS
    assert {json.loads(path.read_text())["uid"] for path in FILES} == UIDS


def test_the_files_are_what_the_code_makes() -> None:
    """Run `make dashboards` when this fails."""
    made = rendered()

    assert {path.name: path.read_text() for path in FILES} == made
    assert made == rendered()  # made twice, it is the same to the byte


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_linter_finds_nothing(path) -> None:
    text = path.read_bytes()

    assert lint(json.loads(text), known_metrics(own_metrics()), size=len(text)) == []


def test_every_bucket_that_is_asked_for_is_there() -> None:
    known = buckets()
    asked = {
        (selector.name, matcher.value)
        for expression in expressions()
        for selector in selectors(parse(expression))
        for matcher in selector.matchers.matchers
        if matcher.name == "le"
    }

    assert len(asked) == 3  # those of the objectives
    assert [(name, bound) for name, bound in asked if bound not in known[name]] == []


def test_every_metric_of_ours_is_on_some_panel() -> None:
    asked = {selector.name for expression in expressions() for selector in selectors(parse(expression))}
    shown = {re.sub("_(bucket|sum|count|total)$", "", name) for name in asked}

    missing = {re.sub("_total$", "", name) for name in registered()} - shown

    assert missing == set(NOT_SHOWN)


def test_every_foreign_metric_that_is_allowed_is_asked_for() -> None:
    asked = {selector.name for expression in expressions() for selector in selectors(parse(expression))}

    assert sorted(set(THIRD_PARTY) - asked) == []


def test_each_dashboard_is_a_config_map_for_grafana() -> None:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())

    options = kustomization["generatorOptions"]
    files = [each["files"] for each in kustomization["configMapGenerator"]]

    assert options["labels"]["grafana_dashboard"] == "1"
    assert options["disableNameSuffixHash"] is True
    assert sorted(files) == [[path.name] for path in FILES]


def test_every_page_that_a_panel_names_is_there() -> None:
    boards = [json.loads(path.read_text()) for path in FILES]
    panels = [panel for board in boards for panel in panels_of(board) if panel["type"] != "row"]
    named = {page for panel in panels for page in re.findall(r"docs/[\w/-]+\.md", json.dumps(panel))}

    assert set(RUNBOOKS) <= {panel["title"] for panel in panels}
    assert len(named) > len(set(RUNBOOKS.values()))
    assert sorted(page for page in named if not (ROOT / page).is_file()) == []
