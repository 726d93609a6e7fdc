"""What the pages for operators name is there: panels, commands, settings."""

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from reelyard.cli.main import app
from reelyard.cluster.setting_names import SETTING_NAMES

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / "docs" / "operations.md",
    ROOT / "docs" / "upgrading.md",
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
]
PANEL = re.compile(r"`(Reelyard / [^:`]+): ([^`]+)`")
COMMAND = re.compile(r"`(?:\.venv/bin/)?reelyard ([a-z][a-z -]*?)(?=[ `](?:[A-Z0-9\[]|--|-|`)|`)")
SETTING = re.compile(r"\bREELYARD_[A-Z_]+\b")


def panels() -> set[tuple[str, str]]:
    found = set()
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            for each in (panel, *panel.get("panels", ())):
                found.add((board["title"], each.get("title")))
    return found


def test_every_panel_that_is_named_exists() -> None:
    named = {pair for page in PAGES for pair in PANEL.findall(page.read_text())}

    assert len(named) > 30
    assert named - panels() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_and_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    commands = get_command(app)
    known = set(commands.commands)  # type: ignore[attr-defined]

    assert {words.split()[0] for words in COMMAND.findall(text)} - known == set()
    assert set(SETTING.findall(text)) - SETTING_NAMES == set()


def test_the_ten_questions_are_answered() -> None:
    headings = re.findall(r"^## (\d+)\. (.+\?)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)

    assert [int(number) for number, _ in headings] == list(range(1, 11))
