"""The rule files as data: what the generator and the tests read."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
RULES = FOLDER / "rules"
TESTS = FOLDER / "tests"
#: Where an alert's runbook is, from the repository's root; `runbook_url` begins with it.
RUNBOOKS = "docs/runbooks/"


def rule_files() -> tuple[Path, ...]:
    """Every rule file, by name."""
    return tuple(sorted(RULES.glob("*.yaml")))


def read_groups(files: Sequence[Path] | None = None) -> list[dict[str, Any]]:
    """The rule groups of the given files, of all by default, in their order."""
    groups: list[dict[str, Any]] = []
    for file in rule_files() if files is None else files:
        groups += yaml.safe_load(file.read_text())["groups"]
    return groups


def rules(groups: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rules of some groups, alerts and recordings."""
    for group in groups:
        yield from group["rules"]


def alerts(groups: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The alerts of some groups; one name may have several, with other labels."""
    return (rule for rule in rules(groups) if "alert" in rule)
