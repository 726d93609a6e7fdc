"""promtool's tests show each alert firing and not firing, and notice when a rule is broken."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prometheus.rule_files import TESTS, alerts, read_groups, rule_files
from tests.unit.deploy.rule_metrics import selectors

ALERTS = sorted({alert["alert"] for alert in alerts(read_groups())})
TEST_FILES = sorted(TESTS.glob("*.yaml"))


def promtool(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(file: Path) -> None:
    done = promtool(file)

    assert done.returncode == 0, done.stdout + done.stderr


def expectations() -> dict[str, list[list[Any]]]:
    """For each alert, what is expected at each look."""
    found = defaultdict(list)
    for file in TEST_FILES:
        for test in read(file)["tests"]:
            for look in test["alert_rule_test"]:
                found[look["alertname"]].append(look["exp_alerts"])
    return found


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_seen_firing_and_not_firing(name: str) -> None:
    looks = expectations()[name]

    assert any(looks), "never seen firing"
    assert any(not look for look in looks), "never seen silent"


def test_no_test_is_about_an_alert_that_is_not_there() -> None:
    assert set(expectations()) == set(ALERTS)


Change = Callable[[dict[str, Any]], bool]


def misname(rule: dict[str, Any]) -> bool:
    """Ask for a metric that nobody exports."""
    name = selectors(rule["expr"])[0].name
    rule["expr"] = rule["expr"].replace(name, f"{name}_renamed")
    return True


def hasten(rule: dict[str, Any]) -> bool:
    """Fire at once, where the rule waits."""
    return rule.pop("for", None) is not None


#: What each threshold is, and what is just beyond it.
SHIFTS = (
    ("ReelyardApiErrorBudgetBurn", "14.4 *", "13.9 *"),
    ("ReelyardApiErrorBudgetBurn", ">= 10", ">= 8"),
    ("ReelyardSubmitLatencyBudgetBurn", "14.4 *", "13.9 *"),
    ("ReelyardQueueWaitBudgetBurn", "14.4 *", "13.9 *"),
    ("ReelyardJobSuccessBudgetBurn", ">= 10", ">= 9"),
    ("ReelyardWebhookBudgetBurn", "14.4 *", "13.9 *"),
    ("ReelyardQueueStuck", "> 900", ">= 900"),
    ("ReelyardQueueOldestTaskTooOld", "> 7200", ">= 7200"),
    ("ReelyardQueueGrowing", "> 600", "> 400"),
    ("ReelyardQueueNoConsumers", "ingest|distribute", "ingest|distribute|encode.gpu"),
    ("ReelyardQueueNoCapacity", "> 600", ">= 600"),
    ("ReelyardHintsUnclaimed", "> 120", ">= 120"),
    ("ReelyardLeasesExpiring", "> 10", ">= 10"),
    ("ReelyardRetryStorm", "> 0.25", ">= 0.25"),
    ("ReelyardRetryStorm", ">= 20", ">= 10"),
    ("ReelyardEncodeSlow", "< 0.6", "< 0.8"),
    ("ReelyardEncodeStalls", ">= 5", ">= 4"),
    ("ReelyardScratchNearlyFull", "> 0.9", ">= 0.9"),
    ("ReelyardGpuSessionsNearLimit", ">= 0.9", ">= 0.8"),
    ("ReelyardGpuSessionsRefused", ">= 3", ">= 2"),
    ("ReelyardGpuXid", "!= 31", "!= 30"),
    ("ReelyardStorageErrors", ">= 10", ">= 9"),
    ("ReelyardWebhookBacklog", "> 500", ">= 500"),
    ("ReelyardNotificationsRefused", "> 0.5", ">= 0.5"),
    ("ReelyardDeliveriesFailing", "> 0.5", ">= 0.5"),
    ("ReelyardUpkeepOverdue", "> 900", ">= 900"),
    ("ReelyardVersionSkew", "> 1", ">= 1"),
    ("ReelyardKedaScalerErrors", "> 2", "> 1"),
    ("ReelyardAtMaxReplicas", ">= max", ">= 0.9 * max"),
    ("ReelyardCostPerMinuteHigh", "> 3", "> 1.5"),
)
#: One shift an alert; whoever has two of them gets the second one in a run of its own.
FIRST = {name: (old, new) for name, old, new in reversed(SHIFTS)}
SECOND = {name: (old, new) for name, old, new in SHIFTS if FIRST[name] != (old, new)}


def shift(shifts: Mapping[str, tuple[str, str]]) -> Change:
    """Move a number of each alert to just beyond its near miss."""

    def change(rule: dict[str, Any]) -> bool:
        old, new = shifts.get(rule["alert"], ("", ""))
        if not old or old not in rule["expr"]:
            return False
        rule["expr"] = rule["expr"].replace(old, new)
        return True

    return change


def unnoticed(suite: Path, folder: Path, breaks: Change) -> set[str]:
    """The alerts of a test file that are broken, and of which promtool does not say that they fail."""
    broken = set()
    (folder / "rules").mkdir()
    (folder / "tests").mkdir()
    tested = {look["alertname"] for test in read(suite)["tests"] for look in test["alert_rule_test"]}
    for file in rule_files():
        groups = read_groups([file])
        broken |= {rule["alert"] for rule in alerts(groups) if rule["alert"] in tested and breaks(rule)}
        (folder / "rules" / file.name).write_text(yaml.safe_dump({"groups": groups}))
    copy = folder / "tests" / suite.name
    copy.write_text(suite.read_text())
    said = promtool(copy).stderr if broken else ""
    return broken - set(re.findall(r"^ *alertname: (\w+),", said, re.MULTILINE))


def read(suite: Path) -> Any:
    return yaml.safe_load(suite.read_text())


@pytest.mark.parametrize("breaks", [misname, hasten, shift(FIRST), shift(SECOND)], ids=["name", "for", "one", "other"])
@pytest.mark.parametrize("suite", TEST_FILES, ids=lambda file: file.stem)
def test_a_broken_rule_is_noticed(suite: Path, breaks: Change, tmp_path: Path) -> None:
    """Every alert of the file at once: promtool has to complain of each."""
    assert unnoticed(suite, tmp_path, breaks) == set()


def test_every_shift_is_of_a_number_that_is_there() -> None:
    expressions = {(alert["alert"], alert["expr"]) for alert in alerts(read_groups())}

    for name, old, _ in SHIFTS:
        assert any(name == alert and old in expression for alert, expression in expressions), (name, old)
