"""Each alert has a page that tells what to do, each page an alert, and what the pages say to type exists."""

import re
from pathlib import Path

import promql_parser as promql
import pytest
import typer

from deploy.prometheus.rule_files import FOLDER, RUNBOOKS, alerts, read_groups, rules
from reelyard.cli.main import app
from reelyard.cluster.setting_names import SETTING_NAMES
from tests.unit.deploy.rule_metrics import OTHERS, own_metric_names, selectors

ROOT = FOLDER.parents[1]
PAGES = sorted(path for path in (ROOT / RUNBOOKS).glob("*.md") if path.stem != "README")
NAMES = {alert["alert"] for alert in alerts(read_groups())}
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "It is over when"]
DEPLOYMENTS = {"gateway", "scheduler", "ingest", "deliver", "encoder-cpu", "encoder-gpu"}


def blocks(page: Path, language: str) -> list[str]:
    """The lines of a page's fenced blocks in one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in found for line in block.splitlines() if line.strip()]


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert {page.stem for page in PAGES} == NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_sections_and_something_to_type(page: Path) -> None:
    text = page.read_text()

    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert all(body.strip() for body in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:])
    diagnosis = text.partition("## Diagnosis")[2].partition("## Mitigation")[0]
    assert "```sh\n" in diagnosis
    assert len(text.splitlines()) < 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_queries_of_a_page_can_be_asked(page: Path) -> None:
    known = own_metric_names() | OTHERS
    recorded = {rule["record"] for rule in rules(read_groups()) if "record" in rule}
    for line in blocks(page, "promql"):
        promql.parse(line)
        for selector in selectors(line):
            assert selector.name in known or selector.name in recorded, line


@pytest.mark.parametrize("page", [*PAGES, ROOT / RUNBOOKS / "README.md"], ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    commands = set(typer.main.get_command(app).commands)
    in_code = re.findall(r"`([^`\n]+)`", text) + blocks(page, "sh")

    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    for setting in re.findall(r"\bREELYARD_[A-Z_]+", text):
        assert setting in SETTING_NAMES, setting
    for line in in_code:
        for command in re.findall(r"(?:^|-- )reelyard ([a-z]+)", line):
            assert command in commands, line
        for name in re.findall(r"deploy(?:ment)?/reelyard-([a-z-]+)", line):
            assert name in DEPLOYMENTS, line


def test_the_index_lists_every_alert_with_its_severities() -> None:
    text = (ROOT / RUNBOOKS / "README.md").read_text()
    severities: dict[str, list[str]] = {}
    for alert in alerts(read_groups()):
        severities.setdefault(alert["alert"], []).append(alert["labels"]["severity"])

    listed = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| ([a-z, ]+) \|$", text, re.MULTILINE))
    assert listed == {name: ", ".join(dict.fromkeys(each)) for name, each in severities.items()}
